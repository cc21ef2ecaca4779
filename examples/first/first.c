/* SPDX-License-Identifier: MIT */
/*
 * first.c: a complete miniport for NDIS 6.20 in one file, the example of docs/ndishost.md. It has no hardware: it
 * completes each frame that is sent, and no frame ever comes. With -DBREAK=1 it completes each list twice.
 */
#include <ndis.h>

#define TAG        0x74737246 /* "Frst" */
#define FRAME_DATA 1500
#define FRAME_MIN  14 /* an Ethernet header */
#define FRAME_MAX  1514
#define LIST_MAX   32
#define SPEED      1000000000 /* bits per second */

typedef struct _FIRST_ADAPTER {
    NDIS_HANDLE Handle;
    BOOLEAN Running;
    ULONG PacketFilter;
    ULONG Lookahead;
    ULONG64 Sent;
    ULONG64 Completed; /* chains of lists */
} FIRST_ADAPTER, *PFIRST_ADAPTER;

static NDIS_HANDLE Driver;
static const UCHAR Address[6] = {0x02, 0x46, 0x69, 0x72, 0x73, 0x74};
static const NDIS_OID Oids[] = {
    OID_GEN_SUPPORTED_LIST,
    OID_GEN_HARDWARE_STATUS,
    OID_GEN_MAXIMUM_TOTAL_SIZE,
    OID_GEN_VENDOR_ID,
    OID_GEN_VENDOR_DESCRIPTION,
    OID_GEN_VENDOR_DRIVER_VERSION,
    OID_GEN_XMIT_OK,
    OID_GEN_RCV_OK,
    OID_GEN_TRANSMIT_BUFFER_SPACE,
    OID_GEN_TRANSMIT_BLOCK_SIZE,
    OID_GEN_RECEIVE_BUFFER_SPACE,
    OID_GEN_RECEIVE_BLOCK_SIZE,
    OID_GEN_CURRENT_PACKET_FILTER,
    OID_GEN_CURRENT_LOOKAHEAD,
    OID_GEN_INTERRUPT_MODERATION,
    OID_GEN_LINK_PARAMETERS,
    OID_802_3_MULTICAST_LIST,
};

DRIVER_INITIALIZE DriverEntry;
static MINIPORT_UNLOAD FirstUnload;
static MINIPORT_INITIALIZE FirstInitialize;
static MINIPORT_HALT FirstHalt;
static MINIPORT_PAUSE FirstPause;
static MINIPORT_RESTART FirstRestart;
static MINIPORT_OID_REQUEST FirstOidRequest;
static MINIPORT_CANCEL_OID_REQUEST FirstCancelOidRequest;
static MINIPORT_SEND_NET_BUFFER_LISTS FirstSend;
static MINIPORT_CANCEL_SEND FirstCancelSend;
static MINIPORT_RETURN_NET_BUFFER_LISTS FirstReturn;
static MINIPORT_DEVICE_PNP_EVENT_NOTIFY FirstPnpEvent;
static MINIPORT_SHUTDOWN FirstShutdown;

/* ---- Frames ---- */

static VOID FirstComplete(PFIRST_ADAPTER Adapter, PNET_BUFFER_LIST Lists, ULONG Flags)
{
    NdisMSendNetBufferListsComplete(Adapter->Handle, Lists, Flags);
    Adapter->Completed++;
}

/* A list is sent with all of its frames, or not at all. */
static NDIS_STATUS FirstCheck(PFIRST_ADAPTER Adapter, PNET_BUFFER_LIST List)
{
    PNET_BUFFER Frame = NET_BUFFER_LIST_FIRST_NB(List);

    if (!Adapter->Running)
        return NDIS_STATUS_PAUSED;
    if (Frame == NULL)
        return NDIS_STATUS_FAILURE;
    for (; Frame != NULL; Frame = NET_BUFFER_NEXT_NB(Frame))
        if (NET_BUFFER_DATA_LENGTH(Frame) < FRAME_MIN || NET_BUFFER_DATA_LENGTH(Frame) > FRAME_MAX)
            return NDIS_STATUS_INVALID_LENGTH;
    return NDIS_STATUS_SUCCESS;
}

static VOID NTAPI FirstSend(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
                            NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    PFIRST_ADAPTER Adapter = (PFIRST_ADAPTER)MiniportAdapterContext;
    PNET_BUFFER_LIST List;
    PNET_BUFFER Frame;
    ULONG Flags = 0;

    UNREFERENCED_PARAMETER(PortNumber);
    if (NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags))
        Flags |= NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL;
    for (List = NetBufferList; List != NULL; List = NET_BUFFER_LIST_NEXT_NBL(List)) {
        NET_BUFFER_LIST_STATUS(List) = FirstCheck(Adapter, List);
        if (NET_BUFFER_LIST_STATUS(List) != NDIS_STATUS_SUCCESS)
            continue;
        for (Frame = NET_BUFFER_LIST_FIRST_NB(List); Frame != NULL;
             Frame = NET_BUFFER_NEXT_NB(Frame))
            Adapter->Sent++;
    }
    FirstComplete(Adapter, NetBufferList, Flags);
