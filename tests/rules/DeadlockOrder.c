/* SPDX-License-Identifier: MIT */
/* DeadlockOrder: spin locks that are held together are always taken in the same order. Here
 * they are not.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    NDIS_SPIN_LOCK A, B;

    NdisAllocateSpinLock(&A);
    NdisAllocateSpinLock(&B);
    NdisAcquireSpinLock(&A);
    NdisDprAcquireSpinLock(&B);
    NdisDprReleaseSpinLock(&B);
    NdisReleaseSpinLock(&A);
    NdisAcquireSpinLock(&B);
    NdisDprAcquireSpinLock(&A);
    NdisDprReleaseSpinLock(&A);
    NdisReleaseSpinLock(&B);
    NdisFreeSpinLock(&B);
    NdisFreeSpinLock(&A);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
