/* SPDX-License-Identifier: MIT */
/*
 * The path of a frame: MiniportSendNetBufferLists puts lists into Sends; CablePump copies their frames into
 * receive buffers of the other adapters as long as these have any; CableDpc indicates them; CableReturn brings
 * the buffers back, and lets the senders go on that waited. No frame is lost for want of a buffer.
 */
#include "cable.h"

#define CABLE_BATCH 64 /* lists that are sent before the lock is let go */

/* ---- Chains ---- */

VOID CableAppend(PCABLE_CHAIN Chain, PNET_BUFFER_LIST NetBufferList)
{
    NET_BUFFER_LIST_NEXT_NBL(NetBufferList) = NULL;
    if (Chain->First == NULL)
        Chain->First = NetBufferList;
    else
        NET_BUFFER_LIST_NEXT_NBL(Chain->Last) = NetBufferList;
    Chain->Last = NetBufferList;
    Chain->Count++;
}

PNET_BUFFER_LIST CableTakeFirst(PCABLE_CHAIN Chain)
{
    PNET_BUFFER_LIST First = Chain->First;

    if (First == NULL)
        return NULL;
    Chain->First = NET_BUFFER_LIST_NEXT_NBL(First);
    Chain->Count--;
    NET_BUFFER_LIST_NEXT_NBL(First) = NULL;
    return First;
}

/* ---- Who receives a frame ---- */

