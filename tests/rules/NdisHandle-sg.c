/* SPDX-License-Identifier: MIT */
/* NdisHandle: a scatter/gather list is of a NET_BUFFER. Here of no such thing. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    Map((PNET_BUFFER)(Adapter.Shared + PAGE_SIZE));
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
