/* SPDX-License-Identifier: MIT */
/* Init_RegisterSG: a MiniportInitializeEx that fails deregisters its SG DMA. Here it does not. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    Adapter.Dma = NULL;
    return NDIS_STATUS_FAILURE;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
