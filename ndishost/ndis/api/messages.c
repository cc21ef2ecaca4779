/* SPDX-License-Identifier: MIT */
/* Interrupt messages of a device; see messages.h. */
#include "ndis/api/messages.h"

#include <stdlib.h>
#include <string.h>
#include "bus/msix.h"
#include "nt/api/registry.h"

#define INTERRUPT_KEY  "Interrupt Management"
#define PROPERTIES_KEY INTERRUPT_KEY "\\MessageSignaledInterruptProperties"
#define POLICY_KEY     INTERRUPT_KEY "\\Affinity Policy"

#define FIRST_VECTOR   0x80u
#define ENTRIES_MAX    2048u
#define NOBODY         UINT8_MAX
/* IRQ_DEVICE_POLICY */
#define POLICY_SPECIFIED 4
#define POLICY_SPREAD    5

struct messages {
    pthread_mutex_t lock; /* guards what follows `count`; held while the table is written */
    struct msix msix;
    unsigned count;
    struct message message[BUS_MESSAGES];
    bool started, connected;
    uint8_t mapped[ENTRIES_MAX]; /* which message an entry sends, or NOBODY */
    bool masked[ENTRIES_MAX];    /* by the driver */
};

/* ---- What the registry says ---- */

/* The number in a value of up to 8 bytes, little-endian; `otherwise` if there is none. */
static uint64_t setting(struct ndis_adapter *adapter, const char *path, const char *name,
                        uint64_t otherwise)
{
    struct registry_key *key = registry_open(adapter->hardware_key, path);
    struct registry_value value;
    uint64_t number = 0;

    if (!key || !registry_get(key, name, &value))
        return otherwise;
    memcpy(&number, value.data, value.bytes < sizeof(number) ? value.bytes : sizeof(number));
    registry_value_free(&value);
    return number;
}

/* interrupt-affinity-and-priority: without a policy, or with one that depends on how near a processor is, any
 * processor. */
static KAFFINITY targets(struct ndis_adapter *adapter, unsigned number)
{
    KAFFINITY all = ((KAFFINITY)1 << nt_processors()) - 1;
    uint64_t policy = setting(adapter, POLICY_KEY, "DevicePolicy", 0);
    KAFFINITY wanted = all;

    if (policy == POLICY_SPREAD)
        wanted = (KAFFINITY)1 << number % nt_processors();
    if (policy == POLICY_SPECIFIED)
        wanted = (KAFFINITY)setting(adapter, POLICY_KEY, "AssignmentSetOverride", all);
    return wanted & all ? wanted & all : all;
}

static unsigned granted(struct ndis_adapter *adapter, const struct msix *msix, unsigned limit)
{
    uint64_t most = setting(adapter, PROPERTIES_KEY, "MessageNumberLimit", BUS_MESSAGES);
    unsigned count = limit < BUS_MESSAGES ? limit : BUS_MESSAGES;

    if (!setting(adapter, PROPERTIES_KEY, "MSISupported", 0))
        return 0;
    count = most && most < count ? (unsigned)most : count;
    return msix->entries < count ? msix->entries : count;
}

/* ---- Assignment ---- */

/* `wanted` NULL: the processors that the registry says. */
static int assign(struct ndis_adapter *adapter, const struct msix *msix, unsigned count,
                  const KAFFINITY *wanted)
{
    struct bus *bus = adapter->bus;
    struct messages *messages = calloc(1, sizeof(*messages));
    KAFFINITY all = ((KAFFINITY)1 << nt_processors()) - 1;
    unsigned i;

    if (!messages)
        return -1;
    pthread_mutex_init(&messages->lock, NULL);
    messages->msix = *msix;
    memset(messages->mapped, NOBODY, sizeof(messages->mapped));
    for (i = 0; i < count; i++) {
        struct message *message = &messages->message[i];

        if (!bus->ops->message_target(bus, i, &message->write))
            break;
        message->vector = FIRST_VECTOR + i;
        message->targets = !wanted ? targets(adapter, i) : wanted[i] & all ? wanted[i] & all : all;
        messages->mapped[i] = (uint8_t)i;
    }
    messages->count = i;
    adapter->messages = messages;
    if (!i)
        messages_release(adapter);
    return 0;
}

