// SPDX-License-Identifier: MIT
/*
 * aerovnet-info.exe: what each aerovnet adapter of this Windows does now.
 *
 *   aerovnet-info            a table
 *   aerovnet-info --report   the same as one block, to paste into a report
 *   aerovnet-info --json     the same for programs
 *   aerovnet-info --watch [SECONDS]   one line per second and adapter, with rates; without SECONDS until Ctrl+C
 *
 * Exit status: 0, 1 no adapter of aerovnet, or no adapter that answers, 2 wrong arguments.
 *
 * The adapters come from the registry, their numbers from NDIS: IOCTL_NDIS_QUERY_GLOBAL_STATS on
 * \\.\{NetCfgInstanceId} passes an OID query to the miniport
 * (windows-driver-docs, "IOCTL_NDIS_QUERY_GLOBAL_STATS"). It needs no administrator.
 */
#include <windows.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aerovnet_oid.h"

/* CTL_CODE(FILE_DEVICE_PHYSICAL_NETCARD, 0, METHOD_OUT_DIRECT, FILE_ANY_ACCESS) of ntddndis.h. */
#define QUERY_GLOBAL_STATS  0x00170002u
#define GEN_MAX_FRAME_SIZE  0x00010106u
#define GEN_LINK_SPEED      0x00010107u /* in units of 100 bit/s */
#define GEN_CONNECT_STATUS  0x00010114u /* 0: connected */
#define ETH_CURRENT_ADDRESS 0x01010102u

#define CLASS_KEY \
    "SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e972-e325-11ce-bfc1-08002be10318}"
#define ADAPTERS 16
#define EVENTS   5

struct adapter {
    char guid[64], name[128], service[32], inf_version[64], file_version[64];
    BOOL answers;
    DWORD error; /* why it does not answer */
    unsigned char mac[6];
    DWORD frame_size, speed, disconnected;
    /* Why each of these is not known: the error of its query, or 0. */
    DWORD mac_error, frame_size_error, speed_error, disconnected_error;
    AEROVNET_COUNTERS counters;
    DWORD length; /* bytes of them that the driver reported */
};

/* Whether the driver reported a member: a later driver has more of them at the end, an earlier one fewer. */
#define REPORTED(Adapter, Name) \
    (offsetof(AEROVNET_COUNTERS, Name) + sizeof((Adapter)->counters.Name) <= (Adapter)->length)

/*
 * Each 64-bit counter: its name for people is its name in JSON. The formatter does not agree with itself
 * about such a list: a second run changes what the first one made.
 */
/* clang-format off */
#define COUNTERS(COUNTER) \
    COUNTER(TxFrames) COUNTER(RxFrames) COUNTER(TxCopied) COUNTER(TxIndirect) \
    COUNTER(TxRingFull) COUNTER(TxMapFailures) COUNTER(RxFiltered) COUNTER(RxWhilePaused) \
    COUNTER(RxMalformed) COUNTER(RxIndications) COUNTER(RxLowResources) COUNTER(Interrupts) \
    COUNTER(SharedInterrupts) COUNTER(Dpcs) COUNTER(DpcsRequeued) COUNTER(TxNotifications) \
    COUNTER(RxNotifications) COUNTER(LinkChanges) COUNTER(DeviceErrors) COUNTER(Resets) \
    COUNTER(MemoryBytes)
/* clang-format on */

