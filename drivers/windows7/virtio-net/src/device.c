/* SPDX-License-Identifier: MIT */
#include "device.h"
#include "adapter.h"
#include "event_log.h"
#include "hardware.h"
#include "queue.h"
#include "state.h"
#include "fault.h"
#include "transmit.h"
#include "receive.h"
#include "interrupt.h"

NDIS_STATUS AerovnetDeviceOpen(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status;

    AEROVNET_ASSERT_PASSIVE();
    Status = virtio_pci_open(&Adapter->Device, &AerovnetPciIo, Adapter, 0);
    if (Status != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Status, 0);
    AerovnetStateChange(&Adapter->State, AerovnetEventOpen);
    AerovnetStateFence(&Adapter->State, TRUE); /* until the first reset says that it need not be */
    return NDIS_STATUS_SUCCESS;
}

/* Resets the device; what it had may go back to its owners after this. The specification sets no
 * bound (virtio 1.2, 4.1.4.3.2): it gets `Seconds` seconds, or one more where a sleep takes longer
 * than was asked for. A device that takes longer than a second may still be at work in what it had:
 * it is fenced until it has finished. */
static enum virtio_pci_status AerovnetDeviceReset(PAEROVNET_ADAPTER Adapter, ULONG Seconds)
{
    enum virtio_pci_status Status;
    LARGE_INTEGER Start, Now;

    NdisGetSystemUpTimeEx(&Start);
    for (;;) {
        Status = virtio_pci_reset(&Adapter->Device);
        if (Status != VIRTIO_PCI_E_RESET_TIMEOUT)
            break;
        if (!AerovnetStateIsFenced(&Adapter->State))
            AerovnetReach(Adapter, FALSE);
        NdisGetSystemUpTimeEx(&Now);
        if (Now.QuadPart - Start.QuadPart > 1000 * (LONGLONG)(Seconds - 1) ||
            AerovnetStateOf(&Adapter->State) == AerovnetStateRemoved)
            break;
    }
    if (Status == VIRTIO_PCI_OK && AerovnetStateIsFenced(&Adapter->State) &&
        !AerovnetReach(Adapter, TRUE))
        Status = VIRTIO_PCI_E_GONE;
    return Status;
}

VOID AerovnetDeviceClose(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_ASSERT_PASSIVE();
    if (AerovnetStateOf(&Adapter->State) == AerovnetStateStopped)
        AerovnetDeviceReset(Adapter, AEROVNET_RESET_SECONDS_SHORT);
    AerovnetStateChange(&Adapter->State, AerovnetEventClose);
    virtio_pci_close(&Adapter->Device);
}

NDIS_STATUS AerovnetDeviceAddress(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status = VIRTIO_PCI_OK;

    AEROVNET_ASSERT_PASSIVE();
    if (virtio_pci_has(&Adapter->Device, VIRTIO_NET_F_MAC))
        Status = virtio_pci_config_read(&Adapter->Device, VIRTIO_NET_CONFIG_MAC,
                                        Adapter->PermanentAddress, AEROVNET_ADDRESS_LENGTH);
    if (Status != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Status, VIRTIO_NET_CONFIG_MAC);
    return NDIS_STATUS_SUCCESS;
}

/* Bytes of the device configuration up to the last field that the negotiated features have the
 * driver read (virtio 1.2, 2.5.1, 5.1.4). */
static ULONG AerovnetConfigLength(const struct virtio_pci_device *Device)
{
    if (virtio_pci_has(Device, VIRTIO_NET_F_MTU))
        return VIRTIO_NET_CONFIG_MTU + sizeof(virtio_u16);
    if (virtio_pci_has(Device, VIRTIO_NET_F_STATUS))
        return VIRTIO_NET_CONFIG_STATUS + sizeof(virtio_u16);
    return virtio_pci_has(Device, VIRTIO_NET_F_MAC)
               ? VIRTIO_NET_CONFIG_MAC + AEROVNET_ADDRESS_LENGTH
               : 0;
}

/* Reads the MTU of the device. The queues are not live.
 *
 * After Initialize NDIS cannot be told of another MTU: MtuSize is one of the general attributes, which
 * are set once (network/ns-ndis-_ndis_miniport_adapter_general_attributes). A device may allow less
 * after a reset or wake. TCP/IP then goes on with the MTU of Initialize, and its longer frames are
 * refused with INVALID_LENGTH. Of the OIDs only those that NDIS passes on tell the new MTU. */
