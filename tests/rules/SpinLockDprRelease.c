/* SPDX-License-Identifier: MIT */
/* SpinLockDprRelease: a spin lock is released in the way in which it was taken. Here
 * NdisDprReleaseSpinLock releases what NdisAcquireSpinLock took.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    NdisAcquireSpinLock(&Adapter.Lock);
    NdisDprReleaseSpinLock(&Adapter.Lock);
    KeLowerIrql(PASSIVE_LEVEL);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
