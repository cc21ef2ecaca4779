/* SPDX-License-Identifier: MIT */
/* PoolOverrun: nothing is written behind shared memory. Here a byte is. */
#include "miniport.h"

static VOID Halt(VOID)
{
    Adapter.Shared[SHARED_BYTES] = 0;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
