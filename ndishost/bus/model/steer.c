/* SPDX-License-Identifier: MIT */
/*
 * Automatic receive steering; see steer.h. A flow is two ends, whichever of them sends: addresses and ports of TCP and
 * UDP over IP, addresses alone of other packets and of fragments, and Ethernet's addresses of other frames.
 */
#include <stdbool.h>
#include <string.h>
#include "bus/model/spec.h"
#include "bus/model/steer.h"

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

void steer_reset(struct steer *steer)
{
    memset(steer, 0, sizeof *steer);
}

/* FNV-1a */
static uint32_t mix(uint32_t hash, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

/* The same for both directions: the ends' hashes are added. */
static uint32_t ends(const uint8_t *address, size_t size, const uint8_t *ports)
{
    uint32_t one = mix(2166136261u, address, size), other = mix(2166136261u, address + size, size);

    if (ports) {
        one = mix(one, ports, 2);
        other = mix(other, ports + 2, 2);
    }
    return one + other;
}

static uint32_t packet_hash(const uint8_t *packet, size_t length, unsigned version)
{
    size_t header = version == 4 ? (size_t)(packet[0] & 15) * 4 : 40;
    uint8_t protocol = packet[version == 4 ? 9 : 6];
    bool whole = version == 6 || !((packet[6] << 8 | packet[7]) & 0x3FFF);
    bool ports =
        whole && (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) && length >= header + 4;
    uint32_t hash = version == 4 ? ends(packet + 12, 4, ports ? packet + header : NULL)
                                 : ends(packet + 8, 16, ports ? packet + header : NULL);

    return mix(hash, &protocol, 1);
}

static uint32_t flow_hash(const uint8_t *frame, size_t length)
{
    size_t type = 12;
    unsigned ether;

    if (length < ETHERNET_HEADER_SIZE)
        return 0;
    if (frame[12] == 0x81 && frame[13] == 0x00 && length >= type + ETHERNET_TAG_SIZE + 2)
        type += ETHERNET_TAG_SIZE;
    ether = frame[type] << 8 | frame[type + 1];
    if (ether == 0x0800 && length >= type + 2 + 20)
        return packet_hash(frame + type + 2, length - type - 2, 4);
    if (ether == 0x86DD && length >= type + 2 + 40)
        return packet_hash(frame + type + 2, length - type - 2, 6);
    return ends(frame, 6, NULL);
}

/* Without it the low bits of a sum of products would choose both the slot and the pair. */
static unsigned slot_of(uint32_t hash)
{
    return (hash ^ hash >> 15) % STEER_SLOTS;
}

void steer_sent(struct steer *steer, const uint8_t *frame, size_t length, unsigned pair)
{
    uint32_t hash = flow_hash(frame, length);

    steer->slot[slot_of(hash)].hash = hash;
    steer->slot[slot_of(hash)].pair = pair + 1;
}

unsigned steer_choose(const struct steer *steer, const uint8_t *frame, size_t length,
                      unsigned pairs)
{
    uint32_t hash = flow_hash(frame, length), pair = steer->slot[slot_of(hash)].pair;

    if (steer->slot[slot_of(hash)].hash == hash && pair > 0 && pair <= pairs)
        return pair - 1;
    return (hash ^ hash >> 16) % pairs;
}