static const struct {
    int bit;
    const char *name;
} features[] = {
    {0, "CSUM"},
    {1, "GUEST_CSUM"},
    {2, "CTRL_GUEST_OFFLOADS"},
    {3, "MTU"},
    {5, "MAC"},
    {6, "GSO"},
    {7, "GUEST_TSO4"},
    {8, "GUEST_TSO6"},
    {9, "GUEST_ECN"},
    {10, "GUEST_UFO"},
    {11, "HOST_TSO4"},
    {12, "HOST_TSO6"},
    {13, "HOST_ECN"},
    {14, "HOST_UFO"},
    {15, "MRG_RXBUF"},
    {16, "STATUS"},
    {17, "CTRL_VQ"},
    {18, "CTRL_RX"},
    {19, "CTRL_VLAN"},
    {20, "CTRL_RX_EXTRA"},
    {21, "GUEST_ANNOUNCE"},
    {22, "MQ"},
    {23, "CTRL_MAC_ADDR"},
    {24, "NOTIFY_ON_EMPTY"},
    {27, "ANY_LAYOUT"},
    {28, "INDIRECT_DESC"},
    {29, "EVENT_IDX"},
    {32, "VERSION_1"},
    {33, "ACCESS_PLATFORM"},
    {34, "RING_PACKED"},
    {35, "IN_ORDER"},
    {36, "ORDER_PLATFORM"},
    {37, "SR_IOV"},
    {38, "NOTIFICATION_DATA"},
    {39, "NOTIF_CONFIG_DATA"},
    {40, "RING_RESET"},
    {50, "DEVICE_STATS"},
    {51, "HASH_TUNNEL"},
    {52, "VQ_NOTF_COAL"},
    {53, "NOTF_COAL"},
    {54, "GUEST_USO4"},
    {55, "GUEST_USO6"},
    {56, "HOST_USO"},
    {57, "HASH_REPORT"},
    {59, "GUEST_HDRLEN"},
    {60, "RSS"},
    {61, "RSC_EXT"},
    {62, "STANDBY"},
    {63, "SPEED_DUPLEX"},
};

static const char *feature_names(virtio_u64 bits)
{
    static char text[2][1024];
    static int next;
    char *out = text[next++ & 1], *end = out;
    int bit;
    size_t i;

    *out = 0;
    for (bit = 0; bit < 64; bit++) {
        if (!(bits >> bit & 1)) {
            continue;
        }
        for (i = 0; i < sizeof(features) / sizeof(features[0]) && features[i].bit != bit; i++) {
        }
        end += i < sizeof(features) / sizeof(features[0])
                   ? sprintf(end, "%s%s", end == out ? "" : " ", features[i].name)
                   : sprintf(end, "%sbit%d", end == out ? "" : " ", bit);
    }
    return out;
}

static BOOL read_text(HKEY key, const char *name, char *out, DWORD size)
{
    DWORD type, length = size - 1;

    memset(out, 0, size);
    return RegQueryValueExA(key, name, NULL, &type, (BYTE *)out, &length) == ERROR_SUCCESS &&
           type == REG_SZ;
}

/* The version of the file that Windows loads, as 1.0.0.300. */
static void file_version(struct adapter *adapter)
{
    char path[MAX_PATH];
    static char data[16384];
    VS_FIXEDFILEINFO *fixed;
    UINT length;

    GetSystemDirectoryA(path, MAX_PATH - 64);
    sprintf(path + strlen(path), "\\drivers\\%s.sys", adapter->service);
    strcpy(adapter->file_version, "unknown");
    if (GetFileVersionInfoA(path, 0, sizeof(data), data) &&
        VerQueryValueA(data, "\\", (void **)&fixed, &length)) {
        sprintf(adapter->file_version, "%u.%u.%u.%u", HIWORD(fixed->dwFileVersionMS),
                LOWORD(fixed->dwFileVersionMS), HIWORD(fixed->dwFileVersionLS),
                LOWORD(fixed->dwFileVersionLS));
    }
}

static int find_adapters(struct adapter *found)
{
    HKEY class, one, ndi;
    char name[64];
    DWORD i;
    int count = 0;

    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, CLASS_KEY, 0, KEY_READ, &class)) {
        return 0;
    }
    for (i = 0; count < ADAPTERS && RegEnumKeyA(class, i, name, sizeof(name)) == ERROR_SUCCESS;
         i++) {
        struct adapter *adapter = &found[count];

        if (RegOpenKeyExA(class, name, 0, KEY_READ, &one)) {
            continue; /* "Properties" is for the system alone */
        }
        memset(adapter, 0, sizeof(*adapter));
        if (RegOpenKeyExA(one, "Ndi", 0, KEY_READ, &ndi) == ERROR_SUCCESS) {
            read_text(ndi, "Service", adapter->service, sizeof(adapter->service));
            RegCloseKey(ndi);
        }
        if ((!_stricmp(adapter->service, "aerovnet") || !_stricmp(adapter->service, "aerovnetm")) &&
            read_text(one, "NetCfgInstanceId", adapter->guid, sizeof(adapter->guid))) {
            read_text(one, "DriverDesc", adapter->name, sizeof(adapter->name));
            read_text(one, "DriverVersion", adapter->inf_version, sizeof(adapter->inf_version));
            file_version(adapter);
            count++;
        }
        RegCloseKey(one);
    }
    RegCloseKey(class);
    return count;
}

