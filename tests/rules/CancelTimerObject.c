/* SPDX-License-Identifier: MIT */
/* CancelTimerObject: a timer is cancelled before it is freed. Here it is set. */
#include "miniport.h"

static VOID Halt(VOID)
{
    SetTimer(10000);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
