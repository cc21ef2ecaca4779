/* SPDX-License-Identifier: MIT */
/* NdisAllocateNetBuffer: each NET_BUFFER is freed by the end of MiniportHaltEx. Here one is
 * freed by MiniportDriverUnload.
 */
#include "miniport.h"
#include "miniport_forms.h"

static NDIS_HANDLE Pool;
static PNET_BUFFER Buffer;

static VOID Registered(VOID)
{
    NET_BUFFER_POOL_PARAMETERS Parameters;

    FormBufferPool(&Parameters, TAG);
    Pool = NdisAllocateNetBufferPool(Driver, &Parameters);
}

static NDIS_STATUS Initialize(VOID)
{
    Buffer = NdisAllocateNetBuffer(Pool, NULL, 0, 0);
    return NDIS_STATUS_SUCCESS;
}

static VOID Unload(VOID)
{
    NdisFreeNetBuffer(Buffer);
    NdisFreeNetBufferPool(Pool);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
    Hooks->Initialize = Initialize;
    Hooks->Unload = Unload;
}
