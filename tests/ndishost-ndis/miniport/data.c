/* SPDX-License-Identifier: MIT */
/*
 * The data path. It maps each NET_BUFFER that is sent, and compares its scatter/gather list with the MDLs.
 * When all of a list are mapped, a DPC copies them into receive buffers, completes the list and indicates
 * them.
 */
#include "loop.h"

/* MiniportReserved of a list that is sent: how many of its NET_BUFFERs are not mapped yet. */
#define LIST_TO_MAP(List) (*(volatile LONG *)&NET_BUFFER_LIST_MINIPORT_RESERVED(List)[0])
/* MiniportReserved of a NET_BUFFER: its list, and its scatter/gather list. */
#define BUFFER_LIST(Nb)  (*(PNET_BUFFER_LIST *)&NET_BUFFER_MINIPORT_RESERVED(Nb)[0])
#define BUFFER_SG(Nb)    (*(PSCATTER_GATHER_LIST *)&NET_BUFFER_MINIPORT_RESERVED(Nb)[1])
#define BUFFER_OWNER(Nb) (*(PLOOP_ADAPTER *)&NET_BUFFER_MINIPORT_RESERVED(Nb)[2])

/* ---- Receive buffers ---- */

BOOLEAN LoopAllocateReceives(PLOOP_ADAPTER Adapter)
{
    ULONG i;

    for (i = 0; i < LOOP_RECEIVES; i++) {
        PLOOP_RECEIVE Receive = &Adapter->Receives[i];

        Receive->Data = (PUCHAR)Adapter->Shared + i * LOOP_BUFFER_BYTES;
        Receive->Mdl = NdisAllocateMdl(Adapter->Handle, Receive->Data, LOOP_BUFFER_BYTES);
        if (Receive->Mdl == NULL)
            return FALSE;
        Receive->List =
            NdisAllocateNetBufferAndNetBufferList(Adapter->ListPool, 0, 0, Receive->Mdl, 0, 0);
        if (Receive->List == NULL)
            return FALSE;
        Receive->List->SourceHandle = Adapter->Handle;
        NET_BUFFER_LIST_MINIPORT_RESERVED(Receive->List)[0] = Receive;
        NET_BUFFER_LIST_NEXT_NBL(Receive->List) = Adapter->FreeFirst;
        Adapter->FreeFirst = Receive->List;
        Adapter->FreeCount++;
    }
    return TRUE;
}

VOID LoopFreeReceives(PLOOP_ADAPTER Adapter)
{
    ULONG i;

    for (i = 0; i < LOOP_RECEIVES; i++) {
        if (Adapter->Receives[i].List != NULL)
            NdisFreeNetBufferList(Adapter->Receives[i].List);
        if (Adapter->Receives[i].Mdl != NULL)
            NdisFreeMdl(Adapter->Receives[i].Mdl);
    }
}

/* ---- Pausing: at the last list that comes home ---- */

/* Lock held. TRUE: the caller completes the pause, after the lock is released. */
static BOOLEAN Release(PLOOP_ADAPTER Adapter, LONG Count)
{
    BOOLEAN Complete;

    Adapter->Outstanding -= Count;
    Complete = Adapter->PausePending && Adapter->Outstanding == 0;
    if (Complete)
        Adapter->PausePending = FALSE;
    return Complete;
}

