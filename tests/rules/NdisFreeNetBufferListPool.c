/* SPDX-License-Identifier: MIT */
/* NdisFreeNetBufferListPool: a pool is freed when all its lists are back. Here one is out. */
#include "miniport.h"

static VOID Halt(VOID)
{
    NdisFreeNetBufferListPool(Adapter.ListPool);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
