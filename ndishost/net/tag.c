/* SPDX-License-Identifier: MIT */
/*
 * The rules are Microsoft's: "Enumeration Keywords", *PriorityVLANTag
 * (network/enumeration-keywords), NDIS_NET_BUFFER_LIST_8021Q_INFO (ddi/nbl8021q) and
 * OID_GEN_MAC_OPTIONS (network/oid-gen-mac-options).
 */
#include "net/tag.h"

#include <stdio.h>
#include <string.h>

#define ADDRESSES 12 /* before the tag */

uint32_t tag_read(const void *frame, size_t length)
{
    const uint8_t *at = (const uint8_t *)frame + ADDRESSES;

    if (length < ADDRESSES + TAG_BYTES || at[0] != 0x81 || at[1] != 0x00)
        return TAG_NONE;
    return (uint32_t)at[2] << 8 | at[3];
}

size_t tag_insert(uint8_t *to, const void *frame, size_t length, uint32_t tag)
{
    const uint8_t bytes[TAG_BYTES] = {0x81, 0x00, (uint8_t)(tag >> 8), (uint8_t)tag};
    size_t grown = tag == TAG_NONE ? 0 : TAG_BYTES;

    memmove(to + ADDRESSES + grown, (const uint8_t *)frame + ADDRESSES, length - ADDRESSES);
    memmove(to, frame, ADDRESSES);
    memcpy(to + ADDRESSES, bytes, grown);
    return length + grown;
}

size_t tag_strip(uint8_t *to, const void *frame, size_t length)
{
    const uint8_t *from = frame;

    memmove(to, from, ADDRESSES);
    memmove(to + ADDRESSES, from + ADDRESSES + TAG_BYTES, length - ADDRESSES - TAG_BYTES);
    return length - TAG_BYTES;
}

/* What of a tag a miniport with these options deals with. */
static uint32_t covered(struct tag_options options)
{
    return (options.priority ? TAG_PRIORITY : 0) | (options.vlan ? TAG_VLAN : 0);
}

/* CanonicalFormatId "should be set to zero" (NDIS_NET_BUFFER_LIST_8021Q_INFO). A protocol sets what
 * the MacOptions offer, and leaves the VLAN to an adapter that is of one. */
uint32_t tag_offered(struct tag_options options, uint32_t tag)
{
    uint32_t mask = covered(options);

    if (tag == TAG_NONE)
        return TAG_NONE;
    tag &= mask ? mask : TAG_PRIORITY | TAG_VLAN;
    if (options.vlan_id)
        tag &= ~TAG_VLAN;
    return tag ? tag : TAG_NONE;
}

/* "Insert the 802.1Q header into each outgoing packet and fill it up with the data from OOB (if any
 * non-zero data exists in OOB)"; with tagging disabled, "not honor 802.1Q information in OOB (and
 * therefore not insert any tag)". A driver that is to tag advertises it. One that is of a VLAN
 * "marks outgoing packets with the VLAN ID". */
uint32_t tag_sent(struct tag_options options, uint32_t out_of_band)
{
    uint32_t tag = out_of_band == TAG_NONE ? 0 : out_of_band;

    if (options.vlan && !(tag & TAG_VLAN))
        tag |= options.vlan_id;
    return covered(options) && tag ? tag : TAG_NONE;
}

/* "The miniport driver should remove the 802.1Q header from all receive packets regardless of the
 * *PriorityVLANTag setting". It copies the header to OOB if, and only if, that is enabled. The pages
 * leave open what becomes of the half that is not enabled, and of the DEI bit: they may be kept, or be
 * zero. */
bool tag_received(struct tag_options options, uint32_t wire, uint32_t out_of_band)
{
    uint32_t mask = covered(options), there = out_of_band == TAG_NONE ? 0 : out_of_band;
    static const uint32_t parts[] = {TAG_PRIORITY, TAG_DEI, TAG_VLAN};

    if (wire == TAG_NONE || !mask)
        return !there;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        uint32_t part = parts[i];

        if ((there & part) != (wire & part) && (mask & part || there & part))
            return false;
    }
    return there < TAG_NONE;
}

const char *tag_text(uint32_t tag, char *text, size_t size)
{
    if (tag == TAG_NONE)
        snprintf(text, size, "no tag");
    else if (tag > TAG_NONE)
        snprintf(text, size, "reserved bits set in the out-of-band tag");
    else
        snprintf(text, size, "priority %u, VLAN %u%s", tag >> 13, tag & TAG_VLAN,
                 tag & TAG_DEI ? ", DEI" : "");
    return text;
}
