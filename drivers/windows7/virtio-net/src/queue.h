/* SPDX-License-Identifier: MIT */
/*
 * queue.h: a virtqueue and what it stands on.
 *
 *   1. AerovnetQueueSize reads what the device allows, and chooses the size.
 *   2. AerovnetQueueAllocate makes the ring.
 *   3. AerovnetQueueSetUp gives the ring to the device.
 *   4. AerovnetQueueGate opens the gate: from now on the ring may be used.
 *   5. With the lock: virtq_add, AerovnetPublish; without it: AerovnetNotify, if Publish returned
 *      TRUE.
 *   6. AerovnetQueueGate closes the gate; then the device is reset, the buffers are detached, and it
 *      goes on with 3, or ends with AerovnetQueueFree.
 */
#ifndef AEROVNET_QUEUE_H
#define AEROVNET_QUEUE_H

#include "aerovnet.h"
#include "memory.h"
#include "state.h"

typedef struct _AEROVNET_QUEUE {
    NDIS_SPIN_LOCK Lock;

    /* Guarded by Lock, as is whatever the structure says that holds the queue. */
    struct virtqueue Ring;
    USHORT Size;  /* of Ring, in entries */
    BOOLEAN Live; /* the gate: the device may use the ring, and so may we */
    ULONG64 Notifications;

    /* Written while the queue is not live. */
    struct virtio_pci_notify Notify;

    /* Constant after Initialize. */
    AEROVNET_SHARED Memory;
    PVOID State; /* of the ring engine; StateLength bytes */
    ULONG StateLength;
    USHORT Entries; /* that Memory and State have room for */
    USHORT Index;
} AEROVNET_QUEUE, *PAEROVNET_QUEUE;

/* Reads how many entries the device allows for queue `Index`, and chooses the size: a power of two,
 * AEROVNET_RING_MAX at most. */
_IRQL_requires_(PASSIVE_LEVEL)
enum virtio_pci_status AerovnetQueueSize(_In_ PAEROVNET_ADAPTER Adapter,
                                         _Inout_ PAEROVNET_QUEUE Queue, _In_ USHORT Index);

/* Allocates a ring of that size. A failure is in the event log. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetQueueAllocate(_In_ PAEROVNET_ADAPTER Adapter, _Inout_ PAEROVNET_QUEUE Queue);
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetQueueFree(_In_ PAEROVNET_ADAPTER Adapter, _Inout_ PAEROVNET_QUEUE Queue);

/* Reads again how many entries the device allows, after a reset: a ring that is empty gets the size
 * that device and memory allow now. */
_IRQL_requires_(PASSIVE_LEVEL)
enum virtio_pci_status AerovnetQueueRefit(_In_ PAEROVNET_ADAPTER Adapter,
                                          _Inout_ PAEROVNET_QUEUE Queue);

/* Gives the device the ring, which must be empty. After FEATURES_OK, before DRIVER_OK. */
_IRQL_requires_(PASSIVE_LEVEL)
enum virtio_pci_status AerovnetQueueSetUp(_In_ PAEROVNET_ADAPTER Adapter,
                                          _Inout_ PAEROVNET_QUEUE Queue);

/* Opens the gate when the device is Running, and closes it in every other state. After it is closed
 * nobody touches the ring any more. Lock not held. */
_IRQL_requires_max_(DISPATCH_LEVEL)
_Requires_lock_not_held_(Queue->Lock.SpinLock)
VOID AerovnetQueueGate(_Inout_ PAEROVNET_QUEUE Queue, _In_ const AEROVNET_STATE_WORD *State);

/* Shows the device what was added to a live queue's ring. Returns TRUE when the device wants to be
 * notified: the caller must call AerovnetNotify, preferably without the lock. The device is not
 * reset before it has. */
_IRQL_requires_max_(DISPATCH_LEVEL)
_Requires_lock_held_(Queue->Lock.SpinLock)
_Must_inspect_result_ BOOLEAN AerovnetPublish(_Inout_ PAEROVNET_QUEUE Queue);
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetNotify(_In_ PAEROVNET_ADAPTER Adapter, _Inout_ PAEROVNET_QUEUE Queue);

#endif
