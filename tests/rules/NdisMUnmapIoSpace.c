/* SPDX-License-Identifier: MIT */
/* NdisMUnmapIoSpace: what is unmapped was mapped, with that length. Here with another. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    PVOID Va;

    NdisMMapIoSpace(&Va, Adapter.Handle, FindResource(CmResourceTypeMemory)->u.Memory.Start, 16);
    NdisMUnmapIoSpace(Adapter.Handle, Va, 8);
    NdisMUnmapIoSpace(Adapter.Handle, Va, 16);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
