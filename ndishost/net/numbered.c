/* SPDX-License-Identifier: MIT */
#include "net/numbered.h"

#include <string.h>
#include "net/checksum.h"

#define TYPE_NUMBERED 0x88B5u
#define TYPE_SHORT    0x88B6u
#define TYPE_IPV4     0x0800u
#define TYPE_IPV6     0x86DDu
#define IP_BYTES      20u
#define IPV6_BYTES    40u
#define UDP_BYTES     8u
#define TCP_BYTES     20u
#define OPTION_BYTES  12u
#define ID_MASK       0x7FFFu
#define TCP_FIN       0x01
#define TCP_PSH       0x08
#define TCP_ACK       0x10
#define TCP_CWR       0x80
#define VERSION       1
#define STEP          0x9E3779B97F4A7C15ull /* 2^64 / golden ratio, odd: consecutive words differ */

struct header {
    uint32_t check;
    uint16_t size;
    uint8_t stream, version;
    uint64_t number;
};

_Static_assert(sizeof(struct header) == NUMBERED_HEADER - NUMBERED_MIN, "no holes");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the header is little-endian");

/* The finalizer of MurmurHash3: every bit of the input moves every bit of the result. */
static uint64_t mix(uint64_t value)
{
    value ^= value >> 33;
    value *= 0xFF51AFD7ED558CCDull;
    value ^= value >> 33;
    value *= 0xC4CEB9FE1A85EC53ull;
    return value ^ value >> 33;
}

static uint64_t stream_key(const struct numbered *stream)
{
    return mix(stream->seed + (stream->stream + 1) * STEP);
}

/* The first word of a frame's pattern; its upper half is the header's check. */
static uint64_t frame_key(const struct numbered *stream, uint64_t number, unsigned size)
{
    return mix(stream_key(stream) ^ mix(number * STEP + size));
}

