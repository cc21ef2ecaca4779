/* SPDX-License-Identifier: MIT */
/* Init_NdisAllocateIoWorkItem: a MiniportInitializeEx that fails frees its work item. Here it
 * does not.
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    Adapter.WorkItem = NULL;
    return NDIS_STATUS_FAILURE;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
