/* SPDX-License-Identifier: MIT */
/* Irql_Interrupt_Function: functions for interrupts are called at an IRQL that they allow.
 * Here the driver synchronizes with its interrupt at HIGH_LEVEL.
 */
#include "miniport.h"

static VOID AtHighLevel(VOID)
{
    NdisMDeregisterInterruptEx(NULL); /* refused: this is never reached */
}

static VOID Halt(VOID)
{
    KIRQL Irql;

    KeRaiseIrql(HIGH_LEVEL, &Irql);
    AtDeviceIrql();
    KeLowerIrql(Irql);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->DeviceIrql = AtHighLevel;
    Hooks->Halt = Halt;
}
