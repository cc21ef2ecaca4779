/* SPDX-License-Identifier: MIT */
#include "state.h"
#include "adapter.h"
#include "event_log.h"
#include "queue.h"

NDIS_STATUS AerovnetLogTransport(PAEROVNET_ADAPTER Adapter, enum virtio_pci_status Status,
                                 ULONG Detail)
{
    const struct virtio_pci_device *Device = &Adapter->Device;

    switch (Status) {
    case VIRTIO_PCI_E_NO_CAPABILITIES:
        AerovnetLog(Adapter, AEROVNET_EVENT_NO_MODERN_CAPABILITIES, Status, 0);
        return NDIS_STATUS_ADAPTER_NOT_FOUND;
    case VIRTIO_PCI_E_BAR_TOO_SHORT:
        AerovnetLog(Adapter, AEROVNET_EVENT_BAR_TOO_SHORT, Status, Device->failed_bar);
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_BAR_MAP:
        AerovnetLog(Adapter, AEROVNET_EVENT_BAR_MAP, Status, Device->failed_bar);
        return NDIS_STATUS_RESOURCES;
    case VIRTIO_PCI_E_RESET_TIMEOUT:
        AerovnetLog(Adapter, AEROVNET_EVENT_RESET_TIMEOUT, Status, 0);
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_NO_VERSION_1:
    case VIRTIO_PCI_E_NO_FEATURE:
        AerovnetLog(Adapter, AEROVNET_EVENT_NO_VERSION_1, (ULONG)Device->offered,
                    (ULONG)(Device->offered >> 32));
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_FEATURES_REFUSED:
        AerovnetLog(Adapter, AEROVNET_EVENT_FEATURES_REFUSED, (ULONG)Device->offered,
                    (ULONG)(Device->offered >> 32));
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_NO_QUEUE:
        AerovnetLog(Adapter, AEROVNET_EVENT_NO_QUEUE, Detail, 0);
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_QUEUE_SIZE:
    case VIRTIO_PCI_E_QUEUE_ENABLED:
    case VIRTIO_PCI_E_QUEUE_REFUSED:
    case VIRTIO_PCI_E_NOTIFY_RANGE:
        AerovnetLog(Adapter, AEROVNET_EVENT_QUEUE_SETUP, Detail, Status);
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_CONFIG_RANGE:
    case VIRTIO_PCI_E_CONFIG_UNSTABLE:
        AerovnetLog(Adapter, AEROVNET_EVENT_CONFIG_UNREADABLE, Detail, Status);
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_GONE:
        if (!InterlockedExchange(&Adapter->Gone, 1))
            AerovnetLog(Adapter, AEROVNET_EVENT_DEVICE_GONE, Status, 0);
        return NDIS_STATUS_FAILURE;
    default:
        AerovnetLog(Adapter, AEROVNET_EVENT_CAPABILITY_MISSING, Status, Device->failed_bar);
        return NDIS_STATUS_FAILURE;
    }
}

VOID AerovnetDeviceFailed(PAEROVNET_ADAPTER Adapter, ULONG Event, ULONG First, ULONG Second)
{
    if (InterlockedExchange(&Adapter->ResetNeeded, 1))
        return;
    Adapter->DeviceErrors++;
    AerovnetQueueLive(&Adapter->Receive.Queue, FALSE);
    /* A reset may have ended since the first line, on another processor: then these were its
     * queues, and another reset has to bring them back. A sender is told that, hence the lock. */
    NdisAcquireSpinLock(&Adapter->Transmit.Queue.Lock);
    Adapter->Transmit.Queue.Live = FALSE;
    InterlockedExchange(&Adapter->ResetNeeded, 1);
    NdisReleaseSpinLock(&Adapter->Transmit.Queue.Lock);
    AerovnetLog(Adapter, Event, First, Second);
}

VOID AerovnetDeviceCheck(PAEROVNET_ADAPTER Adapter)
{
    UCHAR Status;

    if (Adapter->Gone || Adapter->Asleep)
        return;
    Status = virtio_pci_device_status(&Adapter->Device);
    if (Status == VIRTIO_PCI_GONE) {
        InterlockedExchange(&Adapter->Gone, 1);
        AerovnetDeviceFailed(Adapter, AEROVNET_EVENT_DEVICE_GONE, Status, 0);
    } else if (Status & VIRTIO_STATUS_DEVICE_NEEDS_RESET) {
        AerovnetDeviceFailed(Adapter, AEROVNET_EVENT_DEVICE_NEEDS_RESET, Status, 0);
    }
}
