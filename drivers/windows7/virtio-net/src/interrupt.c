/* SPDX-License-Identifier: MIT */
/*
 * The line interrupt and its DPC. The ISR reads the ISR status once, which acknowledges the
 * interrupt. The DPC does all other work. Only one DPC polls at a time, so that frames stay in
 * order: a second DPC increments DpcRequests and returns, and the first one polls again. The rings
 * suppress interrupts while the DPC polls. Before the DPC ends, it enables them and polls once
 * more: the device sends no interrupt for a buffer that it used while they were suppressed.
 */
#include "interrupt.h"
#include "adapter.h"
#include "event_log.h"
#include "link.h"
#include "state.h"
#include "fault.h"

static MINIPORT_ISR AerovnetInterrupt;
static MINIPORT_INTERRUPT_DPC AerovnetInterruptDpc;
static MINIPORT_DISABLE_INTERRUPT AerovnetDisableInterrupt;
static MINIPORT_ENABLE_INTERRUPT AerovnetEnableInterrupt;
static MINIPORT_SYNCHRONIZE_INTERRUPT AerovnetFallAsleep;

/* The most frames that one DPC receives if NDIS sets no limit. For 256 full frames, the work beyond
 * the indication itself takes much less than 100 microseconds. */
#define AEROVNET_RECEIVE_BUDGET 256

/* The most times that one DPC polls before it lets other DPCs run. Each round handles the buffers
 * that the device used during the last round. */
#define AEROVNET_POLL_ROUNDS 8

/* Returns FALSE if the driver must not access the device's registers. */
static BOOLEAN AerovnetRegistersThere(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_STATE State = AerovnetStateOf(&Adapter->State);

    return State != AerovnetStateAsleep && State != AerovnetStateRemoved &&
           State != AerovnetStateClosed;
}

/* A device that Windows has given up may still be there. Until it is reset, its interrupt has to be
 * acknowledged: else the line stays asserted, and the processor does nothing but call ISRs. */
static BOOLEAN AerovnetIsrThere(PAEROVNET_ADAPTER Adapter)
{
    return AerovnetRegistersThere(Adapter) ||
           (AerovnetStateOf(&Adapter->State) == AerovnetStateRemoved && !Adapter->RemovedAsleep);
}

static BOOLEAN NTAPI AerovnetInterrupt(NDIS_HANDLE MiniportInterruptContext,
                                       PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    PAEROVNET_ADAPTER Adapter = MiniportInterruptContext;
    UCHAR Isr;

    *QueueDefaultInterruptDpc = FALSE;
    *TargetProcessors = 0;
    Isr = AerovnetIsrThere(Adapter) ? virtio_pci_isr(&Adapter->Device) : 0;
    if (Isr == 0 || (Isr == VIRTIO_PCI_GONE && virtio_pci_is_gone(&Adapter->Device))) {
        AerovnetCount(&Adapter->SharedInterrupts);
        return FALSE;
    }
    AerovnetCount(&Adapter->Interrupts);
    if (Isr & VIRTIO_PCI_ISR_CONFIG)
        InterlockedExchange(&Adapter->ConfigChanged, 1);
    *QueueDefaultInterruptDpc = TRUE;
    return TRUE;
}

/* Returns TRUE if the ring holds no used buffer and the device interrupts for the next one. With
 * VIRTIO_F_EVENT_IDX the transmit ring may hold some (transmit.h). */
static BOOLEAN AerovnetInterruptsOn(PAEROVNET_QUEUE Queue)
{
    BOOLEAN Quiet;

    NdisDprAcquireSpinLock(&Queue->Lock);
    Quiet = !Queue->Live || virtq_enable_interrupts(&Queue->Ring);
    NdisDprReleaseSpinLock(&Queue->Lock);
    return Quiet;
}

/* Handles all used buffers, but at most `Budget` received frames. Returns FALSE if work is left;
 * interrupts are then still suppressed. */
static BOOLEAN AerovnetPoll(PAEROVNET_ADAPTER Adapter, PULONG Budget)
{
    BOOLEAN Quiet, More;
    ULONG Round;

    for (Round = 0; Round < AEROVNET_POLL_ROUNDS; Round++) {
        *Budget -= AerovnetReceivePoll(Adapter, *Budget, &More);
        AerovnetTransmitPoll(Adapter);
        if (Adapter->ConfigChanged && InterlockedExchange(&Adapter->ConfigChanged, 0)) {
            AerovnetDeviceCheck(Adapter);
            AerovnetLinkChanged(Adapter);
        }
        if (*Budget == 0)
            return FALSE;
        if (More)
            continue;
        Quiet = AerovnetInterruptsOn(&Adapter->Transmit.Queue);
        Quiet = AerovnetInterruptsOn(&Adapter->Receive.Queue) && Quiet;
        if (Quiet)
            return TRUE;
    }
    return FALSE;
}

/* Queues another DPC on this processor. The interrupts of the rings stay suppressed. */
static VOID AerovnetRequeueDpc(PAEROVNET_ADAPTER Adapter)
{
    ULONG Processor = NdisCurrentProcessorIndex();

    NdisMQueueDpc(Adapter->InterruptHandle, 0, 1u << (Processor < 32 ? Processor : 0), NULL);
}

