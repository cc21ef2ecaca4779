/* SPDX-License-Identifier: MIT */
/* NdisMDeregisterInterruptEx: an interrupt is deregistered once. Here twice. */
#include "miniport.h"

static VOID Halt(VOID)
{
    NdisMDeregisterInterruptEx(Adapter.Interrupt);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
