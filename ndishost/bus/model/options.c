/* SPDX-License-Identifier: MIT */
/* The model's options; see options.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bus/model/fault.h"
#include "bus/model/features.h"
#include "bus/model/options.h"
#include "bus/model/spec.h"

#define LAYOUT_HELP(id, name, text) "    " name ": " text "\n"
#define CAPS_HELP(id, name, text)   "    " name ": " text "\n"

const char options_help[] =
    "  model[:OPTION=VALUE,...]  a virtio-net device inside ndishost that checks virtio "
    "1.2 strictly\n"
    "    queue_size=N, rx_queue_size=N, tx_queue_size=N (256; 0: the queue does not "
    "exist)\n"
    "    ctrl_queue_size=N (64)  pairs=N: pairs of queues, up to 8, with mq (4; offers ctrl_vq and "
    "mq)\n"
    "    features=[none](+|-)NAME...: offer a feature (+) or do not (-), by name or "
    "number. Default:\n"
    "      csum, guest_csum, mac, mrg_rxbuf, status, indirect_desc, event_idx, version_1. "
    "The model\n"
    "      also implements mtu, host_tso4, host_tso6, host_ecn, access_platform, speed_duplex,\n"
    "      notification_data, ctrl_vq, ctrl_rx, ctrl_rx_extra, ctrl_vlan, ctrl_mac_addr and mq.\n"
    "      It refuses a driver that accepts any other feature\n"
    "    mac=XX:XX:XX:XX:XX:XX  mtu=N (offers mtu)  speed=MBITS (offers speed_duplex)\n"
    "    bar=N: the BAR of the structures (4; 0 leaves no room for the legacy interface)\n"
    "    bar=io: the structures are in I/O space, with layout=dense (default there) or "
    "spread\n"
    "    legacy=0|1: an I/O BAR 0 with the legacy interface (1)\n"
    "    modern=0|1: 1: 1AF4:1041 revision 1 without legacy interface; 0: 1AF4:1000 (0)\n"
    "    revision=N: the PCI function's revision (0; with modern=1: 1)\n"
    "    above_4g=0|1: 64-bit BARs are above 4 GiB (0)\n"
    "    vectors=N: entries of the MSI-X table (3; 0: there is no MSI-X capability)\n"
    "    command=N: the command register at the start  notify_multiplier=N (4)  seed=N "
    "(1)\n"
    "    wire=FRAMES: the most frames that wait for receive buffers (1024)\n"
    "    lockstep[=idle|busy]: the device moves frames only when --net gen has handed over "
    "a burst, or\n"
    "      at the command `step`. Nothing else runs meanwhile: a run's counters are always "
    "the same.\n"
    "      idle (default): each burst needs a notification. busy: the device asks for none\n"
    "    reset_ms=N: a reset with fault reset_slow takes N ms (200)\n"
    "    delay=MICROSECONDS: the device waits before it uses each batch\n"
    "    reorder=0|1: the device uses buffers out of order\n"
    "    partial=0|1: the device leaves TCP's and UDP's checksums of received frames to a driver "
    "that\n"
    "      accepts guest_csum (NEEDS_CSUM)\n"
    "    ignore_no_interrupt=0|1: the device interrupts although the driver suppresses "
    "interrupts\n"
    "    header=10|12: bytes of the network header (12). 10: no num_buffers, even with "
    "VERSION_1\n"
    "    layout=NAME: where the structures are in the BARs:\n" LAYOUTS(
        LAYOUT_HELP) "    caps=NAME[+NAME...]: oddities of the "
                     "capabilities:\n" CAPS_ODDITIES(CAPS_HELP) "    "
                                                                "fault=NAME[@N][+NAME[@N].."
                                                                ".], and at run time the "
                                                                "commands `fault "
                                                                "NAME[@N]`, `fault "
                                                                "none`:\n" FAULTS(FAULT_HELP);

/* ---- Values ---- */

static bool parse_number(const char *text, size_t length, uint64_t max, uint64_t *value)
{
    char digits[24];
    char *end;

    if (length == 0 || length >= sizeof digits || text[0] == '-' || text[0] == '+')
        return false;
    memcpy(digits, text, length);
    digits[length] = 0;
    errno = 0;
    *value = strtoull(digits, &end, 0);
    return *end == 0 && end != digits && errno == 0 && *value <= max;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_mac(struct options *options, const char *text, size_t length)
{
    if (length != 17)
        return false;
    for (int i = 0; i < 6; i++) {
        int high = hex_digit(text[i * 3]), low = hex_digit(text[i * 3 + 1]);

        if (high < 0 || low < 0 || (i < 5 && text[i * 3 + 2] != ':'))
            return false;
        options->mac[i] = (uint8_t)(high << 4 | low);
    }
    options->mac_given = true;
    return true;
}

static int find_name(const char *const *names, int count, const char *text, size_t length)
{
    for (int i = 0; i < count; i++)
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0)
            return i;
    return -1;
}

