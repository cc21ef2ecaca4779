/* SPDX-License-Identifier: MIT */
/* SpinLockDpr: a spin lock is not taken at DISPATCH_LEVEL by who holds it. Here it is. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisDprAcquireSpinLock(&Adapter.Lock);
    NdisDprAcquireSpinLock(&Adapter.Lock);
    NdisDprReleaseSpinLock(&Adapter.Lock);
    NdisDprReleaseSpinLock(&Adapter.Lock);
    KeLowerIrql(Irql);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
