/* SPDX-License-Identifier: MIT */
/*
 * adapter.h: the adapter's context, from Initialize to Halt, and the entry points of its life.
 *
 * Locks: Transmit.Queue.Lock and Receive.Queue.Lock, never both at once. None is held across a call
 * to NDIS that may call back.
 */
#ifndef AEROVNET_ADAPTER_H
#define AEROVNET_ADAPTER_H

#include "aerovnet.h"
#include "ethernet.h"
#include "counter.h"
#include "hardware.h"
#include "state.h"
#include "transmit.h"
#include "receive.h"

#define AEROVNET_TOLD 32 /* more than there are events */

struct _AEROVNET_ADAPTER {
    /* Constant after Initialize. */
    NDIS_HANDLE MiniportHandle;
    NDIS_HANDLE InterruptHandle;
    NDIS_HANDLE DmaHandle;
    NDIS_HANDLE ResetWorkItem;
    AEROVNET_BAR Bar[VIRTIO_PCI_MAX_BARS];
    struct virtio_pci_device Device; /* but its features: each reset negotiates them anew */
    ULONG64 MemoryBytes;
    UCHAR PermanentAddress[AEROVNET_ADDRESS_LENGTH];
    UCHAR CurrentAddress[AEROVNET_ADDRESS_LENGTH];
    ULONG TagMode;      /* keyword *PriorityVLANTag: AEROVNET_TAG_XXX */
    ULONG HeaderLength; /* keyword HeaderLength: bytes of the network header */
    ULONG EventIdx;     /* keyword EventIdx: 1: VIRTIO_F_EVENT_IDX is accepted */

    /* Bytes of a frame behind its Ethernet header that the device takes, AEROVNET_MTU at most.
     * Changes only while the transmit queue is not live, and with its lock. */
    ULONG volatile Mtu;

    /* Those of the last negotiation. Guarded by Transmit.Queue.Lock: Device is not. */
    ULONG64 FeaturesOffered;
    ULONG64 FeaturesNegotiated;

    /* Each guarded by the lock of its queue. */
    AEROVNET_TRANSMIT Transmit;
    AEROVNET_RECEIVE Receive;

    /* Interlocked. */
    LONG volatile Outstanding; /* pause.h */
    LONG volatile DpcRequests; /* nonzero: a DPC polls; the others only leave word */
    LONG volatile ConfigChanged;
    AEROVNET_STATE_WORD State;
    LONG volatile PausePending;
    LONG volatile DeviceBusy; /* somebody stops or starts the device */
    LONG volatile LinkUp;     /* as NDIS was told last */
    LONG volatile LinkChanges;
    LONG volatile DeviceErrors;
    LONG volatile Told[AEROVNET_TOLD]; /* by event: a fault that is in the event log already */

    /* Written by the ISR only: one at a time. */
    AEROVNET_COUNTER Interrupts;
    AEROVNET_COUNTER SharedInterrupts;

    /* Written by the DPC that polls only, or at PASSIVE_LEVEL while no DPC can. */
    AEROVNET_COUNTER Dpcs;
    AEROVNET_COUNTER DpcsRequeued;
    BOOLEAN LinkUnreadable; /* and the event log says so */

    /* Guarded by DeviceBusy; used in Initialize without it. */
    ULONG Failures;      /* resets and wakes in a row that have failed */
    ULONG ChecksToRetry; /* calls of MiniportCheckForHangEx until a Dead device is tried again */
    ULONG GoodChecks;    /* calls of it in a row that asked for no reset, see device.h */
    BOOLEAN Quiet;       /* what the transport finds is in the event log already */

    /* Written before the state becomes Removed. */
    BOOLEAN RemovedAsleep; /* no register may be touched */

    /* Written by the reset work item. */
    AEROVNET_COUNTER Resets;

    /* Written by OID requests, which NDIS serialises. */
    ULONG Lookahead;
    ULONG volatile VlanId; /* at first the keyword's; 0: none. Only with AEROVNET_TAG_VLAN */
};

MINIPORT_INITIALIZE AerovnetInitializeEx;
MINIPORT_HALT AerovnetHaltEx;
MINIPORT_PAUSE AerovnetPause;
MINIPORT_RESTART AerovnetRestart;
MINIPORT_SHUTDOWN AerovnetShutdownEx;
MINIPORT_CHECK_FOR_HANG AerovnetCheckForHangEx;
MINIPORT_RESET AerovnetResetEx;
MINIPORT_DEVICE_PNP_EVENT_NOTIFY AerovnetDevicePnPEventNotify;

#endif