NDIS_STATUS NTAPI LoopPause(NDIS_HANDLE MiniportAdapterContext,
                            PNDIS_MINIPORT_PAUSE_PARAMETERS MiniportPauseParameters)
{
    PLOOP_ADAPTER Adapter = MiniportAdapterContext;
    BOOLEAN Pending;

    CHECK(Adapter,
          MiniportPauseParameters->Header.Size >= NDIS_SIZEOF_MINIPORT_PAUSE_PARAMETERS_REVISION_1,
          MiniportPauseParameters->Header.Size);
    NdisAcquireSpinLock(&Adapter->Lock);
    Adapter->Running = FALSE;
    Pending = Adapter->Outstanding != 0;
    Adapter->PausePending = Pending;
    NdisReleaseSpinLock(&Adapter->Lock);
    return Pending ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NTAPI LoopRestart(NDIS_HANDLE MiniportAdapterContext,
                              PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
    PLOOP_ADAPTER Adapter = MiniportAdapterContext;
    PNDIS_RESTART_ATTRIBUTES Attributes = RestartParameters->RestartAttributes;

    CHECK(Adapter,
          RestartParameters->Header.Size >= NDIS_SIZEOF_MINIPORT_RESTART_PARAMETERS_REVISION_1,
          RestartParameters->Header.Size);
    CHECK(Adapter, Attributes != NULL && Attributes->Oid == OID_GEN_MINIPORT_RESTART_ATTRIBUTES,
          Attributes);
    if (Attributes != NULL)
        CHECK(Adapter, ((PNDIS_RESTART_GENERAL_ATTRIBUTES)Attributes->Data)->MtuSize == LOOP_MTU,
              ((PNDIS_RESTART_GENERAL_ATTRIBUTES)Attributes->Data)->MtuSize);
    NdisAcquireSpinLock(&Adapter->Lock);
    Adapter->Running = TRUE;
    NdisReleaseSpinLock(&Adapter->Lock);
    return NDIS_STATUS_SUCCESS;
}

/* ---- Scatter/gather lists against MDLs ---- */

/* One by one through the pages of the MDLs and through the elements: both name the same bytes. */
static VOID CompareSg(PLOOP_ADAPTER Adapter, PNET_BUFFER Nb, PSCATTER_GATHER_LIST Sg)
{
    ULONG Left = NET_BUFFER_CURRENT_MDL_OFFSET(Nb) + NET_BUFFER_DATA_LENGTH(Nb);
    ULONG Element = 0, Offset = 0;
    PMDL Mdl;

    for (Mdl = NET_BUFFER_CURRENT_MDL(Nb); Mdl != NULL && Left != 0; Mdl = Mdl->Next) {
        PUCHAR Va = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
        ULONG At = 0, Here = MmGetMdlByteCount(Mdl);

        if (Here > Left)
            Here = Left;
        Left -= Here;
        while (At < Here) {
            PHYSICAL_ADDRESS Pa = MmGetPhysicalAddress(Va + At);
            ULONG Piece = PAGE_SIZE - BYTE_OFFSET(Va + At);

            if (Piece > Here - At)
                Piece = Here - At;
            if (Element < Sg->NumberOfElements && Piece > Sg->Elements[Element].Length - Offset)
                Piece = Sg->Elements[Element].Length - Offset;
            CHECK(Adapter, Element < Sg->NumberOfElements, Element);
            if (Element >= Sg->NumberOfElements)
                return;
            CHECK(Adapter, Sg->Elements[Element].Address.QuadPart + Offset == Pa.QuadPart, Offset);
            At += Piece;
            Offset += Piece;
            if (Offset == Sg->Elements[Element].Length) {
                Element++;
                Offset = 0;
            }
        }
    }
    CHECK(Adapter, Left == 0, Left);
    CHECK(Adapter, Element == Sg->NumberOfElements && Offset == 0, Element);
}

/* ---- Sending ---- */

static VOID CompleteSend(PLOOP_ADAPTER Adapter, PNET_BUFFER_LIST List)
{
    BOOLEAN PauseComplete;

    NdisMSendNetBufferListsComplete(Adapter->Handle, List, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    NdisDprAcquireSpinLock(&Adapter->Lock);
    PauseComplete = Release(Adapter, 1);
    NdisDprReleaseSpinLock(&Adapter->Lock);
    if (PauseComplete)
        NdisMPauseComplete(Adapter->Handle);
}

static VOID QueueDpc(PLOOP_ADAPTER Adapter)
{
    GROUP_AFFINITY Affinity;

    NdisZeroMemory(&Affinity, sizeof(Affinity));
    Affinity.Mask = (KAFFINITY)1 << (NdisCurrentProcessorIndex() ? 0 : 1);
    NdisMQueueDpcEx(Adapter->Interrupt, 0, &Affinity, Adapter);
}

VOID NTAPI LoopProcessSgList(PDEVICE_OBJECT pDO, PVOID Reserved, PSCATTER_GATHER_LIST pSGL,
                             PVOID Context)
{
    PNET_BUFFER Nb = Context;
    PLOOP_ADAPTER Adapter = BUFFER_OWNER(Nb);
    PNET_BUFFER_LIST List = BUFFER_LIST(Nb);

    UNREFERENCED_PARAMETER(pDO);
    UNREFERENCED_PARAMETER(Reserved);
    CHECK(Adapter, KeGetCurrentIrql() == DISPATCH_LEVEL, KeGetCurrentIrql());
    CompareSg(Adapter, Nb, pSGL);
    BUFFER_SG(Nb) = pSGL;
    if (InterlockedDecrement(&LIST_TO_MAP(List)) != 0)
        return;
    NdisDprAcquireSpinLock(&Adapter->Lock);
    NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
    if (Adapter->DoneLast != NULL)
        NET_BUFFER_LIST_NEXT_NBL(Adapter->DoneLast) = List;
    else
        Adapter->DoneFirst = List;
    Adapter->DoneLast = List;
    NdisDprReleaseSpinLock(&Adapter->Lock);
    QueueDpc(Adapter);
}

static VOID Map(PLOOP_ADAPTER Adapter, PNET_BUFFER_LIST List)
{
    PNET_BUFFER Nb, Next;
    LONG Count = 0;

    for (Nb = NET_BUFFER_LIST_FIRST_NB(List); Nb != NULL; Nb = NET_BUFFER_NEXT_NB(Nb)) {
        BUFFER_LIST(Nb) = List;
        BUFFER_OWNER(Nb) = Adapter;
        Count++;
    }
    LIST_TO_MAP(List) = Count;
    for (Nb = NET_BUFFER_LIST_FIRST_NB(List); Nb != NULL; Nb = Next) {
        NDIS_STATUS Status;

        Next = NET_BUFFER_NEXT_NB(Nb); /* with the last one mapped the list may be gone */
        Status = NdisMAllocateNetBufferSGList(Adapter->Dma, Nb, Nb, NDIS_SG_LIST_WRITE_TO_DEVICE,
                                              NULL, 0);
        CHECK(Adapter, Status == NDIS_STATUS_SUCCESS, Status);
    }
}

/* The IRQL, of one who has been told of it by a flag and so is not to ask for it. */
static KIRQL IrqlByLock(VOID)
{
    NDIS_SPIN_LOCK Lock;
    KIRQL Irql;

    NdisAllocateSpinLock(&Lock);
    NdisAcquireSpinLock(&Lock);
    Irql = Lock.OldIrql;
    NdisReleaseSpinLock(&Lock);
    NdisFreeSpinLock(&Lock);
    return Irql;
}

VOID NTAPI LoopSend(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
                    NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    PLOOP_ADAPTER Adapter = MiniportAdapterContext;
    BOOLEAN Dispatch = NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags);
    PNET_BUFFER_LIST List, Next;
    KIRQL Irql = DISPATCH_LEVEL;
    BOOLEAN Running, Asleep;

    CHECK(Adapter, PortNumber == 0, PortNumber);
    CHECK(Adapter, IrqlByLock() == (Dispatch ? DISPATCH_LEVEL : PASSIVE_LEVEL), SendFlags);
    for (List = NetBufferList; List != NULL; List = Next) {
        Next = NET_BUFFER_LIST_NEXT_NBL(List);
        NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
        NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
        /* The sender's binding, not this miniport. */
        CHECK(Adapter, List->SourceHandle != NULL && List->SourceHandle != Adapter->Handle,
              List->SourceHandle);
        if (!Dispatch)
            NDIS_RAISE_IRQL_TO_DISPATCH(&Irql);
        NdisDprAcquireSpinLock(&Adapter->Lock);
        Running = Adapter->Running;
        Asleep = Adapter->Asleep;
        if (Running)
            Adapter->Outstanding++;
        NdisDprReleaseSpinLock(&Adapter->Lock);
        if (Running) {
            Map(Adapter, List);
        } else {
            NET_BUFFER_LIST_STATUS(List) =
                Asleep ? NDIS_STATUS_LOW_POWER_STATE : NDIS_STATUS_PAUSED;
            NdisMSendNetBufferListsComplete(Adapter->Handle, List,
                                            NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
        }
        if (!Dispatch)
            NDIS_LOWER_IRQL(Irql, DISPATCH_LEVEL);
    }
}

/* Takes the lists with this cancel id out of those that wait for the DPC. */
static PNET_BUFFER_LIST Unlink(PLOOP_ADAPTER Adapter, PVOID CancelId)
{
    PNET_BUFFER_LIST Cancelled = NULL, *At = &Adapter->DoneFirst, List;

    NdisDprAcquireSpinLock(&Adapter->Lock);
    Adapter->DoneLast = NULL;
    while ((List = *At) != NULL) {
        if (NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(List) == CancelId) {
            *At = NET_BUFFER_LIST_NEXT_NBL(List);
            NET_BUFFER_LIST_NEXT_NBL(List) = Cancelled;
            Cancelled = List;
        } else {
            Adapter->DoneLast = List;
            At = &NET_BUFFER_LIST_NEXT_NBL(List);
        }
    }
    NdisDprReleaseSpinLock(&Adapter->Lock);
    return Cancelled;
}

VOID NTAPI LoopCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    PLOOP_ADAPTER Adapter = MiniportAdapterContext;
    PNET_BUFFER_LIST List, Next;
    PNET_BUFFER Nb;
    KIRQL Irql;

    CHECK(Adapter, KeGetCurrentIrql() <= DISPATCH_LEVEL, KeGetCurrentIrql());
    NDIS_RAISE_IRQL_TO_DISPATCH(&Irql);
    for (List = Unlink(Adapter, CancelId); List != NULL; List = Next) {
        Next = NET_BUFFER_LIST_NEXT_NBL(List);
        NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
        for (Nb = NET_BUFFER_LIST_FIRST_NB(List); Nb != NULL; Nb = NET_BUFFER_NEXT_NB(Nb))
            NdisMFreeNetBufferSGList(Adapter->Dma, BUFFER_SG(Nb), Nb);
        NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SEND_ABORTED;
        CompleteSend(Adapter, List);
    }
    NDIS_LOWER_IRQL(Irql, DISPATCH_LEVEL);
}

/* ---- The DPC: copies, completes, indicates ---- */

static PNET_BUFFER_LIST TakeReceive(PLOOP_ADAPTER Adapter, PBOOLEAN Few)
{
    PNET_BUFFER_LIST List;

    NdisDprAcquireSpinLock(&Adapter->Lock);
    List = Adapter->FreeFirst;
    if (List != NULL) {
        Adapter->FreeFirst = NET_BUFFER_LIST_NEXT_NBL(List);
        Adapter->FreeCount--;
        Adapter->Outstanding++;
    }
    *Few = Adapter->FreeCount < LOOP_FEW;
    NdisDprReleaseSpinLock(&Adapter->Lock);
    return List;
}

static VOID GiveReceives(PLOOP_ADAPTER Adapter, PNET_BUFFER_LIST List)
{
    BOOLEAN Complete = FALSE;
    PNET_BUFFER_LIST Next;

    NdisAcquireSpinLock(&Adapter->Lock);
    for (; List != NULL; List = Next) {
        Next = NET_BUFFER_LIST_NEXT_NBL(List);
        NET_BUFFER_LIST_NEXT_NBL(List) = Adapter->FreeFirst;
        Adapter->FreeFirst = List;
        Adapter->FreeCount++;
        Complete = Release(Adapter, 1) || Complete;
    }
    NdisReleaseSpinLock(&Adapter->Lock);
    if (Complete)
        NdisMPauseComplete(Adapter->Handle);
}

VOID NTAPI LoopReturn(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                      ULONG ReturnFlags)
{
    PLOOP_ADAPTER Adapter = MiniportAdapterContext;

    CHECK(Adapter,
          !NDIS_TEST_RETURN_AT_DISPATCH_LEVEL(ReturnFlags) == (IrqlByLock() != DISPATCH_LEVEL),
          ReturnFlags);
    GiveReceives(Adapter, NetBufferLists);
}

/* The frame in one piece in To, read by its MDLs; NdisGetDataBuffer must agree. */
static VOID Flatten(PLOOP_ADAPTER Adapter, PNET_BUFFER Nb, PUCHAR To)
{
    PMDL Mdl = NET_BUFFER_CURRENT_MDL(Nb);
    ULONG Offset = NET_BUFFER_CURRENT_MDL_OFFSET(Nb), Left = NET_BUFFER_DATA_LENGTH(Nb), At = 0;
    PUCHAR Data;

    CHECK(Adapter, Left <= LOOP_BUFFER_BYTES, Left);
    for (; Mdl != NULL && Left != 0; Mdl = Mdl->Next) {
        ULONG Here = MmGetMdlByteCount(Mdl) - Offset;

        if (Here > Left)
            Here = Left;
        NdisMoveMemory(
            To + At, (PUCHAR)MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority) + Offset, Here);
        At += Here;
        Left -= Here;
        Offset = 0;
    }
    CHECK(Adapter, Left == 0, Left);
    Data = NdisGetDataBuffer(Nb, NET_BUFFER_DATA_LENGTH(Nb), NULL, 1, 0);
    if (Data != NULL)
        CHECK(Adapter, RtlCompareMemory(Data, To, At) == At, At);
    if (At >= 14) {
        UCHAR Header[14];

        Data = NdisGetDataBuffer(Nb, 14, Header, 1, 0);
        CHECK(Adapter, Data != NULL && RtlCompareMemory(Data, To, 14) == 14, Data);
    }
    CHECK(Adapter, NdisGetDataBuffer(Nb, NET_BUFFER_DATA_LENGTH(Nb) + 1, NULL, 1, 0) == NULL, At);
}

