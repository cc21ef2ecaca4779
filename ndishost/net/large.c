/* SPDX-License-Identifier: MIT */
/* Large TCP packets, and the check of their segments; see large.h. */
#include "net/large.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "net/checksum.h"

#define RULE        "LargeSendOffload"
#define COOKIE_BITS 48

#define IP_LENGTH   2 /* offsets in an IPv4 header */
#define IP_ID       4
#define V6_LENGTH   4 /* in an IPv6 header */
#define TCP_SEQ     4 /* in a TCP header */
#define TCP_FLAGS   13
#define TCP_SUM     16
#define FLAG_CWR    0x80
#define LEAST_V4    54 /* bytes of the headers */
#define LEAST_V6    74
#define DATA_MOST   (65535 - 120) /* so that no length in a header of IP overflows */

/* How a frame went: the version of LSO, and whether it was the last of a packet whose first has CWR. */
enum { WENT_VERSION = 3, WENT_CWR_LAST = 4 };

int large_open(struct large *large, struct net_ports *ports, struct flow *flow, unsigned segments)
{
    *large = (struct large){.ports = ports, .flow = flow, .segments = segments};
    if (!segments)
        return 0;
    large->went = calloc(FLOW_RING, sizeof *large->went);
    return large->went ? 0 : -1;
}

void large_close(struct large *large)
{
    free(large->went);
    large->went = NULL;
}

uint64_t large_first(uint64_t cookie)
{
    return cookie & (((uint64_t)1 << COOKIE_BITS) - 1);
}

unsigned large_count(uint64_t cookie)
{
    return (unsigned)(cookie >> COOKIE_BITS);
}

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* ---- Sends ---- */

/* By which version of LSO, 0: by none. Where both are on, by either. One that numbers segments in its own way is not
 * given a packet whose identifications begin anew. */
static unsigned choose(const struct large *large, uint64_t first, bool wraps, uint32_t *most,
                       uint32_t *least)
{
    const struct numbered *stream = &large->flow->sent;
    bool v6 = numbered_is_v6(stream, first), options = numbered_has_options(stream, first);
    unsigned start = 1 + (unsigned)(numbered_random(stream, first) & 1);

    if (!large->ports->large_limits || !numbered_headers(stream, first) ||
        flow_tag(large->flow, first) != TAG_NONE)
        return 0;
    for (unsigned i = 0; i < 2; i++) {
        unsigned version = 1 + (start + i) % 2;

        if (version == 1 && (v6 || wraps))
            continue;
        if (large->ports->large_limits(large->ports->context, version, v6, options, most, least))
            return version;
    }
    return 0;
}

/* How many of the frames are in one group, for one station, with no more data than that. */
static unsigned fitting(const struct large *large, uint64_t first, unsigned count, uint32_t most)
{
    const struct numbered *stream = &large->flow->sent;
    unsigned left = large->segments - (unsigned)(first % large->segments), n = 0;
    uint32_t data = 0;

    if (most > DATA_MOST)
        most = DATA_MOST;
    while (n < count && n < left && data + numbered_data(stream, first + n) <= most)
        data += numbered_data(stream, first + n++);
    return n;
}

/* The sum that a transport leaves: of the pseudoheader without a length. */
static void leave_sum(uint8_t *frame, const struct checksum_at *at)
{
    struct checksum_at without = *at;

    without.length = 0;
    checksum_leave(frame, &without);
}

/* The headers of the first frame become those of the packet. */
static void leave_headers(uint8_t *room, const struct net_large *packet, uint8_t flags)
{
    uint8_t *ip = room + CHECKSUM_IP;
    struct checksum_at at = {.v6 = packet->v6,
                             .protocol = CHECKSUM_TCP,
                             .transport = packet->tcp,
                             .field = packet->tcp + TCP_SUM};
    unsigned length = packet->version == 1 ? packet->length - CHECKSUM_IP : 0;

    room[packet->tcp + TCP_FLAGS] = flags;
    if (packet->v6)
        put16(ip + V6_LENGTH, length);
    else
        put16(ip + IP_LENGTH, length);
    checksum_header_leave(room, &at);
    leave_sum(room, &at);
}

unsigned large_pack(struct large *large, uint64_t first, unsigned count, uint8_t *room,
                    struct net_large *packet)
{
    const struct numbered *stream = &large->flow->sent;
    unsigned n = fitting(large, first, count, DATA_MOST), version, headers, cwr, used;
    uint32_t most, least;
    uint8_t flags;

