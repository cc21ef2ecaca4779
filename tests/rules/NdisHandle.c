/* SPDX-License-Identifier: MIT */
/* NdisHandle: a handle is one that NDIS gave out, of the right kind. Here a pool for an adapter. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NdisMGetDmaAlignment(Adapter.ListPool);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
