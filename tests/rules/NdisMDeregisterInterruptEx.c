/* SPDX-License-Identifier: MIT */
/* NdisMDeregisterInterruptEx: nobody synchronises with an interrupt that is gone. Here
 * MiniportHaltEx does.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    NdisMDeregisterInterruptEx(Adapter.Interrupt);
    AtDeviceIrql();
    Adapter.Interrupt = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
