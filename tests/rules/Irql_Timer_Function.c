/* SPDX-License-Identifier: MIT */
/* Irql_Timer_Function: timers are cancelled up to DISPATCH_LEVEL. Here one is with the
 * interrupt's lock held.
 */
#include "miniport.h"

static VOID DeviceIrql(VOID)
{
    NdisCancelTimerObject(Adapter.Timer);
}

static VOID Halt(VOID)
{
    AtDeviceIrql();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->DeviceIrql = DeviceIrql;
    Hooks->Halt = Halt;
}