int messages_assign(struct ndis_adapter *adapter, unsigned limit)
{
    struct bus *bus = adapter->bus;
    struct msix msix;
    unsigned count;

    if (!bus->ops->message_target || !msix_find(bus, &msix) ||
        !(count = granted(adapter, &msix, limit)))
        return 0;
    return assign(adapter, &msix, count, NULL);
}

int messages_reassign(struct ndis_adapter *adapter, unsigned count, const KAFFINITY *wanted)
{
    struct msix msix = adapter->messages->msix;

    messages_release(adapter);
    if (count > msix.entries)
        count = msix.entries;
    if (count > adapter->message_limit)
        count = adapter->message_limit;
    if (count > BUS_MESSAGES)
        count = BUS_MESSAGES;
    return count ? assign(adapter, &msix, count, wanted) : 0;
}

unsigned messages_count(const struct ndis_adapter *adapter)
{
    return adapter->messages ? adapter->messages->count : 0;
}

const struct message *messages_get(const struct ndis_adapter *adapter, unsigned number)
{
    return &adapter->messages->message[number];
}

void messages_release(struct ndis_adapter *adapter)
{
    if (!adapter->messages)
        return;
    pthread_mutex_destroy(&adapter->messages->lock);
    free(adapter->messages);
    adapter->messages = NULL;
}

/* ---- The table ---- */

/* Lock held. */
static void write_entry(struct ndis_adapter *adapter, unsigned entry)
{
    struct messages *messages = adapter->messages;
    unsigned number = messages->mapped[entry];

    if (!messages->started)
        return;
    if (number == NOBODY)
        msix_mask(adapter->bus, &messages->msix, entry, true);
    else
        msix_write(adapter->bus, &messages->msix, entry, &messages->message[number].write,
                   messages->masked[entry] || !messages->connected);
}

/* Lock held. */
static void write_table(struct ndis_adapter *adapter)
{
    unsigned entry;

    for (entry = 0; entry < adapter->messages->msix.entries; entry++)
        write_entry(adapter, entry);
}

void messages_start(struct ndis_adapter *adapter)
{
    struct messages *messages = adapter->messages;

    if (!messages)
        return;
    pthread_mutex_lock(&messages->lock);
    messages->started = true;
    write_table(adapter);
    msix_enable(adapter->bus, &messages->msix, true);
    pthread_mutex_unlock(&messages->lock);
}

void messages_stop(struct ndis_adapter *adapter)
{
    struct messages *messages = adapter->messages;
    unsigned entry;

    if (!messages)
        return;
    pthread_mutex_lock(&messages->lock);
    msix_enable(adapter->bus, &messages->msix, false);
    messages->started = false;
    memset(messages->masked, 0, sizeof(messages->masked));
    for (entry = 0; entry < messages->msix.entries; entry++)
        messages->mapped[entry] = entry < messages->count ? (uint8_t)entry : NOBODY;
    pthread_mutex_unlock(&messages->lock);
}

void messages_connected(struct ndis_adapter *adapter, bool connected)
{
    struct messages *messages = adapter->messages;

    pthread_mutex_lock(&messages->lock);
    messages->connected = connected;
    write_table(adapter);
    pthread_mutex_unlock(&messages->lock);
}

bool messages_map(struct ndis_adapter *adapter, unsigned entry, unsigned number)
{
    struct messages *messages = adapter->messages;

    if (!messages || entry >= messages->msix.entries || number >= messages->count)
        return false;
    pthread_mutex_lock(&messages->lock);
    messages->mapped[entry] = (uint8_t)number;
    write_entry(adapter, entry);
    pthread_mutex_unlock(&messages->lock);
    return true;
}

bool messages_mask(struct ndis_adapter *adapter, unsigned entry, bool masked)
{
    struct messages *messages = adapter->messages;

    if (!messages || entry >= messages->msix.entries)
        return false;
    pthread_mutex_lock(&messages->lock);
    messages->masked[entry] = masked;
    if (messages->started && messages->mapped[entry] != NOBODY)
        msix_mask(adapter->bus, &messages->msix, entry, masked || !messages->connected);
    pthread_mutex_unlock(&messages->lock);
    return true;
}