static NDIS_STATUS AerovnetReadMtu(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status;
    virtio_u16 Mtu = AEROVNET_MTU;

    if (virtio_pci_has(&Adapter->Device, VIRTIO_NET_F_MTU)) {
        Status = virtio_pci_config_read(&Adapter->Device, VIRTIO_NET_CONFIG_MTU, &Mtu, sizeof(Mtu));
        if (Status != VIRTIO_PCI_OK) {
            virtio_pci_fail(&Adapter->Device); /* virtio 1.2, 3.1.1 */
            return AerovnetLogTransport(Adapter, Status, VIRTIO_NET_CONFIG_MTU);
        }
    }
    if (Mtu < AEROVNET_MTU_MIN) {
        virtio_pci_fail(&Adapter->Device);
        if (!Adapter->Quiet)
            AerovnetLog(Adapter, AEROVNET_EVENT_MTU, Mtu, AEROVNET_MTU_MIN);
        return NDIS_STATUS_FAILURE;
    }
    NdisAcquireSpinLock(&Adapter->Transmit.Queue.Lock);
    Adapter->Mtu = Mtu < AEROVNET_MTU ? Mtu : AEROVNET_MTU;
    NdisReleaseSpinLock(&Adapter->Transmit.Queue.Lock);
    return NDIS_STATUS_SUCCESS;
}

/* Resets the device, agrees on the features and reads the MTU. A failure is in the event log.
 * Seconds 0: the device has just been reset. */
static NDIS_STATUS AerovnetNegotiate(PAEROVNET_ADAPTER Adapter, ULONG Seconds)
{
    enum virtio_pci_status Status = VIRTIO_PCI_OK;
    virtio_u64 Features = AEROVNET_FEATURES;

    if (Adapter->EventIdx != 0)
        Features |= VIRTIO_F_EVENT_IDX;
    if (Seconds != 0)
        Status = AerovnetDeviceReset(Adapter, Seconds);
    if (Status == VIRTIO_PCI_OK)
        Status = virtio_pci_negotiate(&Adapter->Device, Features, VIRTIO_F_VERSION_1);
    NdisAcquireSpinLock(&Adapter->Transmit.Queue.Lock);
    Adapter->FeaturesOffered = Adapter->Device.offered;
    Adapter->FeaturesNegotiated = Adapter->Device.negotiated;
    NdisReleaseSpinLock(&Adapter->Transmit.Queue.Lock);
    if (Status == VIRTIO_PCI_OK)
        Status = virtio_pci_config_vector(&Adapter->Device, VIRTIO_MSI_NO_VECTOR);
    if (Status == VIRTIO_PCI_OK &&
        Adapter->Device.device.length < AerovnetConfigLength(&Adapter->Device)) {
        virtio_pci_fail(&Adapter->Device); /* virtio 1.2, 3.1.1 */
        Status = VIRTIO_PCI_E_NO_DEVICE_CFG;
    }
    if (Status != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Status, 0);
    return AerovnetReadMtu(Adapter);
}

NDIS_STATUS AerovnetDeviceNegotiate(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_ASSERT_PASSIVE();
    return AerovnetNegotiate(Adapter, AEROVNET_RESET_SECONDS_LONG);
}

/* Gives the device its (empty) rings, posts the receive buffers, and sets DRIVER_OK; `Event` makes
 * the state Running. Returns the queue in `Index` when its set-up fails. */
