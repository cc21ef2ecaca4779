/* SPDX-License-Identifier: MIT */
/* OID requests. NDIS answers by itself what MiniportInitializeEx told it: addresses, link, medium. */
#include "cable.h"

#define CABLE_VENDOR  0xFFFFFF /* no IEEE vendor code */
#define CABLE_VERSION 0x00010000

NDIS_OID CableOids[] = {OID_GEN_MAXIMUM_FRAME_SIZE,
                        OID_GEN_MAXIMUM_TOTAL_SIZE,
                        OID_GEN_TRANSMIT_BLOCK_SIZE,
                        OID_GEN_RECEIVE_BLOCK_SIZE,
                        OID_GEN_TRANSMIT_BUFFER_SPACE,
                        OID_GEN_RECEIVE_BUFFER_SPACE,
                        OID_GEN_MAXIMUM_LOOKAHEAD,
                        OID_GEN_CURRENT_LOOKAHEAD,
                        OID_GEN_CURRENT_PACKET_FILTER,
                        OID_GEN_VENDOR_ID,
                        OID_GEN_VENDOR_DESCRIPTION,
                        OID_GEN_VENDOR_DRIVER_VERSION,
                        OID_GEN_INTERRUPT_MODERATION,
                        OID_GEN_LINK_PARAMETERS,
                        OID_GEN_STATISTICS,
                        OID_GEN_XMIT_OK,
                        OID_GEN_RCV_OK,
                        OID_GEN_XMIT_ERROR,
                        OID_GEN_RCV_ERROR,
                        OID_GEN_RCV_NO_BUFFER,
                        OID_802_3_PERMANENT_ADDRESS,
                        OID_802_3_CURRENT_ADDRESS,
                        OID_802_3_MULTICAST_LIST,
                        OID_802_3_MAXIMUM_LIST_SIZE,
                        OID_802_3_RCV_ERROR_ALIGNMENT,
                        OID_802_3_XMIT_ONE_COLLISION,
                        OID_802_3_XMIT_MORE_COLLISIONS,
                        OID_PNP_QUERY_POWER,
                        OID_PNP_SET_POWER};
const ULONG CableOidsLength = sizeof(CableOids);

/* ---- Queries ---- */

