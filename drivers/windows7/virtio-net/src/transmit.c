/* SPDX-License-Identifier: MIT */
#include "transmit.h"
#include "adapter.h"
#include "pause.h"
#include "state.h"
#include "fault.h"

/* The most NET_BUFFERs that are mapped between two acquisitions of the lock. */
#define AEROVNET_TRANSMIT_BATCH 32

/* Slots that are bound to NET_BUFFERs, and that their binder has to map. */
typedef struct _AEROVNET_BATCH {
    ULONG Count;
    PAEROVNET_SLOT Slots[AEROVNET_TRANSMIT_BATCH];
} AEROVNET_BATCH, *PAEROVNET_BATCH;

/* MiniportReserved of a list that the driver owns: the number of its incomplete NET_BUFFERs, and the
 * next NET_BUFFER without a slot. */
#define AEROVNET_LIST_PENDING(_List) ((LONG volatile *)&NET_BUFFER_LIST_MINIPORT_RESERVED(_List)[0])
#define AEROVNET_LIST_NEXT(_List)    (*(PNET_BUFFER *)&NET_BUFFER_LIST_MINIPORT_RESERVED(_List)[1])

static VOID AerovnetPump(PAEROVNET_ADAPTER Adapter, PAEROVNET_BATCH Batch);
static VOID AerovnetPumpAnew(PAEROVNET_ADAPTER Adapter);

/* Records that `Count` more NET_BUFFERs of `List` are finished. Appends the list to `Done` if no
 * others are left. Then no other processor has one either, and the number is not written. */
static VOID AerovnetListDone(PNET_BUFFER_LIST List, LONG Count, PAEROVNET_CHAIN Done)
{
    if (*AEROVNET_LIST_PENDING(List) == Count ||
        InterlockedExchangeAdd(AEROVNET_LIST_PENDING(List), -Count) == Count)
        AerovnetChainAppend(Done, List);
}

/* Completes the lists in `Done` to NDIS. All of them are counted in Outstanding. */
static VOID AerovnetComplete(PAEROVNET_ADAPTER Adapter, PAEROVNET_CHAIN Done, BOOLEAN AtDispatch)
{
    LONG Count = (LONG)Done->Count;

    if (Count == 0)
        return;
    NdisMSendNetBufferListsComplete(Adapter->MiniportHandle, Done->Head,
                                    AtDispatch ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
    AerovnetRelease(Adapter, Count);
}

static ULONG AerovnetCountFrames(PNET_BUFFER NetBuffer)
{
    ULONG Count = 0;

    for (; NetBuffer != NULL; NetBuffer = NET_BUFFER_NEXT_NB(NetBuffer))
        Count++;
    return Count;
}

/* Prepares a list for the queue: counts all its NET_BUFFERs in `Frames` and checks their lengths. */
static NDIS_STATUS AerovnetCheckList(PNET_BUFFER_LIST List, ULONG Longest, PULONG Frames)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;
    PNET_BUFFER NetBuffer;
    ULONG Count = 0;

    for (NetBuffer = NET_BUFFER_LIST_FIRST_NB(List); NetBuffer != NULL;
         NetBuffer = NET_BUFFER_NEXT_NB(NetBuffer)) {
        if (NET_BUFFER_DATA_LENGTH(NetBuffer) < AEROVNET_ETHERNET_HEADER ||
            NET_BUFFER_DATA_LENGTH(NetBuffer) > Longest)
            Status = NDIS_STATUS_INVALID_LENGTH;
        Count++;
    }
    if (Count == 0)
        Status = NDIS_STATUS_FAILURE; /* no allowed status is more specific */
    *AEROVNET_LIST_PENDING(List) = (LONG)Count;
    AEROVNET_LIST_NEXT(List) = NET_BUFFER_LIST_FIRST_NB(List);
    NET_BUFFER_LIST_STATUS(List) = Status;
    *Frames = Count;
    return Status;
}

/* The status of a send in each state while the queue is not live. NDIS resets a device in the state
 * Failed. In the state Running the queue is about to become live. */
static const NDIS_STATUS AerovnetSendStatus[AerovnetStates] = {
    /* Closed */ NDIS_STATUS_FAILURE,
    /* Stopped */ NDIS_STATUS_FAILURE,
    /* Running */ NDIS_STATUS_FAILURE,
    /* Failed */ NDIS_STATUS_RESET_IN_PROGRESS,
    /* Resetting */ NDIS_STATUS_RESET_IN_PROGRESS,
    /* Lost */ NDIS_STATUS_FAILURE,
    /* Dead */ NDIS_STATUS_FAILURE,
    /* Asleep */ NDIS_STATUS_LOW_POWER_STATE,
    /* Waking */ NDIS_STATUS_LOW_POWER_STATE,
    /* Removed */ NDIS_STATUS_FAILURE};

/* Binds waiting NET_BUFFERs to free slots, at most as many as `Batch` has room for. None while another
 * processor maps, because that one binds the rest afterwards. The lock is held. */
