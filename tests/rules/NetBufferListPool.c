/* SPDX-License-Identifier: MIT */
/* NetBufferListPool: a list with a NET_BUFFER comes from a pool with fAllocateNetBuffer. Here
 * without.
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters;
    NDIS_HANDLE Pool;

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Parameters.Header.Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    Parameters.Header.Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    Parameters.PoolTag = TAG;
    Pool = NdisAllocateNetBufferListPool(Adapter.Handle, &Parameters);
    NdisAllocateNetBufferAndNetBufferList(Pool, 0, 0, Adapter.Mdl, 0, 60);
    NdisFreeNetBufferListPool(Pool);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