CABLE_KIND CableKindOf(const UCHAR *Address)
{
    static const UCHAR Broadcast[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

    if (NdisEqualMemory(Address, Broadcast, ETH_LENGTH_OF_ADDRESS))
        return CableBroadcast;
    return Address[0] & 1 ? CableMulticast : CableDirected;
}

static BOOLEAN CableInGroup(PCABLE_ADAPTER Adapter, const UCHAR *Address)
{
    ULONG i;

    for (i = 0; i < Adapter->GroupCount; i++)
        if (NdisEqualMemory(Adapter->Groups[i], Address, ETH_LENGTH_OF_ADDRESS))
            return TRUE;
    return FALSE;
}

static BOOLEAN CableWants(PCABLE_ADAPTER Adapter, const UCHAR *Address)
{
    ULONG Filter = Adapter->Filter;

    if (!Adapter->Running)
        return FALSE;
    if (Filter & NDIS_PACKET_TYPE_PROMISCUOUS)
        return TRUE;
    switch (CableKindOf(Address)) {
    case CableBroadcast:
        return (Filter & NDIS_PACKET_TYPE_BROADCAST) != 0;
    case CableMulticast:
        return (Filter & NDIS_PACKET_TYPE_ALL_MULTICAST) != 0 ||
               ((Filter & NDIS_PACKET_TYPE_MULTICAST) != 0 && CableInGroup(Adapter, Address));
    default:
        return (Filter & NDIS_PACKET_TYPE_DIRECTED) != 0 &&
               NdisEqualMemory(Adapter->Address, Address, ETH_LENGTH_OF_ADDRESS);
    }
}

static VOID CableCount(CABLE_TRAFFIC *Traffic, const UCHAR *Address, ULONG Length)
{
    CABLE_KIND Kind = CableKindOf(Address);

    Traffic->Frames[Kind]++;
    Traffic->Bytes[Kind] += Length;
}

/* ---- Onto the cable ---- */

static VOID CableReceive(PCABLE_ADAPTER Adapter, ULONG Length)
{
    PNET_BUFFER_LIST NetBufferList = CableTakeFirst(&Adapter->Free);
    PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(NetBufferList);

    NdisMoveMemory(MmGetMdlVirtualAddress(NET_BUFFER_FIRST_MDL(NetBuffer)), Cable.Frame, Length);
    NET_BUFFER_DATA_LENGTH(NetBuffer) = Length;
    CableAppend(&Adapter->Received, NetBufferList);
    Adapter->Away++;
    CableCount(&Adapter->Taken, Cable.Frame, Length);
    KeInsertQueueDpc(&Adapter->Dpc, NULL, NULL);
}

BOOLEAN CablePut(PCABLE_ADAPTER From, ULONG Length)
{
    PCABLE_ADAPTER To;

    for (To = Cable.Adapters; To != NULL; To = To->Next)
        if (To != From && To->Free.First == NULL && CableWants(To, Cable.Frame)) {
            To->NoBuffer++;
            return FALSE;
        }
    for (To = Cable.Adapters; To != NULL; To = To->Next)
        if (To != From && CableWants(To, Cable.Frame))
            CableReceive(To, Length);
    if (From != NULL)
        CableDeviceOffer(Length);
    return TRUE;
}

/* ---- Sends ---- */

/* Sends one frame. FALSE: it has to wait. */
static BOOLEAN CableSendFrame(PCABLE_ADAPTER Adapter, PNET_BUFFER_LIST NetBufferList,
                              PNET_BUFFER NetBuffer)
{
    ULONG Length = NET_BUFFER_DATA_LENGTH(NetBuffer);
    PVOID Data;

    if (Length < CABLE_FRAME_MIN || Length > CABLE_FRAME_MAX) {
        Adapter->Sent.Errors++;
        NET_BUFFER_LIST_STATUS(NetBufferList) = NDIS_STATUS_INVALID_LENGTH;
        return TRUE;
    }
    Data = NdisGetDataBuffer(NetBuffer, Length, Cable.Frame, 1, 0);
    if (Data == NULL) {
        Adapter->Sent.Errors++;
        NET_BUFFER_LIST_STATUS(NetBufferList) = NDIS_STATUS_RESOURCES;
        return TRUE;
    }
    if (Data != Cable.Frame)
        NdisMoveMemory(Cable.Frame, Data, Length);
    if (!CablePut(Adapter, Length))
        return FALSE;
    CableCount(&Adapter->Sent, Cable.Frame, Length);
    return TRUE;
}

/* Sends what is left of a list. FALSE: a frame of it has to wait. */
static BOOLEAN CableSendList(PCABLE_ADAPTER Adapter, PNET_BUFFER_LIST NetBufferList)
{
    PNET_BUFFER NetBuffer = Adapter->SendNext;

    if (NetBuffer == NULL) {
        NetBuffer = NET_BUFFER_LIST_FIRST_NB(NetBufferList);
        NET_BUFFER_LIST_STATUS(NetBufferList) = NDIS_STATUS_SUCCESS;
    }
    for (; NetBuffer != NULL; NetBuffer = NET_BUFFER_NEXT_NB(NetBuffer)) {
        Adapter->SendNext = NetBuffer;
        if (!CableSendFrame(Adapter, NetBufferList, NetBuffer))
            return FALSE;
    }
    Adapter->SendNext = NULL;
    return TRUE;
}

/* Gives lists back to NDIS that are in no chain of the adapter any more. */
static VOID CableComplete(PCABLE_ADAPTER Adapter, PCABLE_CHAIN Done)
{
    BOOLEAN PauseEnds;

    if (Done->First == NULL)
        return;
    NdisMSendNetBufferListsComplete(Adapter->Handle, Done->First, 0);
    NdisAcquireSpinLock(&Cable.Lock);
    Adapter->Sending -= Done->Count;
    PauseEnds = CablePauseEnds(Adapter);
    NdisReleaseSpinLock(&Cable.Lock);
    if (PauseEnds)
        NdisMPauseComplete(Adapter->Handle);
}

/* IRQL <= DISPATCH_LEVEL. */
static VOID CablePump(PCABLE_ADAPTER Adapter)
{
    BOOLEAN More = TRUE;

    while (More) {
        CABLE_CHAIN Done = {NULL, NULL, 0};

        NdisAcquireSpinLock(&Cable.Lock);
        while (Done.Count < CABLE_BATCH && Adapter->Sends.First != NULL &&
               CableSendList(Adapter, Adapter->Sends.First))
            CableAppend(&Done, CableTakeFirst(&Adapter->Sends));
        More = Done.Count == CABLE_BATCH;
        NdisReleaseSpinLock(&Cable.Lock);
        CableComplete(Adapter, &Done);
    }
}

VOID NTAPI CableSend(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
                     NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    PCABLE_ADAPTER Adapter = (PCABLE_ADAPTER)MiniportAdapterContext;
    CABLE_CHAIN Refused = {NULL, NULL, 0};
    PNET_BUFFER_LIST Next;

    UNREFERENCED_PARAMETER(PortNumber);
    UNREFERENCED_PARAMETER(SendFlags);
    NdisAcquireSpinLock(&Cable.Lock);
    for (; NetBufferList != NULL; NetBufferList = Next) {
        Next = NET_BUFFER_LIST_NEXT_NBL(NetBufferList);
        if (!Adapter->Running)
            NET_BUFFER_LIST_STATUS(NetBufferList) = NDIS_STATUS_PAUSED;
        CableAppend(Adapter->Running ? &Adapter->Sends : &Refused, NetBufferList);
        Adapter->Sending++;
    }
    NdisReleaseSpinLock(&Cable.Lock);
    CableComplete(Adapter, &Refused);
    CablePump(Adapter);
}

/* Takes the lists out of Sends that `CancelId` marks, or all. The frame whose turn it is begins anew. */
static VOID CableTakeSends(PCABLE_ADAPTER Adapter, PVOID CancelId, BOOLEAN All, NDIS_STATUS Status,
                           PCABLE_CHAIN Taken)
{
    CABLE_CHAIN Kept = {NULL, NULL, 0};
    PNET_BUFFER_LIST First = Adapter->Sends.First, NetBufferList;

    while ((NetBufferList = CableTakeFirst(&Adapter->Sends)) != NULL) {
        if (!All && NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(NetBufferList) != CancelId) {
            CableAppend(&Kept, NetBufferList);
            continue;
        }
        if (NetBufferList == First)
            Adapter->SendNext = NULL;
        NET_BUFFER_LIST_STATUS(NetBufferList) = Status;
        CableAppend(Taken, NetBufferList);
    }
    Adapter->Sends = Kept;
}

VOID CableFailSends(PCABLE_ADAPTER Adapter, NDIS_STATUS Status)
{
    CABLE_CHAIN Failed = {NULL, NULL, 0};

    NdisAcquireSpinLock(&Cable.Lock);
    CableTakeSends(Adapter, NULL, TRUE, Status, &Failed);
    NdisReleaseSpinLock(&Cable.Lock);
    CableComplete(Adapter, &Failed);
}

VOID NTAPI CableCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    PCABLE_ADAPTER Adapter = (PCABLE_ADAPTER)MiniportAdapterContext;
    CABLE_CHAIN Aborted = {NULL, NULL, 0};

    NdisAcquireSpinLock(&Cable.Lock);
    CableTakeSends(Adapter, CancelId, FALSE, NDIS_STATUS_SEND_ABORTED, &Aborted);
    NdisReleaseSpinLock(&Cable.Lock);
    CableComplete(Adapter, &Aborted);
}

