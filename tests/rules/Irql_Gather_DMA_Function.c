/* SPDX-License-Identifier: MIT */
/* Irql_Gather_DMA_Function: functions for DMA are called at an IRQL that they allow. Here
 * shared memory is allocated at DISPATCH_LEVEL.
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    NDIS_PHYSICAL_ADDRESS Pa;
    PVOID Va;
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisMAllocateSharedMemory(Adapter.Handle, 100, TRUE, &Va, &Pa);
    KeLowerIrql(Irql);
    NdisMFreeSharedMemory(Adapter.Handle, 100, TRUE, Va, Pa);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
