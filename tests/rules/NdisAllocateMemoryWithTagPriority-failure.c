/* SPDX-License-Identifier: MIT */
/* NdisAllocateMemoryWithTagPriority: a MiniportInitializeEx that fails frees its memory. Here it
 * does not.
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    Adapter.Memory = NULL;
    return NDIS_STATUS_FAILURE;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
