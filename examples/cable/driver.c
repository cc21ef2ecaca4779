/* SPDX-License-Identifier: MIT */
/* DriverEntry, and the life of an adapter. */
#include "cable.h"

CABLE_GLOBALS Cable;

/* ---- Receive buffers ---- */

static VOID CableFreeBuffers(PCABLE_ADAPTER Adapter)
{
    PNET_BUFFER_LIST NetBufferList;

    while ((NetBufferList = CableTakeFirst(&Adapter->Free)) != NULL) {
        NdisFreeMdl(NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(NetBufferList)));
        NdisFreeNetBufferList(NetBufferList);
    }
    if (Adapter->Pool != NULL)
        NdisFreeNetBufferListPool(Adapter->Pool);
    if (Adapter->Memory != NULL)
        NdisFreeMemory(Adapter->Memory, 0, 0);
}

static BOOLEAN CableAllocateBuffer(PCABLE_ADAPTER Adapter, ULONG Index)
{
    PMDL Mdl = NdisAllocateMdl(Adapter->Handle, Adapter->Memory + Index * CABLE_FRAME_MAX,
                               CABLE_FRAME_MAX);
    PNET_BUFFER_LIST NetBufferList;

    if (Mdl == NULL)
        return FALSE;
    NetBufferList = NdisAllocateNetBufferAndNetBufferList(Adapter->Pool, 0, 0, Mdl, 0, 0);
    if (NetBufferList == NULL) {
        NdisFreeMdl(Mdl);
        return FALSE;
    }
    CableAppend(&Adapter->Free, NetBufferList);
    return TRUE;
}

static NDIS_STATUS CableAllocateBuffers(PCABLE_ADAPTER Adapter)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters;
    ULONG i;

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Parameters.Header.Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    Parameters.Header.Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    Parameters.fAllocateNetBuffer = TRUE;
    Parameters.PoolTag = CABLE_TAG;
    Adapter->Pool = NdisAllocateNetBufferListPool(Adapter->Handle, &Parameters);
    Adapter->Memory = (PUCHAR)NdisAllocateMemoryWithTagPriority(
        Adapter->Handle, CABLE_BUFFERS * CABLE_FRAME_MAX, CABLE_TAG, NormalPoolPriority);
    if (Adapter->Pool == NULL || Adapter->Memory == NULL)
        return NDIS_STATUS_RESOURCES;
    for (i = 0; i < CABLE_BUFFERS; i++)
        if (!CableAllocateBuffer(Adapter, i))
            return NDIS_STATUS_RESOURCES;
    return NDIS_STATUS_SUCCESS;
}

/* ---- Initialize ---- */

/* The keyword NetworkAddress, if it holds one that a station may have. */
static VOID CableReadAddress(PCABLE_ADAPTER Adapter)
{
    NDIS_CONFIGURATION_OBJECT Object;
    NDIS_HANDLE Configuration;
    NDIS_STATUS Status;
    PVOID Address;
    UINT Length;

    NdisZeroMemory(&Object, sizeof(Object));
    Object.Header.Type = NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT;
    Object.Header.Revision = NDIS_CONFIGURATION_OBJECT_REVISION_1;
    Object.Header.Size = NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1;
    Object.NdisHandle = Adapter->Handle;
    if (NdisOpenConfigurationEx(&Object, &Configuration) != NDIS_STATUS_SUCCESS)
        return;
    NdisReadNetworkAddress(&Status, &Address, &Length, Configuration);
    if (Status == NDIS_STATUS_SUCCESS && Length == ETH_LENGTH_OF_ADDRESS &&
        CableKindOf((PUCHAR)Address) == CableDirected)
        NdisMoveMemory(Adapter->Address, Address, ETH_LENGTH_OF_ADDRESS);
    NdisCloseConfiguration(Configuration);
}

