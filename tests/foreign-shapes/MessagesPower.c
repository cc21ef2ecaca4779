/* SPDX-License-Identifier: MIT */
/* Sleep with messages: the driver sets the device's vectors again, and Windows restores the MSI-X table.
 * inf: messages.inf
 * control: pause; restart; power d3; power d0; link down; sleep 100
 */
#include "message.h"
#include "shape.h"
#include "virtio.h"

static volatile LONG Came;

static MINIPORT_MESSAGE_INTERRUPT Count;
static BOOLEAN NTAPI Count(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                           PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    CHECK(MessageId == 2);
    InterlockedIncrement(&Came);
    return MessageIsr(MiniportInterruptContext, MessageId, QueueDefaultInterruptDpc,
                      TargetProcessors);
}

static VOID Interrupt(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics)
{
    FormMessages(Characteristics);
    Characteristics->MessageInterruptHandler = Count;
}

static NDIS_STATUS Initialize(VOID)
{
    VirtioStart();
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Restart(VOID)
{
    VirtioRun();
    NdisWriteRegisterUshort((PUSHORT)(Registers + 0x10), 2); /* config_msix_vector */
    return NDIS_STATUS_SUCCESS;
}

/* MiniportPause comes before each sleep. */
static NDIS_STATUS Pause(VOID)
{
    VirtioReset();
    Adapter.Running = FALSE;
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(VOID)
{
    CHECK(Came == 1);
    VirtioStop();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Interrupt = Interrupt;
    Hooks->Initialize = Initialize;
    Hooks->Restart = Restart;
    Hooks->Pause = Pause;
    Hooks->Halt = Halt;
}