static VOID AerovnetBindSlots(PAEROVNET_TRANSMIT Transmit, PAEROVNET_BATCH Batch)
{
    PNET_BUFFER_LIST List;
    PAEROVNET_SLOT Slot;
    ULONG Count = 0;

    AEROVNET_ASSERT_LOCK_HELD(&Transmit->Queue.Lock);
    Batch->Count = 0;
    if (!Transmit->Queue.Live || Transmit->Mapping)
        return;
    while (Count < AEROVNET_TRANSMIT_BATCH && Transmit->Free != NULL &&
           Transmit->Waiting.Head != NULL) {
        List = Transmit->Waiting.Head;
        Slot = Transmit->Free;
        Transmit->Free = Slot->Next;

        Slot->Next = NULL;
        Slot->NetBufferList = List;
        Slot->NetBuffer = AEROVNET_LIST_NEXT(List);
        Slot->FrameLength = NET_BUFFER_DATA_LENGTH(Slot->NetBuffer);
        Slot->SgList = NULL;
        Slot->Status = NDIS_STATUS_SUCCESS;
        Slot->Copied = FALSE;
        Slot->MapFailed = FALSE;
        Slot->State = AEROVNET_SLOT_MAPPING;
        *Transmit->MappedTail = Slot;
        Transmit->MappedTail = &Slot->Next;

        AEROVNET_LIST_NEXT(List) = NET_BUFFER_NEXT_NB(Slot->NetBuffer);
        if (AEROVNET_LIST_NEXT(List) == NULL)
            AerovnetChainPop(&Transmit->Waiting);
        Batch->Slots[Count++] = Slot;
    }
    Batch->Count = Count;
    Transmit->Mapping = Count != 0;
}

/* Appends all of `Lists`, or none, to the queue; they have `Frames` NET_BUFFERs. Binds the first slots
 * to `Batch`. Adds the lists to Outstanding, and one more for the call itself: another processor may
 * complete the lists before the call ends, and the adapter must exist until then. The caller refused
 * `Bad` other NET_BUFFERs, and checked the lengths against `Mtu`. DISPATCH_LEVEL. */
static NDIS_STATUS AerovnetTakeLists(PAEROVNET_ADAPTER Adapter, PAEROVNET_CHAIN Lists, ULONG Frames,
                                     ULONG Bad, ULONG Mtu, PAEROVNET_BATCH Batch)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;

    NdisDprAcquireSpinLock(&Transmit->Queue.Lock);
    Transmit->Traffic.Errors += Bad;
    if (!Transmit->Queue.Live) {
        Status = AerovnetSendStatus[AerovnetStateOf(&Adapter->State)];
        if (Status != NDIS_STATUS_LOW_POWER_STATE && !Transmit->Open)
            Status = NDIS_STATUS_PAUSED;
        if (Status != NDIS_STATUS_LOW_POWER_STATE && Status != NDIS_STATUS_PAUSED)
            Transmit->Traffic.Discards += Frames;
    } else if (!Transmit->Open) {
        Status = NDIS_STATUS_PAUSED;
    } else if (Adapter->Mtu != Mtu) {
        /* A reset changed the MTU after the caller checked the lengths. */
        Status = NDIS_STATUS_RESET_IN_PROGRESS;
        Transmit->Traffic.Discards += Frames;
    } else {
        InterlockedExchangeAdd(&Adapter->Outstanding, (LONG)Lists->Count + 1);
        AerovnetChainMove(&Transmit->Waiting, Lists);
        AerovnetBindSlots(Transmit, Batch);
    }
    NdisDprReleaseSpinLock(&Transmit->Queue.Lock);
    return Status;
}

/* With VIRTIO_F_EVENT_IDX: has a send complete what the device has sent, if that is worth a call or no slot
 * is free. It looks without the lock, because it need not be right. */
static VOID AerovnetReclaim(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    ULONG Enough = Transmit->Free == NULL ? 1 : AEROVNET_RECLAIM_MIN;

    if (Enough > Transmit->InterruptAfter)
        Enough = Transmit->InterruptAfter;
    if (virtq_used_count(&Transmit->Queue.Ring) < Enough ||
        InterlockedExchange(&Transmit->Reclaiming, 1) != 0)
        return;
    AerovnetTransmitPoll(Adapter);
    InterlockedExchange(&Transmit->Reclaiming, 0);
}