static NDIS_STATUS CableSetRegistration(PCABLE_ADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Attributes;

    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    Attributes.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    Attributes.MiniportAdapterContext = Adapter;
    Attributes.AttributeFlags =
        NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND | NDIS_MINIPORT_ATTRIBUTES_SURPRISE_REMOVE_OK;
    Attributes.InterfaceType = NdisInterfaceInternal;
    return NdisMSetMiniportAttributes(Adapter->Handle,
                                      (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
}

static NDIS_STATUS CableSetGeneral(PCABLE_ADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes;
    NDIS_PM_CAPABILITIES Power;

    NdisZeroMemory(&Power, sizeof(Power));
    Power.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Power.Header.Revision = NDIS_PM_CAPABILITIES_REVISION_1;
    Power.Header.Size = NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1;
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    Attributes.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    Attributes.MediaType = NdisMedium802_3;
    Attributes.PhysicalMediumType = NdisPhysicalMediumUnspecified;
    Attributes.MtuSize = CABLE_MTU;
    Attributes.MaxXmitLinkSpeed = Attributes.XmitLinkSpeed = CABLE_SPEED;
    Attributes.MaxRcvLinkSpeed = Attributes.RcvLinkSpeed = CABLE_SPEED;
    Attributes.MediaConnectState = MediaConnectStateConnected;
    Attributes.MediaDuplexState = MediaDuplexStateFull;
    Attributes.LookaheadSize = CABLE_MTU;
    Attributes.MacOptions = NDIS_MAC_OPTION_NO_LOOPBACK | NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA |
                            NDIS_MAC_OPTION_TRANSFERS_NOT_PEND;
    Attributes.SupportedPacketFilters = CABLE_FILTERS;
    Attributes.MaxMulticastListSize = CABLE_GROUPS;
    Attributes.MacAddressLength = ETH_LENGTH_OF_ADDRESS;
    NdisMoveMemory(Attributes.PermanentMacAddress, Adapter->Permanent, ETH_LENGTH_OF_ADDRESS);
    NdisMoveMemory(Attributes.CurrentMacAddress, Adapter->Address, ETH_LENGTH_OF_ADDRESS);
    Attributes.AccessType = NET_IF_ACCESS_BROADCAST;
    Attributes.DirectionType = NET_IF_DIRECTION_SENDRECEIVE;
    Attributes.ConnectionType = NET_IF_CONNECTION_DEDICATED;
    Attributes.IfType = IF_TYPE_ETHERNET_CSMACD;
    Attributes.IfConnectorPresent = FALSE;
    Attributes.SupportedStatistics =
        NDIS_STATISTICS_XMIT_OK_SUPPORTED | NDIS_STATISTICS_RCV_OK_SUPPORTED |
        NDIS_STATISTICS_XMIT_ERROR_SUPPORTED | NDIS_STATISTICS_GEN_STATISTICS_SUPPORTED;
    Attributes.SupportedOidList = CableOids;
    Attributes.SupportedOidListLength = CableOidsLength;
    Attributes.PowerManagementCapabilitiesEx = &Power;
    return NdisMSetMiniportAttributes(Adapter->Handle,
                                      (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
}

/* ---- The cable and its adapters ---- */

static VOID CableTakeTurn(VOID)
{
    KeWaitForSingleObject(&Cable.Turn, Executive, KernelMode, FALSE, NULL);
}

static VOID CableEndTurn(VOID)
{
    KeSetEvent(&Cable.Turn, IO_NO_INCREMENT, FALSE);
}

/* The first adapter brings the control device with it. */
static NDIS_STATUS CablePlugIn(PCABLE_ADAPTER Adapter)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;

    CableTakeTurn();
    if (Cable.Count == 0)
        Status = CableDeviceCreate();
    if (Status == NDIS_STATUS_SUCCESS) {
        Cable.Count++;
        NdisAcquireSpinLock(&Cable.Lock);
        Adapter->Next = Cable.Adapters;
        Cable.Adapters = Adapter;
        NdisReleaseSpinLock(&Cable.Lock);
    }
    CableEndTurn();
    return Status;
}

static VOID CableUnplug(PCABLE_ADAPTER Adapter)
{
    PCABLE_ADAPTER *At;

    CableTakeTurn();
    NdisAcquireSpinLock(&Cable.Lock);
    for (At = &Cable.Adapters; *At != Adapter; At = &(*At)->Next)
        ;
    *At = Adapter->Next;
    NdisReleaseSpinLock(&Cable.Lock);
    if (--Cable.Count == 0)
        CableDeviceDelete();
    CableEndTurn();
}

static MINIPORT_INITIALIZE CableInitialize;
static NDIS_STATUS NTAPI CableInitialize(NDIS_HANDLE NdisMiniportHandle,
                                         NDIS_HANDLE MiniportDriverContext,
                                         PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    PCABLE_ADAPTER Adapter;
    NDIS_STATUS Status;

    UNREFERENCED_PARAMETER(MiniportDriverContext);
    UNREFERENCED_PARAMETER(MiniportInitParameters);
    Adapter = (PCABLE_ADAPTER)NdisAllocateMemoryWithTagPriority(
        NdisMiniportHandle, sizeof(*Adapter), CABLE_TAG, NormalPoolPriority);
    if (Adapter == NULL)
        return NDIS_STATUS_RESOURCES;
    NdisZeroMemory(Adapter, sizeof(*Adapter));
    Adapter->Handle = NdisMiniportHandle;
    Adapter->Lookahead = CABLE_MTU;
    KeInitializeDpc(&Adapter->Dpc, CableDpc, Adapter);
    NdisMoveMemory(Adapter->Permanent,
                   "\x02"
                   "Cabl",
                   ETH_LENGTH_OF_ADDRESS - 1);
    Adapter->Permanent[5] = (UCHAR)InterlockedIncrement(&Cable.Made);
    NdisMoveMemory(Adapter->Address, Adapter->Permanent, ETH_LENGTH_OF_ADDRESS);
    Status = CableSetRegistration(Adapter);
    if (Status == NDIS_STATUS_SUCCESS) {
        CableReadAddress(Adapter);
        Status = CableSetGeneral(Adapter);
    }
    if (Status == NDIS_STATUS_SUCCESS)
        Status = CableAllocateBuffers(Adapter);
    if (Status == NDIS_STATUS_SUCCESS)
        Status = CablePlugIn(Adapter);
    if (Status != NDIS_STATUS_SUCCESS) {
        NdisWriteErrorLogEntry(NdisMiniportHandle, NDIS_ERROR_CODE_OUT_OF_RESOURCES, 1, Status);
        CableFreeBuffers(Adapter);
        NdisFreeMemory(Adapter, 0, 0);
    }
    return Status;
}

static MINIPORT_HALT CableHalt;
static VOID NTAPI CableHalt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    PCABLE_ADAPTER Adapter = (PCABLE_ADAPTER)MiniportAdapterContext;

    UNREFERENCED_PARAMETER(HaltAction);
    CableUnplug(Adapter);
    KeRemoveQueueDpc(&Adapter->Dpc);
    KeFlushQueuedDpcs();
    CableFreeBuffers(Adapter);
    NdisFreeMemory(Adapter, 0, 0);
}

static MINIPORT_RESTART CableRestart;
static NDIS_STATUS NTAPI CableRestart(NDIS_HANDLE MiniportAdapterContext,
                                      PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
    PCABLE_ADAPTER Adapter = (PCABLE_ADAPTER)MiniportAdapterContext;

    UNREFERENCED_PARAMETER(RestartParameters);
    NdisAcquireSpinLock(&Cable.Lock);
    Adapter->Running = TRUE;
    NdisReleaseSpinLock(&Cable.Lock);
    return NDIS_STATUS_SUCCESS;
}

/* Pending while protocols have receive buffers, or a send is about to be completed. */
static MINIPORT_PAUSE CablePause;
static NDIS_STATUS NTAPI CablePause(NDIS_HANDLE MiniportAdapterContext,
                                    PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
    PCABLE_ADAPTER Adapter = (PCABLE_ADAPTER)MiniportAdapterContext;
    BOOLEAN Paused;

    UNREFERENCED_PARAMETER(PauseParameters);
    NdisAcquireSpinLock(&Cable.Lock);
    Adapter->Running = FALSE;
    CableDropReceived(Adapter);
    NdisReleaseSpinLock(&Cable.Lock);
    CableFailSends(Adapter, NDIS_STATUS_PAUSED);
    NdisAcquireSpinLock(&Cable.Lock);
    Adapter->PausePending = TRUE;
    Paused = CablePauseEnds(Adapter);
    NdisReleaseSpinLock(&Cable.Lock);
    return Paused ? NDIS_STATUS_SUCCESS : NDIS_STATUS_PENDING;
}

static MINIPORT_CHECK_FOR_HANG CableCheckForHang;
static BOOLEAN NTAPI CableCheckForHang(NDIS_HANDLE MiniportAdapterContext)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    return FALSE; /* nothing can hang */
}

static MINIPORT_RESET CableReset;
static NDIS_STATUS NTAPI CableReset(NDIS_HANDLE MiniportAdapterContext, PBOOLEAN AddressingReset)
{
    CableFailSends((PCABLE_ADAPTER)MiniportAdapterContext, NDIS_STATUS_RESET_IN_PROGRESS);
    *AddressingReset = FALSE;
    return NDIS_STATUS_SUCCESS;
}

static MINIPORT_DEVICE_PNP_EVENT_NOTIFY CablePnpEvent;
static VOID NTAPI CablePnpEvent(NDIS_HANDLE MiniportAdapterContext,
                                PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(NetDevicePnPEvent);
}

static MINIPORT_SHUTDOWN CableShutdown;
static VOID NTAPI CableShutdown(NDIS_HANDLE MiniportAdapterContext,
                                NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(ShutdownAction);
}

/* ---- The driver ---- */

static MINIPORT_UNLOAD CableUnload;
static VOID NTAPI CableUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    NdisMDeregisterMiniportDriver(Cable.Driver);
    NdisFreeSpinLock(&Cable.Lock);
}

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics;
    NDIS_STATUS Status;

    NdisAllocateSpinLock(&Cable.Lock);
    KeInitializeEvent(&Cable.Turn, SynchronizationEvent, TRUE);
    NdisZeroMemory(&Characteristics, sizeof(Characteristics));
    Characteristics.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS;
    Characteristics.Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    Characteristics.Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    Characteristics.MajorNdisVersion = 6;
    Characteristics.MinorNdisVersion = 20;
    Characteristics.MajorDriverVersion = 1;
    Characteristics.InitializeHandlerEx = CableInitialize;
    Characteristics.HaltHandlerEx = CableHalt;
    Characteristics.UnloadHandler = CableUnload;
    Characteristics.PauseHandler = CablePause;
    Characteristics.RestartHandler = CableRestart;
    Characteristics.OidRequestHandler = CableOidRequest;
    Characteristics.CancelOidRequestHandler = CableCancelOidRequest;
    Characteristics.SendNetBufferListsHandler = CableSend;
    Characteristics.ReturnNetBufferListsHandler = CableReturn;
    Characteristics.CancelSendHandler = CableCancelSend;
    Characteristics.CheckForHangHandlerEx = CableCheckForHang;
    Characteristics.ResetHandlerEx = CableReset;
    Characteristics.DevicePnPEventNotifyHandler = CablePnpEvent;
    Characteristics.ShutdownHandlerEx = CableShutdown;
    Status = NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Characteristics,
                                         &Cable.Driver);
    if (Status != NDIS_STATUS_SUCCESS) {
        NdisFreeSpinLock(&Cable.Lock);
    }
    return Status;
}
