/* SPDX-License-Identifier: MIT */
/* SpinLock: a spin lock is not freed while it is held. Here it is.
 *
 * The parentheses call the export, which a driver built for an older NDIS imports, and not the macro.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    NDIS_SPIN_LOCK Lock;

    NdisAllocateSpinLock(&Lock);
    NdisAcquireSpinLock(&Lock);
    (NdisFreeSpinLock)(&Lock);
    NdisReleaseSpinLock(&Lock);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