VOID NTAPI AerovnetSendNetBufferLists(NDIS_HANDLE MiniportAdapterContext,
                                      PNET_BUFFER_LIST NetBufferList, NDIS_PORT_NUMBER PortNumber,
                                      ULONG SendFlags)
{
    PAEROVNET_ADAPTER Adapter = MiniportAdapterContext;
    BOOLEAN AtDispatch = NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags) != 0;
    AEROVNET_CHAIN Good, Bad;
    AEROVNET_BATCH Batch;
    ULONG GoodFrames = 0, BadFrames = 0;
    ULONG Mtu = Adapter->Mtu;
    ULONG Frames;
    PNET_BUFFER_LIST List, Next;
    NDIS_STATUS Status;
    KIRQL OldIrql = DISPATCH_LEVEL;

    UNREFERENCED_PARAMETER(PortNumber);

    AerovnetChainInit(&Good);
    AerovnetChainInit(&Bad);
    for (List = NetBufferList; List != NULL; List = Next) {
        Next = NET_BUFFER_LIST_NEXT_NBL(List);
        if (AerovnetCheckList(List, AEROVNET_ETHERNET_HEADER + Mtu, &Frames) ==
            NDIS_STATUS_SUCCESS) {
            GoodFrames += Frames;
            AerovnetChainAppend(&Good, List);
        } else {
            BadFrames += Frames;
            AerovnetChainAppend(&Bad, List);
        }
    }

    if (!AtDispatch)
        KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    Status = AerovnetTakeLists(Adapter, &Good, GoodFrames, BadFrames, Mtu, &Batch);
    if (Status != NDIS_STATUS_SUCCESS) {
        for (List = Good.Head; List != NULL; List = NET_BUFFER_LIST_NEXT_NBL(List))
            NET_BUFFER_LIST_STATUS(List) = Status;
        AerovnetChainMove(&Bad, &Good);
    }
    if (Bad.Count != 0)
        NdisMSendNetBufferListsComplete(Adapter->MiniportHandle, Bad.Head,
                                        NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    if (Status == NDIS_STATUS_SUCCESS) {
        AerovnetPump(Adapter, &Batch);
        if (Adapter->Transmit.UseEvents)
            AerovnetReclaim(Adapter);
        AerovnetRelease(Adapter, 1);
    }
    if (!AtDispatch)
        KeLowerIrql(OldIrql);
}

/* Returns the tag for the frames of a list, or 0 for no tag. *PriorityVLANTag decides which of the
 * list's fields count. The adapter's own VLAN ID applies if the list has none
 * (network/enumeration-keywords, network/oid-gen-vlan-id). */
static USHORT AerovnetTagOf(PAEROVNET_ADAPTER Adapter, PNET_BUFFER_LIST List)
{
    NDIS_NET_BUFFER_LIST_8021Q_INFO Info;
    ULONG VlanId = Adapter->VlanId; /* once: an OID request may change it */
    ULONG Tag;

    if (Adapter->TagMode == 0)
        return 0;
    Info.Value = NET_BUFFER_LIST_INFO(List, Ieee8021QNetBufferListInfo);
    if (Info.Value == NULL && VlanId == 0)
        return 0;
    Tag = (ULONG)Info.TagHeader.CanonicalFormatId << AEROVNET_TAG_FORMAT_SHIFT;
    if (Adapter->TagMode & AEROVNET_TAG_PRIORITY)
        Tag |= (ULONG)Info.TagHeader.UserPriority << AEROVNET_TAG_PRIORITY_SHIFT;
    if (Adapter->TagMode & AEROVNET_TAG_VLAN)
        Tag |= Info.TagHeader.VlanId != 0 ? Info.TagHeader.VlanId : VlanId;
    return (USHORT)Tag;
}

/* Writes the tag after the addresses, which are at the start of the bounce buffer. */
static VOID AerovnetWriteTag(PAEROVNET_SLOT Slot)
{
    PUCHAR Tag = Slot->Bounce + AEROVNET_ADDRESSES_LENGTH;

    Tag[0] = 0x81;
    Tag[1] = 0x00;
    Tag[2] = (UCHAR)(Slot->Tag >> 8);
    Tag[3] = (UCHAR)Slot->Tag;
}

/* Copies the frame after the slot's header and pads it with zeros, as one piece. The driver pads a
 * frame before it adds the tag, so that the frame is long enough without the tag too. Returns FALSE if
 * Windows cannot map the frame. */
static BOOLEAN AerovnetCopyFrame(PAEROVNET_SLOT Slot)
{
    ULONG TagLength = Slot->Tag != 0 ? AEROVNET_TAG_LENGTH : 0;
    UCHAR Addresses[AEROVNET_ADDRESSES_LENGTH];
    PUCHAR Frame = Slot->Bounce + TagLength;
    ULONG Length = Slot->FrameLength;
    PVOID Data = NdisGetDataBuffer(Slot->NetBuffer, Length, Frame, 1, 0);

    if (Data == NULL)
        return FALSE;
    if (Data != Frame)
        NdisMoveMemory(Frame, Data, Length);
    if (Length < AEROVNET_FRAME_MIN) {
        NdisZeroMemory(Frame + Length, AEROVNET_FRAME_MIN - Length);
        Length = AEROVNET_FRAME_MIN;
    }
    if (Slot->Tag != 0) {
        NdisMoveMemory(Addresses, Frame, sizeof(Addresses)); /* two moves, as they overlap */
        NdisMoveMemory(Slot->Bounce, Addresses, sizeof(Addresses));
        AerovnetWriteTag(Slot);
        Length += AEROVNET_TAG_LENGTH;
    }
    Slot->Pieces[0].addr = Slot->HeaderAddress;
    Slot->Pieces[0].len = Slot->Adapter->HeaderLength + Length;
    Slot->PieceCount = 1;
    Slot->Copied = TRUE;
    return TRUE;
}