static enum virtio_pci_status AerovnetStart(PAEROVNET_ADAPTER Adapter, AEROVNET_EVENT Event,
                                            PUSHORT Index)
{
    PAEROVNET_QUEUE Receive = &Adapter->Receive.Queue;
    PAEROVNET_QUEUE Transmit = &Adapter->Transmit.Queue;
    enum virtio_pci_status Status;
    BOOLEAN Notify;

    *Index = AEROVNET_RECEIVE_QUEUE;
    Status = AerovnetQueueSetUp(Adapter, Receive);
    if (Status != VIRTIO_PCI_OK)
        return Status;
    *Index = AEROVNET_TRANSMIT_QUEUE;
    Status = AerovnetQueueSetUp(Adapter, Transmit);
    if (Status != VIRTIO_PCI_OK)
        return Status;
    Adapter->Transmit.UseIndirect = Transmit->Ring.indirect_max != 0;
    Adapter->Transmit.UseEvents = Transmit->Ring.event_idx != 0;
    virtq_interrupt_after(&Transmit->Ring, Adapter->Transmit.InterruptAfter);

    /* A device that was removed meanwhile stays removed. Its interrupts would have nobody to claim
     * them. */
    if (AerovnetStateOf(&Adapter->State) == AerovnetStateRemoved)
        return VIRTIO_PCI_E_GONE;

    /* The buffers come before DRIVER_OK, and all notifications after it (virtio 1.2, 3.1.1). The
     * lock keeps lists that NDIS returns meanwhile from notifying too early. The state says whether the
     * device was removed just now. */
    NdisAcquireSpinLock(&Receive->Lock);
    AerovnetReceiveFill(Adapter);
    Notify = AerovnetPublish(Receive);
    Status = virtio_pci_driver_ok(&Adapter->Device);
    if (Status == VIRTIO_PCI_OK && !AerovnetStateChange(&Adapter->State, Event))
        Status = VIRTIO_PCI_E_GONE;
    Receive->Live = Status == VIRTIO_PCI_OK;
    NdisReleaseSpinLock(&Receive->Lock);
    if (Notify)
        AerovnetNotify(Adapter, Receive);
    /* After a failure the device may have the buffers, until the reset with which every way on from
     * here begins (virtio 1.2, 2.7.13.3.1). */
    AerovnetGates(Adapter);
    return Status;
}

/* The same; a failure tells the device that it was given up, and the event log why. */
static NDIS_STATUS AerovnetStartOrFail(PAEROVNET_ADAPTER Adapter, AEROVNET_EVENT Event)
{
    enum virtio_pci_status Status;
    USHORT Index;

    Status = AerovnetStart(Adapter, Event, &Index);
    if (Status == VIRTIO_PCI_OK)
        return NDIS_STATUS_SUCCESS;
    virtio_pci_fail(&Adapter->Device);
    return AerovnetLogTransport(Adapter, Status, Index);
}

NDIS_STATUS AerovnetDeviceStart(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_ASSERT_PASSIVE();
    return AerovnetStartOrFail(Adapter, AerovnetEventStart);
}

/* FALSE: somebody else stops or starts it. */
static BOOLEAN AerovnetDeviceTryAcquire(PAEROVNET_ADAPTER Adapter)
{
    return InterlockedCompareExchange(&Adapter->DeviceBusy, 1, 0) == 0;
}

/* Reset, pause, removal and halt may come at once, each on a thread of its own; every one of
 * them is done within AEROVNET_RESET_SECONDS_LONG. PASSIVE_LEVEL */
static VOID AerovnetDeviceAcquire(PAEROVNET_ADAPTER Adapter)
{
    while (!AerovnetDeviceTryAcquire(Adapter))
        NdisMSleep(1000);
}

static VOID AerovnetDeviceRelease(PAEROVNET_ADAPTER Adapter)
{
    InterlockedExchange(&Adapter->DeviceBusy, 0);
}

/* The state is no longer Running: closes the gates, after which no DPC and no sender touches the
 * rings. Whoever found a reason to notify before that must have done so before the reset (virtio
 * 1.2, 3.1.1: none before DRIVER_OK). */
static VOID AerovnetQuiesce(PAEROVNET_ADAPTER Adapter)
{
    AerovnetGates(Adapter);
    while (virtq_is_notifying(&Adapter->Transmit.Queue.Ring) ||
           virtq_is_notifying(&Adapter->Receive.Queue.Ring))
        NdisMSleep(100);
}

/* Takes every frame and buffer back, after a reset that gets `Seconds`; 0: without one, the
 * registers must not be touched. Returns what became of the reset. The state is no longer Running. */
static enum virtio_pci_status AerovnetStopLocked(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status,
                                                 ULONG Seconds)
{
    enum virtio_pci_status Reset = VIRTIO_PCI_OK;

    AerovnetQuiesce(Adapter);
    if (Seconds != 0)
        Reset = AerovnetDeviceReset(Adapter, Seconds);
    AerovnetTransmitStop(Adapter, Status);
    AerovnetReceiveStop(Adapter);
    return Reset;
}

VOID AerovnetDeviceStop(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status)
{
    AEROVNET_ASSERT_PASSIVE();
    AerovnetDeviceAcquire(Adapter);
    AerovnetStateChange(&Adapter->State, AerovnetEventHalt);
    AerovnetStopLocked(Adapter, Status,
                       AerovnetStateOf(&Adapter->State) == AerovnetStateStopped
                           ? AEROVNET_RESET_SECONDS_SHORT
                           : 0);
    AerovnetDeviceRelease(Adapter);
}