static VOID Indicate(PLOOP_ADAPTER Adapter, PNET_BUFFER Nb)
{
    BOOLEAN Few;
    PNET_BUFFER_LIST List = TakeReceive(Adapter, &Few);
    PLOOP_RECEIVE Receive;
    ULONG Flags = NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL;

    CHECK(Adapter, List != NULL, 0);
    if (List == NULL)
        return;
    Receive = NET_BUFFER_LIST_MINIPORT_RESERVED(List)[0];
    Flatten(Adapter, Nb, Receive->Data);
    NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(List)) = NET_BUFFER_DATA_LENGTH(Nb);
    NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
    NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
    if (Few)
        Flags |= NDIS_RECEIVE_FLAGS_RESOURCES;
    Adapter->Received++;
    NdisMIndicateReceiveNetBufferLists(Adapter->Handle, List, 0, 1, Flags);
    if (Few)
        GiveReceives(Adapter, List);
}

static VOID Complete(PLOOP_ADAPTER Adapter, PNET_BUFFER_LIST List)
{
    BOOLEAN PauseComplete;
    PNET_BUFFER Nb;

    for (Nb = NET_BUFFER_LIST_FIRST_NB(List); Nb != NULL; Nb = NET_BUFFER_NEXT_NB(Nb)) {
        PSCATTER_GATHER_LIST Sg = BUFFER_SG(Nb);

        Indicate(Adapter, Nb);
        Adapter->Sent++;
        NdisMFreeNetBufferSGList(Adapter->Dma, Sg, Nb);
    }
    NdisMSendNetBufferListsComplete(Adapter->Handle, List, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    NdisDprAcquireSpinLock(&Adapter->Lock);
    PauseComplete = Release(Adapter, 1);
    NdisDprReleaseSpinLock(&Adapter->Lock);
    if (PauseComplete)
        NdisMPauseComplete(Adapter->Handle);
}

/* Sends complete in order: only one DPC at a time takes them. */
VOID NTAPI LoopDpc(NDIS_HANDLE MiniportInterruptContext, PVOID MiniportDpcContext,
                   PVOID ReceiveThrottleParameters, PVOID NdisReserved2)
{
    PLOOP_ADAPTER Adapter = MiniportInterruptContext;
    PNDIS_RECEIVE_THROTTLE_PARAMETERS Throttle = ReceiveThrottleParameters;
    PNET_BUFFER_LIST List;
    ULONG Indicated = 0;

    UNREFERENCED_PARAMETER(NdisReserved2);
    CHECK(Adapter, KeGetCurrentIrql() == DISPATCH_LEVEL, KeGetCurrentIrql());
    if (MiniportDpcContext == &Adapter->DpcsSeen) { /* of LoopCheckLate */
        InterlockedExchangeAdd((PLONG)&Adapter->DpcsSeen, 1 << (8 * NdisCurrentProcessorIndex()));
        return;
    }
    CHECK(Adapter, MiniportDpcContext == Adapter, MiniportDpcContext);
    NdisDprAcquireSpinLock(&Adapter->Lock);
    if (Adapter->DpcQueued) { /* on the other processor: it takes what there is */
        NdisDprReleaseSpinLock(&Adapter->Lock);
        return;
    }
    Adapter->DpcQueued = TRUE;
    while ((List = Adapter->DoneFirst) != NULL && Indicated + 16 <= Throttle->MaxNblsToIndicate) {
        PNET_BUFFER Nb;

        for (Nb = NET_BUFFER_LIST_FIRST_NB(List); Nb != NULL; Nb = NET_BUFFER_NEXT_NB(Nb))
            Indicated++;
        Adapter->DoneFirst = NET_BUFFER_LIST_NEXT_NBL(List);
        if (Adapter->DoneFirst == NULL)
            Adapter->DoneLast = NULL;
        NdisDprReleaseSpinLock(&Adapter->Lock);
        NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
        Complete(Adapter, List);
        NdisDprAcquireSpinLock(&Adapter->Lock);
    }
    Adapter->DpcQueued = FALSE;
    List = Adapter->DoneFirst;
    NdisDprReleaseSpinLock(&Adapter->Lock);
    if (List != NULL)
        Throttle->MoreNblsPending = TRUE;
}

/* The timer that LoopCheckEarly sets. */
VOID NTAPI LoopTimer(PVOID SystemSpecific1, PVOID FunctionContext, PVOID SystemSpecific2,
                     PVOID SystemSpecific3)
{
    PLOOP_ADAPTER Adapter = FunctionContext;

    UNREFERENCED_PARAMETER(SystemSpecific1);
    UNREFERENCED_PARAMETER(SystemSpecific2);
    UNREFERENCED_PARAMETER(SystemSpecific3);
    CHECK(Adapter, KeGetCurrentIrql() == DISPATCH_LEVEL, KeGetCurrentIrql());
    Adapter->Fired++;
    NdisSetEvent(&Adapter->Event);
}