    if (n < 2)
        return 0;
    version = choose(large, first,
                     numbered_identification(stream, first + n - 1) <
                         numbered_identification(stream, first),
                     &most, &least);
    n = version ? fitting(large, first, n, most) : 0;
    if (n < 2 || n < least)
        return 0;
    headers = NUMBERED_MIN + numbered_headers(stream, first);
    *packet = (struct net_large){.data = room,
                                 .headers = headers,
                                 .v6 = numbered_is_v6(stream, first),
                                 .mss = numbered_mss(stream, first),
                                 .version = version,
                                 .cookie = (uint64_t)n << COOKIE_BITS | first};
    packet->tcp = CHECKSUM_IP + (packet->v6 ? 40 : 20);
    used = flow_fill(large->flow, first, room);
    flags = room[packet->tcp + TCP_FLAGS];
    cwr = flags & FLAG_CWR;
    for (unsigned i = 1; i < n; i++) {
        uint8_t frame[NET_JUMBO_MAX];
        unsigned size = flow_fill(large->flow, first + i, frame);

        memcpy(room + used, frame + headers, size - headers);
        used += size - headers;
        flags |= frame[packet->tcp + TCP_FLAGS];
    }
    packet->length = used;
    leave_headers(room, packet, flags);
    for (unsigned i = 0; i < n; i++)
        large->went[(first + i) % FLOW_RING] =
            (uint8_t)(version | (cwr && i == n - 1 ? WENT_CWR_LAST : 0));
    large->packets++;
    large->frames += n;
    return n;
}

/* ---- Segments ---- */

/* Where things are in a frame of TCP over IP without a tag. */
struct segment {
    const uint8_t *frame, *ip, *tcp;
    bool v6;
    unsigned headers; /* bytes */
    unsigned data;    /* bytes, by the length in the IP header */
    size_t room;      /* bytes after the headers, with padding */
};

static bool segment_read(const uint8_t *frame, size_t length, struct segment *s)
{
    unsigned type = length >= LEAST_V4 ? get16(frame + 12) : 0, ip_header, total;

    *s = (struct segment){.frame = frame, .ip = frame + CHECKSUM_IP, .v6 = type == 0x86DD};
    if (type != 0x0800 && (type != 0x86DD || length < LEAST_V6))
        return false;
    if (s->ip[s->v6 ? 6 : 9] != CHECKSUM_TCP)
        return false;
    ip_header = s->v6 ? 40 : (s->ip[0] & 0xFu) * 4;
    s->tcp = s->ip + ip_header;
    total = s->v6 ? 40 + get16(s->ip + V6_LENGTH) : get16(s->ip + IP_LENGTH);
    if (ip_header < 20 || CHECKSUM_IP + ip_header + 20 > length)
        return false;
    s->headers = CHECKSUM_IP + ip_header + (s->tcp[12] >> 4) * 4u;
    if (s->headers > length)
        return false;
    s->room = length - s->headers;
    s->data = total + CHECKSUM_IP > s->headers ? total + CHECKSUM_IP - s->headers : 0;
    return true;
}

