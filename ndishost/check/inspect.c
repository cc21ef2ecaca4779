/* SPDX-License-Identifier: MIT */
/* The clauses that a device's registers alone answer; see inspect.h. Sections are virtio 1.2's. */
#include "check/inspect.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bus/bus.h"
#include "bus/model/spec.h"
#include "rules/rules.h"

#define INSPECT_MIB      64
#define INSPECT_SECONDS  60   /* for all of it */
#define RESET_MS         1000 /* as long as the driver waits */
#define RESETS           3
#define GENERATIONS      8
#define TRIES            16 /* to read a configuration whose generation stays */
#define LIST_MAX         48 /* capabilities that 192 bytes have room for */

#define VENDOR           0x1AF4u
#define TRANSITIONAL_NET 0x1000u
#define MODERN_NET       0x1041u
#define PCI_REVISION     0x08
#define PCI_SUBSYSTEM    0x2C
#define PCI_PIN          0x3D

#define FEATURE_MTU      (1ull << 3)
#define FEATURE_MAC      (1ull << 5)
#define FEATURE_STATUS   (1ull << 16)
#define FEATURE_INDIRECT (1ull << 28)
#define FEATURE_VERSION1 (1ull << 32)
#define FEATURE_PLATFORM (1ull << 33)
#define FEATURES_WANTED                                                                 \
    (FEATURE_MTU | FEATURE_MAC | FEATURE_STATUS | FEATURE_INDIRECT | FEATURE_VERSION1 | \
     FEATURE_PLATFORM)

static const struct kind {
    const char *name;
    unsigned least;     /* bytes that its fields need */
    unsigned alignment; /* 4.1.4 */
} kinds[] = {
    [CAP_COMMON_CFG] = {"common", COMMON_SIZE, 4},
    [CAP_NOTIFY_CFG] = {"notify", 2, 2},
    [CAP_ISR_CFG] = {"ISR", 1, 1},
    [CAP_DEVICE_CFG] = {"device", 8, 4},
};

struct structure {
    bool named, usable;
    unsigned bar;
    uint32_t offset, length;
    char why[96]; /* not usable */
};

struct inspection {
    struct bus *bus;
    struct findings *findings;
    struct facts *facts;
    struct structure structures[CAP_DEVICE_CFG + 1];
    uint32_t multiplier;
};

static void step(struct inspection *in, const char *what)
{
    snprintf(in->facts->step, sizeof(in->facts->step), "%s", what);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void sleep_ms(long ms)
{
    struct timespec duration = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&duration, NULL);
}

/* ---- Accesses ---- */

static uint32_t config(struct inspection *in, unsigned offset, unsigned size)
{
    return in->bus->ops->config_read(in->bus, offset, size);
}

static uint32_t get(struct inspection *in, unsigned kind, unsigned offset, unsigned size)
{
    const struct structure *s = &in->structures[kind];

    return (uint32_t)in->bus->ops->bar_read(in->bus, s->bar, s->offset + offset, size);
}

static void put(struct inspection *in, unsigned offset, unsigned size, uint32_t value)
{
    const struct structure *s = &in->structures[CAP_COMMON_CFG];

    in->bus->ops->bar_write(in->bus, s->bar, s->offset + offset, size, value);
}

static uint32_t common(struct inspection *in, unsigned offset, unsigned size)
{
    return get(in, CAP_COMMON_CFG, offset, size);
}

static uint64_t offered_features(struct inspection *in)
{
    uint64_t low;

    put(in, COMMON_DEVICE_FEATURE_SELECT, 4, 0);
    low = common(in, COMMON_DEVICE_FEATURE, 4);
    put(in, COMMON_DEVICE_FEATURE_SELECT, 4, 1);
    return low | (uint64_t)common(in, COMMON_DEVICE_FEATURE, 4) << 32;
}

/* ---- Identity ---- */

