/* SPDX-License-Identifier: MIT */
#include "bus/model/segment.h"

#include <stdio.h>
#include <string.h>

#define TCP_LEAST 20u
#define TCP_FIN   0x01
#define TCP_PSH   0x08
#define TCP_CWR   0x80
#define ID_MASK   0x7FFFu /* the device keeps to the half that NDIS allows to LSOv2 */

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned sum(uint32_t start, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        start += i % 2 ? data[i] : (uint32_t)data[i] << 8;
    while (start >> 16)
        start = (start & 0xFFFF) + (start >> 16);
    return start;
}

bool segment_read(const uint8_t *packet, uint32_t length, const struct spec_net_header *header,
                  struct segments *segments, char *why, size_t size)
{
    unsigned type = header->gso_type & ~NET_HDR_GSO_ECN;
    bool v6 = type == NET_HDR_GSO_TCPV6;
    uint32_t tcp = header->csum_start, headers;

    if (!(header->flags & NET_HDR_F_NEEDS_CSUM) || !header->gso_size) {
        snprintf(why, size, "gso_type is 0x%02x, but flags are 0x%02x and gso_size is %u",
                 header->gso_type, header->flags, header->gso_size);
        return false;
    }
    if (tcp < ETHERNET_HEADER_SIZE + (v6 ? 40u : 20u) || length < tcp + TCP_LEAST ||
        header->csum_offset != 16) {
        snprintf(why, size,
                 "gso_type is 0x%02x, but csum_start %u and csum_offset %u are not those of TCP in "
                 "%u bytes",
                 header->gso_type, tcp, header->csum_offset, length);
        return false;
    }
    headers = tcp + (packet[tcp + 12] >> 4) * 4u;
    if (get16(packet + 12) != (v6 ? 0x86DDu : 0x0800u) || headers < tcp + TCP_LEAST ||
        headers >= length) {
        snprintf(why, size, "gso_type is 0x%02x, but the packet is not one of TCP over IPv%u",
                 header->gso_type, v6 ? 6u : 4u);
        return false;
    }
    *segments = (struct segments){.packet = packet,
                                  .length = length,
                                  .headers = headers,
                                  .tcp = tcp,
                                  .mss = header->gso_size,
                                  .v6 = v6};
    return true;
}

uint32_t segment_longest(const struct segments *segments)
{
    uint32_t data = segments->length - segments->headers;

    return segments->headers + (data < segments->mss ? data : segments->mss);
}

/* The driver has left the sum of the pseudoheader of the whole packet: only its length changes. */
static void finish(const struct segments *s, uint8_t *frame, uint32_t length)
{
    uint8_t *ip = frame + ETHERNET_HEADER_SIZE, *tcp = frame + s->tcp;
    uint32_t whole = s->length - s->tcp, part = length - s->tcp;
    uint32_t pseudo = get16(s->packet + s->tcp + 16) + (~whole & 0xFFFF) + part;

    put16(tcp + 16, 0);
    put16(tcp + 16, ~sum(pseudo, tcp, part));
    if (s->v6) {
        put16(ip + 4, length - ETHERNET_HEADER_SIZE - 40);
        return;
    }
    put16(ip + 2, length - ETHERNET_HEADER_SIZE);
    put16(ip + 4, (get16(ip + 4) + s->count) & ID_MASK);
    put16(ip + 10, 0);
    put16(ip + 10, ~sum(0, ip, s->tcp - ETHERNET_HEADER_SIZE));
}

uint32_t segment_next(struct segments *s, uint8_t *frame)
{
    uint32_t left = s->length - s->headers - s->done, data = left < s->mss ? left : s->mss;
    uint8_t *tcp = frame + s->tcp;
    uint32_t sequence;

    if (!data)
        return 0;
    memcpy(frame, s->packet, s->headers);
    memcpy(frame + s->headers, s->packet + s->headers + s->done, data);
    sequence = (get16(tcp + 4) << 16 | get16(tcp + 6)) + s->done;
    put16(tcp + 4, sequence >> 16);
    put16(tcp + 6, sequence);
    if (data < left)
        tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (s->count)
        tcp[13] &= (uint8_t)~TCP_CWR;
    finish(s, frame, s->headers + data);
    s->done += data;
    s->count++;
    return s->headers + data;
}
