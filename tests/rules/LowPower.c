/* SPDX-License-Identifier: MIT */
/* LowPower: nobody touches a device that sleeps. Here MiniportHaltEx does. */
#include "miniport.h"

#define LENGTH 16

static volatile ULONG *Registers;

static NDIS_STATUS Initialize(VOID)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR Memory = FindResource(CmResourceTypeMemory);
    PVOID Va;

    if (NdisMMapIoSpace(&Va, Adapter.Handle, Memory->u.Memory.Start, LENGTH) != NDIS_STATUS_SUCCESS)
        return NDIS_STATUS_RESOURCES;
    Registers = Va;
    return NDIS_STATUS_SUCCESS;
}

static VOID Halt(VOID)
{
    (VOID) * Registers;
    NdisMUnmapIoSpace(Adapter.Handle, (PVOID)(ULONG_PTR)Registers, LENGTH);
}

/* control: power d3 */
VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Halt = Halt;
}