static bool identity(struct inspection *in)
{
    uint32_t id = config(in, 0, 4), subsystem = config(in, PCI_SUBSYSTEM, 4);
    unsigned vendor = id & 0xFFFF, device = id >> 16;

    in->facts->ours = vendor == VENDOR && (device == TRANSITIONAL_NET || device == MODERN_NET);
    if (!in->facts->ours) {
        clause_fail(in->findings, "1.1", "it is %04x:%04x: Windows 7 installs no aerovnet on it",
                    vendor, device);
        return false;
    }
    clause_pass(in->findings, "1.1", "%04x:%04x, revision %02x, subsystem %04x:%04x", vendor,
                device, config(in, PCI_REVISION, 1), subsystem & 0xFFFF, subsystem >> 16);
    return true;
}

/* ---- Capabilities ---- */

static void examine(struct inspection *in, unsigned type, unsigned at)
{
    struct structure found = {.named = true};
    struct structure *s = &in->structures[type];
    const struct bus_bar *bar;

    found.bar = config(in, at + 4, 1);
    found.offset = config(in, at + 8, 4);
    found.length = config(in, at + 12, 4);
    bar = found.bar < BUS_BARS ? &in->bus->bar[found.bar] : NULL;
    if (s->usable || found.bar >= BUS_BARS)
        return; /* the first usable one counts, and reserved BAR numbers are to be passed over */
    if (!bar->length)
        snprintf(found.why, sizeof(found.why), "%s: BAR %u is not implemented", kinds[type].name,
                 found.bar);
    else if (found.length < kinds[type].least)
        snprintf(found.why, sizeof(found.why), "%s: length %u, and its fields need %u",
                 kinds[type].name, found.length, kinds[type].least);
    else if (found.offset > bar->length || found.length > bar->length - found.offset)
        snprintf(found.why, sizeof(found.why),
                 "%s: offset 0x%x + length 0x%x, and BAR %u has 0x%" PRIx64 " bytes",
                 kinds[type].name, found.offset, found.length, found.bar, bar->length);
    found.usable = !*found.why;
    if (type == CAP_NOTIFY_CFG && found.usable)
        in->multiplier = config(in, at + 16, 4);
    if (found.usable || !s->named)
        *s = found;
}

/* How many virtio capabilities there are. */
static unsigned walk(struct inspection *in)
{
    bool seen[256] = {false};
    unsigned at, count = 0, length = 0, virtio = 0, type;

    if (!(config(in, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST)) {
        clause_pass(in->findings, "2.3", "there is no list");
        return 0;
    }
    for (at = config(in, PCI_CAP_POINTER, 1); at; at = config(in, at + 1, 1)) {
        at &= ~3u;
        if (at < PCI_CAP_FIRST || seen[at]) {
            clause_fail(in->findings, "2.3",
                        at < PCI_CAP_FIRST ? "it leads to 0x%02x, which is inside the header"
                                           : "it leads back to 0x%02x",
                        at);
            return virtio;
        }
        seen[at] = true;
        length++;
        if (config(in, at, 1) == PCI_CAP_ID_MSIX) {
            count++;
            if (config(in, at + 2, 2) & PCI_MSIX_CONTROL_ENABLE)
                clause_fail(in->findings, "6.5", "it is enabled before a driver is there");
            else
                clause_pass(in->findings, "6.5", "capability at 0x%02x, not enabled", at);
        }
        if (config(in, at, 1) != PCI_CAP_ID_VENDOR)
            continue;
        type = config(in, at + 3, 1);
        virtio++;
        if (type >= CAP_COMMON_CFG && type <= CAP_DEVICE_CFG)
            examine(in, type, at);
    }
    if (!count)
        clause_pass(in->findings, "6.5", "there is no MSI-X capability");
    clause_pass(in->findings, "2.3", "%u capabilities, %u of them virtio's", length, virtio);
    return virtio;
}

static void describe_places(struct inspection *in)
{
    char text[FINDING_LENGTH] = "";
    unsigned type, ports = 0;
    size_t used = 0;

    for (type = CAP_COMMON_CFG; type <= CAP_DEVICE_CFG; type++) {
        const struct structure *s = &in->structures[type];

        ports += in->bus->bar[s->bar].io;
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s BAR %u+0x%x/%u",
                                 used ? ", " : "", kinds[type].name, s->bar, s->offset, s->length);
        if (s->offset % kinds[type].alignment)
            clause_fail(in->findings, "2.5", "%s is at offset 0x%x, and is aligned to %u",
                        kinds[type].name, s->offset, kinds[type].alignment);
    }
    clause_pass(in->findings, "2.4", "%s", text);
    clause_pass(in->findings, "2.5", "common and device to 4, notify to 2");
    clause_pass(in->findings, "2.9", "%u in memory, %u in I/O space", 4 - ports, ports);
}

