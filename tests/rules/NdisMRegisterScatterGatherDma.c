/* SPDX-License-Identifier: MIT */
/* NdisMRegisterScatterGatherDma: DMA is registered after the registration attributes are set.
 * Here before.
 */
#include "miniport.h"

static VOID Early(VOID)
{
    NDIS_HANDLE Dma;

    RegisterDma(&Dma);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Early = Early;
}
