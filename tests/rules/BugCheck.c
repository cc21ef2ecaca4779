/* SPDX-License-Identifier: MIT */
/* BugCheck: a driver does not stop Windows. Here it does. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KeBugCheckEx(0xE2, 1, 2, 3, 4);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
