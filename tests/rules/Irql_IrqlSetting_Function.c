/* SPDX-License-Identifier: MIT */
/* Irql_IrqlSetting_Function: the IRQL stays at DISPATCH_LEVEL while a spin lock is held. Here
 * it does not.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    KIRQL Irql;

    NdisAcquireSpinLock(&Adapter.Lock);
    KeLowerIrql(PASSIVE_LEVEL);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisReleaseSpinLock(&Adapter.Lock);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
