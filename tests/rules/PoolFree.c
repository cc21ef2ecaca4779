/* SPDX-License-Identifier: MIT */
/* PoolFree: memory is freed once. Here it is freed twice. */
#include "miniport.h"

static VOID Halt(VOID)
{
    PVOID Memory;

    Memory = NdisAllocateMemoryWithTagPriority(Adapter.Handle, 40, TAG, NormalPoolPriority);
    NdisFreeMemoryWithTagPriority(Adapter.Handle, Memory, TAG);
    NdisFreeMemoryWithTagPriority(Adapter.Handle, Memory, TAG);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
