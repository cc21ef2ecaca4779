/* SPDX-License-Identifier: MIT */
/* PoolOverrun: nothing is written after the end of an allocation. Here a byte is. */
#include "miniport.h"

static VOID Halt(VOID)
{
    Adapter.Memory[MEMORY_BYTES] = 1;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
