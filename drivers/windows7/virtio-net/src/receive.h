/* SPDX-License-Identifier: MIT */
/*
 * receive.h: how a frame is received. Each buffer is one descriptor, header and frame, and has its
 * NET_BUFFER_LIST, NET_BUFFER and MDL built once, in Initialize. A poll takes used buffers, posts
 * those again that nobody asked for, and indicates the rest in one chain. They are posted again when
 * NDIS returns them, or at once if few are left.
 */
#ifndef AEROVNET_RECEIVE_H
#define AEROVNET_RECEIVE_H

#include "aerovnet.h"
#include "ethernet.h"
#include "memory.h"
#include "queue.h"

/* A receive buffer is the device's (in the ring), NDIS's (indicated) or idle (the device is
 * down). */
typedef enum _AEROVNET_OWNER { AerovnetIdle, AerovnetDevice, AerovnetNdis } AEROVNET_OWNER;

typedef struct _AEROVNET_BUFFER {
    PNET_BUFFER_LIST NetBufferList;
    PMDL Mdl;
    PUCHAR Frame;         /* behind the network header, in shared memory */
    virtio_u64 Address;   /* of the network header */
    AEROVNET_OWNER Owner; /* guarded by Receive.Queue.Lock */
} AEROVNET_BUFFER, *PAEROVNET_BUFFER;

/* Two bytes in front of the longest header put the IP header, 26 bytes behind it, on a multiple of 4. */
#define AEROVNET_BUFFER_OFFSET 2
#define AEROVNET_BUFFER_STRIDE 2048
#define AEROVNET_BLOCK_BYTES   65536

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
    /* Constant after Initialize. */
    ULONG BuffersWanted; /* keyword *ReceiveBuffers */
    ULONG BufferCount;
    PAEROVNET_BUFFER Buffers;
    NDIS_HANDLE Pool;
    AEROVNET_SHARED *Shared;
    ULONG SharedCount;
    /* Changes only while the queue is not live. */
    ULONG LowWater; /* fewer buffers than this with the device: indicate with RESOURCES */
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

/* Puts idle buffers into the ring, as many as it has room for, unseen by the device until they are published. */
_IRQL_requires_(DISPATCH_LEVEL)
_Requires_lock_held_(Adapter->Receive.Queue.Lock.SpinLock)
VOID AerovnetReceiveFill(_In_ PAEROVNET_ADAPTER Adapter);

/* Indicates at most `Budget` lists. Returns how many buffers it took from the device, of which some
 * may not have been worth an indication. One caller at a time. */
_IRQL_requires_(DISPATCH_LEVEL)
ULONG AerovnetReceivePoll(_In_ PAEROVNET_ADAPTER Adapter, _In_ ULONG Budget);

/* After a device reset: takes the buffers back that were in the ring; they are idle. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetReceiveStop(_In_ PAEROVNET_ADAPTER Adapter);

#endif
