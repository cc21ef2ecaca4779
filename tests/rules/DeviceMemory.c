/* SPDX-License-Identifier: MIT */
/* DeviceMemory: device memory is accessed within what was mapped. Here it is behind that. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR Memory = FindResource(CmResourceTypeMemory);
    PVOID Registers;
    ULONG Value;

    NdisMMapIoSpace(&Registers, Adapter.Handle, Memory->u.Memory.Start, 16);
    NdisReadRegisterUlong((PULONG)Registers + 8, &Value);
    NdisMUnmapIoSpace(Adapter.Handle, Registers, 16);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