/* One OID query. `done` gets the number of bytes that came; returns the error, or 0. */
static DWORD query(HANDLE device, DWORD oid, void *out, DWORD size, DWORD *done)
{
    *done = 0;
    memset(out, 0, size);
    return DeviceIoControl(device, QUERY_GLOBAL_STATS, &oid, sizeof(oid), out, size, done, NULL)
               ? 0
               : GetLastError();
}

/* The same for an answer of one size. */
static DWORD query_whole(HANDLE device, DWORD oid, void *out, DWORD size)
{
    DWORD done, error = query(device, oid, out, size, &done);

    return error ? error : done == size ? 0 : ERROR_INVALID_DATA;
}

static void ask(struct adapter *adapter)
{
    char path[80];
    HANDLE device;

    sprintf(path, "\\\\.\\%s", adapter->guid);
    device = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                         OPEN_EXISTING, 0, NULL);
    adapter->answers = FALSE;
    if (device == INVALID_HANDLE_VALUE) {
        adapter->error = GetLastError();
        return;
    }
    adapter->error = query(device, OID_AEROVNET_COUNTERS, &adapter->counters,
                           sizeof(adapter->counters), &adapter->length);
    adapter->answers = REPORTED(adapter, Length);
    if (!adapter->answers && !adapter->error) {
        adapter->error = ERROR_INVALID_DATA;
    }
    adapter->mac_error =
        query_whole(device, ETH_CURRENT_ADDRESS, adapter->mac, sizeof(adapter->mac));
    adapter->frame_size_error =
        query_whole(device, GEN_MAX_FRAME_SIZE, &adapter->frame_size, sizeof(DWORD));
    adapter->speed_error = query_whole(device, GEN_LINK_SPEED, &adapter->speed, sizeof(DWORD));
    adapter->disconnected_error =
        query_whole(device, GEN_CONNECT_STATUS, &adapter->disconnected, sizeof(DWORD));
    CloseHandle(device);
}

/* The text, or why it is not known. */
static const char *known(DWORD error, const char *text)
{
    static char why[4][48];
    static int next;

    if (!error) {
        return text;
    }
    next = (next + 1) & 3;
    sprintf(why[next], "not reported (error %lu)", error);
    return why[next];
}

static const char *link_state(const struct adapter *adapter)
{
    return known(adapter->disconnected_error, adapter->disconnected ? "down" : "up");
}

static const char *mac(const struct adapter *adapter)
{
    static char text[18];
    const unsigned char *m = adapter->mac;

    sprintf(text, "%02X-%02X-%02X-%02X-%02X-%02X", m[0], m[1], m[2], m[3], m[4], m[5]);
    return known(adapter->mac_error, text);
}

