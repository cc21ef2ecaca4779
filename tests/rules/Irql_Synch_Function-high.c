/* SPDX-License-Identifier: MIT */
/* Irql_Synch_Function: read/write locks are taken up to DISPATCH_LEVEL. Here two are at
 * HIGH_LEVEL.
 */
#include "miniport.h"

VOID NTAPI NdisInitializeReadWriteLock(PVOID Lock);
VOID NTAPI NdisAcquireReadWriteLock(PVOID Lock, BOOLEAN fWrite, PVOID LockState);
VOID NTAPI NdisReleaseReadWriteLock(PVOID Lock, PVOID LockState);

static ULONG_PTR Old[256], OldState[4]; /* of NDIS 6.0 */

static VOID Halt(VOID)
{
    PNDIS_RW_LOCK_EX Lock = NdisAllocateRWLock(Adapter.Handle);
    LOCK_STATE_EX State;
    KIRQL Irql;

    NdisInitializeReadWriteLock(Old);
    KeRaiseIrql(HIGH_LEVEL, &Irql);
    NdisAcquireRWLockRead(Lock, &State, 0);
    NdisReleaseRWLock(Lock, &State);
    NdisAcquireReadWriteLock(Old, TRUE, OldState);
    NdisReleaseReadWriteLock(Old, OldState);
    KeLowerIrql(Irql);
    NdisFreeRWLock(Lock);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
