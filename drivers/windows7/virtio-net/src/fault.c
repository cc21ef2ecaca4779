/* SPDX-License-Identifier: MIT */
#include "fault.h"
#include "adapter.h"
#include "event_log.h"
#include "queue.h"
#include "state.h"

VOID AerovnetGates(PAEROVNET_ADAPTER Adapter)
{
    AerovnetQueueGate(&Adapter->Transmit.Queue, &Adapter->State);
    AerovnetQueueGate(&Adapter->Receive.Queue, &Adapter->State);
}

/* A device that does the same again after each reset must not fill the event log. */
static VOID AerovnetLogOnce(PAEROVNET_ADAPTER Adapter, ULONG Event, ULONG First, ULONG Second)
{
    if (InterlockedExchange(&Adapter->Told[Event % AEROVNET_TOLD], 1) == 0)
        AerovnetLog(Adapter, Event, First, Second);
}

NDIS_STATUS AerovnetLogTransport(PAEROVNET_ADAPTER Adapter, enum virtio_pci_status Status,
                                 ULONG Detail)
{
    const struct virtio_pci_device *Device = &Adapter->Device;
    NDIS_STATUS Result = NDIS_STATUS_FAILURE;
    ULONG First = (ULONG)Status;
    ULONG Second = 0;
    ULONG Event;

    AEROVNET_ASSERT_PASSIVE();
    switch (Status) {
    case VIRTIO_PCI_E_NO_CAPABILITIES:
        Event = AEROVNET_EVENT_NO_MODERN_CAPABILITIES;
        Result = NDIS_STATUS_ADAPTER_NOT_FOUND;
        break;
    case VIRTIO_PCI_E_BAR_TOO_SHORT:
        Event = AEROVNET_EVENT_BAR_TOO_SHORT;
        Second = Device->failed_bar;
        break;
    case VIRTIO_PCI_E_BAR_MAP:
        Event = AEROVNET_EVENT_BAR_MAP;
        Second = Device->failed_bar;
        Result = NDIS_STATUS_RESOURCES;
        break;
    case VIRTIO_PCI_E_RESET_TIMEOUT:
        Event = AEROVNET_EVENT_RESET_TIMEOUT;
        break;
    case VIRTIO_PCI_E_NO_VERSION_1:
    case VIRTIO_PCI_E_NO_FEATURE:
        Event = AEROVNET_EVENT_NO_VERSION_1;
        First = (ULONG)Device->offered;
        Second = (ULONG)(Device->offered >> 32);
        break;
    case VIRTIO_PCI_E_FEATURES_REFUSED:
        Event = AEROVNET_EVENT_FEATURES_REFUSED;
        First = (ULONG)Device->offered;
        Second = (ULONG)(Device->offered >> 32);
        break;
    case VIRTIO_PCI_E_NO_QUEUE:
        Event = AEROVNET_EVENT_NO_QUEUE;
        First = Detail;
        break;
    case VIRTIO_PCI_E_QUEUE_SIZE:
    case VIRTIO_PCI_E_QUEUE_ENABLED:
    case VIRTIO_PCI_E_QUEUE_REFUSED:
    case VIRTIO_PCI_E_NOTIFY_RANGE:
        Event = AEROVNET_EVENT_QUEUE_SETUP;
        First = Detail;
        Second = (ULONG)Status;
        break;
    case VIRTIO_PCI_E_CONFIG_RANGE:
    case VIRTIO_PCI_E_CONFIG_UNSTABLE:
        Event = AEROVNET_EVENT_CONFIG_UNREADABLE;
        First = Detail;
        Second = (ULONG)Status;
        break;
    case VIRTIO_PCI_E_GONE:
        Event = AEROVNET_EVENT_DEVICE_GONE;
        break;
    default:
        Event = AEROVNET_EVENT_CAPABILITY_MISSING;
        Second = Device->failed_bar;
        break;
    }
    if (!Adapter->Quiet)
        AerovnetLogOnce(Adapter, Event, First, Second);
    return Result;
}

/* A report that the state accepts. A late one, of an incarnation that is over, is not accepted; a
 * gate that it would have closed is worked out from the state that there is by then. */
static VOID AerovnetReport(PAEROVNET_ADAPTER Adapter, AEROVNET_EVENT StateEvent, ULONG Epoch,
                           ULONG Event, ULONG First, ULONG Second)
{
    if (!AerovnetStateReport(&Adapter->State, StateEvent, Epoch))
        return;
    InterlockedIncrement(&Adapter->DeviceErrors);
    AerovnetGates(Adapter);
    AerovnetLogOnce(Adapter, Event, First, Second);
}

VOID AerovnetDeviceFailed(PAEROVNET_ADAPTER Adapter, ULONG Epoch, ULONG Event, ULONG First,
                          ULONG Second)
{
    AerovnetReport(Adapter, AerovnetEventFault, Epoch, Event, First, Second);
}

VOID AerovnetFaultsForget(PAEROVNET_ADAPTER Adapter)
{
    ULONG i;

    for (i = 0; i < AEROVNET_TOLD; i++)
        InterlockedExchange(&Adapter->Told[i], 0);
}

VOID AerovnetDeviceCheck(PAEROVNET_ADAPTER Adapter)
{
    ULONG Epoch = AerovnetStateEpoch(&Adapter->State);
    AEROVNET_STATE State = AerovnetStateOf(&Adapter->State);
    UCHAR Status;

    if (State != AerovnetStateRunning && State != AerovnetStateFailed)
        return;
    Status = virtio_pci_device_status(&Adapter->Device);
    if (Status == VIRTIO_PCI_GONE)
        AerovnetReport(Adapter, AerovnetEventAllOnes, Epoch, AEROVNET_EVENT_DEVICE_GONE, Status, 0);
    else if (Status & VIRTIO_STATUS_DEVICE_NEEDS_RESET)
        AerovnetReport(Adapter, AerovnetEventFault, Epoch, AEROVNET_EVENT_DEVICE_NEEDS_RESET,
                       Status, 0);
}
