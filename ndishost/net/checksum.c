/* SPDX-License-Identifier: MIT */
#include "net/checksum.h"

#define TYPE_IPV4    0x0800u
#define TYPE_IPV6    0x86DDu
#define HEADER_MIN   20u /* of IPv4, and of TCP */
#define IPV6_HEADER  40u
#define UDP_HEADER   8u
#define IP_LENGTH    2
#define IP_FRAGMENT  6 /* 0x3FFF: more fragments, and the offset */
#define IP_PROTOCOL  9
#define IP_CHECKSUM  10
#define IP_ADDRESSES 12
#define V6_LENGTH    4
#define V6_NEXT      6
#define V6_ADDRESSES 8
#define TCP_CHECKSUM 16
#define UDP_CHECKSUM 6

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t add(uint32_t sum, const uint8_t *data, size_t length)
{
    size_t i;

    for (i = 0; i + 1 < length; i += 2)
        sum += get16(data + i);
    return i < length ? sum + ((uint32_t)data[i] << 8) : sum;
}

static unsigned fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return sum;
}

static unsigned header_length(const uint8_t *frame)
{
    return (frame[CHECKSUM_IP] & 0xFu) * 4;
}

/* What is behind an IPv4 header: how many bytes of IP there are; 0: it is not a whole datagram. */
static unsigned find_ipv4(const uint8_t *ip, size_t room, unsigned *header, uint8_t *protocol)
{
    unsigned total;

    if (room < HEADER_MIN || ip[0] >> 4 != 4)
        return 0;
    *header = (ip[0] & 0xFu) * 4;
    *protocol = ip[IP_PROTOCOL];
    total = get16(ip + IP_LENGTH);
    return *header >= HEADER_MIN && !(get16(ip + IP_FRAGMENT) & 0x3FFF) ? total : 0;
}

/* The same of IPv6. A frame with extension headers is not looked into. */
static unsigned find_ipv6(const uint8_t *ip, size_t room, unsigned *header, uint8_t *protocol)
{
    if (room < IPV6_HEADER || ip[0] >> 4 != 6)
        return 0;
    *header = IPV6_HEADER;
    *protocol = ip[V6_NEXT];
    return IPV6_HEADER + get16(ip + V6_LENGTH);
}

bool checksum_find(const uint8_t *frame, size_t length, struct checksum_at *at)
{
    const uint8_t *ip = frame + CHECKSUM_IP;
    unsigned header = 0, total, least, type;

    if (length < CHECKSUM_IP)
        return false;
    type = get16(frame + 12);
    if (type != TYPE_IPV4 && type != TYPE_IPV6)
        return false;
    at->v6 = type == TYPE_IPV6;
    total = (at->v6 ? find_ipv6 : find_ipv4)(ip, length - CHECKSUM_IP, &header, &at->protocol);
    if (!total || (at->protocol != CHECKSUM_TCP && at->protocol != CHECKSUM_UDP))
        return false;
    least = at->protocol == CHECKSUM_TCP ? HEADER_MIN : UDP_HEADER;
    if (total < header + least || total > length - CHECKSUM_IP)
        return false;
    at->transport = CHECKSUM_IP + header;
    at->length = total - header;
    at->field = at->transport + (at->protocol == CHECKSUM_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
    return true;
}

static uint32_t pseudoheader(const uint8_t *frame, const struct checksum_at *at)
{
    const uint8_t *ip = frame + CHECKSUM_IP;

    return at->v6 ? add(at->protocol + at->length, ip + V6_ADDRESSES, 32)
                  : add(at->protocol + at->length, ip + IP_ADDRESSES, 8);
}

bool checksum_header_good(const uint8_t *frame, const struct checksum_at *at)
{
    return at->v6 || fold(add(0, frame + CHECKSUM_IP, header_length(frame))) == 0xFFFF;
}

bool checksum_good(const uint8_t *frame, const struct checksum_at *at)
{
    return fold(add(pseudoheader(frame, at), frame + at->transport, at->length)) == 0xFFFF;
}

bool checksum_absent(const uint8_t *frame, const struct checksum_at *at)
{
    return at->protocol == CHECKSUM_UDP && get16(frame + at->field) == 0;
}

void checksum_header_fill(uint8_t *frame, const struct checksum_at *at)
{
    if (at->v6)
        return;
    checksum_header_leave(frame, at);
    put16(frame + CHECKSUM_IP + IP_CHECKSUM,
          ~fold(add(0, frame + CHECKSUM_IP, header_length(frame))));
}

/* UDP sends 0xFFFF for 0, which says that there is none. */
void checksum_fill(uint8_t *frame, const struct checksum_at *at)
{
    unsigned sum;

    put16(frame + at->field, 0);
    sum = ~fold(add(pseudoheader(frame, at), frame + at->transport, at->length)) & 0xFFFF;
    put16(frame + at->field, sum || at->protocol != CHECKSUM_UDP ? sum : 0xFFFF);
}

void checksum_header_leave(uint8_t *frame, const struct checksum_at *at)
{
    if (!at->v6)
        put16(frame + CHECKSUM_IP + IP_CHECKSUM, 0);
}

void checksum_leave(uint8_t *frame, const struct checksum_at *at)
{
    put16(frame + at->field, fold(pseudoheader(frame, at)));
}
