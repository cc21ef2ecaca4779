/* SPDX-License-Identifier: MIT */
/*
 * aerovnet_oid.h: the driver's own OID, by which tools read what was negotiated and how the
 * datapath is doing. Query only. It needs no header but virtio_types.h, so that tools of any system
 * read it.
 */
#ifndef AEROVNET_OID_H
#define AEROVNET_OID_H

#include "virtio_types.h"

/* Vendor-specific OIDs have 0xFF in their highest byte (oid-name-prefixes: OID_XXX). */
#define OID_AEROVNET_COUNTERS     0xFF41564E

#define AEROVNET_COUNTERS_VERSION 1

/* All numbers count from Initialize on. Later versions only add members at the end. */
typedef struct _AEROVNET_COUNTERS {
    virtio_u32 Version;
    virtio_u32 Length; /* of this structure, in bytes */
    virtio_u64 FeaturesOffered;
    virtio_u64 FeaturesNegotiated;
    virtio_u64 Interrupts;       /* that the ISR claimed */
    virtio_u64 SharedInterrupts; /* that it did not: somebody else's on the same line */
    virtio_u64 Dpcs;
    virtio_u64 DpcsRequeued; /* ended with work left, for the next one */
    virtio_u64 TxNotifications;
    virtio_u64 RxNotifications;
    virtio_u64 TxFrames;      /* given to the device and returned by it */
    virtio_u64 TxCopied;      /* of these, sent from the bounce buffer: short, or too many pieces */
    virtio_u64 TxIndirect;    /* of these, with an indirect descriptor */
    virtio_u64 TxRingFull;    /* times the ring had no room for a frame that was ready */
    virtio_u64 TxMapFailures; /* frames that NDIS could not map and that were copied instead */
    virtio_u64 RxFrames;      /* indicated */
    virtio_u64 RxFiltered;    /* not asked for by packet filter or multicast list */
    virtio_u64 RxWhilePaused;
    virtio_u64 RxMalformed; /* shorter than header and Ethernet header, or longer than the MTU */
    virtio_u64 RxIndications;
    virtio_u64 RxLowResources; /* of these, with NDIS_RECEIVE_FLAGS_RESOURCES */
    virtio_u64 LinkChanges;
    virtio_u64 DeviceErrors; /* times the device broke the protocol */
    virtio_u64 Resets;
    virtio_u64 MemoryBytes; /* all that the driver holds for this adapter */
    virtio_u32 RxQueueSize;
    virtio_u32 TxQueueSize;
    virtio_u32 RxBuffers; /* that the driver has, spare ones too: keyword *ReceiveBuffers */
    virtio_u32 TxBuffers; /* keyword *TransmitBuffers */
} AEROVNET_COUNTERS;

#endif
