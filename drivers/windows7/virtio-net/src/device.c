/* SPDX-License-Identifier: MIT */
#include "device.h"
#include "adapter.h"
#include "hardware.h"
#include "queue.h"
#include "state.h"
#include "transmit.h"
#include "receive.h"
#include "interrupt.h"

NDIS_STATUS AerovnetDeviceOpen(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status;

    Status = virtio_pci_open(&Adapter->Device, &AerovnetPciIo, Adapter, 0);
    if (Status != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Status, 0);
    return NDIS_STATUS_SUCCESS;
}

/* What the device had goes back to its owners after this. One that has not finished the reset may
 * still be at work in there: it is cut off until it finishes one. */
static enum virtio_pci_status AerovnetDeviceReset(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status = virtio_pci_reset(&Adapter->Device);

    if (Status == VIRTIO_PCI_E_RESET_TIMEOUT)
        AerovnetReach(Adapter, FALSE);
    else if (Status == VIRTIO_PCI_OK && !Adapter->Reachable && !AerovnetReach(Adapter, TRUE))
        Status = VIRTIO_PCI_E_GONE;
    return Status;
}

VOID AerovnetDeviceClose(PAEROVNET_ADAPTER Adapter)
{
    if (!Adapter->Asleep)
        AerovnetDeviceReset(Adapter);
    virtio_pci_close(&Adapter->Device);
}

/* An address that stays the same for the same place on the bus, for a device that has none: locally
 * administered, "AV" and the place. */
static VOID AerovnetMakeAddress(PAEROVNET_ADAPTER Adapter)
{
    ULONG64 Place = 0xCBF29CE484222325ULL;
    ULONG i, j;

    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++)
        for (j = 0; j < 64; j += 8) {
            Place ^= (UCHAR)((ULONG64)Adapter->Bar[i].Address.QuadPart >> j);
            Place *= 0x100000001B3ULL;
        }
    Adapter->PermanentAddress[0] = 0x02;
    Adapter->PermanentAddress[1] = 'A';
    Adapter->PermanentAddress[2] = 'V';
    Adapter->PermanentAddress[3] = (UCHAR)(Place >> 32);
    Adapter->PermanentAddress[4] = (UCHAR)(Place >> 40);
    Adapter->PermanentAddress[5] = (UCHAR)(Place >> 48);
}

NDIS_STATUS AerovnetDeviceAddress(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status = VIRTIO_PCI_OK;

    if (virtio_pci_has(&Adapter->Device, VIRTIO_NET_F_MAC))
        Status = virtio_pci_config_read(&Adapter->Device, VIRTIO_NET_CONFIG_MAC,
                                        Adapter->PermanentAddress, AEROVNET_ADDRESS_LENGTH);
    if (Status != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Status, VIRTIO_NET_CONFIG_MAC);
    /* A device whose own address is no station's is treated as one that has none. */
    if (!AerovnetAddressIsStation(Adapter->PermanentAddress))
        AerovnetMakeAddress(Adapter);
    return NDIS_STATUS_SUCCESS;
}

/* Bytes of the device configuration up to the last field that the negotiated features have the
 * driver read (virtio 1.2, 2.5.1, 5.1.4). */
static ULONG AerovnetConfigLength(const struct virtio_pci_device *Device)
{
    if (virtio_pci_has(Device, VIRTIO_NET_F_STATUS))
        return VIRTIO_NET_CONFIG_STATUS + sizeof(virtio_u16);
    return virtio_pci_has(Device, VIRTIO_NET_F_MAC)
               ? VIRTIO_NET_CONFIG_MAC + AEROVNET_ADDRESS_LENGTH
               : 0;
}

