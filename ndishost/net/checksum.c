/* SPDX-License-Identifier: MIT */
#include "net/checksum.h"

#define TYPE_IPV4    0x0800u
#define HEADER_MIN   20u /* of IPv4, and of TCP */
#define UDP_HEADER   8u
#define IP_LENGTH    2
#define IP_FRAGMENT  6 /* 0x3FFF: more fragments, and the offset */
#define IP_PROTOCOL  9
#define IP_CHECKSUM  10
#define IP_ADDRESSES 12
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

bool checksum_find(const uint8_t *frame, size_t length, struct checksum_at *at)
{
    const uint8_t *ip = frame + CHECKSUM_IP;
    unsigned header, total, least;

    if (length < CHECKSUM_IP + HEADER_MIN || get16(frame + 12) != TYPE_IPV4 || ip[0] >> 4 != 4)
        return false;
    header = header_length(frame);
    total = get16(ip + IP_LENGTH);
    at->protocol = ip[IP_PROTOCOL];
    least = at->protocol == CHECKSUM_TCP ? HEADER_MIN : UDP_HEADER;
    if ((at->protocol != CHECKSUM_TCP && at->protocol != CHECKSUM_UDP) || header < HEADER_MIN ||
        total < header + least || total > length - CHECKSUM_IP || get16(ip + IP_FRAGMENT) & 0x3FFF)
        return false;
    at->transport = CHECKSUM_IP + header;
    at->length = total - header;
    at->field = at->transport + (at->protocol == CHECKSUM_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
    return true;
}

static uint32_t pseudoheader(const uint8_t *frame, const struct checksum_at *at)
{
    return add(at->protocol + at->length, frame + CHECKSUM_IP + IP_ADDRESSES, 8);
}

bool checksum_header_good(const uint8_t *frame, const struct checksum_at *at)
{
    (void)at;
    return fold(add(0, frame + CHECKSUM_IP, header_length(frame))) == 0xFFFF;
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
    (void)at;
    put16(frame + CHECKSUM_IP + IP_CHECKSUM, 0);
}

void checksum_leave(uint8_t *frame, const struct checksum_at *at)
{
    put16(frame + at->field, fold(pseudoheader(frame, at)));
}
