/* SPDX-License-Identifier: MIT */
/* SpinLockWord: a spin lock is initialised before it is used. Here it is not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KSPIN_LOCK Lock = (KSPIN_LOCK)0x5A5A5A5A5A5A5A5A;
    KIRQL Irql;

    KeAcquireSpinLock(&Lock, &Irql);
    KeReleaseSpinLock(&Lock, Irql);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
