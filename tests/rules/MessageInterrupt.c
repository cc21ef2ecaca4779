/* SPDX-License-Identifier: MIT */
/* MessageInterrupt: MiniportMessageInterrupt claims each message, as no other device sends it.
 * Here it returns FALSE.
 * ndishost-options: --inf tests/foreign-shapes/messages.inf
 * control: link down; sleep 100
 */
#include "message.h"

#include "virtio.h"

static MINIPORT_MESSAGE_INTERRUPT Refuse;
static BOOLEAN NTAPI Refuse(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                            PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    MessageIsr(MiniportInterruptContext, MessageId, QueueDefaultInterruptDpc, TargetProcessors);
    return FALSE;
}

static VOID Interrupt(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics)
{
    FormMessages(Characteristics);
    Characteristics->MessageInterruptHandler = Refuse;
}

static NDIS_STATUS Initialize(VOID)
{
    VirtioStart();
    NdisWriteRegisterUshort((PUSHORT)(Registers + 0x10), 0); /* config_msix_vector */
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(VOID)
{
    VirtioStop();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Interrupt = Interrupt;
    Hooks->Initialize = Initialize;
    Hooks->Halt = Halt;
}
