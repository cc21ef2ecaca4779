/* SPDX-License-Identifier: MIT */
/* NdisAllocateMemoryWithTagPriority: memory has a tag. Here a pool of NET_BUFFERs has none. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NET_BUFFER_POOL_PARAMETERS Parameters;
    NDIS_HANDLE Pool;

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Parameters.Header.Revision = NET_BUFFER_POOL_PARAMETERS_REVISION_1;
    Parameters.Header.Size = NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1;
    Pool = NdisAllocateNetBufferPool(Adapter.Handle, &Parameters);
    NdisFreeNetBufferPool(Pool);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