/* ---- Receives ---- */

VOID CableDropReceived(PCABLE_ADAPTER Adapter)
{
    PNET_BUFFER_LIST NetBufferList;

    while ((NetBufferList = CableTakeFirst(&Adapter->Received)) != NULL) {
        CableAppend(&Adapter->Free, NetBufferList);
        Adapter->Away--;
    }
}

BOOLEAN CablePauseEnds(PCABLE_ADAPTER Adapter)
{
    if (!Adapter->PausePending || Adapter->Away != 0 || Adapter->Sending != 0)
        return FALSE;
    Adapter->PausePending = FALSE;
    return TRUE;
}

/* NDIS returns a list with what drivers above have left in it. */
static VOID CablePrepare(PCABLE_ADAPTER Adapter, PNET_BUFFER_LIST NetBufferList)
{
    for (; NetBufferList != NULL; NetBufferList = NET_BUFFER_LIST_NEXT_NBL(NetBufferList)) {
        NdisZeroMemory(NetBufferList->NetBufferListInfo, sizeof(NetBufferList->NetBufferListInfo));
        NET_BUFFER_LIST_STATUS(NetBufferList) = NDIS_STATUS_SUCCESS;
        NetBufferList->SourceHandle = Adapter->Handle;
    }
}

/* What was sent to this adapter is indicated; what waits to be sent by it is tried again. */
VOID NTAPI CableDpc(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
    PCABLE_ADAPTER Adapter = (PCABLE_ADAPTER)DeferredContext;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
    NdisDprAcquireSpinLock(&Cable.Lock);
    while (!Adapter->Indicating && Adapter->Running && Adapter->Received.First != NULL) {
        CABLE_CHAIN Chain = Adapter->Received;

        NdisZeroMemory(&Adapter->Received, sizeof(Adapter->Received));
        Adapter->Indicating = TRUE;
        NdisDprReleaseSpinLock(&Cable.Lock);
        CablePrepare(Adapter, Chain.First);
        NdisMIndicateReceiveNetBufferLists(Adapter->Handle, Chain.First, NDIS_DEFAULT_PORT_NUMBER,
                                           Chain.Count, NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
        NdisDprAcquireSpinLock(&Cable.Lock);
        Adapter->Indicating = FALSE;
    }
    NdisDprReleaseSpinLock(&Cable.Lock);
    CablePump(Adapter);
}

VOID NTAPI CableReturn(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                       ULONG ReturnFlags)
{
    PCABLE_ADAPTER Adapter = (PCABLE_ADAPTER)MiniportAdapterContext, Other;
    PNET_BUFFER_LIST Next;
    BOOLEAN PauseEnds;

    UNREFERENCED_PARAMETER(ReturnFlags);
    NdisAcquireSpinLock(&Cable.Lock);
    for (; NetBufferLists != NULL; NetBufferLists = Next) {
        Next = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists);
        CableAppend(&Adapter->Free, NetBufferLists);
        Adapter->Away--;
    }
    for (Other = Cable.Adapters; Other != NULL; Other = Other->Next)
        if (Other->Sends.First != NULL)
            KeInsertQueueDpc(&Other->Dpc, NULL, NULL);
    PauseEnds = CablePauseEnds(Adapter);
    NdisReleaseSpinLock(&Cable.Lock);
    if (PauseEnds)
        NdisMPauseComplete(Adapter->Handle);
}
