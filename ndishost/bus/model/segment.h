/* SPDX-License-Identifier: MIT */
/*
 * segment.h: TCP segmentation by the device, HOST_TSO4 and HOST_TSO6 (virtio 1.2, 5.1.6.2).
 *   if (segment_read(packet, length, &header, &segments, why, sizeof why))
 *       while ((n = segment_next(&segments, frame))) ... n bytes go onto the wire ...
 */
#ifndef NDISHOST_MODEL_SEGMENT_H
#define NDISHOST_MODEL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bus/model/spec.h"

#define NET_HDR_GSO_TCPV4 1u
#define NET_HDR_GSO_TCPV6 4u
#define NET_HDR_GSO_ECN   0x80u
#define SEGMENT_PACKET    65550u /* the longest packet: Ethernet, and 64 KiB of IP */

struct segments {
    const uint8_t *packet;
    uint32_t length, headers, tcp; /* bytes; offset of the TCP header */
    uint32_t mss;
    bool v6;
    uint32_t done; /* bytes of data */
    unsigned count;
};

/* Is it a packet that can be segmented as the header says? false with the reason in `why`. The packet stays the
 * caller's. */
bool segment_read(const uint8_t *packet, uint32_t length, const struct spec_net_header *header,
                  struct segments *segments, char *why, size_t size);
/* Bytes of the longest frame. */
uint32_t segment_longest(const struct segments *segments);
/* Writes the next frame, with its checksums; returns its length, 0: there is no more. */
uint32_t segment_next(struct segments *segments, uint8_t *frame);

#endif
