/* SPDX-License-Identifier: MIT */
/* NetBufferListContext: as much context is freed as was allocated. Here more is freed. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    USHORT Size = 2 * MEMORY_ALLOCATION_ALIGNMENT;

    NdisAllocateNetBufferListContext(Adapter.Receive, Size, 0, TAG);
    NdisFreeNetBufferListContext(Adapter.Receive, 2 * Size);
    NdisFreeNetBufferListContext(Adapter.Receive, Size);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
