/* SPDX-License-Identifier: MIT */
/*
 * The line interrupt and its DPC. The ISR reads the ISR status once, which acknowledges; all else
 * is the DPC's. One DPC polls at a time, so that frames stay in order: a second one only leaves
 * word, and the first looks again. While it polls the rings ask for no interrupts; before it ends
 * it asks for them again and looks once more, because a buffer used in between would announce
 * itself no more.
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

/* Frames that one DPC receives at the most when NDIS sets no limit: 256 full frames are well below
 * 100 microseconds of work beyond the indication itself. */
#define AEROVNET_RECEIVE_BUDGET 256

/* Rounds of one DPC before it makes room for others: each finds what came in during the last. */
#define AEROVNET_POLL_ROUNDS 8

/* FALSE: no register may be touched. */
static BOOLEAN AerovnetRegistersThere(PAEROVNET_ADAPTER Adapter)
{
    AEROVNET_STATE State = AerovnetStateOf(&Adapter->State);

    return State != AerovnetStateAsleep && State != AerovnetStateRemoved &&
           State != AerovnetStateClosed;
}

static BOOLEAN NTAPI AerovnetInterrupt(NDIS_HANDLE MiniportInterruptContext,
                                       PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    PAEROVNET_ADAPTER Adapter = MiniportInterruptContext;
    UCHAR Isr = AerovnetRegistersThere(Adapter) ? virtio_pci_isr(&Adapter->Device) : 0;

    *QueueDefaultInterruptDpc = FALSE;
    *TargetProcessors = 0;
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

/* TRUE: nothing waits in the ring, and the next use of a buffer interrupts. */
static BOOLEAN AerovnetInterruptsOn(PAEROVNET_QUEUE Queue)
{
    BOOLEAN Quiet;

    NdisDprAcquireSpinLock(&Queue->Lock);
    Quiet = !Queue->Live || virtq_enable_interrupts(&Queue->Ring);
    NdisDprReleaseSpinLock(&Queue->Lock);
    return Quiet;
}

/* Does all there is to do, within `Budget` received frames. FALSE: there is more, and interrupts
 * are off. */
static BOOLEAN AerovnetPoll(PAEROVNET_ADAPTER Adapter, PULONG Budget)
{
    BOOLEAN Quiet;
    ULONG Round;

    for (Round = 0; Round < AEROVNET_POLL_ROUNDS; Round++) {
        AerovnetTransmitPoll(Adapter);
        *Budget -= AerovnetReceivePoll(Adapter, *Budget);
        if (InterlockedExchange(&Adapter->ConfigChanged, 0)) {
            AerovnetDeviceCheck(Adapter);
            AerovnetLinkChanged(Adapter);
        }
        if (*Budget == 0)
            return FALSE;
        Quiet = AerovnetInterruptsOn(&Adapter->Transmit.Queue);
        Quiet = AerovnetInterruptsOn(&Adapter->Receive.Queue) && Quiet;
        if (Quiet)
            return TRUE;
    }
    return FALSE;
}

/* Another DPC on this processor, with the interrupts of the rings still off. */
static VOID AerovnetRequeueDpc(PAEROVNET_ADAPTER Adapter)
{
    ULONG Processor = NdisCurrentProcessorIndex();

    NdisMQueueDpc(Adapter->InterruptHandle, 0, 1u << (Processor < 32 ? Processor : 0), NULL);
}

/* At PASSIVE_LEVEL the thread is on no processor for long, so any will do. */
VOID AerovnetInterruptCheck(PAEROVNET_ADAPTER Adapter)
{
    if (!AerovnetRegistersThere(Adapter))
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
        /* The DPC to come stands for all who left word. Without a limit of NDIS's MoreNblsPending
         * stays FALSE (ns-ndis-_ndis_receive_throttle_parameters). */
        AerovnetCount(&Adapter->DpcsRequeued);
        InterlockedExchange(&Adapter->DpcRequests, 0);
        if (!Unlimited && Budget == 0)
            Throttle->MoreNblsPending = TRUE;
        else
            AerovnetRequeueDpc(Adapter);
        return;
    } while (InterlockedCompareExchange(&Adapter->DpcRequests, 0, Requests) != Requests);
}

/* NDIS calls these two to troubleshoot a shared line. They do nothing, although the command register
 * can mask INTx (PCI 3.0, 6.2.2). AerovnetReach reads and writes that register on other processors, and
 * no lock of this IRQL is held there: a second writer could undo a fence. An interrupt that is not
 * masked costs one read of the ISR status. */
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

/* At the interrupt's IRQL, with its lock: no ISR runs meanwhile. */
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
