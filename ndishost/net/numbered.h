/* SPDX-License-Identifier: MIT */
/*
 * numbered.h: what is in a numbered frame. Every byte is a function of the run's seed, the stream, the
 * number and the size. So the receiver can tell which frame it is, and find any wrong byte.
 *   numbered_fill(&stream, number, frame)              what is put on the wire
 *   numbered_identify(&stream, frame, length, &number) which one is this?
 *
 * destination | source | 0x88B5 | check u32 | size u16 |
 * stream u8 | version u8 | number u64 | pattern ...               (little-endian, 16 bytes of header)
 * Frames too short for the header have type 0x88B6, then as many low bytes of a scrambled number as fit.
 * Their content alone tells which they are. On the wire anything under 60 bytes is followed by
 * zeros up to 60. 0x88B5 and 0x88B6 are IEEE 802's types for local experiments.
 * With `ip`, a frame of NUMBERED_IP bytes and more has an IPv4 header and a UDP header after the source. Every other
 * frame has a TCP header instead. Their checksums are right, and what otherwise follows the type comes after them.
 * IPv6 needs NUMBERED_IPV6 bytes.
 * With `large`, each group of so many frames in a row is what a large TCP packet becomes when it is segmented: they are
 * all TCP, of one size but for the last, with sequence numbers, identifications and flags that follow from each other.
 */
#ifndef NDISHOST_NET_NUMBERED_H
#define NDISHOST_NET_NUMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBERED_MIN    14   /* an Ethernet header */
#define NUMBERED_HEADER 30   /* the shortest that has a number: 14 + 16 */
#define NUMBERED_IP     70   /* the shortest that may have headers of IPv4 and TCP */
#define NUMBERED_IPV6   90   /* the same with IPv6 */
#define NUMBERED_MAX    1514 /* a tag is not part of it: tag.h */
#define NUMBERED_JUMBO  9230 /* ... of a frame that is longer: an MTU of 9216 */
#define NUMBERED_WIRE   60   /* the shortest on the wire, without FCS */

/* IPv6 with NUMBERED_BOTH: two frames in four. */
enum numbered_ip { NUMBERED_NO_IP, NUMBERED_V4, NUMBERED_V6, NUMBERED_BOTH };

/* One direction of one run. */
struct numbered {
    uint64_t seed;
    uint8_t stream; /* tells directions of the same seed apart */
    uint8_t destination[6], source[6];
    unsigned size_min, size_max;
    enum numbered_ip ip;
    unsigned large;  /* frames of a group; 0: no groups. Needs ip */
    unsigned stride; /* numbered_init: coprime to the number of sizes */
};

/* Chooses the stride; the other members are set before. */
void numbered_init(struct numbered *stream);

/* The size of that frame, before padding. Each size comes once in every size_max - size_min + 1
 * frames, in an order that leaps. */
unsigned numbered_size(const struct numbered *stream, uint64_t number);

/* Its size on the wire. */
unsigned numbered_wire_size(unsigned size);

/* Writes the frame with its padding, numbered_wire_size bytes; returns numbered_size. */
unsigned numbered_fill(const struct numbered *stream, uint64_t number, uint8_t *frame);

/* Bytes of IP and TCP or UDP headers after the Ethernet header; 0: it is not of IP. */
unsigned numbered_headers(const struct numbered *stream, uint64_t number);
bool numbered_is_v6(const struct numbered *stream, uint64_t number);

/* With `large`: what a segment has in its headers. A group's first sequence number is its number times
 * NUMBERED_GROUP. */
#define NUMBERED_GROUP 0x80000u
uint32_t numbered_sequence(const struct numbered *stream, uint64_t number);
unsigned numbered_mss(const struct numbered *stream,
                      uint64_t number); /* bytes of data but for the last */
unsigned numbered_data(const struct numbered *stream,
                       uint64_t number); /* bytes of data of this one */
uint16_t numbered_identification(const struct numbered *stream,
                                 uint64_t number); /* 0 to 0x7FFF, of IPv4 */
bool numbered_has_options(const struct numbered *stream, uint64_t number); /* of TCP */

/* True if the header is there and its check holds: the number can be believed, the rest not yet. */
bool numbered_identify(const struct numbered *stream, const uint8_t *frame, size_t length,
                       uint64_t *number);

/* 64 bits that follow from the stream and the number, for what is drawn a frame. */
uint64_t numbered_random(const struct numbered *stream, uint64_t number);

/* Has the frame the type for those without a header? */
bool numbered_is_short(const uint8_t *frame, size_t length);

/* Where two frames begin to differ and in how many bytes; count 0 if they are the same. */
struct numbered_difference {
    size_t first, count;
};
struct numbered_difference numbered_compare(const uint8_t *frame, const uint8_t *expected,
                                            size_t length);

#endif
