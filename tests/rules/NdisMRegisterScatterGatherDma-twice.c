/* SPDX-License-Identifier: MIT */
/* NdisMRegisterScatterGatherDma: DMA is registered once. Here a second time. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NDIS_HANDLE Dma;

    RegisterDma(&Dma);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
