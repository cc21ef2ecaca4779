/* SPDX-License-Identifier: MIT */
/* message.h: handlers of message-signaled interrupts that do nothing wrong, for rules about them.
 * FormMessages is the hook Interrupt; the driver runs with --inf tests/foreign-shapes/messages.inf. */
#ifndef RULES_MESSAGE_H
#define RULES_MESSAGE_H

#include "miniport.h"

static MINIPORT_MESSAGE_INTERRUPT MessageIsr;
static BOOLEAN NTAPI MessageIsr(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                                PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MessageId);
    *QueueDefaultInterruptDpc = FALSE;
    *TargetProcessors = 0;
    return TRUE;
}

static MINIPORT_MESSAGE_INTERRUPT_DPC MessageDpc;
static VOID NTAPI MessageDpc(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                             PVOID MiniportDpcContext, PVOID ReceiveThrottleParameters,
                             PVOID NdisReserved2)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MessageId);
    UNREFERENCED_PARAMETER(MiniportDpcContext);
    UNREFERENCED_PARAMETER(ReceiveThrottleParameters);
    UNREFERENCED_PARAMETER(NdisReserved2);
}

static MINIPORT_ENABLE_MESSAGE_INTERRUPT EnableMessage;
static VOID NTAPI EnableMessage(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MessageId);
}

static VOID FormMessages(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics)
{
    Characteristics->MsiSupported = TRUE;
    Characteristics->MessageInterruptHandler = MessageIsr;
    Characteristics->MessageInterruptDpcHandler = MessageDpc;
    Characteristics->DisableMessageInterruptHandler = EnableMessage;
    Characteristics->EnableMessageInterruptHandler = EnableMessage;
}

#endif