/* The device may still be there, and must let go of what goes to its owners. */
VOID AerovnetDeviceRemoved(PAEROVNET_ADAPTER Adapter)
{
    BOOLEAN Asleep = AerovnetStateOf(&Adapter->State) == AerovnetStateAsleep;

    AEROVNET_ASSERT_PASSIVE();
    if (Asleep)
        Adapter->RemovedAsleep = TRUE; /* a second event finds it Removed, and still powered down */
    if (!AerovnetStateChange(&Adapter->State, AerovnetEventSurpriseRemoved))
        return;
    AerovnetGates(Adapter);
    AerovnetDeviceAcquire(Adapter);
    AerovnetStopLocked(Adapter, NDIS_STATUS_FAILURE, Asleep ? 0 : AEROVNET_RESET_SECONDS_SHORT);
    AerovnetDeviceRelease(Adapter);
}

static BOOLEAN AerovnetNeedsReset(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_STATE State = AerovnetStateOf(&Adapter->State);

    return State == AerovnetStateFailed || State == AerovnetStateLost || State == AerovnetStateDead;
}

/* A reset under way takes the frames back itself, and what it has brought back must not be stopped
 * for what was wrong before. */
VOID AerovnetDeviceStopFailed(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status)
{
    AEROVNET_ASSERT_PASSIVE();
    if (!AerovnetDeviceTryAcquire(Adapter))
        return;
    AerovnetDeviceCheck(Adapter);
    if (AerovnetNeedsReset(Adapter))
        AerovnetStopLocked(Adapter, Status, AEROVNET_RESET_SECONDS_SHORT);
    AerovnetDeviceRelease(Adapter);
}

/* A device that could not be restarted is tried again when so many calls have passed. */
static BOOLEAN AerovnetRetryDue(PAEROVNET_ADAPTER Adapter)
{
    if (Adapter->ChecksToRetry != 0)
        Adapter->ChecksToRetry--;
    return Adapter->ChecksToRetry == 0;
}

/* Whoever else stops or starts the device knows how it is, and it may be asleep when they end. */
BOOLEAN AerovnetDeviceHangs(PAEROVNET_ADAPTER Adapter)
{
    BOOLEAN Hangs;
    ULONG Epoch;

    if (!AerovnetDeviceTryAcquire(Adapter))
        return FALSE;
    AerovnetDeviceCheck(Adapter);
    AerovnetInterruptCheck(Adapter);
    if (AerovnetTransmitHangs(Adapter, &Epoch))
        AerovnetDeviceFailed(Adapter, Epoch, AEROVNET_EVENT_TRANSMIT_HANG,
                             AEROVNET_HANG_SECONDS * AEROVNET_STALLS_MAX, 0);
    if (AerovnetNeedsReset(Adapter))
        Adapter->GoodChecks = 0;
    else if (++Adapter->GoodChecks == AEROVNET_GOOD_CHECKS)
        AerovnetFaultsForget(Adapter);
    Hangs = AerovnetNeedsReset(Adapter) &&
            (AerovnetStateOf(&Adapter->State) != AerovnetStateDead || AerovnetRetryDue(Adapter));
    AerovnetDeviceRelease(Adapter);
    return Hangs;
}

/* Features, MTU, queue sizes and rings anew, all but the address; `Event` makes the state Running. */
static NDIS_STATUS AerovnetComeBack(PAEROVNET_ADAPTER Adapter, AEROVNET_EVENT Event, ULONG Seconds)
{
    enum virtio_pci_status Status;
    NDIS_STATUS Negotiated;
    USHORT Index = 0;

    Negotiated = AerovnetNegotiate(Adapter, Seconds);
    if (Negotiated != NDIS_STATUS_SUCCESS)
        return Negotiated;
    Status = AerovnetQueueRefit(Adapter, &Adapter->Receive.Queue);
    if (Status == VIRTIO_PCI_OK) {
        Index = AEROVNET_TRANSMIT_QUEUE;
        Status = AerovnetQueueRefit(Adapter, &Adapter->Transmit.Queue);
    }
    if (Status != VIRTIO_PCI_OK) {
        virtio_pci_fail(&Adapter->Device);
        return AerovnetLogTransport(Adapter, Status, Index);
    }
    AerovnetReceiveFit(Adapter);
    AerovnetTransmitFit(Adapter);
    return AerovnetStartOrFail(Adapter, Event);
}

/* What became of a reset or a wake. A failure is logged once, and tried again with growing pauses
 * until it works; `Failed` is the state's event for it, and `Logged` the event log's. */
