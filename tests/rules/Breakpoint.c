/* SPDX-License-Identifier: MIT */
/* Breakpoint: there is no breakpoint when there is no debugger. Here is one. */
#include "miniport.h"

static VOID Halt(VOID)
{
    DbgBreakPoint();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