static bool parse_layout(struct options *options, const char *text, size_t length)
{
#define LAYOUT_NAME(id, name, text) name,
    static const char *const names[] = {LAYOUTS(LAYOUT_NAME)};
    int found = find_name(names, LAYOUT_COUNT, text, length);

    if (found < 0)
        return false;
    options->layout = (enum layout_kind)found;
    return true;
}

static bool parse_caps(struct options *options, const char *text, size_t length)
{
#define CAPS_NAME(id, name, text) name,
    static const char *const names[] = {CAPS_ODDITIES(CAPS_NAME)};
    const char *end = text + length;

    for (;;) {
        const char *plus = memchr(text, '+', (size_t)(end - text));
        const char *stop = plus ? plus : end;
        int found = find_name(names, CAPS_COUNT, text, (size_t)(stop - text));

        if (found < 0)
            return false;
        options->caps |= 1u << found;
        if (!plus)
            return true;
        text = plus + 1;
    }
}

static bool parse_fault(struct options *options, const char *text, size_t length)
{
    struct faults trial = {0};

    if (length >= sizeof options->fault)
        return false;
    memcpy(options->fault, text, length);
    options->fault[length] = 0;
    return fault_arm(&trial, options->fault) == NULL;
}

static bool parse_lockstep(struct options *options, const char *text, size_t length)
{
    static const char *const names[] = {
        [LOCKSTEP_OFF] = "off", [LOCKSTEP_IDLE] = "idle", [LOCKSTEP_BUSY] = "busy"};
    int found = length ? find_name(names, 3, text, length) : LOCKSTEP_IDLE;

    if (found < 0)
        return false;
    options->lockstep = (enum lockstep)found;
    return true;
}

enum check { ANY, QUEUE_SIZE, POWER_OF_TWO, MULTIPLIER, HEADER };

static bool check_value(enum check check, uint64_t n)
{
    bool power_or_zero = (n & (n - 1)) == 0;

    switch (check) {
    case QUEUE_SIZE:
        return power_or_zero;
    case POWER_OF_TWO:
        return power_or_zero && n >= 2;
    case MULTIPLIER: /* "an even power of 2", or 0: 4.1.4.4.1 */
        return power_or_zero && n != 1;
    case HEADER:
        return n == NET_HEADER_SIZE || n == NET_HEADER_OLD_SIZE;
    default:
        return true;
    }
}

/* ---- One option ---- */

enum outcome { GOOD, BAD_VALUE, UNKNOWN };

static const struct numeric {
    const char *name;
    uint64_t min, max;
    size_t offset;
    size_t size;
    enum check check;
    uint64_t feature; /* that it offers */
} numeric[] = {
#define NUMERIC(member, min, max, check, feature)                 \
    {                                                             \
#member, min, max, offsetof(struct options, member),      \
            sizeof(((struct options *)0)->member), check, feature \
    }
    NUMERIC(rx_queue_size, 0, QUEUE_SIZE_MAX, QUEUE_SIZE, 0),
    NUMERIC(tx_queue_size, 0, QUEUE_SIZE_MAX, QUEUE_SIZE, 0),
    NUMERIC(ctrl_queue_size, 0, QUEUE_SIZE_MAX, QUEUE_SIZE, 0),
    NUMERIC(pairs, 1, PAIRS_MAX, ANY, FEATURE_CTRL_VQ | FEATURE_MQ),
    NUMERIC(mtu, 68, 65535, ANY, FEATURE_MTU),
    NUMERIC(speed, 0, UINT32_MAX, ANY, FEATURE_SPEED_DUPLEX),
    NUMERIC(bar, 0, 5, ANY, 0),
    NUMERIC(modern, 0, 1, ANY, 0),
    NUMERIC(legacy, 0, 1, ANY, 0),
    NUMERIC(revision, 0, 255, ANY, 0),
    NUMERIC(above_4g, 0, 1, ANY, 0),
    NUMERIC(command, 0, 0x7FF, ANY, 0),
    NUMERIC(notify_multiplier, 0, 65536, MULTIPLIER, 0),
    NUMERIC(vectors, 0, MSIX_VECTORS_MAX, ANY, 0),
    NUMERIC(reset_ms, 1, 60000, ANY, 0),
    NUMERIC(seed, 0, UINT64_MAX, ANY, 0),
    NUMERIC(reorder, 0, 1, ANY, 0),
    NUMERIC(partial, 0, 1, ANY, 0),
    NUMERIC(ignore_no_interrupt, 0, 1, ANY, 0),
    NUMERIC(header, 0, UINT32_MAX, HEADER, 0),
    NUMERIC(delay, 0, 10000000, ANY, 0),
    NUMERIC(wire, 2, 65536, POWER_OF_TWO, 0),
};
#define NUMERICS (sizeof numeric / sizeof numeric[0])