static VOID AerovnetBroughtBack(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status,
                                AEROVNET_EVENT Failed, ULONG Logged)
{
    ULONG Checks;

    Adapter->Quiet = FALSE;
    if (Status == NDIS_STATUS_SUCCESS) {
        if (Adapter->Failures != 0)
            AerovnetLog(Adapter, AEROVNET_EVENT_DEVICE_BACK, Adapter->Failures, 0);
        Adapter->Failures = 0;
        return;
    }
    if (!AerovnetStateChange(&Adapter->State, Failed))
        return; /* it was removed meanwhile */
    if (Adapter->Failures == 0)
        AerovnetLog(Adapter, Logged, (ULONG)Status, 0);
    Checks = Adapter->Failures < 3 ? 1u << Adapter->Failures : AEROVNET_RETRY_CHECKS_MAX;
    Adapter->ChecksToRetry = Checks;
    Adapter->Failures++;
}

NDIS_STATUS AerovnetDeviceRestart(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Reset;
    NDIS_STATUS Status = NDIS_STATUS_FAILURE;

    AEROVNET_ASSERT_PASSIVE();
    AerovnetDeviceAcquire(Adapter);
    /* What has made the device lost or dead is in the event log already. */
    Adapter->Quiet =
        Adapter->Failures != 0 || AerovnetStateOf(&Adapter->State) == AerovnetStateLost;
    if (AerovnetStateChange(&Adapter->State, AerovnetEventResetAsked)) {
        Reset =
            AerovnetStopLocked(Adapter, NDIS_STATUS_RESET_IN_PROGRESS, AEROVNET_RESET_SECONDS_LONG);
        if (Reset == VIRTIO_PCI_OK)
            Status = AerovnetComeBack(Adapter, AerovnetEventRestarted, 0);
        else
            Status = AerovnetLogTransport(Adapter, Reset, 0);
        AerovnetBroughtBack(Adapter, Status, AerovnetEventRestartFailed,
                            AEROVNET_EVENT_RESET_FAILED);
    } else if (AerovnetStateOf(&Adapter->State) == AerovnetStateAsleep) {
        Status = NDIS_STATUS_SUCCESS; /* nothing is to be done: the wake restarts it */
    }
    AerovnetDeviceRelease(Adapter);
    AerovnetInterruptCheck(Adapter);
    return Status;
}

VOID AerovnetDeviceSleep(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_ASSERT_PASSIVE();
    AerovnetDeviceAcquire(Adapter);
    if (AerovnetStateChange(&Adapter->State, AerovnetEventSleepAsked)) {
        AerovnetStopLocked(Adapter, NDIS_STATUS_LOW_POWER_STATE, AEROVNET_RESET_SECONDS_SHORT);
        AerovnetInterruptSleep(Adapter);
    }
    AerovnetDeviceRelease(Adapter);
}

VOID AerovnetDeviceWake(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_ASSERT_PASSIVE();
    AerovnetDeviceAcquire(Adapter);
    if (AerovnetStateChange(&Adapter->State, AerovnetEventWakeAsked)) {
        Adapter->Quiet = Adapter->Failures != 0;
        /* In D3 the command register may have been lost (PCI Power Management 1.2). */
        if (!AerovnetStateIsFenced(&Adapter->State) && !AerovnetReach(Adapter, TRUE))
            AerovnetStateFence(&Adapter->State, TRUE); /* the next reset tries it again */
        AerovnetBroughtBack(
            Adapter, AerovnetComeBack(Adapter, AerovnetEventWoken, AEROVNET_RESET_SECONDS_SHORT),
            AerovnetEventWakeFailed, AEROVNET_EVENT_WAKE_FAILED);
    }
    AerovnetDeviceRelease(Adapter);
    AerovnetInterruptCheck(Adapter);
}

VOID AerovnetDeviceShutdown(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_ASSERT_PASSIVE();
    AerovnetDeviceAcquire(Adapter);
    if (AerovnetStateChange(&Adapter->State, AerovnetEventShutdown)) {
        AerovnetQuiesce(Adapter);
        virtio_pci_reset_now(&Adapter->Device);
    }
    AerovnetDeviceRelease(Adapter);
}

VOID AerovnetDeviceCrash(PAEROVNET_ADAPTER Adapter)
{
    if (AerovnetStateChange(&Adapter->State, AerovnetEventCrash))
        virtio_pci_reset_now(&Adapter->Device);
}
