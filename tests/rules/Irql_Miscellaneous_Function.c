/* SPDX-License-Identifier: MIT */
/* Irql_Miscellaneous_Function: a configuration is opened at PASSIVE_LEVEL. Here it is at
 * DISPATCH_LEVEL.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    NDIS_HANDLE Configuration;
    NDIS_STATUS Status;
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    Status = OpenConfiguration(&Configuration);
    KeLowerIrql(Irql);
    if (Status == NDIS_STATUS_SUCCESS)
        NdisCloseConfiguration(Configuration);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
