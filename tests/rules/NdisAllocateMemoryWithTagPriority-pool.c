/* SPDX-License-Identifier: MIT */
/* NdisAllocateMemoryWithTagPriority: memory has a tag. Here a pool of NET_BUFFERs has none. */
#include "miniport.h"
#include "miniport_forms.h"

static NDIS_STATUS Initialize(VOID)
{
    NET_BUFFER_POOL_PARAMETERS Parameters;
    NDIS_HANDLE Pool;

    FormBufferPool(&Parameters, 0);
    Pool = NdisAllocateNetBufferPool(Adapter.Handle, &Parameters);
    NdisFreeNetBufferPool(Pool);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
