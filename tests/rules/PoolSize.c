/* SPDX-License-Identifier: MIT */
/* PoolSize: an allocation has a size. Here it has none. */
#include "miniport.h"

static VOID Halt(VOID)
{
    PVOID Memory;

    Memory = ExAllocatePoolWithTag(NonPagedPool, 0, TAG);
    ExFreePoolWithTag(Memory, TAG);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
