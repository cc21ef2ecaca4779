/* SPDX-License-Identifier: MIT */
/* Irql_Miniport_Driver_Function: NdisMXxx functions are called at an IRQL that they allow. Here
 * NdisMSleep at DISPATCH_LEVEL.
 */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisMSleep(10);
    KeLowerIrql(Irql);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