/* Copies a frame that cannot be sent in another way. */
static VOID AerovnetMustCopy(PAEROVNET_SLOT Slot)
{
    if (!AerovnetCopyFrame(Slot))
        Slot->Status = NDIS_STATUS_RESOURCES;
}

/* Piece `i` of a frame: in the indirect table, or in the slot if there is none. */
VIRTIO_INLINE VOID AerovnetPutPiece(PAEROVNET_SLOT Slot, BOOLEAN UseIndirect, ULONG i,
                                    virtio_u64 Address, ULONG Length)
{
    if (UseIndirect) {
        virtq_table_write(&Slot->Indirect, i, Address, Length);
    } else {
        Slot->Pieces[i].addr = Address;
        Slot->Pieces[i].len = Length;
    }
}

/* The scatter/gather list begins where the current MDL begins; the frame begins CurrentMdlOffset
 * bytes into it (nf-ndis-ndismallocatenetbuffersglist, Remarks). In a tagged frame, the addresses and
 * the tag follow the header in the bounce buffer; the list describes the rest. */
static VOID AerovnetBuildPieces(PAEROVNET_SLOT Slot)
{
    PAEROVNET_TRANSMIT Transmit = &Slot->Adapter->Transmit;
    const SCATTER_GATHER_LIST *SgList = Slot->SgList;
    BOOLEAN UseIndirect = Transmit->UseIndirect;
    ULONG First = Slot->Adapter->HeaderLength;
    ULONG Skip = NET_BUFFER_CURRENT_MDL_OFFSET(Slot->NetBuffer);
    ULONG Left = Slot->FrameLength;
    ULONG PiecesMax = Transmit->PiecesMax;
    ULONG Pieces = 1;
    ULONG Length, i;

    if (Slot->Tag != 0) {
        First += AEROVNET_ADDRESSES_LENGTH + AEROVNET_TAG_LENGTH;
        Skip += AEROVNET_ADDRESSES_LENGTH;
        Left -= AEROVNET_ADDRESSES_LENGTH;
    }
    AerovnetPutPiece(Slot, UseIndirect, 0, Slot->HeaderAddress, First);
    for (i = 0; i < SgList->NumberOfElements && Left != 0; i++) {
        Length = SgList->Elements[i].Length;
        if (Skip >= Length) {
            Skip -= Length;
            continue;
        }
        Length -= Skip;
        if (Length > Left)
            Length = Left;
        if (Pieces == PiecesMax)
            break;
        AerovnetPutPiece(Slot, UseIndirect, Pieces++,
                         (virtio_u64)SgList->Elements[i].Address.QuadPart + Skip, Length);
        Skip = 0;
        Left -= Length;
    }
    Slot->PieceCount = (USHORT)Pieces;
    if (UseIndirect)
        virtq_table_end(&Slot->Indirect, Pieces);
    if (Left != 0)
        AerovnetMustCopy(Slot);
}

/* Prepares the mapping of a frame: reads its addresses, and writes a tag after them. Returns FALSE if
 * Windows cannot map the addresses. */
static BOOLEAN AerovnetReadHeader(PAEROVNET_SLOT Slot)
{
    UCHAR Storage[AEROVNET_ETHERNET_HEADER];
    PUCHAR Header = NdisGetDataBuffer(Slot->NetBuffer, sizeof(Storage), Storage, 1, 0);

    if (Header == NULL)
        return FALSE;
    Slot->Kind = AerovnetAddressKind(Header);
    if (Slot->Tag != 0) {
        NdisMoveMemory(Slot->Bounce, Header, AEROVNET_ADDRESSES_LENGTH);
        AerovnetWriteTag(Slot);
    }
    return TRUE;
}

/* Makes a slot ready, or asks NDIS for the mapping that makes it ready. DISPATCH_LEVEL, no lock
 * held. A short frame is copied, unless Windows cannot map it for the processor: the device may still
 * be able to read it. */
static VOID AerovnetPrepare(PAEROVNET_ADAPTER Adapter, PAEROVNET_SLOT Slot)
{
    Slot->Tag = AerovnetTagOf(Adapter, Slot->NetBufferList);
    if (Slot->FrameLength <= AEROVNET_COPY_MAX && AerovnetCopyFrame(Slot)) {
        Slot->Kind = AerovnetAddressKind(Slot->Bounce);
        goto Ready;
    }
    if (Slot->FrameLength < AEROVNET_FRAME_MIN || !AerovnetReadHeader(Slot)) {
        Slot->Status = NDIS_STATUS_RESOURCES;
        goto Ready;
    }
    if (NdisMAllocateNetBufferSGList(Adapter->DmaHandle, Slot->NetBuffer, Slot,
                                     NDIS_SG_LIST_WRITE_TO_DEVICE, Slot->SgBuffer,
                                     Adapter->Transmit.SgBufferLength) != NDIS_STATUS_SUCCESS) {
        Slot->MapFailed = TRUE;
        AerovnetMustCopy(Slot);
        goto Ready;
    }
    /* If the slot was ready at once, another processor may have sent it, got it back and begun to map
     * it again. This then marks the new mapping as detached, which costs one extra AerovnetPump. */
    if (Slot->State == AEROVNET_SLOT_MAPPING)
        InterlockedCompareExchange(&Slot->State, AEROVNET_SLOT_DETACHED, AEROVNET_SLOT_MAPPING);
    return;

Ready:
    InterlockedExchange(&Slot->State, AEROVNET_SLOT_READY);
}

