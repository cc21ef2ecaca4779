/* SPDX-License-Identifier: MIT */
/* PoolTag: pool is freed with the tag of its allocation. Here it is with another. */
#include "miniport.h"

static VOID Halt(VOID)
{
    PVOID Memory;

    Memory = ExAllocatePoolWithTag(NonPagedPool, 40, TAG);
    ExFreePoolWithTag(Memory, 0x31676154);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
