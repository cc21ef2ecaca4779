/* SPDX-License-Identifier: MIT */
/* NdisMDeregisterIoPortRange: ports that are deregistered were registered. Here they were not. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR Ports = FindResource(CmResourceTypePort);
    UINT Port = Ports->u.Port.Start.LowPart;

    NdisMDeregisterIoPortRange(Adapter.Handle, Port, Ports->u.Port.Length, (PVOID)(ULONG_PTR)Port);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
