/* SPDX-License-Identifier: MIT */
/* NdisFreeSharedMemory: only shared memory is freed as shared memory. Here it is other memory. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NdisFreeSharedMemory(Adapter.Handle, Adapter.Memory);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
