/* SPDX-License-Identifier: MIT */
/*
 * transmit.h: how a frame is sent. A list that NDIS hands over waits in order (Waiting). Each of its
 * NET_BUFFERs gets a slot, which goes to the end of Mapped, and is mapped by NDIS outside the lock.
 * The slots at the head of Mapped that are ready go to the ring. So frames leave in the order in which
 * they came, however the mappings finish. When the device has used a slot, the mapping is undone.
 * When all NET_BUFFERs of a list are finished, the list is completed, once.
 *
 * The DPC completes what the device has sent, after an interrupt. With VIRTIO_F_EVENT_IDX the device
 * interrupts when it has used all frames that it has, or a quarter of the slots. In between, sends complete
 * the frames that were sent earlier. So a frame is completed at the latest when the last one in the ring
 * is. A device that stops before that sends no interrupt. MiniportCheckForHangEx then runs the DPC, every
 * AEROVNET_HANG_SECONDS.
 */
#ifndef AEROVNET_TRANSMIT_H
#define AEROVNET_TRANSMIT_H

#include "aerovnet.h"
#include "ethernet.h"
#include "memory.h"
#include "nbl_chain.h"
#include "queue.h"

/* So many calls of MiniportCheckForHangEx in a row without a frame coming back mean that the device
 * hangs. With AEROVNET_HANG_SECONDS that is 12 seconds: a frame is never pending for longer than 22.
 */
#define AEROVNET_STALLS_MAX 3

/* Data pieces of a frame that are given to the device as they are; more are copied into one. The
 * stack above sends one to four. */
#define AEROVNET_PIECES_MAX 16

/* A frame of up to so many bytes is copied, which costs less than its mapping. */
#define AEROVNET_COPY_MAX 256

/* With VIRTIO_F_EVENT_IDX, a send completes what the device has sent when it comes to so many frames, or
 * to a quarter of the slots. */
#define AEROVNET_RECLAIM_MIN 32

/* Where a transmit slot is with its mapping; changed by interlocked operations only, because
 * NDIS may call MiniportProcessSGList inside NdisMAllocateNetBufferSGList or later, on another
 * processor. */
#define AEROVNET_SLOT_MAPPING  0 /* NDIS has been asked, and the asker is still there */
#define AEROVNET_SLOT_READY    1 /* pieces are known */
#define AEROVNET_SLOT_DETACHED 2 /* the asker has gone on: whoever makes it ready must pump */

/*
 * One frame on its way: a NET_BUFFER, its scatter/gather list and its place in shared memory. A
 * slot is on the free list, in the order of sending (Transmit.Mapped), or the ring's (as a cookie).
 * Shared memory of a slot: indirect table, network header (all zeros, for ever), bounce buffer. The
 * bounce buffer of a tagged frame holds at least the addresses and the tag.
 */
typedef struct _AEROVNET_SLOT {
    struct _AEROVNET_SLOT *Next;
    struct _AEROVNET_ADAPTER *Adapter;
    PNET_BUFFER NetBuffer;
    PNET_BUFFER_LIST NetBufferList;
    PSCATTER_GATHER_LIST SgList; /* NULL: not mapped */
    PVOID SgBuffer;
    LONG volatile State;
    NDIS_STATUS Status; /* not SUCCESS: cannot be sent */
    AEROVNET_KIND Kind;
    ULONG FrameLength; /* of the NET_BUFFER, before padding */
    USHORT PieceCount; /* with the header */
    USHORT Tag;        /* to be inserted; 0: none */
    BOOLEAN Copied;    /* sent from Bounce */
    BOOLEAN MapFailed; /* NDIS had no resources for the mapping */
    struct virtq_sg Pieces[1 + AEROVNET_PIECES_MAX];
    struct virtq_indirect Indirect;
    PUCHAR Bounce;
    virtio_u64 HeaderAddress;
} AEROVNET_SLOT, *PAEROVNET_SLOT;

#define AEROVNET_SLOT_TABLE  ((1 + AEROVNET_PIECES_MAX) * (ULONG)sizeof(struct virtq_desc))
#define AEROVNET_SLOT_HEADER AEROVNET_SLOT_TABLE
#define AEROVNET_SLOT_BOUNCE (AEROVNET_SLOT_HEADER + AEROVNET_HEADER_MAX)
#define AEROVNET_SLOT_SHARED ((AEROVNET_SLOT_BOUNCE + AEROVNET_WIRE_MAX + 63) & ~63u)

