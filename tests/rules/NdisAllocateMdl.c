/* SPDX-License-Identifier: MIT */
/* NdisAllocateMdl: each MDL is freed by the end of MiniportHaltEx. Here one is not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    Adapter.Mdl = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