VOID NTAPI AerovnetProcessSGList(PDEVICE_OBJECT DeviceObject, PVOID Reserved,
                                 PSCATTER_GATHER_LIST ScatterGatherList, PVOID Context)
{
    PAEROVNET_SLOT Slot = Context;
    PAEROVNET_ADAPTER Adapter = Slot->Adapter;

    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Reserved);

    Slot->SgList = ScatterGatherList;
    AerovnetBuildPieces(Slot);
    if (InterlockedCompareExchange(&Slot->State, AEROVNET_SLOT_READY, AEROVNET_SLOT_MAPPING) ==
        AEROVNET_SLOT_MAPPING)
        return;
    /* No other function changes a detached slot. Another processor may complete its list before
     * AerovnetPump ends; the reference keeps the adapter until then. */
    InterlockedIncrement(&Adapter->Outstanding);
    InterlockedExchange(&Slot->State, AEROVNET_SLOT_READY);
    AerovnetPumpAnew(Adapter);
    AerovnetRelease(Adapter, 1);
}

/* Puts a slot into the ring. The lock is held. Each branch is a case of its own, because a constant
 * number of pieces makes virtq_add a third shorter. */
static int AerovnetAddSlot(PAEROVNET_TRANSMIT Transmit, PAEROVNET_SLOT Slot)
{
    struct virtqueue *Ring = &Transmit->Queue.Ring;

    AEROVNET_ASSERT_LOCK_HELD(&Transmit->Queue.Lock);
    if (Slot->PieceCount == 1)
        return virtq_add(Ring, Slot->Pieces, 1, 0, NULL, Slot);
    if (Transmit->UseIndirect)
        return virtq_add_table(Ring, &Slot->Indirect, Slot->PieceCount, Slot);
    return virtq_add(Ring, Slot->Pieces, Slot->PieceCount, 0, NULL, Slot);
}

/* Moves the ready slots at the head of Mapped into the ring, and those that cannot be sent to
 * `Failed`. The lock is held. */
static VOID AerovnetSubmit(PAEROVNET_TRANSMIT Transmit, PAEROVNET_SLOT *Failed)
{
    PAEROVNET_SLOT Slot;
    int Result;

    AEROVNET_ASSERT_LOCK_HELD(&Transmit->Queue.Lock);
    if (!Transmit->Queue.Live)
        return;
    while ((Slot = Transmit->Mapped) != NULL && Slot->State == AEROVNET_SLOT_READY) {
        virtio_compiler_barrier();
        if (Slot->Status == NDIS_STATUS_SUCCESS) {
            Result = AerovnetAddSlot(Transmit, Slot);
            if (Result == VIRTQ_E_INVALID)
                Slot->Status = NDIS_STATUS_FAILURE; /* too long even for an empty ring */
            else if (Result == VIRTQ_FULL)
                Transmit->RingFull++;
            if (Result != VIRTQ_OK && Result != VIRTQ_E_INVALID)
                return; /* the ring is full, or broken: the next poll reports a broken ring */
        }
        Transmit->Mapped = Slot->Next;
        if (Transmit->Mapped == NULL)
            Transmit->MappedTail = &Transmit->Mapped;
        if (Slot->Status != NDIS_STATUS_SUCCESS) {
            Transmit->Traffic.Errors++;
            Slot->Next = *Failed;
            *Failed = Slot;
        }
    }
}

/* Frees the mappings and the slots, and completes the lists that have no other slot. Returns TRUE if
 * frames wait for the slots or for the ring. DISPATCH_LEVEL, no lock held. */
static BOOLEAN AerovnetFinishSlots(PAEROVNET_ADAPTER Adapter, PAEROVNET_SLOT Slots)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    PAEROVNET_SLOT Slot, Last = NULL;
    AEROVNET_CHAIN Done;
    BOOLEAN Waiting;

    if (Slots == NULL)
        return FALSE;
    AerovnetChainInit(&Done);
    for (Slot = Slots; Slot != NULL; Slot = Slot->Next) {
        if (Slot->SgList != NULL)
            NdisMFreeNetBufferSGList(Adapter->DmaHandle, Slot->SgList, Slot->NetBuffer);
        if (Slot->Status != NDIS_STATUS_SUCCESS)
            NET_BUFFER_LIST_STATUS(Slot->NetBufferList) = Slot->Status;
        AerovnetListDone(Slot->NetBufferList, 1, &Done);
        Last = Slot;
    }
    NdisDprAcquireSpinLock(&Transmit->Queue.Lock);
    Last->Next = Transmit->Free;
    Transmit->Free = Slots;
    Waiting = Transmit->Waiting.Head != NULL || Transmit->Mapped != NULL;
    NdisDprReleaseSpinLock(&Transmit->Queue.Lock);
    AerovnetComplete(Adapter, &Done, TRUE);
    return Waiting;
}

