/* SPDX-License-Identifier: MIT */
/* PoolUnderrun: nothing is written before an allocation. Here a byte is. */
#include "miniport.h"

static VOID Halt(VOID)
{
    *(Adapter.Memory - 1) = 1;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
