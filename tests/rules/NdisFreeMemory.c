/* SPDX-License-Identifier: MIT */
/* NdisFreeMemory: memory is freed with its length, or none. Here with another. */
#include "miniport.h"

static VOID Halt(VOID)
{
    NdisFreeMemory(Adapter.Memory, MEMORY_BYTES + 1, 0);
    Adapter.Memory = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
