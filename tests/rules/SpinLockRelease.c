/* SPDX-License-Identifier: MIT */
/* SpinLockRelease: a spin lock is released by who holds it. Here nobody does. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisDprReleaseSpinLock(&Adapter.Lock);
    KeLowerIrql(Irql);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
