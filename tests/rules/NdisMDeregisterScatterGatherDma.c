/* SPDX-License-Identifier: MIT */
/* NdisMDeregisterScatterGatherDma: DMA is deregistered once. Here twice. */
#include "miniport.h"

static VOID Halt(VOID)
{
    NdisMDeregisterScatterGatherDma(Adapter.Dma);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
