/* SPDX-License-Identifier: MIT */
/* NdisAllocateMemoryWithTagPriority: memory has a tag. Here it has none. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    PVOID Memory = NdisAllocateMemoryWithTagPriority(Adapter.Handle, 16, 0, NormalPoolPriority);

    NdisFreeMemory(Memory, 0, 0);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
