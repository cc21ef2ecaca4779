/* SPDX-License-Identifier: MIT */
/* CriticalRegion: a critical region that is left was entered. Here it was not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KeLeaveCriticalRegion();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
