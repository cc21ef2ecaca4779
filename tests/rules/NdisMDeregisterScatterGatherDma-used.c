/* SPDX-License-Identifier: MIT */
/* NdisMDeregisterScatterGatherDma: DMA that was deregistered is not used. Here a list is mapped. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NdisMDeregisterScatterGatherDma(Adapter.Dma);
    Map(NET_BUFFER_LIST_FIRST_NB(Adapter.Receive));
    Adapter.Dma = NULL;
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
