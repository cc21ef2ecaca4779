/* SPDX-License-Identifier: MIT */
/* NdisMMapIoSpace: what is mapped is the device's. Here it is in no BAR. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    PHYSICAL_ADDRESS Nowhere;
    PVOID Va;

    Nowhere.QuadPart = 0x1000;
    NdisMMapIoSpace(&Va, Adapter.Handle, Nowhere, 16);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
