/* SPDX-License-Identifier: MIT */
/* NdisObjectHeader: an NDIS_OBJECT_HEADER has the type, revision and size of its structure. Here
 * a revision of 0.
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters;

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Parameters.Header.Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    Parameters.PoolTag = TAG;
    NdisAllocateNetBufferListPool(Adapter.Handle, &Parameters);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
