/* SPDX-License-Identifier: MIT */
/* The event log; see log.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "loader/loader.h"
#include "nt/machine/irql.h"
#include "nt/api/log.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define ENTRIES_MAX 4096 /* later ones are counted, and printed, not kept */
#define VALUES_MAX  64
#define TRACK_KIND  "event log entry"
#define PACKET_TAG  0x456C6F49u /* "IolE" */

bool nt_log_quiet;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *entries[ENTRIES_MAX];
static size_t entry_count;

/* NDIS_ERROR_CODE_xxx of ndis.h are NTSTATUS values of the facility of network drivers. */
const char *nt_log_code_name(uint32_t code)
{
    static const struct {
        uint32_t code;
        const char *name;
    } names[] = {
        {0xC0001388, "NDIS_ERROR_CODE_RESOURCE_CONFLICT"},
        {0xC0001389, "NDIS_ERROR_CODE_OUT_OF_RESOURCES"},
        {0xC000138A, "NDIS_ERROR_CODE_HARDWARE_FAILURE"},
        {0xC000138B, "NDIS_ERROR_CODE_ADAPTER_NOT_FOUND"},
        {0xC000138C, "NDIS_ERROR_CODE_INTERRUPT_CONNECT"},
        {0xC000138D, "NDIS_ERROR_CODE_DRIVER_FAILURE"},
        {0xC000138E, "NDIS_ERROR_CODE_BAD_VERSION"},
        {0x8000138F, "NDIS_ERROR_CODE_TIMEOUT"},
        {0xC0001390, "NDIS_ERROR_CODE_NETWORK_ADDRESS"},
        {0xC0001391, "NDIS_ERROR_CODE_UNSUPPORTED_CONFIGURATION"},
        {0xC0001392, "NDIS_ERROR_CODE_INVALID_VALUE_FROM_ADAPTER"},
        {0xC0001393, "NDIS_ERROR_CODE_MISSING_CONFIGURATION_PARAMETER"},
        {0xC0001394, "NDIS_ERROR_CODE_BAD_IO_BASE_ADDRESS"},
        {0x40001395, "NDIS_ERROR_CODE_RECEIVE_SPACE_SMALL"},
        {0x80001396, "NDIS_ERROR_CODE_ADAPTER_DISABLED"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == code)
            return names[i].name;
    return NULL;
}

static const char *severity(uint32_t code)
{
    static const char *const names[] = {"success", "information", "warning", "error"};

    return names[code >> 30];
}

static void describe(char *buf, size_t size, const char *source, uint32_t code,
                     const uint32_t *values, unsigned count, const char *text)
{
    const char *name = nt_log_code_name(code);
    size_t used = 0;

#define ADD(...)                                                            \
    do {                                                                    \
        if (used < size)                                                    \
            used += (size_t)snprintf(buf + used, size - used, __VA_ARGS__); \
    } while (0)
    ADD("event log: %s: %s 0x%08X%s%s", source, severity(code), code, name ? " " : "",
        name ? name : "");
    if (text && *text)
        ADD(": %s", text);
    for (unsigned i = 0; i < count && i < VALUES_MAX; i++)
        ADD("%s0x%X", i ? ", " : " (", values[i]);
    if (count)
        ADD(")");
#undef ADD
}

void nt_log_write(const char *source, uint32_t code, const uint32_t *values, unsigned count,
                  const char *text)
{
    char line[1024], message[512];

    nt_self()->failed_call = NULL;
    if (image_message(source, code, text ? text : source, message, sizeof message))
        text = message;
    describe(line, sizeof line, source, code, values, count, text);
    if (!nt_log_quiet)
        fprintf(stderr, "ndishost: %s\n", line);
    pthread_mutex_lock(&lock);
    if (entry_count < ENTRIES_MAX)
        entries[entry_count] = strdup(line);
    entry_count++;
    pthread_mutex_unlock(&lock);
}

size_t nt_log_mark(void)
{
    size_t mark;

    pthread_mutex_lock(&lock);
    mark = entry_count;
    pthread_mutex_unlock(&lock);
    return mark;
}

size_t nt_log_text(size_t mark, char *buf, size_t size)
{
    size_t used = 0, count;

    if (size)
        buf[0] = 0;
    pthread_mutex_lock(&lock);
    count = entry_count > mark ? entry_count - mark : 0;
    for (size_t i = mark; i < entry_count && i < ENTRIES_MAX && used < size; i++) {
        int n = snprintf(buf + used, size - used, "%s%s", used ? "\n" : "",
                         entries[i] ? entries[i] : "(no memory to keep this entry)");

        used += (size_t)n;
    }
    pthread_mutex_unlock(&lock);
    return count;
}

/* ---- The I/O manager's entries ---- */

PVOID NTAPI IoAllocateErrorLogEntry(PVOID IoObject, UCHAR EntrySize)
{
    PIO_ERROR_LOG_PACKET packet;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (!IoObject || EntrySize < sizeof(IO_ERROR_LOG_PACKET) || EntrySize > ERROR_LOG_MAXIMUM_SIZE)
        return NULL;
    packet = nt_pool_alloc(TRACK_KIND, EntrySize, PACKET_TAG, RULE_CALLER);
    if (packet)
        memset(packet, 0, EntrySize);
    return packet;
}
HOST_EXPORT("ntoskrnl.exe", IoAllocateErrorLogEntry);

VOID NTAPI IoFreeErrorLogEntry(PVOID ElEntry)
{
    HOST_CALL(DISPATCH_LEVEL);
    nt_pool_free(TRACK_KIND, ElEntry, PACKET_TAG, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoFreeErrorLogEntry);

/* The insertion strings, NUL-terminated wide ones behind each other, joined by blanks. */
static void join_strings(const IO_ERROR_LOG_PACKET *packet, size_t size, char *text, size_t room)
{
    const WCHAR *p = (const WCHAR *)((const char *)packet + packet->StringOffset);
    const WCHAR *end = (const WCHAR *)((const char *)packet + size);
    size_t used = 0;

    for (unsigned i = 0; i < packet->NumberOfStrings; i++) {
        if (i && used + 1 < room)
            text[used++] = ' ';
        for (; p < end && *p; p++)
            if (used + 1 < room)
                text[used++] = (char)(*p >= ' ' && *p <= '~' ? *p : '?');
        p++;
    }
    text[used] = 0;
}

VOID NTAPI IoWriteErrorLogEntry(PVOID ElEntry)
{
    const IO_ERROR_LOG_PACKET *packet = ElEntry;
    size_t size = nt_pool_size(packet);
    char text[256] = "", source[160];
    uint32_t values[VALUES_MAX];
    unsigned count;

    HOST_CALL(DISPATCH_LEVEL);
    if (size < sizeof *packet ||
        packet->DumpDataSize > size - offsetof(IO_ERROR_LOG_PACKET, DumpData) ||
        (packet->NumberOfStrings && packet->StringOffset > size)) {
        rule_violation_object(
            "WriteErrorLog", packet, RULE_CALLER,
            "writes %p, which is not an event log entry, or whose sizes exceed the entry", ElEntry);
        return;
    }
    count = packet->DumpDataSize / sizeof *values;
    memcpy(values, packet->DumpData, count * sizeof *values);
    join_strings(packet, size, text, sizeof text);
    nt_log_write(image_symbol(RULE_CALLER, source, sizeof source), (uint32_t)packet->ErrorCode,
                 values, count, text);
    nt_pool_free(TRACK_KIND, ElEntry, PACKET_TAG, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoWriteErrorLogEntry);
