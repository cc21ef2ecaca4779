/* SPDX-License-Identifier: MIT */
/* SpinLockIrql: a spin lock is released to the IRQL at which it was taken. Here it is not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KSPIN_LOCK Lock;
    KIRQL Irql;

    KeInitializeSpinLock(&Lock);
    KeAcquireSpinLock(&Lock, &Irql);
    KeReleaseSpinLock(&Lock, DISPATCH_LEVEL);
    KeLowerIrql(Irql);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
