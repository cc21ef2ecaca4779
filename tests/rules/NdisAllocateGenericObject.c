/* SPDX-License-Identifier: MIT */
/* NdisAllocateGenericObject: a generic object is freed by the end of MiniportHaltEx. Here it is
 * not.
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NdisAllocateGenericObject(DriverObject, TAG, 16);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
