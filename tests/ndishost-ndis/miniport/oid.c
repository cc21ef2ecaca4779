/* SPDX-License-Identifier: MIT */
/* OIDs of the test miniport: some answered at once, one from a work item. */
#include "loop.h"

NDIS_OID LoopOids[] = {
    OID_GEN_VENDOR_ID,
    OID_GEN_VENDOR_DESCRIPTION,
    OID_GEN_VENDOR_DRIVER_VERSION,
    OID_GEN_STATISTICS,
    OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_CURRENT_LOOKAHEAD,
    OID_802_3_MULTICAST_LIST,
    OID_PNP_SET_POWER,
    OID_PNP_QUERY_POWER,
};
const ULONG LoopOidsLength = sizeof(LoopOids);

static NDIS_STATUS Answer(PNDIS_OID_REQUEST Request, const VOID *Data, ULONG Length)
{
    if (Request->DATA.QUERY_INFORMATION.InformationBufferLength < Length) {
        Request->DATA.QUERY_INFORMATION.BytesNeeded = Length;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    NdisMoveMemory(Request->DATA.QUERY_INFORMATION.InformationBuffer, Data, Length);
    Request->DATA.QUERY_INFORMATION.BytesWritten = Length;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS AnswerStatistics(PLOOP_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    NDIS_STATISTICS_INFO Statistics;

    NdisZeroMemory(&Statistics, sizeof(Statistics));
    Statistics.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Statistics.Header.Revision = NDIS_STATISTICS_INFO_REVISION_1;
    Statistics.Header.Size = NDIS_SIZEOF_STATISTICS_INFO_REVISION_1;
    Statistics.SupportedStatistics = NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_XMIT;
    Statistics.ifHCOutUcastPkts = Adapter->Sent;
    Statistics.ifHCInUcastPkts = Adapter->Received;
    return Answer(Request, &Statistics, NDIS_SIZEOF_STATISTICS_INFO_REVISION_1);
}

VOID NTAPI LoopCompleteOid(PVOID WorkItemContext, NDIS_HANDLE NdisIoWorkItemHandle)
{
    PLOOP_ADAPTER Adapter = WorkItemContext;
    PNDIS_OID_REQUEST Request = Adapter->PendingRequest;
    ULONG VendorId = 0x00414243;
    NDIS_STATUS Status = NDIS_STATUS_REQUEST_ABORTED;

    UNREFERENCED_PARAMETER(NdisIoWorkItemHandle);
    CHECK(Adapter, KeGetCurrentIrql() == PASSIVE_LEVEL, KeGetCurrentIrql());
    Adapter->PendingRequest = NULL;
    if (InterlockedExchange(&Adapter->Cancelled, FALSE) == FALSE)
        Status = Answer(Request, &VendorId, sizeof(VendorId));
    NdisMOidRequestComplete(Adapter->Handle, Request, Status);
}

/* Does the request of OID_PNP_SET_POWER or OID_PNP_QUERY_POWER name a state? */
static BOOLEAN ValidState(PNDIS_OID_REQUEST Request)
{
    PNDIS_DEVICE_POWER_STATE State = Request->DATA.SET_INFORMATION.InformationBuffer;

    return Request->DATA.SET_INFORMATION.InformationBufferLength == sizeof(*State) &&
           *State >= NdisDeviceStateD0 && *State <= NdisDeviceStateD3;
}

static NDIS_STATUS Query(PLOOP_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    static const char Description[] = "Loop";
    ULONG Version = 0x00010002;
    NDIS_STATUS Status;

    switch (Request->DATA.QUERY_INFORMATION.Oid) {
    case OID_GEN_VENDOR_ID:
        CHECK(Adapter, Adapter->PendingRequest == NULL, Adapter->PendingRequest);
        Adapter->PendingRequest = Request;
        Adapter->PendingId = Request->RequestId;
        Adapter->Cancelled = FALSE;
        NdisQueueIoWorkItem(Adapter->WorkItem, LoopCompleteOid, Adapter);
        return NDIS_STATUS_PENDING;
    case OID_GEN_VENDOR_DESCRIPTION:
        return Answer(Request, Description, sizeof(Description));
    case OID_GEN_VENDOR_DRIVER_VERSION:
        Status = Answer(Request, &Version, sizeof(Version));
        return Status;
    case OID_GEN_STATISTICS:
        return AnswerStatistics(Adapter, Request);
    case OID_PNP_QUERY_POWER:
        CHECK(Adapter, ValidState(Request) && !Adapter->Asleep, Adapter->Asleep);
        return NDIS_STATUS_SUCCESS;
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

/* NDIS pauses before it puts the adapter to sleep; it may say D0 also when it is awake. */
static VOID SetPower(PLOOP_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    BOOLEAN Asleep = *(PNDIS_DEVICE_POWER_STATE)Request->DATA.SET_INFORMATION.InformationBuffer !=
                     NdisDeviceStateD0;

    CHECK(Adapter, ValidState(Request), Request->DATA.SET_INFORMATION.InformationBufferLength);
    CHECK(Adapter, !Asleep || (!Adapter->Running && !Adapter->Asleep), Adapter->Running);
    NdisAcquireSpinLock(&Adapter->Lock);
    Adapter->Asleep = Asleep;
    NdisReleaseSpinLock(&Adapter->Lock);
}

static NDIS_STATUS Set(PLOOP_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    switch (Request->DATA.SET_INFORMATION.Oid) {
    case OID_GEN_CURRENT_PACKET_FILTER:
    case OID_GEN_CURRENT_LOOKAHEAD:
        if (Request->DATA.SET_INFORMATION.InformationBufferLength != sizeof(ULONG)) {
            Request->DATA.SET_INFORMATION.BytesNeeded = sizeof(ULONG);
            return NDIS_STATUS_INVALID_LENGTH;
        }
        break;
    case OID_802_3_MULTICAST_LIST:
        break;
    case OID_PNP_SET_POWER:
        SetPower(Adapter, Request);
        break;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    Request->DATA.SET_INFORMATION.BytesRead = Request->DATA.SET_INFORMATION.InformationBufferLength;
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NTAPI LoopOidRequest(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    PLOOP_ADAPTER Adapter = MiniportAdapterContext;

    CHECK(Adapter, OidRequest->Header.Type == NDIS_OBJECT_TYPE_OID_REQUEST,
          OidRequest->Header.Type);
    CHECK(Adapter, OidRequest->Header.Size >= NDIS_SIZEOF_OID_REQUEST_REVISION_1,
          OidRequest->Header.Size);
    CHECK(Adapter, KeGetCurrentIrql() == PASSIVE_LEVEL, KeGetCurrentIrql());
    CHECK(Adapter, !Adapter->Asleep || OidRequest->DATA.SET_INFORMATION.Oid == OID_PNP_SET_POWER,
          OidRequest->DATA.SET_INFORMATION.Oid);
    switch (OidRequest->RequestType) {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
        return Query(Adapter, OidRequest);
    case NdisRequestSetInformation:
        return Set(Adapter, OidRequest);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

VOID NTAPI LoopCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    PLOOP_ADAPTER Adapter = MiniportAdapterContext;

    CHECK(Adapter, KeGetCurrentIrql() <= DISPATCH_LEVEL, KeGetCurrentIrql());
    if (RequestId == Adapter->PendingId)
        InterlockedExchange(&Adapter->Cancelled, TRUE);
}