/* Moves waiting NET_BUFFERs into the ring until it is full, with one notification at the end. Begins
 * with the `Count` slots of `Batch`, which AerovnetBindSlots has bound. DISPATCH_LEVEL, no lock held.
 * Any number of processors can call it at once. */
static VOID AerovnetPump(PAEROVNET_ADAPTER Adapter, PAEROVNET_BATCH Batch)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    PAEROVNET_SLOT Failed;
    BOOLEAN Notify = FALSE;
    ULONG i;

    do {
        for (i = 0; i < Batch->Count; i++)
            AerovnetPrepare(Adapter, Batch->Slots[i]);
        Failed = NULL;
        NdisDprAcquireSpinLock(&Transmit->Queue.Lock);
        if (Batch->Count != 0)
            Transmit->Mapping = FALSE;
        AerovnetSubmit(Transmit, &Failed);
        AerovnetBindSlots(Transmit, Batch);
        if (Batch->Count == 0 && Failed == NULL && Transmit->Queue.Live)
            Notify = AerovnetPublish(&Transmit->Queue);
        NdisDprReleaseSpinLock(&Transmit->Queue.Lock);
        AerovnetFinishSlots(Adapter, Failed);
    } while (Batch->Count != 0 || Failed != NULL);
    if (Notify)
        AerovnetNotify(Adapter, &Transmit->Queue);
}

/* Moves waiting NET_BUFFERs into the ring, when none is bound. */
static VOID AerovnetPumpAnew(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_BATCH Batch;

    Batch.Count = 0;
    AerovnetPump(Adapter, &Batch);
}

/* Counts a frame that the device has sent. The lock is held. */
static VOID AerovnetCountSent(PAEROVNET_TRANSMIT Transmit, const AEROVNET_SLOT *Slot)
{
    Transmit->Traffic.Frames[Slot->Kind]++;
    Transmit->Traffic.Bytes[Slot->Kind] += Slot->FrameLength;
    if (Slot->Copied) {
        Transmit->FramesCopied++;
        Transmit->MapFailures += Slot->MapFailed;
    } else if (Transmit->UseIndirect) {
        Transmit->FramesIndirect++;
    }
}

VOID AerovnetTransmitPoll(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    PAEROVNET_SLOT Slots = NULL;
    PAEROVNET_SLOT *Tail = &Slots;
    PAEROVNET_SLOT Slot;
    PVOID Cookie;
    virtio_u32 Length;
    int Result = VIRTQ_EMPTY;
    ULONG Epoch = 0;

    NdisDprAcquireSpinLock(&Transmit->Queue.Lock);
    if (Transmit->Queue.Live) {
        if (Transmit->Reclaiming == 0) /* a send does not enable interrupts again */
            virtq_disable_interrupts(&Transmit->Queue.Ring);
        while ((Result = virtq_get(&Transmit->Queue.Ring, &Cookie, &Length)) == VIRTQ_OK) {
            Slot = Cookie;
            Slot->Next = NULL;
            *Tail = Slot;
            Tail = &Slot->Next;
            AerovnetCountSent(Transmit, Slot);
            Transmit->Returned++;
        }
        if (Result != VIRTQ_EMPTY) /* the queue is live: no other incarnation begins meanwhile */
            Epoch = AerovnetStateEpoch(&Adapter->State);
    }
    NdisDprReleaseSpinLock(&Transmit->Queue.Lock);

    if (Result != VIRTQ_EMPTY)
        AerovnetDeviceFailed(Adapter, Epoch, AEROVNET_EVENT_DEVICE_BROKE_QUEUE,
                             AEROVNET_TRANSMIT_QUEUE, (ULONG)Result);
    if (AerovnetFinishSlots(Adapter, Slots))
        AerovnetPumpAnew(Adapter);
}

BOOLEAN AerovnetTransmitHangs(PAEROVNET_ADAPTER Adapter, PULONG Epoch)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    BOOLEAN Hangs;

    NdisAcquireSpinLock(&Transmit->Queue.Lock);
    *Epoch = AerovnetStateEpoch(&Adapter->State);
    if (Transmit->Queue.Live && virtq_outstanding(&Transmit->Queue.Ring) != 0 &&
        Transmit->Returned == Transmit->ReturnedAtCheck)
        Transmit->Stalls++;
    else
        Transmit->Stalls = 0;
    Transmit->ReturnedAtCheck = Transmit->Returned;
    Hangs = Transmit->Stalls >= AEROVNET_STALLS_MAX;
    NdisReleaseSpinLock(&Transmit->Queue.Lock);
    return Hangs;
}

