/* SPDX-License-Identifier: MIT */
/* DivideByZero: nothing is divided by zero. Here something is. */
#include "miniport.h"

static VOID Halt(VOID)
{
    volatile LONG Dividend = 7, Zero = 0;

    Dividend = Dividend / Zero;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
