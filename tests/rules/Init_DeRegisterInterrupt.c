/* SPDX-License-Identifier: MIT */
/* Init_DeRegisterInterrupt: MiniportHaltEx deregisters the interrupt. Here it does not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    Adapter.Interrupt = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