#if BREAK
    FirstComplete(Adapter, NetBufferList, Flags);
#endif
}

static VOID NTAPI FirstCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext); /* nothing waits */
    UNREFERENCED_PARAMETER(CancelId);
}

static VOID NTAPI FirstReturn(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                              ULONG ReturnFlags)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext); /* nothing was indicated */
    UNREFERENCED_PARAMETER(NetBufferLists);
    UNREFERENCED_PARAMETER(ReturnFlags);
}

/* ---- OIDs ---- */

/* Answers a query of a list, a text or a counter. A counter of 64 bits fits a buffer of 32, too. */
static NDIS_STATUS FirstAnswer(PNDIS_OID_REQUEST Request, const VOID *Data, ULONG Length,
                               BOOLEAN Counter)
{
    ULONG Room = Request->DATA.QUERY_INFORMATION.InformationBufferLength;

    Request->DATA.QUERY_INFORMATION.BytesNeeded = Length;
    if (Counter && Room >= sizeof(ULONG) && Room < Length)
        Length = sizeof(ULONG);
    if (Room < Length)
        return NDIS_STATUS_INVALID_LENGTH;
    NdisMoveMemory(Request->DATA.QUERY_INFORMATION.InformationBuffer, Data, Length);
    Request->DATA.QUERY_INFORMATION.BytesWritten = Length;
    return NDIS_STATUS_SUCCESS;
}

static const CHAR Description[] = "First Example Adapter";
static const ULONG Ready = NdisHardwareStatusReady, FrameMax = FRAME_MAX;
static const ULONG Vendor = 0xFFFFFF; /* one without a code of the IEEE */
static const ULONG Version = 0x00010000;

static const struct {
    NDIS_OID Oid;
    const VOID *Data;
    ULONG Length;
} Constants[] = {
    {OID_GEN_SUPPORTED_LIST, Oids, sizeof(Oids)},
    {OID_GEN_HARDWARE_STATUS, &Ready, sizeof(Ready)},
    {OID_GEN_VENDOR_ID, &Vendor, sizeof(Vendor)},
    {OID_GEN_VENDOR_DESCRIPTION, Description, sizeof(Description)},
    {OID_GEN_VENDOR_DRIVER_VERSION, &Version, sizeof(Version)},
    {OID_GEN_MAXIMUM_TOTAL_SIZE, &FrameMax, sizeof(FrameMax)},
    {OID_GEN_TRANSMIT_BLOCK_SIZE, &FrameMax, sizeof(FrameMax)},
    {OID_GEN_RECEIVE_BLOCK_SIZE, &FrameMax, sizeof(FrameMax)},
    {OID_GEN_TRANSMIT_BUFFER_SPACE, &FrameMax, sizeof(FrameMax)},
    {OID_GEN_RECEIVE_BUFFER_SPACE, &FrameMax, sizeof(FrameMax)},
};

static NDIS_STATUS FirstModeration(PNDIS_OID_REQUEST Request)
{
    NDIS_INTERRUPT_MODERATION_PARAMETERS Moderation;

    NdisZeroMemory(&Moderation, sizeof(Moderation));
    Moderation.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Moderation.Header.Revision = NDIS_INTERRUPT_MODERATION_PARAMETERS_REVISION_1;
    Moderation.Header.Size = NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1;
    Moderation.InterruptModeration = NdisInterruptModerationNotSupported;
    return FirstAnswer(Request, &Moderation, sizeof(Moderation), FALSE);
}

