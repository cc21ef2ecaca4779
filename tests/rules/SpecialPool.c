/* SPDX-License-Identifier: MIT */
/* SpecialPool: nothing is accessed a page after an allocation. Here a byte is written. */
#include "miniport.h"

static VOID Halt(VOID)
{
    Adapter.Memory[MEMORY_BYTES + 4095] = 1;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
