/* SPDX-License-Identifier: MIT */
/* SpinLock: a spin lock is not taken by who holds it. Here it is. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KSPIN_LOCK Lock;
    KIRQL Irql, Again;

    KeInitializeSpinLock(&Lock);
    KeAcquireSpinLock(&Lock, &Irql);
    KeAcquireSpinLock(&Lock, &Again);
    KeReleaseSpinLock(&Lock, Again);
    KeReleaseSpinLock(&Lock, Irql);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