static void describe_bars(struct inspection *in)
{
    char text[FINDING_LENGTH] = "";
    size_t used = 0;
    unsigned i;

    for (i = 0; i < BUS_BARS; i++) {
        const struct bus_bar *bar = &in->bus->bar[i];

        if (bar->length && used < sizeof(text))
            used += (size_t)snprintf(text + used, sizeof(text) - used,
                                     "%s%u: %s 0x%" PRIx64 "/0x%" PRIx64, used ? ", " : "", i,
                                     bar->io     ? "I/O"
                                     : bar->wide ? "64-bit"
                                                 : "32-bit",
                                     bar->base, bar->length);
    }
    if (*text)
        clause_pass(in->findings, "2.6", "%s", text);
    else
        clause_fail(in->findings, "2.6", "no BAR has an address");
}

static bool capabilities(struct inspection *in)
{
    unsigned type, virtio = walk(in), missing = 0;

    describe_bars(in);
    if (!virtio) {
        clause_fail(in->findings, "1.3", "there is none: a legacy device, or no virtio device");
        clause_fail(in->findings, "1.2",
                    "a device without capabilities has the legacy interface "
                    "at most");
        return false;
    }
    clause_pass(in->findings, "1.3", "%u of them", virtio);
    for (type = CAP_COMMON_CFG; type <= CAP_DEVICE_CFG; type++) {
        const struct structure *s = &in->structures[type];

        missing += !s->usable;
        if (!s->named)
            clause_fail(in->findings, "2.1", "the %s structure (cfg_type %u) is missing",
                        kinds[type].name, type);
        else if (!s->usable)
            clause_fail(in->findings, "2.4", "%s", s->why);
    }
    if (missing)
        return false;
    clause_pass(in->findings, "1.2", "its structures are usable");
    clause_pass(in->findings, "2.1", "common, notify, ISR, device");
    describe_places(in);
    return true;
}

/* ---- Status ---- */

static uint32_t status(struct inspection *in)
{
    return common(in, COMMON_DEVICE_STATUS, 1);
}

static void set_status(struct inspection *in, uint32_t value)
{
    put(in, COMMON_DEVICE_STATUS, 1, value);
}

/* Milliseconds that a reset takes; -1: it does not end in the time that the driver waits. */
static int reset(struct inspection *in)
{
    double start = now();

    set_status(in, 0);
    while (status(in)) {
        if (now() - start > RESET_MS / 1000.0)
            return -1;
        sleep_ms(1);
    }
    return (int)((now() - start) * 1000);
}

static bool keeps(struct inspection *in, uint32_t value)
{
    uint32_t read;

    set_status(in, value);
    read = status(in);
    if (read == value)
        return true;
    clause_fail(in->findings, "3.3", "0x%02x was written, 0x%02x is read", value, read);
    return false;
}

static bool resets(struct inspection *in)
{
    int took = 0, longest = 0;
    unsigned i;

    for (i = 0; i < RESETS && took >= 0; i++) {
        took = reset(in);
        longest = took > longest ? took : longest;
        if (took >= 0 &&
            (!keeps(in, STATUS_ACKNOWLEDGE) || !keeps(in, STATUS_ACKNOWLEDGE | STATUS_DRIVER)))
            return false;
    }
    took = took < 0 ? took : reset(in);
    if (took < 0) {
        clause_fail(in->findings, "3.1", "reset %u: device_status reads 0x%02x", i, status(in));
        clause_fail(in->findings, "3.2", "reset %u did not end within %u ms", i, RESET_MS);
        return false;
    }
    clause_pass(in->findings, "3.1", "%u times, from a status of 0x03", RESETS);
    clause_pass(in->findings, "3.2", "%d ms at most", longest);
    clause_pass(in->findings, "3.3", "0x01, 0x03");
    return true;
}