static NDIS_STATUS FirstQuery(PFIRST_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    ULONG64 Count = 0;
    ULONG Value = 0;
    ULONG i;

    for (i = 0; i < sizeof(Constants) / sizeof(Constants[0]); i++)
        if (Constants[i].Oid == Request->DATA.QUERY_INFORMATION.Oid)
            return FirstAnswer(Request, Constants[i].Data, Constants[i].Length, FALSE);
    switch (Request->DATA.QUERY_INFORMATION.Oid) {
    case OID_GEN_XMIT_OK:
        Count = Adapter->Sent;
        return FirstAnswer(Request, &Count, sizeof(Count), TRUE);
    case OID_GEN_RCV_OK:
        return FirstAnswer(Request, &Count, sizeof(Count), TRUE);
    case OID_GEN_INTERRUPT_MODERATION:
        return FirstModeration(Request);
    case OID_GEN_CURRENT_PACKET_FILTER:
        Value = Adapter->PacketFilter;
        break;
    case OID_GEN_CURRENT_LOOKAHEAD:
        Value = Adapter->Lookahead;
        break;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    return FirstAnswer(Request, &Value, sizeof(Value), FALSE);
}

/* A set that is known, and cannot be done. */
static NDIS_STATUS FirstRefuse(PNDIS_OID_REQUEST Request, ULONG Size, NDIS_STATUS Status)
{
    if (Request->DATA.SET_INFORMATION.InformationBufferLength >= Size)
        return Status;
    Request->DATA.SET_INFORMATION.BytesNeeded = Size;
    return NDIS_STATUS_INVALID_LENGTH;
}

static NDIS_STATUS FirstSet(PFIRST_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    ULONG Length = Request->DATA.SET_INFORMATION.InformationBufferLength;
    ULONG *Value = NULL;

    switch (Request->DATA.SET_INFORMATION.Oid) {
    case OID_GEN_CURRENT_PACKET_FILTER:
        Value = &Adapter->PacketFilter;
        break;
    case OID_GEN_CURRENT_LOOKAHEAD:
        Value = &Adapter->Lookahead;
        break;
    case OID_GEN_INTERRUPT_MODERATION: /* there is no interrupt */
        return FirstRefuse(Request, NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1,
                           NDIS_STATUS_INVALID_DATA);
    case OID_GEN_LINK_PARAMETERS: /* there is one speed */
        return FirstRefuse(Request, NDIS_SIZEOF_LINK_PARAMETERS_REVISION_1,
                           NDIS_STATUS_NOT_SUPPORTED);
    case OID_802_3_MULTICAST_LIST: /* no frame ever comes, so nothing depends on it */
        if (Length % 6 != 0 || Length > LIST_MAX * 6)
            return Length % 6 != 0 ? NDIS_STATUS_INVALID_LENGTH : NDIS_STATUS_MULTICAST_FULL;
        Request->DATA.SET_INFORMATION.BytesRead = Length;
        return NDIS_STATUS_SUCCESS;
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (Length < sizeof(*Value)) {
        Request->DATA.SET_INFORMATION.BytesNeeded = sizeof(*Value);
        return NDIS_STATUS_INVALID_LENGTH;
    }
    NdisMoveMemory(Value, Request->DATA.SET_INFORMATION.InformationBuffer, sizeof(*Value));
    Request->DATA.SET_INFORMATION.BytesRead = sizeof(*Value);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS NTAPI FirstOidRequest(NDIS_HANDLE MiniportAdapterContext,
                                         PNDIS_OID_REQUEST Request)
{
    PFIRST_ADAPTER Adapter = (PFIRST_ADAPTER)MiniportAdapterContext;

    switch (Request->RequestType) {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
        return FirstQuery(Adapter, Request);
    case NdisRequestSetInformation:
        return FirstSet(Adapter, Request);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

static VOID NTAPI FirstCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext); /* each request is answered at once */
    UNREFERENCED_PARAMETER(RequestId);
}

/* ---- The life of an adapter ---- */

static NDIS_STATUS FirstSetRegistration(PFIRST_ADAPTER Adapter, BOOLEAN HasDevice)
{
    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Registration;

    NdisZeroMemory(&Registration, sizeof(Registration));
    Registration.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES;
    Registration.Header.Revision = NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    Registration.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    Registration.MiniportAdapterContext = Adapter;
    Registration.AttributeFlags =
        NDIS_MINIPORT_ATTRIBUTES_NDIS_WDM | NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND;
    Registration.InterfaceType = NdisInterfaceInternal;
    if (HasDevice) {
        Registration.AttributeFlags |= NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE;
        Registration.InterfaceType = NdisInterfacePci;
    }
    return NdisMSetMiniportAttributes(Adapter->Handle,
                                      (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)(PVOID)&Registration);
}

static NDIS_STATUS FirstSetGeneral(PFIRST_ADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES General;

    NdisZeroMemory(&General, sizeof(General));
    General.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES;
    General.Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    General.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    General.MediaType = NdisMedium802_3;
    General.PhysicalMediumType = NdisPhysicalMediumUnspecified;
    General.MtuSize = FRAME_DATA;
    General.LookaheadSize = FRAME_DATA;
    General.MaxXmitLinkSpeed = General.MaxRcvLinkSpeed = SPEED;
    General.XmitLinkSpeed = General.RcvLinkSpeed = SPEED;
    General.MediaConnectState = MediaConnectStateConnected;
    General.MediaDuplexState = MediaDuplexStateFull;
    General.MacOptions = NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND |
                         NDIS_MAC_OPTION_NO_LOOPBACK;
    General.SupportedPacketFilters =
        NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_BROADCAST;
    General.MaxMulticastListSize = LIST_MAX;
    General.MacAddressLength = sizeof(Address);
    NdisMoveMemory(General.PermanentMacAddress, Address, sizeof(Address));
    NdisMoveMemory(General.CurrentMacAddress, Address, sizeof(Address));
    General.AccessType = NET_IF_ACCESS_BROADCAST;
    General.DirectionType = NET_IF_DIRECTION_SENDRECEIVE;
    General.ConnectionType = NET_IF_CONNECTION_DEDICATED;
    General.IfType = IF_TYPE_ETHERNET_CSMACD;
    General.IfConnectorPresent = FALSE;
    General.SupportedOidList = (NDIS_OID *)(ULONG_PTR)Oids;
    General.SupportedOidListLength = sizeof(Oids);
    return NdisMSetMiniportAttributes(Adapter->Handle,
                                      (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)(PVOID)&General);
}

static NDIS_STATUS NTAPI FirstInitialize(NDIS_HANDLE MiniportAdapterHandle,
                                         NDIS_HANDLE MiniportDriverContext,
                                         PNDIS_MINIPORT_INIT_PARAMETERS Parameters)
{
    PFIRST_ADAPTER Adapter;
    NDIS_STATUS Status;

    UNREFERENCED_PARAMETER(MiniportDriverContext);
    Adapter = (PFIRST_ADAPTER)NdisAllocateMemoryWithTagPriority(
        MiniportAdapterHandle, sizeof(*Adapter), TAG, NormalPoolPriority);
    if (Adapter == NULL) {
        NdisWriteErrorLogEntry(MiniportAdapterHandle, NDIS_ERROR_CODE_OUT_OF_RESOURCES, 0);
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(Adapter, sizeof(*Adapter));
    Adapter->Handle = MiniportAdapterHandle;
    Adapter->Lookahead = FRAME_DATA;
    Status = FirstSetRegistration(Adapter, (BOOLEAN)(Parameters->AllocatedResources != NULL));
    if (Status == NDIS_STATUS_SUCCESS)
        Status = FirstSetGeneral(Adapter);
    if (Status != NDIS_STATUS_SUCCESS) {
        NdisWriteErrorLogEntry(MiniportAdapterHandle, NDIS_ERROR_CODE_DRIVER_FAILURE, 0);
        NdisFreeMemory(Adapter, 0, 0);
    }
    return Status;
}

static VOID NTAPI FirstHalt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    UNREFERENCED_PARAMETER(HaltAction);
    NdisFreeMemory(MiniportAdapterContext, 0, 0);
}

static NDIS_STATUS NTAPI FirstPause(NDIS_HANDLE MiniportAdapterContext,
                                    PNDIS_MINIPORT_PAUSE_PARAMETERS Parameters)
{
    UNREFERENCED_PARAMETER(Parameters);
    ((PFIRST_ADAPTER)MiniportAdapterContext)->Running = FALSE; /* the driver holds no list */
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS NTAPI FirstRestart(NDIS_HANDLE MiniportAdapterContext,
                                      PNDIS_MINIPORT_RESTART_PARAMETERS Parameters)
{
    UNREFERENCED_PARAMETER(Parameters);
    ((PFIRST_ADAPTER)MiniportAdapterContext)->Running = TRUE;
    return NDIS_STATUS_SUCCESS;
}

static VOID NTAPI FirstPnpEvent(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT Event)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(Event);
}

static VOID NTAPI FirstShutdown(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION Action)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(Action);
}

static VOID NTAPI FirstUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    NdisMDeregisterMiniportDriver(Driver);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics;

    NdisZeroMemory(&Characteristics, sizeof(Characteristics));
    Characteristics.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS;
    Characteristics.Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    Characteristics.Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    Characteristics.MajorNdisVersion = 6;
    Characteristics.MinorNdisVersion = 20;
    Characteristics.MajorDriverVersion = 1;
    Characteristics.InitializeHandlerEx = FirstInitialize;
    Characteristics.HaltHandlerEx = FirstHalt;
    Characteristics.UnloadHandler = FirstUnload;
    Characteristics.PauseHandler = FirstPause;
    Characteristics.RestartHandler = FirstRestart;
    Characteristics.OidRequestHandler = FirstOidRequest;
    Characteristics.CancelOidRequestHandler = FirstCancelOidRequest;
    Characteristics.SendNetBufferListsHandler = FirstSend;
    Characteristics.CancelSendHandler = FirstCancelSend;
    Characteristics.ReturnNetBufferListsHandler = FirstReturn;
    Characteristics.DevicePnPEventNotifyHandler = FirstPnpEvent;
    Characteristics.ShutdownHandlerEx = FirstShutdown;
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Characteristics, &Driver);
}