static NDIS_STATUS CableAnswer(PNDIS_OID_REQUEST Request, const VOID *Data, ULONG Length)
{
    if (Request->DATA.QUERY_INFORMATION.InformationBufferLength < Length) {
        Request->DATA.QUERY_INFORMATION.BytesNeeded = Length;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    NdisMoveMemory(Request->DATA.QUERY_INFORMATION.InformationBuffer, Data, Length);
    Request->DATA.QUERY_INFORMATION.BytesWritten = Length;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS CableAnswerNumber(PNDIS_OID_REQUEST Request, ULONG Number)
{
    return CableAnswer(Request, &Number, sizeof(Number));
}

/* A counter has 64 bits. A request with 4 bytes gets the low ones, and learns that there are more. */
static NDIS_STATUS CableAnswerCounter(PNDIS_OID_REQUEST Request, ULONG64 Counter)
{
    ULONG Low = (ULONG)Counter;

    if (Request->DATA.QUERY_INFORMATION.InformationBufferLength >= sizeof(Counter))
        return CableAnswer(Request, &Counter, sizeof(Counter));
    if (Request->DATA.QUERY_INFORMATION.InformationBufferLength < sizeof(Low))
        return CableAnswer(Request, &Counter, sizeof(Counter));
    Request->DATA.QUERY_INFORMATION.BytesNeeded = sizeof(Counter);
    return CableAnswer(Request, &Low, sizeof(Low));
}

static ULONG64 CableFrames(const CABLE_TRAFFIC *Traffic)
{
    return Traffic->Frames[CableDirected] + Traffic->Frames[CableMulticast] +
           Traffic->Frames[CableBroadcast];
}

static ULONG64 CableBytes(const CABLE_TRAFFIC *Traffic)
{
    return Traffic->Bytes[CableDirected] + Traffic->Bytes[CableMulticast] +
           Traffic->Bytes[CableBroadcast];
}

/* A copy, so that the numbers of one answer belong together. */
static VOID CableReadTraffic(PCABLE_ADAPTER Adapter, CABLE_TRAFFIC *Sent, CABLE_TRAFFIC *Taken)
{
    NdisAcquireSpinLock(&Cable.Lock);
    *Sent = Adapter->Sent;
    *Taken = Adapter->Taken;
    NdisReleaseSpinLock(&Cable.Lock);
}

/* No frame is lost at the receiver: without a buffer the sender waits. */
static NDIS_STATUS CableStatistics(PCABLE_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    NDIS_STATISTICS_INFO Info;
    CABLE_TRAFFIC Sent, Taken;

    CableReadTraffic(Adapter, &Sent, &Taken);
    NdisZeroMemory(&Info, sizeof(Info));
    Info.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Info.Header.Revision = NDIS_STATISTICS_INFO_REVISION_1;
    Info.Header.Size = NDIS_SIZEOF_STATISTICS_INFO_REVISION_1;
    Info.SupportedStatistics =
        NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_RCV | NDIS_STATISTICS_FLAGS_VALID_BYTES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_RCV_DISCARDS | NDIS_STATISTICS_FLAGS_VALID_RCV_ERROR |
        NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_XMIT |
        NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_XMIT |
        NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_XMIT | NDIS_STATISTICS_FLAGS_VALID_BYTES_XMIT |
        NDIS_STATISTICS_FLAGS_VALID_XMIT_ERROR | NDIS_STATISTICS_FLAGS_VALID_XMIT_DISCARDS |
        NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_RCV |
        NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_XMIT |
        NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_XMIT |
        NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_XMIT;
    Info.ifHCInUcastPkts = Taken.Frames[CableDirected];
    Info.ifHCInMulticastPkts = Taken.Frames[CableMulticast];
    Info.ifHCInBroadcastPkts = Taken.Frames[CableBroadcast];
    Info.ifHCInUcastOctets = Taken.Bytes[CableDirected];
    Info.ifHCInMulticastOctets = Taken.Bytes[CableMulticast];
    Info.ifHCInBroadcastOctets = Taken.Bytes[CableBroadcast];
    Info.ifHCInOctets = CableBytes(&Taken);
    Info.ifHCOutUcastPkts = Sent.Frames[CableDirected];
    Info.ifHCOutMulticastPkts = Sent.Frames[CableMulticast];
    Info.ifHCOutBroadcastPkts = Sent.Frames[CableBroadcast];
    Info.ifHCOutUcastOctets = Sent.Bytes[CableDirected];
    Info.ifHCOutMulticastOctets = Sent.Bytes[CableMulticast];
    Info.ifHCOutBroadcastOctets = Sent.Bytes[CableBroadcast];
    Info.ifHCOutOctets = CableBytes(&Sent);
    Info.ifOutErrors = Sent.Errors;
    return CableAnswer(Request, &Info, sizeof(Info));
}

static NDIS_STATUS CableModeration(PNDIS_OID_REQUEST Request)
{
    NDIS_INTERRUPT_MODERATION_PARAMETERS Moderation;

    NdisZeroMemory(&Moderation, sizeof(Moderation));
    Moderation.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Moderation.Header.Revision = NDIS_INTERRUPT_MODERATION_PARAMETERS_REVISION_1;
    Moderation.Header.Size = NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1;
    Moderation.InterruptModeration = NdisInterruptModerationNotSupported;
    return CableAnswer(Request, &Moderation, sizeof(Moderation));
}

static NDIS_STATUS CableMulticastList(PCABLE_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    NDIS_STATUS Status;

    NdisAcquireSpinLock(&Cable.Lock);
    Status =
        CableAnswer(Request, Adapter->Groups, Adapter->GroupCount * (ULONG)ETH_LENGTH_OF_ADDRESS);
    NdisReleaseSpinLock(&Cable.Lock);
    return Status;
}

/* The OIDs that count. */
static NDIS_STATUS CableQueryCounter(PCABLE_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    CABLE_TRAFFIC Sent, Taken;

    CableReadTraffic(Adapter, &Sent, &Taken);
    switch (Request->DATA.QUERY_INFORMATION.Oid) {
    case OID_GEN_XMIT_OK:
        return CableAnswerCounter(Request, CableFrames(&Sent));
    case OID_GEN_RCV_OK:
        return CableAnswerCounter(Request, CableFrames(&Taken));
    case OID_GEN_XMIT_ERROR:
        return CableAnswerCounter(Request, Sent.Errors);
    case OID_GEN_RCV_ERROR:
    case OID_GEN_RCV_NO_BUFFER:
        return CableAnswerCounter(Request, 0);
    case OID_802_3_RCV_ERROR_ALIGNMENT:
    case OID_802_3_XMIT_ONE_COLLISION:
    case OID_802_3_XMIT_MORE_COLLISIONS:
        return CableAnswerNumber(Request, 0);
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS CableQuery(PCABLE_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    static const char Description[] = "Virtual cable";

    switch (Request->DATA.QUERY_INFORMATION.Oid) {
    case OID_GEN_MAXIMUM_FRAME_SIZE:
    case OID_GEN_MAXIMUM_LOOKAHEAD:
        return CableAnswerNumber(Request, CABLE_MTU);
    case OID_GEN_CURRENT_LOOKAHEAD:
        return CableAnswerNumber(Request, Adapter->Lookahead);
    case OID_GEN_MAXIMUM_TOTAL_SIZE:
    case OID_GEN_TRANSMIT_BLOCK_SIZE:
    case OID_GEN_RECEIVE_BLOCK_SIZE:
        return CableAnswerNumber(Request, CABLE_FRAME_MAX);
    case OID_GEN_TRANSMIT_BUFFER_SPACE:
    case OID_GEN_RECEIVE_BUFFER_SPACE:
        return CableAnswerNumber(Request, CABLE_FRAME_MAX * CABLE_BUFFERS);
    case OID_GEN_CURRENT_PACKET_FILTER:
        return CableAnswerNumber(Request, Adapter->Filter);
    case OID_GEN_VENDOR_ID:
        return CableAnswerNumber(Request, CABLE_VENDOR);
    case OID_GEN_VENDOR_DESCRIPTION:
        return CableAnswer(Request, Description, sizeof(Description));
    case OID_GEN_VENDOR_DRIVER_VERSION:
        return CableAnswerNumber(Request, CABLE_VERSION);
    case OID_GEN_INTERRUPT_MODERATION:
        return CableModeration(Request);
    case OID_GEN_STATISTICS:
        return CableStatistics(Adapter, Request);
    case OID_802_3_PERMANENT_ADDRESS:
        return CableAnswer(Request, Adapter->Permanent, sizeof(Adapter->Permanent));
    case OID_802_3_CURRENT_ADDRESS:
        return CableAnswer(Request, Adapter->Address, sizeof(Adapter->Address));
    case OID_802_3_MULTICAST_LIST:
        return CableMulticastList(Adapter, Request);
    case OID_802_3_MAXIMUM_LIST_SIZE:
        return CableAnswerNumber(Request, CABLE_GROUPS);
    case OID_PNP_QUERY_POWER: /* there is nothing that could not sleep */
        return NDIS_STATUS_SUCCESS;
    }
    return CableQueryCounter(Adapter, Request);
}

/* ---- Sets ---- */

static NDIS_STATUS CableSetGroups(PCABLE_ADAPTER Adapter, const VOID *Data, ULONG Length)
{
    if (Length % ETH_LENGTH_OF_ADDRESS != 0)
        return NDIS_STATUS_INVALID_LENGTH;
    if (Length > sizeof(Adapter->Groups))
        return NDIS_STATUS_MULTICAST_FULL;
    NdisAcquireSpinLock(&Cable.Lock);
    NdisMoveMemory(Adapter->Groups, Data, Length);
    Adapter->GroupCount = Length / ETH_LENGTH_OF_ADDRESS;
    NdisReleaseSpinLock(&Cable.Lock);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS CableSetNumber(PCABLE_ADAPTER Adapter, NDIS_OID Oid, ULONG Number)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;

    NdisAcquireSpinLock(&Cable.Lock);
    if (Oid == OID_GEN_CURRENT_LOOKAHEAD && Number <= CABLE_MTU)
        Adapter->Lookahead = Number;
    else if (Oid == OID_GEN_CURRENT_PACKET_FILTER && (Number & ~(ULONG)CABLE_FILTERS) == 0)
        Adapter->Filter = Number;
    else if (Oid != OID_PNP_SET_POWER || Number < NdisDeviceStateD0 || Number > NdisDeviceStateD3)
        Status = NDIS_STATUS_INVALID_DATA; /* NDIS pauses the adapter for sleep, and restarts it */
    NdisReleaseSpinLock(&Cable.Lock);
    return Status;
}

/* A set that is known, and cannot be done. */
static NDIS_STATUS CableRefuse(PNDIS_OID_REQUEST Request, ULONG Size, NDIS_STATUS Status)
{
    if (Request->DATA.SET_INFORMATION.InformationBufferLength >= Size)
        return Status;
    Request->DATA.SET_INFORMATION.BytesNeeded = Size;
    return NDIS_STATUS_INVALID_LENGTH;
}

static NDIS_STATUS CableSet(PCABLE_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    PVOID Data = Request->DATA.SET_INFORMATION.InformationBuffer;
    ULONG Length = Request->DATA.SET_INFORMATION.InformationBufferLength, Number;
    NDIS_OID Oid = Request->DATA.SET_INFORMATION.Oid;
    NDIS_STATUS Status;

    switch (Oid) {
    case OID_802_3_MULTICAST_LIST:
        Status = CableSetGroups(Adapter, Data, Length);
        break;
    case OID_GEN_CURRENT_LOOKAHEAD:
    case OID_GEN_CURRENT_PACKET_FILTER:
    case OID_PNP_SET_POWER:
        if (Length < sizeof(Number)) {
            Request->DATA.SET_INFORMATION.BytesNeeded = sizeof(Number);
            return NDIS_STATUS_INVALID_LENGTH;
        }
        Length = sizeof(Number);
        NdisMoveMemory(&Number, Data, sizeof(Number));
        Status = CableSetNumber(Adapter, Oid, Number);
        break;
    case OID_GEN_INTERRUPT_MODERATION: /* there is no interrupt */
        return CableRefuse(Request, NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1,
                           NDIS_STATUS_INVALID_DATA);
    case OID_GEN_LINK_PARAMETERS: /* a cable has one speed */
        return CableRefuse(Request, NDIS_SIZEOF_LINK_PARAMETERS_REVISION_1,
                           NDIS_STATUS_NOT_SUPPORTED);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (Status == NDIS_STATUS_SUCCESS)
        Request->DATA.SET_INFORMATION.BytesRead = Length;
    return Status;
}

NDIS_STATUS NTAPI CableOidRequest(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    PCABLE_ADAPTER Adapter = (PCABLE_ADAPTER)MiniportAdapterContext;

    switch (OidRequest->RequestType) {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
        return CableQuery(Adapter, OidRequest);
    case NdisRequestSetInformation:
        return CableSet(Adapter, OidRequest);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

/* No request is ever pending. */
VOID NTAPI CableCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RequestId);
}