/* Drops the waiting NET_BUFFERs of all lists, or of the lists with this cancel id. Completes each
 * list with `Status` when its NET_BUFFERs in slots are finished too. */
static VOID AerovnetGiveUp(PAEROVNET_ADAPTER Adapter, BOOLEAN All, PVOID CancelId,
                           NDIS_STATUS Status)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    AEROVNET_CHAIN Waiting, Chosen, Done;
    PNET_BUFFER_LIST List;

    AerovnetChainInit(&Waiting);
    AerovnetChainInit(&Chosen);
    AerovnetChainInit(&Done);
    NdisAcquireSpinLock(&Transmit->Queue.Lock);
    AerovnetChainMove(&Waiting, &Transmit->Waiting);
    while (Waiting.Head != NULL) {
        List = AerovnetChainPop(&Waiting);
        if (All || NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(List) == CancelId) {
            Transmit->Traffic.Discards += AerovnetCountFrames(AEROVNET_LIST_NEXT(List));
            AerovnetChainAppend(&Chosen, List);
        } else {
            AerovnetChainAppend(&Transmit->Waiting, List);
        }
    }
    NdisReleaseSpinLock(&Transmit->Queue.Lock);

    while (Chosen.Head != NULL) {
        List = AerovnetChainPop(&Chosen);
        NET_BUFFER_LIST_STATUS(List) = Status;
        AerovnetListDone(List, (LONG)AerovnetCountFrames(AEROVNET_LIST_NEXT(List)), &Done);
    }
    AerovnetComplete(Adapter, &Done, FALSE);
}

VOID AerovnetTransmitFlush(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status)
{
    AerovnetGiveUp(Adapter, TRUE, NULL, Status);
}

VOID NTAPI AerovnetCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    AerovnetGiveUp(MiniportAdapterContext, FALSE, CancelId, NDIS_STATUS_SEND_ABORTED);
}

/* Drops a frame that was in the ring or ready for it: moves its slot to `Slots`. The lock is held. */
static VOID AerovnetTakeBackSlot(PAEROVNET_TRANSMIT Transmit, PAEROVNET_SLOT Slot,
                                 PAEROVNET_SLOT *Slots, NDIS_STATUS Status)
{
    AEROVNET_ASSERT_LOCK_HELD(&Transmit->Queue.Lock);
    Transmit->Traffic.Discards++;
    Slot->Status = Status;
    Slot->Next = *Slots;
    *Slots = Slot;
}

/* Moves all slots that are in the ring or ready for it to `Slots`, wherever they are in the order.
 * Returns FALSE while NDIS still maps a slot. */
static BOOLEAN AerovnetTakeBackSlots(PAEROVNET_TRANSMIT Transmit, PAEROVNET_SLOT *Slots,
                                     NDIS_STATUS Status)
{
    PAEROVNET_SLOT *Link = &Transmit->Mapped;
    PAEROVNET_SLOT Slot;
    BOOLEAN All;

    NdisAcquireSpinLock(&Transmit->Queue.Lock);
    while ((Slot = virtq_detach(&Transmit->Queue.Ring)) != NULL)
        AerovnetTakeBackSlot(Transmit, Slot, Slots, Status);
    while ((Slot = *Link) != NULL) {
        if (Slot->State != AEROVNET_SLOT_READY) {
            Link = &Slot->Next;
            continue;
        }
        *Link = Slot->Next;
        AerovnetTakeBackSlot(Transmit, Slot, Slots, Status);
    }
    Transmit->MappedTail = Link;
    All = Transmit->Mapped == NULL;
    if (All) {
        virtq_reset(&Transmit->Queue.Ring);
        Transmit->Stalls = 0;
    }
    NdisReleaseSpinLock(&Transmit->Queue.Lock);
    return All;
}

/* A slot that NDIS still maps may wait for the map registers of ready slots. The loop therefore
 * finishes the ready slots before it waits. */
VOID AerovnetTransmitStop(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status)
{
    PAEROVNET_SLOT Slots;
    BOOLEAN All;
    KIRQL OldIrql;

    AEROVNET_ASSERT_PASSIVE();
    AerovnetGiveUp(Adapter, TRUE, NULL, Status);
    for (;;) {
        Slots = NULL;
        All = AerovnetTakeBackSlots(&Adapter->Transmit, &Slots, Status);
        KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
        AerovnetFinishSlots(Adapter, Slots);
        KeLowerIrql(OldIrql);
        if (All)
            return;
        NdisMSleep(1000);
    }
}

VOID AerovnetTransmitFit(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    USHORT Size = Transmit->Queue.Size;
    ULONG i;

    AEROVNET_ASSERT_PASSIVE();
    Transmit->PiecesMax = (USHORT)(Size < 1 + AEROVNET_PIECES_MAX ? Size : 1 + AEROVNET_PIECES_MAX);
    /* A device that has lied may have written to the headers, and a reset is to mend that. */
    for (i = 0; i < Transmit->SlotCount; i++)
        NdisZeroMemory(Transmit->Slots[i].Bounce - AEROVNET_HEADER_MAX, AEROVNET_HEADER_MAX);
}