static void report(const struct large *large, uint64_t number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void report(const struct large *large, uint64_t number, const char *format, ...)
{
    unsigned version = large->went[number % FLOW_RING] & WENT_VERSION;
    const struct numbered *stream = &large->flow->sent;
    char what[256], detail[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    snprintf(what, sizeof what,
             "segment %u of a large send (LSOv%u over IPv%u, MSS %u, frame %" PRIu64 "): %s",
             (unsigned)(number % large->segments), version,
             numbered_is_v6(stream, number) ? 6u : 4u, numbered_mss(stream, number), number,
             detail);
    if (large->ports->broken)
        large->ports->broken(large->ports->context, RULE, what);
}

/* The latest group with that sequence number, as far as it was sent; false: there is none. */
static bool group_find(const struct large *large, uint32_t sequence, uint64_t *group)
{
    uint64_t sent, intact;

    flow_progress(large->flow, &sent, &intact);
    if (!sent)
        return false;
    *group = (sent - 1) / large->segments;
    while ((uint32_t)*group * NUMBERED_GROUP != (sequence & ~(NUMBERED_GROUP - 1))) {
        if (!*group || (sent / large->segments) - *group > FLOW_RING / large->segments)
            return false;
        --*group;
    }
    return true;
}

static bool was_large(const struct large *large, uint64_t number)
{
    return large->went[number % FLOW_RING] & WENT_VERSION;
}

/* Where in its group the sequence number says that the segment is; false: no large send has it, or it was
 * reported. */
static bool place_by_sequence(const struct large *large, const struct segment *s, uint64_t *number)
{
    const struct numbered *stream = &large->flow->sent;
    uint32_t sequence = get32(s->tcp + TCP_SEQ), offset = sequence & (NUMBERED_GROUP - 1);
    uint64_t group;
    unsigned mss;

    if (!group_find(large, sequence, &group) || !numbered_headers(stream, group * large->segments))
        return false;
    mss = numbered_mss(stream, group * large->segments);
    *number = group * large->segments + offset / mss;
    if (offset / mss >= large->segments || !was_large(large, *number))
        return false;
    if (offset % mss == 0)
        return true;
    report(large, *number,
           "sequence number 0x%08" PRIX32 " is %u bytes into the data, no multiple of the MSS",
           sequence, offset);
    return false;
}

/* The number of the frame that the segment has to be: what its data begin with tells, or else its sequence number. */
static bool segment_place(const struct large *large, const struct segment *s, size_t length,
                          uint64_t *number)
{
    const struct numbered *stream = &large->flow->sent;
    uint32_t sequence = get32(s->tcp + TCP_SEQ);

    if (!numbered_identify(stream, s->frame, length, number))
        return place_by_sequence(large, s, number);
    if (!was_large(large, *number) || !numbered_headers(stream, *number))
        return false;
    if (sequence == numbered_sequence(stream, *number))
        return true;
    report(large, *number, "sequence number 0x%08" PRIX32 ", expected 0x%08" PRIX32, sequence,
           numbered_sequence(stream, *number));
    return false;
}

static void check_lengths(const struct large *large, uint64_t number, const struct segment *s)
{
    unsigned expected = numbered_data(&large->flow->sent, number);

    if (s->data > s->room)
        report(large, number, "the IP header says %u bytes of data, the frame has room for %zu",
               s->data, s->room);
    else if (s->data != expected)
        report(large, number, "%u bytes of data, expected %u", s->data, expected);
}

static const char *flag_names(uint8_t flags, char *text, size_t size)
{
    static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
    size_t used = 0;

    *text = 0;
    for (unsigned i = 0; i < 8; i++)
        if (flags >> i & 1)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "+" : "", names[i]);
    return text;
}

static void check_headers(const struct large *large, uint64_t number, const struct segment *s,
                          const uint8_t *expected)
{
    size_t tcp = (size_t)(s->tcp - s->frame);
    char got[48], right[48];
    unsigned id = get16(s->ip + IP_ID), due = get16(expected + CHECKSUM_IP + IP_ID);
    uint8_t flags = s->tcp[TCP_FLAGS];

    if (large->went[number % FLOW_RING] & WENT_CWR_LAST)
        flags = (uint8_t)((flags & ~FLAG_CWR) | (expected[tcp + TCP_FLAGS] & FLAG_CWR));
    if (!s->v6 && id != due)
        report(large, number, "IPv4 identification 0x%04X, expected 0x%04X", id, due);
    if (flags != expected[tcp + TCP_FLAGS])
        report(large, number, "TCP flags %s, expected %s", flag_names(flags, got, sizeof got),
               flag_names(expected[tcp + TCP_FLAGS], right, sizeof right));
    for (size_t i = 0; i < s->headers; i++) {
        size_t ip = i - CHECKSUM_IP;

        if (i >= CHECKSUM_IP &&
            (s->v6 ? ip == V6_LENGTH || ip == V6_LENGTH + 1
                   : (ip >= IP_LENGTH && ip < IP_ID + 2) || ip == 10 || ip == 11))
            continue; /* seen to above and below */
        if (i == tcp + TCP_FLAGS || i == tcp + TCP_SUM || i == tcp + TCP_SUM + 1)
            continue;
        if (s->frame[i] != expected[i]) {
            report(large, number, "byte %zu of the headers is 0x%02x, expected 0x%02x", i,
                   s->frame[i], expected[i]);
            return;
        }
    }
}

static void check_sums(const struct large *large, uint64_t number, const uint8_t *frame,
                       size_t length)
{
    struct checksum_at at;

    if (!checksum_find(frame, length, &at))
        return;
    if (!checksum_header_good(frame, &at))
        report(large, number, "the IPv4 header's checksum is wrong");
    if (!checksum_good(frame, &at))
        report(large, number, "the TCP checksum is wrong");
}

const uint8_t *large_arrived(struct large *large, const uint8_t *frame, size_t length,
                             uint8_t *copy)
{
    uint8_t expected[NET_JUMBO_MAX];
    struct checksum_at at;
    struct segment s;
    uint64_t number;

    if (!large->packets || length > NET_JUMBO_MAX || !segment_read(frame, length, &s) ||
        !segment_place(large, &s, length, &number))
        return frame;
    flow_fill(large->flow, number, expected);
    check_lengths(large, number, &s);
    check_headers(large, number, &s, expected);
    check_sums(large, number, frame, length);
    if (!(large->went[number % FLOW_RING] & WENT_CWR_LAST) || !(s.tcp[TCP_FLAGS] & FLAG_CWR) ||
        !checksum_find(frame, length, &at) || !checksum_good(frame, &at))
        return frame;
    memcpy(copy, frame, length); /* the last may have CWR, too */
    copy[at.transport + TCP_FLAGS] &= (uint8_t)~FLAG_CWR;
    checksum_fill(copy, &at);
    return copy;
}
