/* SPDX-License-Identifier: MIT */
/* Irql_Interrupt_Function: functions for interrupts are called at an IRQL that they allow.
 * Here the interrupt is deregistered at DISPATCH_LEVEL.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisMDeregisterInterruptEx(Adapter.Interrupt);
    KeLowerIrql(Irql);
    Adapter.Interrupt = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
