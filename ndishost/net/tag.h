/* SPDX-License-Identifier: MIT */
/*
 * tag.h: 802.1Q tags: in the frame on the wire, out of band above the miniport, and what a miniport
 * has to make of the one for the other.
 *   length = tag_insert(wire, frame, length, tag);     the station, and the capture
 *   tag = tag_read(wire, length);  length = tag_strip(frame, wire, length);
 *   out_of_band = tag_offered(options, tag);           what a protocol sets
 *   tag_sent(options, out_of_band)                     what must then be on the wire
 *   tag_received(options, tag, out_of_band)            may that come up for the one on the wire?
 *
 * A tag is its TCI, priority << 13 | DEI << 12 | VLAN id, or TAG_NONE. Out of band zeros and no tag
 * are the same.
 */
#ifndef NDISHOST_NET_TAG_H
#define NDISHOST_NET_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAG_NONE     0x10000u
#define TAG_BYTES    4
#define TAG_PRIORITY 0xE000u
#define TAG_DEI      0x1000u /* CanonicalFormatId */
#define TAG_VLAN     0x0FFFu
#define TAG_RESERVED 0x20000u /* reserved bits are set out of band: no tag has this */

/* The miniport's MacOptions: NDIS_MAC_OPTION_8021P_PRIORITY, NDIS_MAC_OPTION_8021Q_VLAN. Four bytes: what
 * threads share is an _Atomic one, as OID_GEN_VLAN_ID changes it while frames are sent. */
struct tag_options {
    bool priority, vlan;
    uint16_t vlan_id; /* the adapter's (OID_GEN_VLAN_ID); 0: it is of none */
};

/* Returns the tag after the addresses of a frame, or TAG_NONE. */
uint32_t tag_read(const void *frame, size_t length);
/* Copy a frame of at least 12 bytes with a tag put in (TAG_NONE: none), and one with its tag taken
 * out. The length of the copy. */
size_t tag_insert(uint8_t *to, const void *frame, size_t length, uint32_t tag);
size_t tag_strip(uint8_t *to, const void *frame, size_t length);

/* Out of band for `tag`. It is set even if the miniport advertises nothing: then the
 * miniport must not honour it. */
uint32_t tag_offered(struct tag_options options, uint32_t tag);
uint32_t tag_sent(struct tag_options options, uint32_t out_of_band);
bool tag_received(struct tag_options options, uint32_t wire, uint32_t out_of_band);

/* "priority 3, VLAN 5", "no tag". Returns text. */
const char *tag_text(uint32_t tag, char *text, size_t size);

#endif