/* At PASSIVE_LEVEL the thread can change its processor at any time, so processor 0 is as good as
 * any other. In the state Stopped, MiniportInitializeEx may not have registered the interrupt yet. NDIS
 * calls MiniportCheckForHangEx even then
 * (network/miniport-adapter-check-for-hang-and-reset-operations). */
VOID AerovnetInterruptCheck(PAEROVNET_ADAPTER Adapter)
{
    if (!AerovnetRegistersThere(Adapter) ||
        AerovnetStateOf(&Adapter->State) == AerovnetStateStopped)
        return;
    InterlockedExchange(&Adapter->ConfigChanged, 1);
    NdisMQueueDpc(Adapter->InterruptHandle, 0, 1, NULL);
}

static VOID NTAPI AerovnetInterruptDpc(NDIS_HANDLE MiniportInterruptContext,
                                       PVOID MiniportDpcContext, PVOID ReceiveThrottleParameters,
                                       PVOID NdisReserved2)
{
    PAEROVNET_ADAPTER Adapter = MiniportInterruptContext;
    PNDIS_RECEIVE_THROTTLE_PARAMETERS Throttle = ReceiveThrottleParameters;
    BOOLEAN Unlimited = Throttle->MaxNblsToIndicate == NDIS_INDICATE_ALL_NBLS;
    ULONG Budget = Unlimited ? AEROVNET_RECEIVE_BUDGET : Throttle->MaxNblsToIndicate;
    LONG Requests;

    UNREFERENCED_PARAMETER(MiniportDpcContext);
    UNREFERENCED_PARAMETER(NdisReserved2);

    Throttle->MoreNblsPending = FALSE;
    if (InterlockedIncrement(&Adapter->DpcRequests) != 1)
        return;
    if (AerovnetStateOf(&Adapter->State) == AerovnetStateAsleep) {
        InterlockedExchange(&Adapter->DpcRequests, 0);
        return;
    }
    AerovnetCount(&Adapter->Dpcs);
    do {
        Requests = Adapter->DpcRequests;
        if (AerovnetPoll(Adapter, &Budget))
            continue;
        /* The next DPC handles all requests so far. MoreNblsPending stays FALSE if NDIS set no limit
         * (ns-ndis-_ndis_receive_throttle_parameters). */
        AerovnetCount(&Adapter->DpcsRequeued);
        InterlockedExchange(&Adapter->DpcRequests, 0);
        if (!Unlimited && Budget == 0)
            Throttle->MoreNblsPending = TRUE;
        else
            AerovnetRequeueDpc(Adapter);
        return;
    } while (InterlockedCompareExchange(&Adapter->DpcRequests, 0, Requests) != Requests);
}

/* NDIS calls these two functions to troubleshoot a shared line. They do nothing, although the command
 * register can mask INTx (PCI 3.0, 6.2.2). AerovnetReach reads and writes that register on other
 * processors without a lock of this IRQL. A second writer could turn bus mastering on again after
 * AerovnetReach turned it off. An interrupt that is not masked costs one read of the ISR status. */
static VOID NTAPI AerovnetDisableInterrupt(NDIS_HANDLE MiniportInterruptContext)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
}

static VOID NTAPI AerovnetEnableInterrupt(NDIS_HANDLE MiniportInterruptContext)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
}

NDIS_STATUS AerovnetInterruptRegister(PAEROVNET_ADAPTER Adapter)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Interrupt;
    NDIS_STATUS Status;

    AEROVNET_ASSERT_PASSIVE();
    NdisZeroMemory(&Interrupt, sizeof(Interrupt));
    Interrupt.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT;
    Interrupt.Header.Revision = NDIS_MINIPORT_INTERRUPT_REVISION_1;
    Interrupt.Header.Size = NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1;
    Interrupt.InterruptHandler = AerovnetInterrupt;
    Interrupt.InterruptDpcHandler = AerovnetInterruptDpc;
    Interrupt.DisableInterruptHandler = AerovnetDisableInterrupt;
    Interrupt.EnableInterruptHandler = AerovnetEnableInterrupt;
    Interrupt.MsiSupported = FALSE;
    Status = NdisMRegisterInterruptEx(Adapter->MiniportHandle, Adapter, &Interrupt,
                                      &Adapter->InterruptHandle);
    if (Status != NDIS_STATUS_SUCCESS) {
        Adapter->InterruptHandle = NULL;
        AerovnetLog(Adapter, AEROVNET_EVENT_REGISTRATION_FAILED, (ULONG)Status,
                    AEROVNET_REGISTRATION_INTERRUPT);
    }
    return Status;
}

VOID AerovnetInterruptDeregister(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_ASSERT_PASSIVE();
    NdisMDeregisterInterruptEx(Adapter->InterruptHandle);
}

/* NDIS calls this at the interrupt's IRQL, with the interrupt's lock held: no ISR runs meanwhile. */
static BOOLEAN NTAPI AerovnetFallAsleep(NDIS_HANDLE SynchronizeContext)
{
    PAEROVNET_ADAPTER Adapter = SynchronizeContext;

    return AerovnetStateChange(&Adapter->State, AerovnetEventSlept);
}

VOID AerovnetInterruptSleep(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_ASSERT_PASSIVE();
    NdisMSynchronizeWithInterruptEx(Adapter->InterruptHandle, 0, AerovnetFallAsleep, Adapter);
    while (Adapter->DpcRequests != 0)
        NdisMSleep(100);
}