/* All below Queue is guarded by Queue.Lock. */
typedef struct _AEROVNET_TRANSMIT {
    AEROVNET_QUEUE Queue;
    BOOLEAN Open;           /* Running: sends are taken */
    AEROVNET_CHAIN Waiting; /* lists with NET_BUFFERs that have no slot yet, in order */
    PAEROVNET_SLOT Free;
    PAEROVNET_SLOT Mapped; /* slots in the order of sending, not yet in the ring */
    PAEROVNET_SLOT *MappedTail;
    /* A processor has NDIS map slots. Only one at a time, so that NDIS is asked in the order of
     * sending. NDIS gives map registers out in the order of asking. A slot must not wait for those
     * of a slot that is ready and that it keeps from the ring. */
    BOOLEAN Mapping;
    AEROVNET_TRAFFIC Traffic;
    ULONG64 FramesCopied;
    ULONG64 FramesIndirect;
    ULONG64 RingFull;
    ULONG64 MapFailures;
    ULONG Returned;        /* frames that the device has finished; wraps */
    ULONG ReturnedAtCheck; /* the same when NDIS last asked whether the device hangs */
    ULONG Stalls;          /* times in a row that it had finished none in between */
    /* Constant after Initialize. */
    ULONG SlotsWanted; /* keyword *TransmitBuffers */
    ULONG SlotCount;
    PAEROVNET_SLOT Slots;
    PUCHAR SgBuffers;
    ULONG SgBufferLength;
    AEROVNET_SHARED *Shared; /* SharedCount blocks of SlotsPerBlock slots */
    ULONG SharedCount;
    /* With UseEvents, the device interrupts when it has used so many frames more than were completed, or
     * all that it has. */
    ULONG InterruptAfter; /* a quarter of the slots */
    /* Interlocked. A send completes earlier frames. Only one at a time: NDIS may send again before it returns
     * from the completion, and so on without end. */
    LONG volatile Reclaiming;
    /* Change only while the queue is not live. */
    USHORT PiecesMax;    /* that the ring can take in one frame, header included */
    BOOLEAN UseIndirect; /* as negotiated */
    BOOLEAN UseEvents;   /* VIRTIO_F_EVENT_IDX was negotiated */
} AEROVNET_TRANSMIT, *PAEROVNET_TRANSMIT;

/* Allocates queue, slots and their shared memory. A failure is in the event log, and leaves nothing
 * allocated. After AerovnetReadConfiguration and the registration for DMA. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetTransmitAllocate(_In_ PAEROVNET_ADAPTER Adapter);
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetTransmitFree(_In_ PAEROVNET_ADAPTER Adapter);

MINIPORT_SEND_NET_BUFFER_LISTS AerovnetSendNetBufferLists;
MINIPORT_CANCEL_SEND AerovnetCancelSend;
MINIPORT_PROCESS_SG_LIST AerovnetProcessSGList;

/* Takes sends, or does not. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetTransmitOpen(_In_ PAEROVNET_ADAPTER Adapter, _In_ BOOLEAN Open);

/* Follows the size of the ring, which has changed. The queue is not live, and no slot is in use. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetTransmitFit(_In_ PAEROVNET_ADAPTER Adapter);

/* Completes what the device has sent, and sends what waits. One DPC at a time; with VIRTIO_F_EVENT_IDX also
 * one send. */
_IRQL_requires_(DISPATCH_LEVEL)
VOID AerovnetTransmitPoll(_In_ PAEROVNET_ADAPTER Adapter);

/* Completes with `Status` every list that has not reached the ring. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetTransmitFlush(_In_ PAEROVNET_ADAPTER Adapter, _In_ NDIS_STATUS Status);

/* After a device reset: takes the frames back that were in the ring, and completes them and the
 * waiting ones with `Status`. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetTransmitStop(_In_ PAEROVNET_ADAPTER Adapter, _In_ NDIS_STATUS Status);

/* For MiniportCheckForHangEx. Returns TRUE when frames are with the device and it has finished none
 * between the last AEROVNET_STALLS_MAX calls. `Epoch` is the incarnation that it looked at. */
_IRQL_requires_max_(DISPATCH_LEVEL)
BOOLEAN AerovnetTransmitHangs(_In_ PAEROVNET_ADAPTER Adapter, _Out_ PULONG Epoch);

#endif
