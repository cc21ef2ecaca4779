/* SPDX-License-Identifier: MIT */
/* NDIS spin locks, read/write locks, events, and the interlocked operations that are exports. */
#include "ndis/api/miniport.h"

#include <string.h>
#include "nt/machine/clock.h"
#include "nt/machine/lock.h"
#include "nt/machine/lock_order.h"
#include "nt/api/pool.h"

/* ---- Spin locks ---- */

VOID NTAPI NdisAllocateSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    HOST_CALL(RULE_ANY_IRQL);
    lock_order_forget(&SpinLock->SpinLock, sizeof SpinLock->SpinLock);
    SpinLock->SpinLock = 0;
    SpinLock->OldIrql = 0;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateSpinLock);

VOID NTAPI NdisFreeSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    HOST_CALL(RULE_ANY_IRQL);
    if (nt_lock_held(&SpinLock->SpinLock))
        rule_violation("SpinLock", RULE_CALLER, "NdisFreeSpinLock of %p, which is held",
                       (void *)SpinLock);
    lock_order_forget(&SpinLock->SpinLock, sizeof SpinLock->SpinLock);
}
HOST_EXPORT("NDIS.SYS", NdisFreeSpinLock);

VOID NTAPI NdisAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    unsigned old;

    HOST_CALL(DISPATCH_LEVEL);
    old = nt_lock_acquire(&SpinLock->SpinLock, NT_LOCK_RAISED, RULE_CALLER);
    SpinLock->OldIrql = (KIRQL)old; /* only now is the member this thread's */
}
HOST_EXPORT("NDIS.SYS", NdisAcquireSpinLock);

VOID NTAPI NdisReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    nt_lock_release(&SpinLock->SpinLock, NT_LOCK_RAISED, SpinLock->OldIrql, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisReleaseSpinLock);

VOID NTAPI NdisDprAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    nt_lock_acquire(&SpinLock->SpinLock, NT_LOCK_AT_DPC, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisDprAcquireSpinLock);

VOID NTAPI NdisDprReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    nt_lock_release(&SpinLock->SpinLock, NT_LOCK_AT_DPC, DISPATCH_LEVEL, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisDprReleaseSpinLock);

/* ---- Read/write locks ---- */

#define RW_TAG 0x5752444E /* "NDRW" */

/* readers counts those inside; a writer holds `writer` and waits for them to leave. */
struct _NDIS_RW_LOCK_EX {
    struct handle handle;
    KSPIN_LOCK writer;
    atomic_uint readers;
};
enum lock_state { RW_UNLOCKED, RW_READ, RW_WRITE };

PNDIS_RW_LOCK_EX NTAPI NdisAllocateRWLock(NDIS_HANDLE NdisHandle)
{
    NDIS_RW_LOCK_EX *lock;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    handle_driver_or_adapter(NdisHandle, __func__, RULE_CALLER);
    lock = nt_pool_alloc("read/write lock", sizeof(*lock), RW_TAG, RULE_CALLER);
    if (!lock)
        return NULL;
    memset(lock, 0, sizeof(*lock));
    lock->handle.kind = HANDLE_RW_LOCK;
    return lock;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateRWLock);

