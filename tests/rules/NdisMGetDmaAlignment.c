/* SPDX-License-Identifier: MIT */
/* NdisMGetDmaAlignment: DMA's alignment is asked for after DMA was registered. Here before. */
#include "miniport.h"

static VOID Early(VOID)
{
    NdisMGetDmaAlignment(Adapter.Handle);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Early = Early;
}
