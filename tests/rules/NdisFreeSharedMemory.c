/* SPDX-License-Identifier: MIT */
/* NdisFreeSharedMemory: what is freed as shared memory is such. Here it is none. */
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
