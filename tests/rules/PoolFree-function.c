/* SPDX-License-Identifier: MIT */
/* PoolFree: memory is freed by the function that belongs to its allocation. Here ExFreePool
 * frees what is of NDIS.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    PVOID Memory;

    Memory = NdisAllocateMemoryWithTagPriority(Adapter.Handle, 40, TAG, NormalPoolPriority);
    ExFreePool(Memory);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
