/* SPDX-License-Identifier: MIT */
/*
 * partial.h: a received frame whose checksum the device leaves to the driver, GUEST_CSUM (virtio 1.2, 5.1.6.4).
 *   if (partial_find(frame, length, &partial)) { partial_leave(frame, &partial); ... partial_restore(frame, &partial); }
 */
#ifndef NDISHOST_MODEL_PARTIAL_H
#define NDISHOST_MODEL_PARTIAL_H

#include <stdbool.h>
#include <stdint.h>

struct partial {
    uint16_t start, offset; /* csum_start, csum_offset */
    uint16_t pseudo;        /* the sum of the pseudoheader */
    uint8_t whole[2];       /* the checksum, as it came */
};

/* Is the frame a whole datagram of TCP, or of UDP with a checksum, over IPv4 or over IPv6 without extension headers?
 * It has no tag. */
bool partial_find(const uint8_t *frame, uint32_t length, struct partial *partial);
/* Puts the pseudoheader's sum in place of the checksum, and the reverse. */
void partial_leave(uint8_t *frame, const struct partial *partial);
void partial_restore(uint8_t *frame, const struct partial *partial);

#endif
