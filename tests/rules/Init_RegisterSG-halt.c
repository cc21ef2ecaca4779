/* SPDX-License-Identifier: MIT */
/* Init_RegisterSG: MiniportHaltEx deregisters the SG DMA. Here it does not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    Adapter.Dma = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
