/* SPDX-License-Identifier: MIT */
/* CancelTimerObject: timers are cancelled by the end of MiniportHaltEx. Here one stays set. */
#include "miniport.h"

static VOID Halt(VOID)
{
    SetTimer(10000);
    Adapter.Timer = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
