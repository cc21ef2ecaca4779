/* SPDX-License-Identifier: MIT */
/* ethernet.h: lengths of a frame, its addresses, and its 802.1Q tag. */
#ifndef AEROVNET_ETHERNET_H
#define AEROVNET_ETHERNET_H

#include "aerovnet.h"

/* In bytes, without the frame check sequence. */
#define AEROVNET_ADDRESS_LENGTH  6
#define AEROVNET_ADDRESS_GROUP   0x01 /* of the first byte: multicast or broadcast */
#define AEROVNET_ADDRESS_LOCAL   0x02 /* of the first byte: locally administered */
#define AEROVNET_ETHERNET_HEADER 14
#define AEROVNET_MTU             1500 /* at most; adapter.h has what the device allows */
#define AEROVNET_MTU_MIN         68   /* RFC 791; virtio 1.2, 5.1.4.1 */
#define AEROVNET_FRAME_MAX       (AEROVNET_ETHERNET_HEADER + AEROVNET_MTU)
#define AEROVNET_FRAME_MIN       60

/* An 802.1Q tag stands between the addresses and the EtherType: 0x8100, then 3 bits of priority,
 * the canonical format bit and 12 bits of VLAN. NDIS has it beside the frame
 * (Ieee8021QNetBufferListInfo), so only the wire sees the longer frame. */
#define AEROVNET_ADDRESSES_LENGTH   (2 * AEROVNET_ADDRESS_LENGTH)
#define AEROVNET_TAG_LENGTH         4
#define AEROVNET_TAG_PRIORITY_SHIFT 13
#define AEROVNET_TAG_FORMAT_SHIFT   12
#define AEROVNET_TAG_VLAN_MASK      0x0FFF
#define AEROVNET_WIRE_MAX           (AEROVNET_FRAME_MAX + AEROVNET_TAG_LENGTH)

/* Bits of the keyword *PriorityVLANTag. */
#define AEROVNET_TAG_PRIORITY 1
#define AEROVNET_TAG_VLAN     2
#define AEROVNET_TAG_BOTH     3

#define AEROVNET_VLAN_MAX     4094 /* 4095 is reserved (IEEE 802.1Q) */

/* What a frame's destination is. */
typedef enum _AEROVNET_KIND {
    AerovnetDirected,
    AerovnetMulticast,
    AerovnetBroadcast,
    AerovnetKinds
} AEROVNET_KIND;

/* Counters of one direction. */
typedef struct _AEROVNET_TRAFFIC {
    ULONG64 Frames[AerovnetKinds];
    ULONG64 Bytes[AerovnetKinds];
    ULONG64 Errors;
    ULONG64 Discards;
} AEROVNET_TRAFFIC;

/* Returns what kind of destination a frame has, by its first six bytes. */
VIRTIO_INLINE AEROVNET_KIND AerovnetAddressKind(const UCHAR *Address)
{
    if (!(Address[0] & AEROVNET_ADDRESS_GROUP))
        return AerovnetDirected;
    if ((Address[0] & Address[1] & Address[2] & Address[3] & Address[4] & Address[5]) == 0xFF)
        return AerovnetBroadcast;
    return AerovnetMulticast;
}

/* An address as a processor compares it, in two steps. It begins at any byte. */
#pragma pack(push, 1)
typedef struct _AEROVNET_ADDRESS_PARTS {
    ULONG First;
    USHORT Last;
} AEROVNET_ADDRESS_PARTS;
#pragma pack(pop)

VIRTIO_INLINE BOOLEAN AerovnetAddressEqual(const UCHAR *A, const UCHAR *B)
{
    const AEROVNET_ADDRESS_PARTS *OfA = (const AEROVNET_ADDRESS_PARTS *)A;
    const AEROVNET_ADDRESS_PARTS *OfB = (const AEROVNET_ADDRESS_PARTS *)B;

    return OfA->First == OfB->First && OfA->Last == OfB->Last;
}

/* Returns TRUE when an adapter may have the address: not a group's, not all zeros. */
VIRTIO_INLINE BOOLEAN AerovnetAddressIsStation(const UCHAR *Address)
{
    return AerovnetAddressKind(Address) == AerovnetDirected &&
           (Address[0] | Address[1] | Address[2] | Address[3] | Address[4] | Address[5]) != 0;
}

#endif