/* The last entries of the driver in the event log System, newest first. */
static void show_events(const char *service)
{
    HANDLE log = OpenEventLogA(NULL, "System");
    static char data[65536];
    DWORD done, needed;
    int shown = 0;

    while (log && shown < EVENTS &&
           ReadEventLogA(log, EVENTLOG_SEQUENTIAL_READ | EVENTLOG_BACKWARDS_READ, 0, data,
                         sizeof(data), &done, &needed)) {
        DWORD at;

        for (at = 0; at < done && shown < EVENTS; at += ((EVENTLOGRECORD *)(data + at))->Length) {
            EVENTLOGRECORD *record = (EVENTLOGRECORD *)(data + at);
            ULONGLONG ticks = (ULONGLONG)record->TimeGenerated * 10000000 + 116444736000000000ULL;
            FILETIME file = {(DWORD)ticks, (DWORD)(ticks >> 32)};
            SYSTEMTIME time;

            if (_stricmp((char *)(record + 1), service)) {
                continue;
            }
            FileTimeToSystemTime(&file, &time);
            printf("  event      %u, %04d-%02d-%02d %02d:%02d:%02d UTC\n",
                   (unsigned)(record->EventID & 0xFFFF), time.wYear, time.wMonth, time.wDay,
                   time.wHour, time.wMinute, time.wSecond);
            shown++;
        }
    }
    if (!shown) {
        printf("  event      none in the event log\n");
    }
    if (log) {
        CloseEventLog(log);
    }
}

static void show_features(const char *which, BOOL reported, virtio_u64 bits)
{
    if (reported) {
        printf("  %-10s 0x%I64x %s\n", which, bits, feature_names(bits));
    } else {
        printf("  %-10s not reported by this driver\n", which);
    }
}

static void show_table(const struct adapter *adapter)
{
    const AEROVNET_COUNTERS *c = &adapter->counters;
    char speed[32], mtu[16];

    printf("%s\n", adapter->name);
    printf("  driver     %s.sys %s, INF %s\n", adapter->service, adapter->file_version,
           adapter->inf_version);
    if (!adapter->answers) {
        printf("  no answer  error %lu: the adapter is disabled, has failed, or was removed "
               "(Device Manager says which)\n",
               adapter->error);
        show_events(adapter->service);
        return;
    }
    printf("  address    %s\n", mac(adapter));
    sprintf(speed, "%lu Mbit/s", adapter->speed / 10000);
    sprintf(mtu, "%lu", adapter->frame_size);
    printf("  link       %s, %s%s, MTU %s\n", link_state(adapter),
           adapter->speed_error ? "speed " : "", known(adapter->speed_error, speed),
           known(adapter->frame_size_error, mtu));
    show_features("offered", REPORTED(adapter, FeaturesOffered), c->FeaturesOffered);
    show_features("taken", REPORTED(adapter, FeaturesNegotiated), c->FeaturesNegotiated);
    if (REPORTED(adapter, TxBuffers)) {
        printf("  queues     receive %u with %u buffers, transmit %u with %u buffers\n",
               c->RxQueueSize, c->RxBuffers, c->TxQueueSize, c->TxBuffers);
    } else {
        printf("  queues     not reported by this driver\n");
    }
#define LINE(Name)                                   \
    if (REPORTED(adapter, Name)) {                   \
        printf("  %-18s %20I64u\n", #Name, c->Name); \
    }
    COUNTERS(LINE)
    show_events(adapter->service);
}

static void show_quoted(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            putchar('\\');
        }
        putchar((unsigned char)*text < 0x20 ? ' ' : *text);
    }
    putchar('"');
}

/* A member of the object: what the query gave, in its JSON form, or null and the error. */
static void show_member(const char *name, DWORD error, const char *value)
{
    if (error) {
        printf(", \"%s\": null, \"%s_error\": %lu", name, name, error);
    } else {
        printf(", \"%s\": %s", name, value);
    }
}