static enum outcome parse_numeric(struct options *options, const char *name, size_t name_length,
                                  const char *value, size_t length)
{
    for (size_t i = 0; i < NUMERICS; i++) {
        const struct numeric *option = &numeric[i];
        uint64_t n;

        if (strlen(option->name) != name_length || strncmp(option->name, name, name_length))
            continue;
        if (!parse_number(value, length, option->max, &n) || n < option->min ||
            !check_value(option->check, n))
            return BAD_VALUE;
        memcpy((char *)options + option->offset, &n, option->size); /* little-endian */
        options->features |= option->feature;
        return GOOD;
    }
    return UNKNOWN;
}

/* "io" is not a number: the BAR stays, and its space changes. An I/O BAR has no room for pages. */
static enum outcome parse_bar(struct options *options, const char *value, size_t length)
{
    if (length != 2 || strncmp(value, "io", 2) != 0)
        return parse_numeric(options, "bar", 3, value, length);
    options->io = true;
    if (options->layout == LAYOUT_PAGES)
        options->layout = LAYOUT_DENSE;
    return GOOD;
}

static enum outcome parse_queue_size(struct options *options, const char *value, size_t length)
{
    enum outcome outcome = parse_numeric(options, "rx_queue_size", 13, value, length);

    options->tx_queue_size = options->rx_queue_size;
    return outcome;
}

static enum outcome parse_one(struct options *o, const char *name, size_t name_length,
                              const char *value, size_t length)
{
    static const char *const names[] = {"features", "mac",        "layout", "caps",
                                        "fault",    "queue_size", "bar",    "lockstep"};
    bool good;

    switch (find_name(names, sizeof names / sizeof names[0], name, name_length)) {
    case 0:
        good = features_parse(value, length, &o->features) == NULL;
        break;
    case 1:
        good = parse_mac(o, value, length);
        break;
    case 2:
        good = parse_layout(o, value, length);
        break;
    case 3:
        good = parse_caps(o, value, length);
        break;
    case 4:
        good = parse_fault(o, value, length);
        break;
    case 5:
        return parse_queue_size(o, value, length);
    case 6:
        return parse_bar(o, value, length);
    case 7:
        good = parse_lockstep(o, value, length);
        break;
    default:
        return parse_numeric(o, name, name_length, value, length);
    }
    return good ? GOOD : BAD_VALUE;
}

/* ---- All of them ---- */

static const struct options defaults = {
    .rx_queue_size = 256,
    .tx_queue_size = 256,
    .ctrl_queue_size = 64,
    .pairs = 4,
    .features = FEATURES_DEFAULT,
    .mac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56},
    .mtu = ETHERNET_MTU,
    .speed = 1000,
    .bar = 4,
    .legacy = true,
    .revision = REVISION_DEFAULT,
    .layout = LAYOUT_PAGES,
    .notify_multiplier = 4,
    .vectors = 3,
    .reset_ms = 200,
    .command = 0x103,
    .seed = 1,
    .wire = 1024,
    .header = NET_HEADER_SIZE,
};

bool model_options_parse(struct options *options, const char *arguments, char *error,
                         size_t error_size)
{
    *options = defaults;
    while (*arguments) {
        size_t whole = strcspn(arguments, ",");
        size_t name = strcspn(arguments, "=,");
        const char *value = arguments + name + (name < whole);
        enum outcome outcome =
            parse_one(options, arguments, name, value, (size_t)(arguments + whole - value));

        if (outcome != GOOD) {
            snprintf(
                error, error_size,
                outcome == UNKNOWN
                    ? "--bus model: there is no option \"%.*s\" (--help lists the options)"
                    : "--bus model: \"%.*s\": the value is not allowed (--help lists the values)",
                (int)(outcome == UNKNOWN ? name : whole), arguments);
            return false;
        }
        arguments += whole;
        if (*arguments == ',')
            arguments++;
    }
    if (options->modern)
        options->legacy = false;
    if (!(options->features & FEATURE_MQ))
        options->pairs = 1;
    options->queues = options->features & FEATURE_CTRL_VQ ? 2 * options->pairs + 1 : 2;
    return true;
}
