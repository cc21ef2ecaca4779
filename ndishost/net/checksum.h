/* SPDX-License-Identifier: MIT */
/*
 * checksum.h: the checksums of TCP and UDP over IPv4 and IPv6 in an Ethernet frame without a tag (RFC 768, 791, 793,
 * 1071, 8200).
 *   if (checksum_find(frame, length, &at)) ... checksum_good(frame, &at), checksum_fill(frame, &at) ...
 */
#ifndef NDISHOST_NET_CHECKSUM_H
#define NDISHOST_NET_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHECKSUM_IP  14 /* where the IP header begins */
#define CHECKSUM_TCP 6  /* its protocols */
#define CHECKSUM_UDP 17

struct checksum_at {
    bool
        v6; /* IPv6, whose header has no checksum: the functions below do nothing, and say that it is right */
    uint8_t protocol;
    unsigned transport; /* offset of the TCP or UDP header */
    unsigned length;    /* bytes from there to the end of the datagram */
    unsigned field;     /* offset of its checksum */
};

/* false: the frame is not a whole datagram of TCP or UDP over IP. It has no IPv6 extension header. Padding
 * may follow the datagram. */
bool checksum_find(const uint8_t *frame, size_t length, struct checksum_at *at);

/* Is it right? The IPv4 header's; and that of TCP or UDP, which UDP may lack (then it is 0). */
bool checksum_header_good(const uint8_t *frame, const struct checksum_at *at);
bool checksum_good(const uint8_t *frame, const struct checksum_at *at);
bool checksum_absent(const uint8_t *frame, const struct checksum_at *at);

/* Writes the two checksums. */
void checksum_header_fill(uint8_t *frame, const struct checksum_at *at);
void checksum_fill(uint8_t *frame, const struct checksum_at *at);

/* As a transport leaves them to a miniport (network/offloading-checksum-tasks): 0, and the sum of the
 * pseudoheader. */
void checksum_header_leave(uint8_t *frame, const struct checksum_at *at);
void checksum_leave(uint8_t *frame, const struct checksum_at *at);

#endif