static void show_json(const struct adapter *adapters, int count)
{
    char value[64];
    int i;

    printf("[");
    for (i = 0; i < count; i++) {
        const struct adapter *a = &adapters[i];
        const AEROVNET_COUNTERS *c = &a->counters;

        printf("%s\n {\"name\": ", i ? "," : "");
        show_quoted(a->name);
        printf(
            ", \"service\": \"%s\", \"guid\": \"%s\", \"file_version\": \"%s\", \"inf_version\": ",
            a->service, a->guid, a->file_version);
        show_quoted(a->inf_version);
        if (!a->answers) {
            printf(", \"error\": %lu}", a->error);
            continue;
        }
        sprintf(value, "\"%s\"", mac(a));
        show_member("address", a->mac_error, value);
        show_member("link", a->disconnected_error, a->disconnected ? "\"down\"" : "\"up\"");
        sprintf(value, "%I64u", (virtio_u64)a->speed * 100);
        show_member("bits_per_second", a->speed_error, value);
        sprintf(value, "%lu", a->frame_size);
        show_member("mtu", a->frame_size_error, value);
#define FEATURES(Name)                                   \
    if (REPORTED(a, Name)) {                             \
        printf(", \"%s\": \"0x%I64x\"", #Name, c->Name); \
    }
        FEATURES(FeaturesOffered)
        FEATURES(FeaturesNegotiated)
#define NUMBER(Name)                            \
    if (REPORTED(a, Name)) {                    \
        printf(", \"%s\": %u", #Name, c->Name); \
    }
        NUMBER(RxQueueSize)
        NUMBER(TxQueueSize)
        NUMBER(RxBuffers)
        NUMBER(TxBuffers)
#define MEMBER(Name)                               \
    if (REPORTED(a, Name)) {                       \
        printf(", \"%s\": %I64u", #Name, c->Name); \
    }
        COUNTERS(MEMBER)
        printf("}");
    }
    printf("\n]\n");
}

static int watch(struct adapter *adapters, int count, unsigned long seconds)
{
    static AEROVNET_COUNTERS before[ADAPTERS];
    unsigned long second;
    int i;

    for (i = 0; i < count; i++) {
        before[i] = adapters[i].counters;
    }
    for (second = 1; !seconds || second <= seconds; second++) {
        Sleep(1000);
        for (i = 0; i < count; i++) {
            const AEROVNET_COUNTERS *c = &adapters[i].counters;

            ask(&adapters[i]);
            if (!adapters[i].answers) {
                printf("%lu s  %s: no answer, error %lu\n", second, adapters[i].name,
                       adapters[i].error);
                continue;
            }
            if (!REPORTED(&adapters[i], Resets)) {
                printf("%lu s  %s: this driver reports no counters\n", second, adapters[i].name);
                continue;
            }
            printf("%lu s  %s: sent %I64u/s, received %I64u/s, interrupts %I64u/s, link %s, errors "
                   "%I64u, resets %I64u\n",
                   second, adapters[i].name, c->TxFrames - before[i].TxFrames,
                   c->RxFrames - before[i].RxFrames, c->Interrupts - before[i].Interrupts,
                   link_state(&adapters[i]), c->DeviceErrors, c->Resets);
            before[i] = *c;
        }
        fflush(stdout);
    }
    return 0;
}

static int usage(void)
{
    fprintf(stderr, "usage: aerovnet-info [--report | --json | --watch [SECONDS]]\n");
    return 2;
}

int main(int argc, char **argv)
{
    static struct adapter adapters[ADAPTERS];
    const char *mode = argc > 1 ? argv[1] : "";
    unsigned long seconds = 0;
    char *end = "";
    int count, answering = 0, i;

    if (argc == 3 && !strcmp(mode, "--watch")) {
        seconds = strtoul(argv[2], &end, 10);
    }
    if (*end || (argc == 3 && !seconds) || argc > 3 || (argc == 3 && strcmp(mode, "--watch")) ||
        (*mode && strcmp(mode, "--report") && strcmp(mode, "--json") && strcmp(mode, "--watch"))) {
        return usage();
    }
    count = find_adapters(adapters);
    for (i = 0; i < count; i++) {
        ask(&adapters[i]);
        answering += adapters[i].answers;
    }
    if (!strcmp(mode, "--json")) {
        show_json(adapters, count);
    } else if (!count) {
        printf("There is no adapter of aerovnet. Run install.cmd of the driver disk: it names the "
               "cards that are there.\n");
    } else if (!strcmp(mode, "--watch")) {
        return watch(adapters, count, seconds);
    } else {
        if (!strcmp(mode, "--report")) {
            printf("```\n");
        }
        for (i = 0; i < count; i++) {
            show_table(&adapters[i]);
        }
        if (!strcmp(mode, "--report")) {
            printf("```\n");
        }
    }
    return answering ? 0 : 1;
}
