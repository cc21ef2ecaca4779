/* SPDX-License-Identifier: MIT */
/* quiet.h: message interrupts of NDIS that do nothing: QuietInterrupt is the hook Interrupt of shapes that need them
 * registered alone. */
#ifndef FOREIGN_QUIET_H
#define FOREIGN_QUIET_H

#include "shape.h"

static MINIPORT_MESSAGE_INTERRUPT QuietIsr;
static BOOLEAN NTAPI QuietIsr(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                              PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MessageId);
    *QueueDefaultInterruptDpc = FALSE;
    *TargetProcessors = 0;
    return TRUE;
}

static MINIPORT_MESSAGE_INTERRUPT_DPC QuietDpc;
static VOID NTAPI QuietDpc(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                           PVOID MiniportDpcContext, PVOID ReceiveThrottleParameters,
                           PVOID NdisReserved2)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MessageId);
    UNREFERENCED_PARAMETER(MiniportDpcContext);
    UNREFERENCED_PARAMETER(ReceiveThrottleParameters);
    UNREFERENCED_PARAMETER(NdisReserved2);
}

static MINIPORT_ENABLE_MESSAGE_INTERRUPT QuietSwitch;
static VOID NTAPI QuietSwitch(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MessageId);
}

static VOID QuietInterrupt(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics)
{
    Characteristics->MsiSupported = TRUE;
    Characteristics->MessageInterruptHandler = QuietIsr;
    Characteristics->MessageInterruptDpcHandler = QuietDpc;
    Characteristics->DisableMessageInterruptHandler = QuietSwitch;
    Characteristics->EnableMessageInterruptHandler = QuietSwitch;
}

#endif
