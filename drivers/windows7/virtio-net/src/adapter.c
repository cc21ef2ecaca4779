/* SPDX-License-Identifier: MIT */
#include "adapter.h"
#include "event_log.h"
#include "memory.h"
#include "pause.h"
#include "link.h"
#include "interrupt.h"
#include "device.h"
#include "configuration.h"
#include "oid.h"

static NDIS_IO_WORKITEM_FUNCTION AerovnetResetWork;

/* A registration that NDIS refused; `Which` is the second number of the event. */
static NDIS_STATUS AerovnetLogRegistration(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status,
                                           ULONG Which)
{
    if (Status != NDIS_STATUS_SUCCESS)
        AerovnetLog(Adapter, AEROVNET_EVENT_REGISTRATION_FAILED, (ULONG)Status, Which);
    return Status;
}

static NDIS_STATUS AerovnetSetRegistrationAttributes(PAEROVNET_ADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Attributes;

    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    Attributes.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    Attributes.MiniportAdapterContext = Adapter;
    Attributes.AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE |
                                NDIS_MINIPORT_ATTRIBUTES_SURPRISE_REMOVE_OK |
                                NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER;
    Attributes.CheckForHangTimeInSeconds = AEROVNET_HANG_SECONDS;
    Attributes.InterfaceType = NdisInterfacePci;
    return AerovnetLogRegistration(
        Adapter,
        NdisMSetMiniportAttributes(Adapter->MiniportHandle,
                                   (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes),
        AEROVNET_REGISTRATION_ATTRIBUTES);
}

static NDIS_STATUS AerovnetSetGeneralAttributes(PAEROVNET_ADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes;
    NDIS_PM_CAPABILITIES Power;

    NdisZeroMemory(&Power, sizeof(Power));
    Power.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Power.Header.Revision = NDIS_PM_CAPABILITIES_REVISION_1;
    Power.Header.Size = NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1;
    Power.MinMagicPacketWakeUp = NdisDeviceStateUnspecified;
    Power.MinPatternWakeUp = NdisDeviceStateUnspecified;
    Power.MinLinkChangeWakeUp = NdisDeviceStateUnspecified;

    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    Attributes.Header.Size = NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;
    Attributes.MediaType = NdisMedium802_3;
    Attributes.PhysicalMediumType = NdisPhysicalMedium802_3;
    Attributes.MtuSize = Adapter->Mtu;
    Attributes.MaxXmitLinkSpeed = AEROVNET_LINK_SPEED;
    Attributes.MaxRcvLinkSpeed = AEROVNET_LINK_SPEED;
    Attributes.XmitLinkSpeed = Adapter->LinkUp ? AEROVNET_LINK_SPEED : NDIS_LINK_SPEED_UNKNOWN;
    Attributes.RcvLinkSpeed = Attributes.XmitLinkSpeed;
    Attributes.MediaConnectState =
        Adapter->LinkUp ? MediaConnectStateConnected : MediaConnectStateDisconnected;
    Attributes.MediaDuplexState = Adapter->LinkUp ? MediaDuplexStateFull : MediaDuplexStateUnknown;
    Attributes.LookaheadSize = Adapter->Mtu;
    Attributes.MacOptions = AerovnetMacOptions(Adapter);
    Attributes.SupportedPacketFilters = AEROVNET_PACKET_FILTERS;
    Attributes.MaxMulticastListSize = AEROVNET_MULTICAST_MAX;
    Attributes.MacAddressLength = AEROVNET_ADDRESS_LENGTH;
    NdisMoveMemory(Attributes.PermanentMacAddress, Adapter->PermanentAddress,
                   AEROVNET_ADDRESS_LENGTH);
    NdisMoveMemory(Attributes.CurrentMacAddress, Adapter->CurrentAddress, AEROVNET_ADDRESS_LENGTH);
    Attributes.AccessType = NET_IF_ACCESS_BROADCAST;
    Attributes.DirectionType = NET_IF_DIRECTION_SENDRECEIVE;
    Attributes.ConnectionType = NET_IF_CONNECTION_DEDICATED;
    Attributes.IfType = IF_TYPE_ETHERNET_CSMACD;
    Attributes.IfConnectorPresent = TRUE;
    Attributes.SupportedStatistics = AEROVNET_STATISTICS;
    Attributes.SupportedPauseFunctions = NdisPauseFunctionsUnsupported;
    Attributes.SupportedOidList = (PNDIS_OID)AerovnetSupportedOids;
    Attributes.SupportedOidListLength = AerovnetSupportedOidsLength;
    Attributes.PowerManagementCapabilitiesEx = &Power;
    return AerovnetLogRegistration(
        Adapter,
        NdisMSetMiniportAttributes(Adapter->MiniportHandle,
                                   (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes),
        AEROVNET_REGISTRATION_GENERAL);
}

static NDIS_STATUS AerovnetRegisterDma(PAEROVNET_ADAPTER Adapter)
{
    NDIS_SG_DMA_DESCRIPTION Description;
    NDIS_STATUS Status;

    NdisZeroMemory(&Description, sizeof(Description));
    Description.Header.Type = NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION;
    Description.Header.Revision = NDIS_SG_DMA_DESCRIPTION_REVISION_1;
    Description.Header.Size = NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1;
    Description.Flags = NDIS_SG_DMA_64_BIT_ADDRESS;
    Description.MaximumPhysicalMapping = AEROVNET_FRAME_MAX;
    Description.ProcessSGListHandler = AerovnetProcessSGList;
    Status =
        NdisMRegisterScatterGatherDma(Adapter->MiniportHandle, &Description, &Adapter->DmaHandle);
    if (Status != NDIS_STATUS_SUCCESS) {
        Adapter->DmaHandle = NULL;
        return AerovnetLogRegistration(Adapter, Status, AEROVNET_REGISTRATION_DMA);
    }
    Adapter->Transmit.SgBufferLength = Description.ScatterGatherListSize;
    return NDIS_STATUS_SUCCESS;
}

/* The order is NDIS's: registration attributes before any resource, DMA before shared memory,
 * general attributes before success; and virtio's: features before the configuration, queues
 * before DRIVER_OK (virtio 1.2, 3.1.1). */
static NDIS_STATUS AerovnetBringUp(PAEROVNET_ADAPTER Adapter, PNDIS_RESOURCE_LIST Resources)
{
    NDIS_STATUS Status;

    Status = AerovnetSetRegistrationAttributes(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    Status = AerovnetFindResources(Adapter, Resources);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    AerovnetReadConfiguration(Adapter);
    Status = AerovnetDeviceOpen(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    Status = AerovnetDeviceNegotiate(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto CloseDevice;
    Status = AerovnetDeviceAddress(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto GiveUp;
    Adapter->Lookahead = Adapter->Mtu;
    AerovnetChooseAddress(Adapter);
    AerovnetLinkFirst(Adapter);
    Status = AerovnetSetGeneralAttributes(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto GiveUp;
    Status = AerovnetRegisterDma(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto GiveUp;
    Status = AerovnetReceiveAllocate(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto DeregisterDma;
    Status = AerovnetTransmitAllocate(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto FreeReceive;
    Status = AerovnetInterruptRegister(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto FreeTransmit;
    Status = AerovnetDeviceStart(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        goto DeregisterInterrupt;
    return NDIS_STATUS_SUCCESS;

DeregisterInterrupt:
    AerovnetDeviceStop(Adapter, NDIS_STATUS_FAILURE);
    AerovnetInterruptDeregister(Adapter);
FreeTransmit:
    AerovnetTransmitFree(Adapter);
FreeReceive:
    AerovnetReceiveFree(Adapter);
DeregisterDma:
    NdisMDeregisterScatterGatherDma(Adapter->DmaHandle);
GiveUp:
    virtio_pci_fail(&Adapter->Device); /* virtio 1.2, 3.1.1 */
CloseDevice:
    AerovnetDeviceClose(Adapter);
    return Status;
}

static VOID AerovnetDestroy(PAEROVNET_ADAPTER Adapter)
{
    if (Adapter->ResetWorkItem != NULL)
        NdisFreeIoWorkItem(Adapter->ResetWorkItem);
    NdisFreeSpinLock(&Adapter->Transmit.Queue.Lock);
    NdisFreeSpinLock(&Adapter->Receive.Queue.Lock);
    AerovnetFree(Adapter);
}

NDIS_STATUS NTAPI AerovnetInitializeEx(NDIS_HANDLE MiniportAdapterHandle,
                                       NDIS_HANDLE MiniportDriverContext,
                                       PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    PAEROVNET_ADAPTER Adapter;
    NDIS_STATUS Status;

    UNREFERENCED_PARAMETER(MiniportDriverContext);

    Adapter = NdisAllocateMemoryWithTagPriority(MiniportAdapterHandle, sizeof(*Adapter),
                                                AEROVNET_POOL_TAG, NormalPoolPriority);
    if (Adapter == NULL) {
        NdisWriteErrorLogEntry(MiniportAdapterHandle, (NDIS_ERROR_CODE)AEROVNET_EVENT_OUT_OF_MEMORY,
                               2, (ULONG)sizeof(*Adapter), AEROVNET_MEMORY_ADAPTER);
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(Adapter, sizeof(*Adapter));
    Adapter->MiniportHandle = MiniportAdapterHandle;
    Adapter->MemoryBytes = sizeof(*Adapter);
    Adapter->Mtu = AEROVNET_MTU;
    NdisAllocateSpinLock(&Adapter->Transmit.Queue.Lock);
    NdisAllocateSpinLock(&Adapter->Receive.Queue.Lock);

    Adapter->ResetWorkItem = NdisAllocateIoWorkItem(MiniportAdapterHandle);
    if (Adapter->ResetWorkItem == NULL) {
        AerovnetLog(Adapter, AEROVNET_EVENT_OUT_OF_MEMORY, 0, AEROVNET_MEMORY_WORK_ITEM);
        Status = NDIS_STATUS_RESOURCES;
    } else {
        Status = AerovnetBringUp(Adapter, MiniportInitParameters->AllocatedResources);
    }
    if (Status != NDIS_STATUS_SUCCESS)
        AerovnetDestroy(Adapter);
    return Status;
}

VOID NTAPI AerovnetHaltEx(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    PAEROVNET_ADAPTER Adapter = MiniportAdapterContext;

    UNREFERENCED_PARAMETER(HaltAction);

    AerovnetDeviceStop(Adapter, NDIS_STATUS_FAILURE);
    AerovnetInterruptDeregister(Adapter);
    AerovnetTransmitFree(Adapter);
    AerovnetReceiveFree(Adapter);
    NdisMDeregisterScatterGatherDma(Adapter->DmaHandle);
    AerovnetDeviceClose(Adapter);
    AerovnetDestroy(Adapter);
}

NDIS_STATUS NTAPI AerovnetRestart(NDIS_HANDLE MiniportAdapterContext,
                                  PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
    PAEROVNET_ADAPTER Adapter = MiniportAdapterContext;

    UNREFERENCED_PARAMETER(RestartParameters);

    InterlockedIncrement(&Adapter->Outstanding);
    AerovnetTransmitOpen(Adapter, TRUE);
    AerovnetReceiveOpen(Adapter, TRUE);
    return NDIS_STATUS_SUCCESS;
}

/* From here on no list is taken or indicated; those in flight hold references, and the last one
 * that comes home completes the pause (nc-ndis-miniport_pause). */
NDIS_STATUS NTAPI AerovnetPause(NDIS_HANDLE MiniportAdapterContext,
                                PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
    PAEROVNET_ADAPTER Adapter = MiniportAdapterContext;

    UNREFERENCED_PARAMETER(PauseParameters);

    AerovnetTransmitOpen(Adapter, FALSE);
    AerovnetReceiveOpen(Adapter, FALSE);
    AerovnetTransmitFlush(Adapter, NDIS_STATUS_PAUSED);
    /* A device that is gone or does not work returns no frame: they are taken from it. */
    AerovnetDeviceStopFailed(Adapter, NDIS_STATUS_PAUSED);
    InterlockedExchange(&Adapter->PausePending, 1);
    if (InterlockedDecrement(&Adapter->Outstanding) == 0 &&
        InterlockedExchange(&Adapter->PausePending, 0))
        return NDIS_STATUS_SUCCESS;
    return NDIS_STATUS_PENDING;
}

VOID NTAPI AerovnetShutdownEx(NDIS_HANDLE MiniportAdapterContext,
                              NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    if (ShutdownAction == NdisShutdownBugCheck)
        AerovnetDeviceCrash(MiniportAdapterContext);
    else
        AerovnetDeviceShutdown(MiniportAdapterContext);
}

/* NDIS may call while Initialize still runs, if that takes long: the device is Closed or Stopped then
 * (network/miniport-adapter-check-for-hang-and-reset-operations). */
BOOLEAN NTAPI AerovnetCheckForHangEx(NDIS_HANDLE MiniportAdapterContext)
{
    PAEROVNET_ADAPTER Adapter = MiniportAdapterContext;

    return AerovnetDeviceHangs(Adapter);
}

/* A device reset waits (virtio 1.2, 4.1.4.3.2) and MiniportResetEx may not, so a work item does
 * it. */
NDIS_STATUS NTAPI AerovnetResetEx(NDIS_HANDLE MiniportAdapterContext, PBOOLEAN AddressingReset)
{
    PAEROVNET_ADAPTER Adapter = MiniportAdapterContext;

    *AddressingReset = FALSE;
    NdisQueueIoWorkItem(Adapter->ResetWorkItem, AerovnetResetWork, Adapter);
    return NDIS_STATUS_PENDING;
}

static VOID NTAPI AerovnetResetWork(PVOID WorkItemContext, NDIS_HANDLE NdisIoWorkItemHandle)
{
    PAEROVNET_ADAPTER Adapter = WorkItemContext;
    NDIS_STATUS Status;

    UNREFERENCED_PARAMETER(NdisIoWorkItemHandle);

    AerovnetCount(&Adapter->Resets);
    Status = AerovnetDeviceRestart(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        Status = NDIS_STATUS_HARD_ERRORS;
    NdisMResetComplete(Adapter->MiniportHandle, Status, FALSE);
}

VOID NTAPI AerovnetDevicePnPEventNotify(NDIS_HANDLE MiniportAdapterContext,
                                        PNET_DEVICE_PNP_EVENT Event)
{
    PAEROVNET_ADAPTER Adapter = MiniportAdapterContext;

    if (Event->DevicePnPEvent == NdisDevicePnPEventSurpriseRemoved)
        AerovnetDeviceRemoved(Adapter);
}
