/* SPDX-License-Identifier: MIT */
/* Spin locks as drivers call them: on x64 ntoskrnl.exe's, on x86 mostly HAL.dll's and fastcall. */
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/lock.h"
#include "nt/machine/lock_order.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#if defined(_X86_)
#define RAISING_DLL "HAL.dll"
#else
#define RAISING_DLL "ntoskrnl.exe"
#endif

/* ---- Raising to DISPATCH_LEVEL ---- */

#if defined(_X86_)
VOID NTAPI KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
    HOST_CALL(RULE_ANY_IRQL);
    lock_order_forget(SpinLock, sizeof *SpinLock);
    *SpinLock = 0;
}
HOST_EXPORT("ntoskrnl.exe", KeInitializeSpinLock);

VOID NTAPI KeAcquireSpinLock(PKSPIN_LOCK SpinLock, PKIRQL OldIrql)
{
    HOST_CALL(DISPATCH_LEVEL);
    *OldIrql = (KIRQL)nt_lock_acquire(SpinLock, NT_LOCK_RAISED, RULE_CALLER);
}
HOST_EXPORT("HAL.dll", KeAcquireSpinLock);

KIRQL FASTCALL KfAcquireSpinLock(PKSPIN_LOCK SpinLock)
{
    HOST_CALL(DISPATCH_LEVEL);
    return (KIRQL)nt_lock_acquire(SpinLock, NT_LOCK_RAISED, RULE_CALLER);
}
HOST_EXPORT("HAL.dll", KfAcquireSpinLock);

VOID FASTCALL KfReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    nt_lock_release(SpinLock, NT_LOCK_RAISED, NewIrql, RULE_CALLER);
}
HOST_EXPORT("HAL.dll", KfReleaseSpinLock);
#else
KIRQL NTAPI KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    HOST_CALL(DISPATCH_LEVEL);
    return (KIRQL)nt_lock_acquire(SpinLock, NT_LOCK_RAISED, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeAcquireSpinLockRaiseToDpc);
#endif

VOID NTAPI KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    nt_lock_release(SpinLock, NT_LOCK_RAISED, NewIrql, RULE_CALLER);
}
HOST_EXPORT(RAISING_DLL, KeReleaseSpinLock);

/* For routines that are DPCs or threaded DPCs: whatever the IRQL is, it is DISPATCH_LEVEL after. */
KIRQL FASTCALL KeAcquireSpinLockForDpc(PKSPIN_LOCK SpinLock)
{
    HOST_CALL(DISPATCH_LEVEL);
    return (KIRQL)nt_lock_acquire(SpinLock, NT_LOCK_RAISED, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeAcquireSpinLockForDpc);

VOID FASTCALL KeReleaseSpinLockForDpc(PKSPIN_LOCK SpinLock, KIRQL OldIrql)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    nt_lock_release(SpinLock, NT_LOCK_RAISED, OldIrql, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeReleaseSpinLockForDpc);

/* ---- At DISPATCH_LEVEL already ---- */

VOID NTAPI KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, RULE_ANY_IRQL);
    nt_lock_acquire(SpinLock, NT_LOCK_AT_DPC, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeAcquireSpinLockAtDpcLevel);

VOID NTAPI KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, RULE_ANY_IRQL);
    nt_lock_release(SpinLock, NT_LOCK_AT_DPC, 0, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeReleaseSpinLockFromDpcLevel);

#if defined(_X86_)
VOID FASTCALL KefAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, RULE_ANY_IRQL);
    nt_lock_acquire(SpinLock, NT_LOCK_AT_DPC, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KefAcquireSpinLockAtDpcLevel);

VOID FASTCALL KefReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, RULE_ANY_IRQL);
    nt_lock_release(SpinLock, NT_LOCK_AT_DPC, 0, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KefReleaseSpinLockFromDpcLevel);
#endif

BOOLEAN FASTCALL KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, RULE_ANY_IRQL);
    return nt_lock_try(SpinLock, NT_LOCK_TRIED, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeTryToAcquireSpinLockAtDpcLevel);

BOOLEAN FASTCALL KeTestSpinLock(PKSPIN_LOCK SpinLock)
{
    return __atomic_load_n(SpinLock, __ATOMIC_RELAXED) == 0;
}
HOST_EXPORT("ntoskrnl.exe", KeTestSpinLock);

/* ---- Queued, with a handle on the caller's stack ---- */

VOID FASTCALL KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    HOST_CALL(DISPATCH_LEVEL);
    LockHandle->LockQueue.Next = NULL;
    LockHandle->LockQueue.Lock = SpinLock;
    LockHandle->OldIrql = (KIRQL)nt_lock_acquire(SpinLock, NT_LOCK_QUEUED, RULE_CALLER);
}
HOST_EXPORT(RAISING_DLL, KeAcquireInStackQueuedSpinLock);

VOID FASTCALL KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    nt_lock_release(LockHandle->LockQueue.Lock, NT_LOCK_QUEUED, LockHandle->OldIrql, RULE_CALLER);
}
HOST_EXPORT(RAISING_DLL, KeReleaseInStackQueuedSpinLock);

VOID FASTCALL KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock,
                                                       PKLOCK_QUEUE_HANDLE LockHandle)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, RULE_ANY_IRQL);
    LockHandle->LockQueue.Next = NULL;
    LockHandle->LockQueue.Lock = SpinLock;
    nt_lock_acquire(SpinLock, NT_LOCK_QUEUED_AT_DPC, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeAcquireInStackQueuedSpinLockAtDpcLevel);

VOID FASTCALL KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, RULE_ANY_IRQL);
    nt_lock_release(LockHandle->LockQueue.Lock, NT_LOCK_QUEUED_AT_DPC, 0, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeReleaseInStackQueuedSpinLockFromDpcLevel);

VOID FASTCALL KeAcquireInStackQueuedSpinLockForDpc(PKSPIN_LOCK SpinLock,
                                                   PKLOCK_QUEUE_HANDLE LockHandle)
{
    HOST_CALL(DISPATCH_LEVEL);
    LockHandle->LockQueue.Next = NULL;
    LockHandle->LockQueue.Lock = SpinLock;
    LockHandle->OldIrql = (KIRQL)nt_lock_acquire(SpinLock, NT_LOCK_QUEUED, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeAcquireInStackQueuedSpinLockForDpc);

VOID FASTCALL KeReleaseInStackQueuedSpinLockForDpc(PKLOCK_QUEUE_HANDLE LockHandle)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    nt_lock_release(LockHandle->LockQueue.Lock, NT_LOCK_QUEUED, LockHandle->OldIrql, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeReleaseInStackQueuedSpinLockForDpc);
