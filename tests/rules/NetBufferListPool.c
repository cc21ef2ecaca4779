/* SPDX-License-Identifier: MIT */
/* NetBufferListPool: a list with a NET_BUFFER comes from a pool with fAllocateNetBuffer. Here
 * without.
 */
#include "miniport.h"
#include "miniport_forms.h"

static NDIS_STATUS Initialize(VOID)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters;
    NDIS_HANDLE Pool;

    FormListPool(&Parameters, TAG);
    Parameters.fAllocateNetBuffer = FALSE;
    Pool = NdisAllocateNetBufferListPool(Adapter.Handle, &Parameters);
    NdisAllocateNetBufferAndNetBufferList(Pool, 0, 0, Adapter.Mdl, 0, 60);
    NdisFreeNetBufferListPool(Pool);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