VOID AerovnetTransmitOpen(PAEROVNET_ADAPTER Adapter, BOOLEAN Open)
{
    NdisAcquireSpinLock(&Adapter->Transmit.Queue.Lock);
    Adapter->Transmit.Open = Open;
    NdisReleaseSpinLock(&Adapter->Transmit.Queue.Lock);
}

#define AEROVNET_SLOTS_PER_BLOCK (AEROVNET_BLOCK_BYTES / AEROVNET_SLOT_SHARED)

/* Gives slot number `Number` its place in shared memory and puts it on the free list. */
static VOID AerovnetSlotInit(PAEROVNET_ADAPTER Adapter, ULONG Number)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    PAEROVNET_SLOT Slot = &Transmit->Slots[Number];
    PAEROVNET_SHARED Shared = &Transmit->Shared[Number / AEROVNET_SLOTS_PER_BLOCK];
    ULONG Offset = Number % AEROVNET_SLOTS_PER_BLOCK * AEROVNET_SLOT_SHARED;
    virtio_u64 Address = (virtio_u64)Shared->Pa.QuadPart + Offset;

    Slot->Adapter = Adapter;
    Slot->SgBuffer = Transmit->SgBuffers + (SIZE_T)Number * Transmit->SgBufferLength;
    virtq_indirect_init(&Slot->Indirect, Shared->Va + Offset, Address, 1 + AEROVNET_PIECES_MAX);
    Slot->HeaderAddress = Address + AEROVNET_SLOT_BOUNCE - Adapter->HeaderLength;
    Slot->Bounce = Shared->Va + Offset + AEROVNET_SLOT_BOUNCE;
    Slot->Next = Transmit->Free;
    Transmit->Free = Slot;
}

NDIS_STATUS AerovnetTransmitAllocate(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    enum virtio_pci_status Transport;
    NDIS_STATUS Status;
    ULONG Size, i;

    AEROVNET_ASSERT_PASSIVE();
    AerovnetChainInit(&Transmit->Waiting);
    Transmit->MappedTail = &Transmit->Mapped;
    Transport = AerovnetQueueSize(Adapter, &Transmit->Queue, AEROVNET_TRANSMIT_QUEUE);
    if (Transport != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Transport, AEROVNET_TRANSMIT_QUEUE);
    Status = AerovnetQueueAllocate(Adapter, &Transmit->Queue);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    AerovnetTransmitFit(Adapter);
    Size = Transmit->Queue.Size;
    if (Size > Transmit->SlotsWanted)
        Size = Transmit->SlotsWanted;
    Transmit->SlotCount = Size;
    Transmit->InterruptAfter = Size < 4 ? 1 : Size / 4;

    /* Multiples of 16 keep each list aligned as NDIS's own allocation would be. */
    Transmit->SgBufferLength = (Transmit->SgBufferLength + 15) & ~15u;
    Transmit->SharedCount = (Size + AEROVNET_SLOTS_PER_BLOCK - 1) / AEROVNET_SLOTS_PER_BLOCK;
    Transmit->Slots =
        AerovnetAllocate(Adapter, Size * sizeof(AEROVNET_SLOT), AEROVNET_MEMORY_TRANSMIT);
    Transmit->SgBuffers =
        AerovnetAllocate(Adapter, Size * Transmit->SgBufferLength, AEROVNET_MEMORY_TRANSMIT);
    Transmit->Shared = AerovnetAllocate(Adapter, Transmit->SharedCount * sizeof(AEROVNET_SHARED),
                                        AEROVNET_MEMORY_TRANSMIT);
    if (Transmit->Slots == NULL || Transmit->SgBuffers == NULL || Transmit->Shared == NULL)
        goto Fail;
    for (i = 0; i < Transmit->SharedCount; i++)
        if (!AerovnetAllocateShared(Adapter, &Transmit->Shared[i],
                                    AEROVNET_SLOTS_PER_BLOCK * AEROVNET_SLOT_SHARED,
                                    AEROVNET_MEMORY_TRANSMIT))
            goto Fail;
    for (i = 0; i < Size; i++)
        AerovnetSlotInit(Adapter, i);
    return NDIS_STATUS_SUCCESS;

Fail:
    AerovnetTransmitFree(Adapter);
    return NDIS_STATUS_RESOURCES;
}

VOID AerovnetTransmitFree(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    ULONG i;

    AEROVNET_ASSERT_PASSIVE();
    for (i = 0; Transmit->Shared != NULL && i < Transmit->SharedCount; i++)
        AerovnetFreeShared(Adapter, &Transmit->Shared[i]);
    AerovnetFree(Transmit->Shared);
    AerovnetFree(Transmit->SgBuffers);
    AerovnetFree(Transmit->Slots);
    AerovnetQueueFree(Adapter, &Transmit->Queue);
}