NDIS_STATUS AerovnetDeviceNegotiate(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status;

    Status = AerovnetDeviceReset(Adapter);
    if (Status == VIRTIO_PCI_OK)
        Status = virtio_pci_negotiate(&Adapter->Device, AEROVNET_FEATURES, VIRTIO_F_VERSION_1);
    if (Status == VIRTIO_PCI_OK)
        Status = virtio_pci_config_vector(&Adapter->Device, VIRTIO_MSI_NO_VECTOR);
    if (Status == VIRTIO_PCI_OK &&
        Adapter->Device.device.length < AerovnetConfigLength(&Adapter->Device)) {
        virtio_pci_fail(&Adapter->Device); /* virtio 1.2, 3.1.1 */
        Status = VIRTIO_PCI_E_NO_DEVICE_CFG;
    }
    if (Status != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Status, 0);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS AerovnetDeviceStart(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_QUEUE Receive = &Adapter->Receive.Queue;
    PAEROVNET_QUEUE Transmit = &Adapter->Transmit.Queue;
    enum virtio_pci_status Status;
    USHORT Index = AEROVNET_RECEIVE_QUEUE;
    BOOLEAN Notify = FALSE;

    Status = AerovnetQueueSetUp(Adapter, Receive);
    if (Status == VIRTIO_PCI_OK) {
        Index = AEROVNET_TRANSMIT_QUEUE;
        Status = AerovnetQueueSetUp(Adapter, Transmit);
    }
    if (Status == VIRTIO_PCI_OK) {
        /* The buffers come before DRIVER_OK, and all notifications after it (virtio 1.2, 3.1.1).
         * The lock keeps lists that come back meanwhile from notifying too early. */
        NdisAcquireSpinLock(&Receive->Lock);
        Receive->Live = TRUE;
        AerovnetReceiveFill(Adapter);
        Notify = AerovnetPublish(Receive);
        Status = virtio_pci_driver_ok(&Adapter->Device);
        NdisReleaseSpinLock(&Receive->Lock);
    }
    if (Notify)
        AerovnetNotify(Adapter, Receive);
    if (Status != VIRTIO_PCI_OK) {
        virtio_pci_fail(&Adapter->Device);
        AerovnetQueueLive(Receive, FALSE);
        AerovnetReceiveStop(Adapter);
        return AerovnetLogTransport(Adapter, Status, Index);
    }
    Adapter->Transmit.UseIndirect =
        virtio_pci_has(&Adapter->Device, VIRTIO_F_INDIRECT_DESC) ? TRUE : FALSE;
    AerovnetQueueLive(Transmit, TRUE);
    return NDIS_STATUS_SUCCESS;
}

/* FALSE: somebody else stops or starts it. */
static BOOLEAN AerovnetDeviceTryAcquire(PAEROVNET_ADAPTER Adapter)
{
    return InterlockedCompareExchange(&Adapter->DeviceBusy, 1, 0) == 0;
}

/* Reset, pause, removal and halt may come at once, each on a thread of its own; every one of
 * them is done within a few seconds. PASSIVE_LEVEL */
static VOID AerovnetDeviceAcquire(PAEROVNET_ADAPTER Adapter)
{
    while (!AerovnetDeviceTryAcquire(Adapter))
        NdisMSleep(1000);
}

static VOID AerovnetDeviceRelease(PAEROVNET_ADAPTER Adapter)
{
    InterlockedExchange(&Adapter->DeviceBusy, 0);
}

/* Once the queues are not live, no DPC and no sender touches the rings any more; one that had found
 * a reason to notify must have done so before the reset (virtio 1.2, 3.1.1: none before DRIVER_OK).
 */
static VOID AerovnetQuiesce(PAEROVNET_ADAPTER Adapter)
{
    AerovnetQueueLive(&Adapter->Transmit.Queue, FALSE);
    AerovnetQueueLive(&Adapter->Receive.Queue, FALSE);
    while (virtq_is_notifying(&Adapter->Transmit.Queue.Ring) ||
           virtq_is_notifying(&Adapter->Receive.Queue.Ring))
        NdisMSleep(100);
}

static VOID AerovnetStopLocked(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status)
{
    AerovnetQuiesce(Adapter);
    if (!Adapter->Asleep && AerovnetDeviceReset(Adapter) == VIRTIO_PCI_E_GONE)
        InterlockedExchange(&Adapter->Gone, 1);
    AerovnetTransmitStop(Adapter, Status);
    AerovnetReceiveStop(Adapter);
}

VOID AerovnetDeviceStop(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status)
{
    AerovnetDeviceAcquire(Adapter);
    AerovnetStopLocked(Adapter, Status);
    AerovnetDeviceRelease(Adapter);
}

/* A reset under way takes the frames back itself, and what it has brought back must not be stopped
 * for what was wrong before. */
VOID AerovnetDeviceStopFailed(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status)
{
    if (!AerovnetDeviceTryAcquire(Adapter))
        return;
    AerovnetDeviceCheck(Adapter);
    if (Adapter->ResetNeeded)
        AerovnetStopLocked(Adapter, Status);
    AerovnetDeviceRelease(Adapter);
}

/* Whoever else stops or starts the device knows how it is, and it may be asleep when they end. */
BOOLEAN AerovnetDeviceHangs(PAEROVNET_ADAPTER Adapter)
{
    BOOLEAN Hangs;

    if (!AerovnetDeviceTryAcquire(Adapter))
        return FALSE;
    AerovnetDeviceCheck(Adapter);
    AerovnetInterruptCheck(Adapter);
    if (AerovnetTransmitHangs(Adapter))
        AerovnetDeviceFailed(Adapter, AEROVNET_EVENT_TRANSMIT_HANG,
                             AEROVNET_HANG_SECONDS * AEROVNET_STALLS_MAX, 0);
    Hangs = Adapter->ResetNeeded != 0;
    AerovnetDeviceRelease(Adapter);
    return Hangs;
}

/* The device runs again as it did. While it sleeps there is nothing to be done: it comes back
 * when it wakes. */
static NDIS_STATUS AerovnetComeBack(PAEROVNET_ADAPTER Adapter)
{
    NDIS_STATUS Status;

    InterlockedExchange(&Adapter->ResetNeeded, 0);
    if (Adapter->Asleep)
        return NDIS_STATUS_SUCCESS;
    Status = AerovnetDeviceNegotiate(Adapter);
    if (Status == NDIS_STATUS_SUCCESS)
        Status = AerovnetDeviceStart(Adapter);
    if (Status == NDIS_STATUS_SUCCESS)
        InterlockedExchange(&Adapter->Gone, 0); /* it has answered */
    return Status;
}

NDIS_STATUS AerovnetDeviceRestart(PAEROVNET_ADAPTER Adapter)
{
    NDIS_STATUS Status;

    AerovnetDeviceAcquire(Adapter);
    InterlockedExchange(&Adapter->Resetting, 1);
    AerovnetStopLocked(Adapter, NDIS_STATUS_RESET_IN_PROGRESS);
    Status = AerovnetComeBack(Adapter);
    InterlockedExchange(&Adapter->Resetting, 0);
    AerovnetDeviceRelease(Adapter);
    return Status;
}

VOID AerovnetDeviceSleep(PAEROVNET_ADAPTER Adapter)
{
    AerovnetDeviceAcquire(Adapter);
    if (!Adapter->Asleep) {
        AerovnetStopLocked(Adapter, NDIS_STATUS_LOW_POWER_STATE);
        AerovnetInterruptSleep(Adapter);
    }
    AerovnetDeviceRelease(Adapter);
}

VOID AerovnetDeviceWake(PAEROVNET_ADAPTER Adapter)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;

    AerovnetDeviceAcquire(Adapter);
    if (InterlockedExchange(&Adapter->Asleep, 0))
        Status = AerovnetComeBack(Adapter);
    AerovnetDeviceRelease(Adapter);
    if (Status == NDIS_STATUS_SUCCESS)
        AerovnetInterruptCheck(Adapter);
    else
        AerovnetDeviceFailed(Adapter, AEROVNET_EVENT_WAKE_FAILED, (ULONG)Status, 0);
}

/* NDIS may call as soon as it knows the adapter: before there is a register to write to. */
static VOID AerovnetResetNow(PAEROVNET_ADAPTER Adapter)
{
    if (!Adapter->Gone && !Adapter->Asleep && virtio_pci_is_open(&Adapter->Device))
        virtio_pci_reset_now(&Adapter->Device);
}

VOID AerovnetDeviceShutdown(PAEROVNET_ADAPTER Adapter)
{
    AerovnetDeviceAcquire(Adapter);
    AerovnetQuiesce(Adapter);
    AerovnetResetNow(Adapter);
    AerovnetDeviceRelease(Adapter);
}

VOID AerovnetDeviceCrash(PAEROVNET_ADAPTER Adapter)
{
    AerovnetResetNow(Adapter);
}