static bool negotiate(struct inspection *in)
{
    uint64_t offered, accepted;

    set_status(in, STATUS_ACKNOWLEDGE);
    set_status(in, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    offered = in->facts->features = offered_features(in);
    accepted = offered & FEATURES_WANTED;
    if (!(offered & FEATURE_VERSION1)) {
        clause_fail(in->findings, "4.1", "offered: 0x%016" PRIx64 ", without bit 32", offered);
        return false;
    }
    clause_pass(in->findings, "4.1", "offered: 0x%016" PRIx64, offered);
    put(in, COMMON_DRIVER_FEATURE_SELECT, 4, 0);
    put(in, COMMON_DRIVER_FEATURE, 4, (uint32_t)accepted);
    put(in, COMMON_DRIVER_FEATURE_SELECT, 4, 1);
    put(in, COMMON_DRIVER_FEATURE, 4, (uint32_t)(accepted >> 32));
    set_status(in, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
    if (!(status(in) & STATUS_FEATURES_OK)) {
        clause_fail(in->findings, "3.4",
                    "0x%016" PRIx64 " was accepted, all of it offered; status reads 0x%02x",
                    accepted, status(in));
        return false;
    }
    clause_pass(in->findings, "3.4", "0x%016" PRIx64 " was accepted", accepted);
    clause_pass(in->findings, "4.5", "%s",
                accepted & FEATURE_INDIRECT ? "offered" : "not offered: chains lie in the ring");
    return true;
}

/* ---- Configuration ---- */

static uint32_t generation(struct inspection *in)
{
    return common(in, COMMON_CONFIG_GENERATION, 1);
}

/* Reads `length` bytes of the device configuration as the driver does (2.5.1). false: at no try the generation
 * was the same before and after. */
static bool read_config(struct inspection *in, unsigned offset, unsigned length, uint8_t *to)
{
    unsigned i, try;
    uint32_t before;

    for (try = 0; try < TRIES; try++) {
        before = generation(in);
        for (i = 0; i < length; i++)
            to[i] = (uint8_t)get(in, CAP_DEVICE_CFG, offset + i, 1);
        if (generation(in) == before)
            return true;
    }
    return false;
}

static uint32_t read16(struct inspection *in, unsigned offset)
{
    return get(in, CAP_DEVICE_CFG, offset, 2);
}

static void mac(struct inspection *in)
{
    static const uint8_t zero[6];
    uint8_t a[6], b[6];
    char text[24];

    if (!(in->facts->features & FEATURE_MAC)) {
        clause_pass(in->findings, "4.3", "not offered: the driver makes a local address");
        return;
    }
    if (!read_config(in, NET_CONFIG_MAC, 6, a) || !read_config(in, NET_CONFIG_MAC, 6, b)) {
        clause_fail(in->findings, "7.1", "mac: the generation changed at each of %u reads", TRIES);
        return;
    }
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
             b[5]);
    if (memcmp(a, b, 6))
        clause_fail(in->findings, "7.1", "mac ended in %02x:%02x, then in %02x:%02x", a[4], a[5],
                    b[4], b[5]);
    if (b[0] & 1 || !memcmp(b, zero, 6))
        clause_fail(in->findings, "4.3", "mac is %s: the driver makes a local address", text);
    else
        clause_pass(in->findings, "4.3", "%s", text);
}

static void link_and_mtu(struct inspection *in)
{
    uint32_t value;

    if (in->facts->features & FEATURE_STATUS) {
        value = read16(in, NET_CONFIG_STATUS);
        clause_pass(in->findings, "4.4", "status 0x%04x: the link is %s", value,
                    value & NET_S_LINK_UP ? "up" : "down");
        /* 5.1.4: ANNOUNCE belongs to a feature that the driver does not accept. */
        if (value & ~NET_S_LINK_UP)
            clause_fail(in->findings, "7.4", "status is 0x%04x", value);
        else
            clause_pass(in->findings, "7.4", "status is 0x%04x", value);
    } else {
        clause_pass(in->findings, "4.4", "not offered: the link is always up");
        clause_untestable(in->findings, "7.4", "STATUS is not offered");
    }
    if (!(in->facts->features & FEATURE_MTU)) {
        clause_pass(in->findings, "4.7", "not offered: 1500");
        clause_untestable(in->findings, "4.8", "MTU is not offered");
        return;
    }
    if (in->structures[CAP_DEVICE_CFG].length < NET_CONFIG_MTU + 2) {
        clause_fail(in->findings, "2.4", "device: length %u, and mtu lies at 10 to 11",
                    in->structures[CAP_DEVICE_CFG].length);
        return;
    }
    value = in->facts->mtu = read16(in, NET_CONFIG_MTU);
    clause_pass(in->findings, "4.7", "%u", value);
    if (value < 68)
        clause_fail(in->findings, "4.8", "mtu is %u: the driver refuses the device", value);
    else
        clause_pass(in->findings, "4.8", "%u", value);
}

static void configuration(struct inspection *in)
{
    uint32_t first = generation(in), other = first;
    unsigned i;

    for (i = 1; i < GENERATIONS && other == first; i++)
        other = generation(in);
    if (other != first) {
        clause_fail(in->findings, "7.2", "it read %u, then %u", first, other);
        return;
    }
    clause_pass(in->findings, "7.2", "%u reads of %u", GENERATIONS, first);
    mac(in);
    link_and_mtu(in);
    clause_pass(in->findings, "7.1", "mac and status, twice each");
}

/* ---- Queues ---- */

/* Tries each smaller power of two, and leaves the queue with its own size. */
static void sizes(struct inspection *in, unsigned queue, uint32_t most)
{
    uint32_t size, read;

    for (size = most / 2; size; size /= 2) {
        put(in, COMMON_QUEUE_SIZE, 2, size);
        read = common(in, COMMON_QUEUE_SIZE, 2);
        if (read != size)
            clause_fail(in->findings, "5.2", "queue %u: %u was written, %u is read", queue, size,
                        read);
    }
    put(in, COMMON_QUEUE_SIZE, 2, most);
}

static void queue(struct inspection *in, unsigned number)
{
    static const char *const names[] = {"receives", "sends"};
    uint32_t size, enabled, offset;
    uint64_t end;

    put(in, COMMON_QUEUE_SELECT, 2, number);
    size = in->facts->queue_size[number] = common(in, COMMON_QUEUE_SIZE, 2);
    if (!size || size > QUEUE_SIZE_MAX || size & (size - 1)) {
        clause_fail(in->findings, "5.1", "queue %u, which %s, has %u entries", number,
                    names[number], size);
        return;
    }
    enabled = common(in, COMMON_QUEUE_ENABLE, 2);
    if (enabled)
        clause_fail(in->findings, "5.3", "queue %u: queue_enable reads %u after a reset", number,
                    enabled);
    offset = common(in, COMMON_QUEUE_NOTIFY_OFF, 2);
    end = (uint64_t)offset * in->multiplier + 2;
    if (end > in->structures[CAP_NOTIFY_CFG].length)
        clause_fail(in->findings, "6.2",
                    "queue %u: queue_notify_off %u * multiplier %u + 2 is beyond length %u", number,
                    offset, in->multiplier, in->structures[CAP_NOTIFY_CFG].length);
    if (!enabled)
        sizes(in, number, size);
}

static void queues(struct inspection *in)
{
    uint32_t count = common(in, COMMON_NUM_QUEUES, 2);
    const uint32_t *size = in->facts->queue_size;

    if (count < 2) {
        clause_fail(in->findings, "5.1", "num_queues is %u", count);
        return;
    }
    queue(in, 0);
    queue(in, 1);
    clause_pass(in->findings, "5.1", "%u and %u of %u queues", size[0], size[1], count);
    clause_pass(in->findings, "5.2", "%u and %u, down to 1, are kept", size[0], size[1]);
    clause_pass(in->findings, "6.2", "multiplier %u, length %u", in->multiplier,
                in->structures[CAP_NOTIFY_CFG].length);
}

/* ---- All of it ---- */

static void interrupt_pin(struct inspection *in)
{
    uint32_t pin = config(in, PCI_PIN, 1);

    if (!pin || pin > 4)
        clause_fail(in->findings, "6.4", "the interrupt pin is %u: Windows assigns no line", pin);
}

/* After a reset nothing is pending. */
static void isr_status(struct inspection *in)
{
    uint32_t isr = get(in, CAP_ISR_CFG, 0, 1);

    if (isr)
        clause_fail(in->findings, "6.4", "ISR status is 0x%02x after a reset", isr);
}

static void inspect(struct inspection *in)
{
    uint32_t command;

    step(in, "read the configuration space");
    if (!identity(in))
        return;
    interrupt_pin(in);
    if (!capabilities(in))
        return;
    command = config(in, PCI_COMMAND, 2);
    in->bus->ops->config_write(in->bus, PCI_COMMAND, 2,
                               command | PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    step(in, "reset the device");
    if (!resets(in))
        return;
    isr_status(in);
    step(in, "negotiate features");
    if (negotiate(in)) {
        step(in, "read the device configuration");
        configuration(in);
        step(in, "look at the queues");
        queues(in);
    }
    reset(in);
}

static void no_interrupt(void *context, bool asserted)
{
    (void)context, (void)asserted;
}

static void no_message(void *context, unsigned number)
{
    (void)context, (void)number;
}

static void no_frame(void *context, const void *frame, size_t length)
{
    (void)context, (void)frame, (void)length;
}

static void no_failure(void *context, const char *why)
{
    struct facts *facts = context;

    snprintf(facts->error, sizeof(facts->error), "%s", why);
}

static void inspect_bus(const char *spec, struct findings *findings, struct facts *facts)
{
    static const struct bus_events events = {no_interrupt, no_message, no_frame, no_failure};
    const struct bus_backend *backend = bus_backend_find(spec);
    struct inspection in = {.findings = findings, .facts = facts};

    rules_enabled = false; /* there is no driver that could break one */
    step(&in, "open the bus");
    if (backend && phys_open(backend->memory, (uint64_t)INSPECT_MIB << 20, 1, facts->error,
                             sizeof(facts->error)))
        return;
    in.bus = bus_open(spec, &events, facts, facts->error, sizeof(facts->error));
    if (!in.bus)
        return;
    facts->opened = true;
    in.bus->ops->describe(in.bus, facts->device, sizeof(facts->device));
    inspect(&in);
    step(&in, "close the bus");
    in.bus->ops->close(in.bus);
    facts->done = true;
}

static bool ended(pid_t child, int *how)
{
    double start = now();

    while (now() - start < INSPECT_SECONDS) {
        if (waitpid(child, how, WNOHANG) == child)
            return true;
        sleep_ms(5);
    }
    kill(child, SIGKILL);
    waitpid(child, how, 0);
    return false;
}

int inspect_device(const char *bus, struct findings *findings, struct facts *facts)
{
    pid_t child;
    int how = 0;

    fflush(NULL);
    child = fork();
    if (child < 0) {
        snprintf(facts->error, sizeof(facts->error), "no process could be made");
        return -1;
    }
    if (!child) {
        inspect_bus(bus, findings, facts);
        _exit(0);
    }
    if (!ended(child, &how))
        snprintf(facts->error, sizeof(facts->error), "the device hung for %u s at the step \"%s\"",
                 INSPECT_SECONDS, facts->step);
    else if (!facts->done && !*facts->error)
        snprintf(facts->error, sizeof(facts->error), "signal %d ended the step \"%s\"",
                 WIFSIGNALED(how) ? WTERMSIG(how) : 0, facts->step);
    return facts->opened ? 0 : -1;
}