VOID NTAPI NdisFreeRWLock(PNDIS_RW_LOCK_EX Lock)
{
    HOST_CALL(DISPATCH_LEVEL);
    if (!handle_check(Lock, HANDLE_RW_LOCK, __func__, RULE_CALLER))
        return;
    if (atomic_load(&Lock->readers) || Lock->writer)
        rule_violation("SpinLock", RULE_CALLER, "NdisFreeRWLock of %p, which is held",
                       (void *)Lock);
    Lock->handle.kind = HANDLE_FREED;
    nt_pool_free("read/write lock", Lock, RW_TAG, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeRWLock);

/* Back to where the lock was acquired; a level above DISPATCH_LEVEL was reported there. */
static void level_restore(KIRQL irql, const void *caller)
{
    if (irql > irql_get())
        irql_set_raw(irql);
    else
        irql_lower(irql, caller);
}

static void state_enter(PLOCK_STATE_EX state, UCHAR flags, enum lock_state how)
{
    state->Flags = flags;
    state->LockState = (UCHAR)how;
    state->OldIrql =
        (KIRQL)((flags & NDIS_RWL_AT_DISPATCH_LEVEL) ? DISPATCH_LEVEL : irql_swap(DISPATCH_LEVEL));
}

VOID NTAPI NdisAcquireRWLockRead(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags)
{
    HOST_CALL(DISPATCH_LEVEL);
    if (!handle_check(Lock, HANDLE_RW_LOCK, __func__, RULE_CALLER))
        return;
    check_dispatch_flag(Flags & NDIS_RWL_AT_DISPATCH_LEVEL, __func__, RULE_CALLER);
    state_enter(LockState, Flags, RW_READ);
    nt_lock_acquire(&Lock->writer, NT_LOCK_AT_DPC, RULE_CALLER);
    atomic_fetch_add(&Lock->readers, 1);
    nt_lock_release(&Lock->writer, NT_LOCK_AT_DPC, DISPATCH_LEVEL, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisAcquireRWLockRead);

VOID NTAPI NdisAcquireRWLockWrite(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags)
{
    HOST_CALL(DISPATCH_LEVEL);
    if (!handle_check(Lock, HANDLE_RW_LOCK, __func__, RULE_CALLER))
        return;
    check_dispatch_flag(Flags & NDIS_RWL_AT_DISPATCH_LEVEL, __func__, RULE_CALLER);
    state_enter(LockState, Flags, RW_WRITE);
    nt_lock_acquire(&Lock->writer, NT_LOCK_AT_DPC, RULE_CALLER);
    while (atomic_load(&Lock->readers))
        nt_clock_stall(NT_MICROSECOND);
}
HOST_EXPORT("NDIS.SYS", NdisAcquireRWLockWrite);

VOID NTAPI NdisReleaseRWLock(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    if (!handle_check(Lock, HANDLE_RW_LOCK, __func__, RULE_CALLER))
        return;
    if (LockState->LockState == RW_READ && atomic_load(&Lock->readers)) {
        atomic_fetch_sub(&Lock->readers, 1);
    } else if (LockState->LockState == RW_WRITE) {
        nt_lock_release(&Lock->writer, NT_LOCK_AT_DPC, DISPATCH_LEVEL, RULE_CALLER);
    } else {
        rule_violation("SpinLockRelease", RULE_CALLER, "NdisReleaseRWLock of %p, which is not held",
                       (void *)Lock);
        return;
    }
    LockState->LockState = RW_UNLOCKED;
    if (!(LockState->Flags & NDIS_RWL_AT_DISPATCH_LEVEL))
        level_restore(LockState->OldIrql, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisReleaseRWLock);

/* ---- Read/write locks in the driver's own memory, as NDIS 6.0 has them ---- */

/* NDIS_RW_LOCK: more than this for the driver, 16 bytes and a count for each processor. */
struct ndis60_rw_lock {
    KSPIN_LOCK writer;
    PVOID context; /* the writer's LOCK_STATE */
    ULONG reserved[2];
    atomic_uint readers;
};
/* LOCK_STATE */
struct ndis60_lock_state {
    USHORT state; /* enum lock_state */
    KIRQL old_irql;
};

VOID NTAPI NdisInitializeReadWriteLock(PVOID Lock)
{
    struct ndis60_rw_lock *lock = Lock;

    HOST_CALL(RULE_ANY_IRQL);
    memset(lock, 0, sizeof(*lock));
}
HOST_EXPORT("NDIS.SYS", NdisInitializeReadWriteLock);

static void rw_acquire(struct ndis60_rw_lock *lock, bool write, struct ndis60_lock_state *state,
                       const void *caller)
{
    nt_lock_acquire(&lock->writer, NT_LOCK_AT_DPC, caller);
    state->state = write ? RW_WRITE : RW_READ;
    if (write) {
        while (atomic_load(&lock->readers))
            nt_clock_stall(NT_MICROSECOND);
    } else {
        atomic_fetch_add(&lock->readers, 1);
        nt_lock_release(&lock->writer, NT_LOCK_AT_DPC, DISPATCH_LEVEL, caller);
    }
}

static bool rw_release(struct ndis60_rw_lock *lock, struct ndis60_lock_state *state,
                       const char *function, const void *caller)
{
    if (state->state == RW_READ && atomic_load(&lock->readers)) {
        atomic_fetch_sub(&lock->readers, 1);
    } else if (state->state == RW_WRITE) {
        nt_lock_release(&lock->writer, NT_LOCK_AT_DPC, DISPATCH_LEVEL, caller);
    } else {
        rule_violation("SpinLockRelease", caller, "%s of %p, which is not held", function,
                       (void *)lock);
        return false;
    }
    state->state = RW_UNLOCKED;
    return true;
}

VOID NTAPI NdisAcquireReadWriteLock(PVOID Lock, BOOLEAN fWrite, PVOID LockState)
{
    struct ndis60_lock_state *state = LockState;

    HOST_CALL(DISPATCH_LEVEL);
    state->old_irql = (KIRQL)irql_swap(DISPATCH_LEVEL);
    rw_acquire(Lock, fWrite, state, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisAcquireReadWriteLock);

VOID NTAPI NdisReleaseReadWriteLock(PVOID Lock, PVOID LockState)
{
    struct ndis60_lock_state *state = LockState;

    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    if (rw_release(Lock, state, __func__, RULE_CALLER))
        level_restore(state->old_irql, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisReleaseReadWriteLock);

VOID NTAPI NdisDprAcquireReadWriteLock(PVOID Lock, BOOLEAN fWrite, PVOID LockState)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    rw_acquire(Lock, fWrite, LockState, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisDprAcquireReadWriteLock);

VOID NTAPI NdisDprReleaseReadWriteLock(PVOID Lock, PVOID LockState)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    rw_release(Lock, LockState, __func__, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisDprReleaseReadWriteLock);

/* ---- Events ---- */

VOID NTAPI NdisInitializeEvent(PNDIS_EVENT Event)
{
    HOST_CALL(RULE_ANY_IRQL);
    KeInitializeEvent(&Event->Event, NotificationEvent, FALSE);
}
HOST_EXPORT("NDIS.SYS", NdisInitializeEvent);

VOID NTAPI NdisSetEvent(PNDIS_EVENT Event)
{
    HOST_CALL(DISPATCH_LEVEL);
    KeSetEvent(&Event->Event, 0, FALSE);
}
HOST_EXPORT("NDIS.SYS", NdisSetEvent);

VOID NTAPI NdisResetEvent(PNDIS_EVENT Event)
{
    HOST_CALL(DISPATCH_LEVEL);
    KeResetEvent(&Event->Event);
}
HOST_EXPORT("NDIS.SYS", NdisResetEvent);

BOOLEAN NTAPI NdisWaitEvent(PNDIS_EVENT Event, UINT MsToWait)
{
    LARGE_INTEGER timeout;

    HOST_CALL(PASSIVE_LEVEL);
    timeout.QuadPart = -(LONGLONG)MsToWait * (LONGLONG)NT_MILLISECOND;
    return KeWaitForSingleObject(&Event->Event, Executive, KernelMode, FALSE,
                                 MsToWait ? &timeout : NULL) == STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisWaitEvent);

/* ---- Interlocked operations with a spin lock, at any IRQL ---- */

/* As the Ex functions do it: interrupts off, which no thread of this host can be woken through. */
static unsigned any_irql_acquire(PNDIS_SPIN_LOCK lock, const void *caller)
{
    return irql_get() <= DISPATCH_LEVEL ? nt_lock_acquire(&lock->SpinLock, NT_LOCK_RAISED, caller)
                                        : nt_lock_acquire(&lock->SpinLock, NT_LOCK_AT_DPC, caller);
}

static void any_irql_release(PNDIS_SPIN_LOCK lock, unsigned old, const void *caller)
{
    nt_lock_release(&lock->SpinLock, old <= DISPATCH_LEVEL ? NT_LOCK_RAISED : NT_LOCK_AT_DPC, old,
                    caller);
}

ULONG NTAPI NdisInterlockedAddUlong(PULONG Addend, ULONG Increment, PNDIS_SPIN_LOCK SpinLock)
{
    unsigned old = any_irql_acquire(SpinLock, RULE_CALLER);
    ULONG before = *Addend;

    *Addend += Increment;
    any_irql_release(SpinLock, old, RULE_CALLER);
    return before;
}
HOST_EXPORT("NDIS.SYS", NdisInterlockedAddUlong);

static void insert_between(PLIST_ENTRY entry, PLIST_ENTRY before, PLIST_ENTRY after)
{
    entry->Blink = before;
    entry->Flink = after;
    before->Flink = entry;
    after->Blink = entry;
}

PLIST_ENTRY NTAPI NdisInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                                PNDIS_SPIN_LOCK SpinLock)
{
    unsigned old = any_irql_acquire(SpinLock, RULE_CALLER);
    PLIST_ENTRY first = ListHead->Flink;

    insert_between(ListEntry, ListHead, first);
    any_irql_release(SpinLock, old, RULE_CALLER);
    return first == ListHead ? NULL : first;
}
HOST_EXPORT("NDIS.SYS", NdisInterlockedInsertHeadList);

PLIST_ENTRY NTAPI NdisInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                                PNDIS_SPIN_LOCK SpinLock)
{
    unsigned old = any_irql_acquire(SpinLock, RULE_CALLER);
    PLIST_ENTRY last = ListHead->Blink;

    insert_between(ListEntry, last, ListHead);
    any_irql_release(SpinLock, old, RULE_CALLER);
    return last == ListHead ? NULL : last;
}
HOST_EXPORT("NDIS.SYS", NdisInterlockedInsertTailList);

PLIST_ENTRY NTAPI NdisInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PNDIS_SPIN_LOCK SpinLock)
{
    unsigned old = any_irql_acquire(SpinLock, RULE_CALLER);
    PLIST_ENTRY first = ListHead->Flink;

    if (first != ListHead) {
        ListHead->Flink = first->Flink;
        first->Flink->Blink = ListHead;
    }
    any_irql_release(SpinLock, old, RULE_CALLER);
    return first == ListHead ? NULL : first;
}
HOST_EXPORT("NDIS.SYS", NdisInterlockedRemoveHeadList);

#undef NdisInterlockedIncrement
LONG NTAPI NdisInterlockedIncrement(PLONG Addend)
{
    return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}
HOST_EXPORT("NDIS.SYS", NdisInterlockedIncrement);

#undef NdisInterlockedDecrement
LONG NTAPI NdisInterlockedDecrement(PLONG Addend)
{
    return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}
HOST_EXPORT("NDIS.SYS", NdisInterlockedDecrement);
