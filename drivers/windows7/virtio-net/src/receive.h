/* SPDX-License-Identifier: MIT */
/*
 * receive.h: how a frame is received. Each buffer is one descriptor, header and frame, and has its
 * NET_BUFFER_LIST, NET_BUFFER and MDL built once, in Initialize. There are more buffers than the ring
 * has entries: those that have no room in it are spare. A poll takes used buffers, a fraction of the
 * ring, and puts spare ones in their place. Only then does it indicate what it took, in one chain. A buffer
 * that NDIS returns goes to the ring, or to the spare ones. When none is spare and few are with the
 * device, the chain is indicated with NDIS_RECEIVE_FLAGS_RESOURCES, and posted again at once.
 */
#ifndef AEROVNET_RECEIVE_H
#define AEROVNET_RECEIVE_H

#include "aerovnet.h"
#include "ethernet.h"
#include "memory.h"
#include "queue.h"

/* A receive buffer is the device's (in the ring), NDIS's (indicated) or spare. */
typedef struct _AEROVNET_BUFFER {
    struct _AEROVNET_BUFFER *Next; /* spare too; guarded by Receive.Queue.Lock */
    PNET_BUFFER_LIST NetBufferList;
    PMDL Mdl;
    PUCHAR Header;      /* the network header, in shared memory */
    PUCHAR Frame;       /* after it */
    virtio_u64 Address; /* of the network header */
} AEROVNET_BUFFER, *PAEROVNET_BUFFER;

/* Spare buffers at most: a stack that keeps each list for up to 2 ms, 1 ms on average, has so many at
 * a million frames per second. Each buffer costs 2 KiB of shared memory, an NDIS list and an MDL. */
#define AEROVNET_SPARE_MAX   1024
#define AEROVNET_BUFFERS_MAX 2048 /* what the largest ring and its spare ones come to */
#if AEROVNET_BUFFERS_MAX != AEROVNET_RING_MAX + AEROVNET_SPARE_MAX
#error AEROVNET_BUFFERS_MAX is not the sum of its parts
#endif

/* Two bytes before the longest header put the IP header, 26 bytes after its start, on a multiple of 4. */
#define AEROVNET_BUFFER_OFFSET 2
#define AEROVNET_BUFFER_STRIDE 2048

/* All below Queue is guarded by Queue.Lock. */
typedef struct _AEROVNET_RECEIVE {
    AEROVNET_QUEUE Queue;
    BOOLEAN Open; /* Running: frames are indicated */
    ULONG PacketFilter;
    ULONG MulticastCount;
    UCHAR Multicast[AEROVNET_MULTICAST_MAX][AEROVNET_ADDRESS_LENGTH];
    AEROVNET_TRAFFIC Traffic;
    ULONG64 Filtered;
    ULONG64 WhilePaused;
    ULONG64 Indications;
    ULONG64 LowResources;
    PAEROVNET_BUFFER Spare; /* the one that became spare last is used first */
    /* Constant after Initialize. */
    ULONG BuffersWanted; /* keyword *ReceiveBuffers */
    ULONG BufferCount;
    PAEROVNET_BUFFER Buffers;
    NDIS_HANDLE Pool;
    AEROVNET_SHARED *Shared;
    ULONG SharedCount;
    /* Changes only while the queue is not live. */
    ULONG LowWater; /* fewer buffers than this with the device: indicate with RESOURCES */
    ULONG PollMax;  /* lists that one poll indicates at most */
} AEROVNET_RECEIVE, *PAEROVNET_RECEIVE;

/* Allocates queue, buffers and the lists that describe them. A failure is in the event log, and
 * leaves nothing allocated. After AerovnetReadConfiguration. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetReceiveAllocate(_In_ PAEROVNET_ADAPTER Adapter);
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetReceiveFree(_In_ PAEROVNET_ADAPTER Adapter);

MINIPORT_RETURN_NET_BUFFER_LISTS AerovnetReturnNetBufferLists;

/* Indicates frames, or drops them. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetReceiveOpen(_In_ PAEROVNET_ADAPTER Adapter, _In_ BOOLEAN Open);

/* Follows the size of the ring, which has changed. The queue is not live. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetReceiveFit(_In_ PAEROVNET_ADAPTER Adapter);

/* Puts spare buffers into the ring, as many as it has room for, unseen by the device until they are
 * published. */
_IRQL_requires_(DISPATCH_LEVEL)
_Requires_lock_held_(Adapter->Receive.Queue.Lock.SpinLock)
VOID AerovnetReceiveFill(_In_ PAEROVNET_ADAPTER Adapter);

/* Indicates at most `Budget` lists, and PollMax at most: the device keeps the rest of the ring
 * meanwhile. Returns how many buffers it took from the device, of which some may not have been worth
 * an indication; `More` is TRUE when it stopped at PollMax and used buffers are left. One caller at a time. */
_IRQL_requires_(DISPATCH_LEVEL)
ULONG AerovnetReceivePoll(_In_ PAEROVNET_ADAPTER Adapter, _In_ ULONG Budget, _Out_ PBOOLEAN More);

/* After a device reset: takes the buffers back that were in the ring; they are spare. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetReceiveStop(_In_ PAEROVNET_ADAPTER Adapter);

#endif
