/* SPDX-License-Identifier: MIT */
/* TimerInitialized: a timer that is set was initialised. Here it was not. */
#include "miniport.h"

static KTIMER Timer;

static VOID Halt(VOID)
{
    LARGE_INTEGER Due;

    Due.QuadPart = -100000000;
    KeSetTimer(&Timer, Due, NULL);
    KeCancelTimer(&Timer);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
