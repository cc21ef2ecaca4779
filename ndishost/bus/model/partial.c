/* SPDX-License-Identifier: MIT */
#include "bus/model/partial.h"

#include <string.h>
#include "bus/model/spec.h"

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static unsigned fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return sum;
}

bool partial_find(const uint8_t *frame, uint32_t length, struct partial *partial)
{
    const uint8_t *ip = frame + ETHERNET_HEADER_SIZE, *addresses;
    uint32_t room = length > ETHERNET_HEADER_SIZE ? length - ETHERNET_HEADER_SIZE : 0;
    uint32_t header, total, sum, size;
    bool v6;
    uint8_t protocol;

    if (room < 40 || (get16(frame + 12) != 0x0800 && get16(frame + 12) != 0x86DD))
        return false;
    v6 = get16(frame + 12) == 0x86DD;
    protocol = v6 ? ip[6] : ip[9];
    header = v6 ? 40 : (ip[0] & 0xFu) * 4;
    total = v6 ? 40 + get16(ip + 4) : get16(ip + 2);
    if ((protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP) || total > room ||
        header < (v6 ? 40u : 20u) || total < header + (protocol == PROTOCOL_TCP ? 20u : 8u) ||
        (!v6 && get16(ip + 6) & 0x3FFF))
        return false;
    partial->start = (uint16_t)(ETHERNET_HEADER_SIZE + header);
    partial->offset = protocol == PROTOCOL_TCP ? 16 : 6;
    memcpy(partial->whole, frame + partial->start + partial->offset, 2);
    if (protocol == PROTOCOL_UDP && !get16(partial->whole))
        return false;
    addresses = ip + (v6 ? 8 : 12);
    size = v6 ? 32 : 8;
    sum = protocol + total - header;
    for (uint32_t i = 0; i < size; i += 2)
        sum += get16(addresses + i);
    partial->pseudo = (uint16_t)fold(sum);
    return true;
}

void partial_leave(uint8_t *frame, const struct partial *partial)
{
    frame[partial->start + partial->offset] = (uint8_t)(partial->pseudo >> 8);
    frame[partial->start + partial->offset + 1] = (uint8_t)partial->pseudo;
}

void partial_restore(uint8_t *frame, const struct partial *partial)
{
    memcpy(frame + partial->start + partial->offset, partial->whole, 2);
}
