/* SPDX-License-Identifier: MIT */
/* Irql_Interfaces_Function: interfaces are looked up at PASSIVE_LEVEL. Here one is at DISPATCH_LEVEL, with
 * the other functions for interfaces before it, as they are to be called.
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NET_IFINDEX Index;
    NET_LUID Luid;
    ULONG Other;
    KIRQL Irql;

    Luid.Value = 0;
    if (NdisIfGetInterfaceIndexFromNetLuid(Luid, &Index) != NDIS_STATUS_INTERFACE_NOT_FOUND ||
        NdisIfGetNetLuidFromInterfaceIndex(11, &Luid) != NDIS_STATUS_SUCCESS ||
        NdisIfGetInterfaceIndexFromNetLuid(Luid, &Index) != NDIS_STATUS_SUCCESS || Index != 11)
        return NDIS_STATUS_FAILURE;
    if (NdisIfAllocateNetLuidIndex(6, &Other) != NDIS_STATUS_SUCCESS ||
        NdisIfFreeNetLuidIndex(7, Other) != NDIS_STATUS_INVALID_PARAMETER ||
        NdisIfFreeNetLuidIndex(6, Other) != NDIS_STATUS_SUCCESS)
        return NDIS_STATUS_FAILURE;
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisIfGetNetLuidFromInterfaceIndex(11, &Luid);
    KeLowerIrql(Irql);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