static unsigned common_divisor(unsigned a, unsigned b)
{
    while (b) {
        unsigned rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

void numbered_init(struct numbered *stream)
{
    unsigned sizes = stream->size_max - stream->size_min + 1;

    stream->stride = sizes * 5 / 8 | 1;
    while (common_divisor(stream->stride, sizes) != 1)
        stream->stride += 2;
}

static unsigned size_of(const struct numbered *stream, uint64_t which)
{
    unsigned sizes = stream->size_max - stream->size_min + 1;

    if (sizes == 1)
        return stream->size_min;
    return stream->size_min + (unsigned)(which % sizes) * stream->stride % sizes;
}

unsigned numbered_wire_size(unsigned size)
{
    return size < NUMBERED_WIRE ? NUMBERED_WIRE : size;
}

static void put_type(uint8_t *frame, unsigned type)
{
    frame[0] = (uint8_t)(type >> 8);
    frame[1] = (uint8_t)type;
}

static unsigned get_type(const uint8_t *frame)
{
    return (unsigned)frame[0] << 8 | frame[1];
}

/* Most of what a full frame costs the host is here, so words are written in pairs. */
typedef uint64_t word_pair __attribute__((vector_size(16)));

static void fill_pattern(uint8_t *at, const uint8_t *end, uint64_t word)
{
    const word_pair two = {2 * STEP, 2 * STEP};
    word_pair pair = {word, word + STEP}, next = pair + two;

    for (; end - at >= 32; at += 32, pair = next + two, next = pair + two) {
        memcpy(at, &pair, 16);
        memcpy(at + 16, &next, 16);
    }
    word = pair[0];
    for (; end - at >= 8; at += 8, word += STEP)
        memcpy(at, &word, 8);
    memcpy(at, &word, (size_t)(end - at));
}

/* The number's low bytes come first and merely scrambled, so that near neighbours surely differ. */
static void fill_short(const struct numbered *stream, uint64_t number, unsigned size,
                       uint8_t *frame)
{
    uint64_t words[2] = {number ^ stream_key(stream), frame_key(stream, number, size)};

    put_type(frame + 12, TYPE_SHORT);
    memcpy(frame + NUMBERED_MIN, words, size - NUMBERED_MIN);
}

/* ---- Headers ---- */

/* The frames of a group have the same headers. */
static uint64_t group_of(const struct numbered *stream, uint64_t number)
{
    return stream->large ? number / stream->large : number;
}

bool numbered_is_v6(const struct numbered *stream, uint64_t number)
{
    uint64_t which = stream->large ? group_of(stream, number) << 1 : number;

    return stream->ip == NUMBERED_V6 || (stream->ip == NUMBERED_BOTH && which & 2);
}

static bool is_tcp(const struct numbered *stream, uint64_t number)
{
    return stream->large || number & 1;
}

bool numbered_has_options(const struct numbered *stream, uint64_t number)
{
    return stream->large && group_of(stream, number) % 3 == 2;
}

static unsigned headers_of(const struct numbered *stream, uint64_t number)
{
    return (numbered_is_v6(stream, number) ? IPV6_BYTES : IP_BYTES) +
           (!is_tcp(stream, number)                ? UDP_BYTES
            : numbered_has_options(stream, number) ? TCP_BYTES + OPTION_BYTES
                                                   : TCP_BYTES);
}

/* The shortest frame that may have these headers. */
static unsigned least_of(const struct numbered *stream, uint64_t number)
{
    if (stream->large)
        return NUMBERED_HEADER + headers_of(stream, number);
    return numbered_is_v6(stream, number) ? NUMBERED_IPV6 : NUMBERED_IP;
}

/* Each but a group's last has its group's size. */
unsigned numbered_size(const struct numbered *stream, uint64_t number)
{
    unsigned size = size_of(stream, group_of(stream, number)), least;

    if (!stream->large || (number + 1) % stream->large)
        return size;
    least = least_of(stream, number);
    return size < least ? size : least + (unsigned)(mix(number) % (size - least + 1));
}

unsigned numbered_headers(const struct numbered *stream, uint64_t number)
{
    if (!stream->ip || size_of(stream, group_of(stream, number)) < least_of(stream, number))
        return 0;
    return headers_of(stream, number);
}

unsigned numbered_mss(const struct numbered *stream, uint64_t number)
{
    return size_of(stream, group_of(stream, number)) - NUMBERED_MIN - headers_of(stream, number);
}

unsigned numbered_data(const struct numbered *stream, uint64_t number)
{
    return numbered_size(stream, number) - NUMBERED_MIN - headers_of(stream, number);
}

static unsigned index_of(const struct numbered *stream, uint64_t number)
{
    return stream->large ? (unsigned)(number % stream->large) : 0;
}

uint32_t numbered_sequence(const struct numbered *stream, uint64_t number)
{
    if (!stream->large)
        return 0;
    return (uint32_t)group_of(stream, number) * NUMBERED_GROUP +
           index_of(stream, number) * numbered_mss(stream, number);
}

/* Those of one group in four go beyond the last, and begin anew. */
uint16_t numbered_identification(const struct numbered *stream, uint64_t number)
{
    uint64_t group = group_of(stream, number);
    unsigned first;

    if (!stream->large)
        return (uint16_t)number;
    first = group % 4 ? (unsigned)(group * stream->large) : ID_MASK - stream->large / 2;
    return (uint16_t)((first + index_of(stream, number)) & ID_MASK);
}

/* The window is reduced in a first segment; a last one is pushed, and may be the end of the connection. */
static uint8_t flags_of(const struct numbered *stream, uint64_t number)
{
    uint64_t group = group_of(stream, number);
    unsigned index = index_of(stream, number);
    uint8_t flags = TCP_ACK;

    if (!stream->large)
        return flags;
    if (!index && group % 4 == 1)
        flags |= TCP_CWR;
    if (index == stream->large - 1)
        flags |= group % 8 == 3 ? TCP_PSH | TCP_FIN : TCP_PSH;
    return flags;
}

/* The headers of a frame that has come. */
static unsigned headers_in(const struct numbered *stream, const uint8_t *frame, size_t length)
{
    struct checksum_at at;
    unsigned tcp;

    if (!stream->ip || !checksum_find(frame, length, &at))
        return 0;
    if (at.protocol != CHECKSUM_TCP)
        return at.transport - NUMBERED_MIN + UDP_BYTES;
    tcp = (frame[at.transport + 12] >> 4) * 4u;
    return at.transport - NUMBERED_MIN + (tcp < TCP_BYTES ? TCP_BYTES : tcp);
}

/* 10.0.0.1 to 10.0.0.2, a whole datagram. */
static void fill_ipv4(uint16_t id, uint8_t protocol, uint8_t *ip, unsigned length)
{
    const uint8_t header[IP_BYTES] = {0x45,
                                      0,
                                      (uint8_t)(length >> 8),
                                      (uint8_t)length,
                                      (uint8_t)(id >> 8),
                                      (uint8_t)id,
                                      0x40,
                                      0,
                                      64,
                                      protocol,
                                      0,
                                      0,
                                      10,
                                      0,
                                      0,
                                      1,
                                      10,
                                      0,
                                      0,
                                      2};

    memcpy(ip, header, sizeof header);
}

/* fd00::1 to fd00::2 */
static void fill_ipv6(uint8_t protocol, uint8_t *ip, unsigned length)
{
    memset(ip, 0, IPV6_BYTES);
    ip[0] = 0x60;
    ip[4] = (uint8_t)((length - IPV6_BYTES) >> 8);
    ip[5] = (uint8_t)(length - IPV6_BYTES);
    ip[6] = protocol;
    ip[7] = 64;
    ip[8] = ip[24] = 0xFD;
    ip[23] = 1;
    ip[39] = 2;
}

static void fill_tcp(const struct numbered *stream, uint64_t number, uint8_t *tcp)
{
    static const uint8_t options[OPTION_BYTES] = {1, 1, 8, 10, 0x12, 0x34, 0x56, 0x78}; /* times */
    uint32_t sequence = numbered_sequence(stream, number);
    bool has_options = numbered_has_options(stream, number);
    const uint8_t header[TCP_BYTES] = {0xC0,
                                       0,
                                       0,
                                       9,
                                       (uint8_t)(sequence >> 24),
                                       (uint8_t)(sequence >> 16),
                                       (uint8_t)(sequence >> 8),
                                       (uint8_t)sequence,
                                       0,
                                       0,
                                       0,
                                       0,
                                       (has_options ? TCP_BYTES + OPTION_BYTES : TCP_BYTES) / 4
                                           << 4,
                                       flags_of(stream, number),
                                       0xFF,
                                       0xFF};

    memcpy(tcp, header, sizeof header);
    if (has_options)
        memcpy(tcp + TCP_BYTES, options, sizeof options);
}

/* From port 49152 to discard (9). The rest of the frame is there. */
static void fill_headers(const struct numbered *stream, uint64_t number, uint8_t *frame,
                         unsigned size)
{
    bool v6 = numbered_is_v6(stream, number);
    uint8_t *ip = frame + NUMBERED_MIN, *transport = ip + (v6 ? IPV6_BYTES : IP_BYTES);
    uint8_t protocol = is_tcp(stream, number) ? CHECKSUM_TCP : CHECKSUM_UDP;
    unsigned length = (unsigned)(frame + size - transport);
    const uint8_t udp[UDP_BYTES] = {0xC0, 0, 0, 9, (uint8_t)(length >> 8), (uint8_t)length};
    struct checksum_at at;

    put_type(frame + 12, v6 ? TYPE_IPV6 : TYPE_IPV4);
    if (v6)
        fill_ipv6(protocol, ip, size - NUMBERED_MIN);
    else
        fill_ipv4(numbered_identification(stream, number), protocol, ip, size - NUMBERED_MIN);
    if (is_tcp(stream, number))
        fill_tcp(stream, number, transport);
    else
        memcpy(transport, udp, sizeof udp);
    if (checksum_find(frame, size, &at)) {
        checksum_header_fill(frame, &at);
        checksum_fill(frame, &at);
    }
}

unsigned numbered_fill(const struct numbered *stream, uint64_t number, uint8_t *frame)
{
    unsigned size = numbered_size(stream, number);
    unsigned headers = numbered_headers(stream, number);

    memcpy(frame, stream->destination, 6);
    memcpy(frame + 6, stream->source, 6);
    if (size < NUMBERED_HEADER) {
        fill_short(stream, number, size, frame);
    } else {
        uint64_t key = frame_key(stream, number, size);
        struct header header = {.check = (uint32_t)(key >> 32),
                                .size = (uint16_t)size,
                                .stream = stream->stream,
                                .version = VERSION,
                                .number = number};

        put_type(frame + 12, TYPE_NUMBERED);
        memcpy(frame + NUMBERED_MIN + headers, &header, sizeof header);
        fill_pattern(frame + NUMBERED_HEADER + headers, frame + size, key + STEP);
        if (headers)
            fill_headers(stream, number, frame, size);
    }
    if (size < NUMBERED_WIRE)
        memset(frame + size, 0, NUMBERED_WIRE - size);
    return size;
}

bool numbered_identify(const struct numbered *stream, const uint8_t *frame, size_t length,
                       uint64_t *number)
{
    struct header header;
    unsigned headers = headers_in(stream, frame, length);

    if (length < NUMBERED_HEADER + headers)
        return false;
    memcpy(&header, frame + NUMBERED_MIN + headers, sizeof header);
    if (header.stream != stream->stream || header.version != VERSION ||
        header.check != (uint32_t)(frame_key(stream, header.number, header.size) >> 32))
        return false;
    *number = header.number;
    return true;
}

uint64_t numbered_random(const struct numbered *stream, uint64_t number)
{
    return mix(~stream_key(stream) ^ mix(number * STEP));
}

bool numbered_is_short(const uint8_t *frame, size_t length)
{
    return length >= NUMBERED_MIN && get_type(frame + 12) == TYPE_SHORT;
}

struct numbered_difference numbered_compare(const uint8_t *frame, const uint8_t *expected,
                                            size_t length)
{
    struct numbered_difference difference = {0, 0};

    if (!memcmp(frame, expected, length))
        return difference;
    for (size_t i = 0; i < length; i++) {
        if (frame[i] != expected[i] && !difference.count++)
            difference.first = i;
    }
    return difference;
}
