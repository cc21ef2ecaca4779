/* SPDX-License-Identifier: MIT */
/* Fast mutexes and guarded mutexes. Both raise to APC_LEVEL on Windows or disable APCs; nobody may take
 * one twice. Their count and owner are kept as Windows keeps them, the waiting is an event's. */
#include <pthread.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/irql.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;

/* count is 1 when free and 0 when owned; both kinds begin with a count and an owner. */
static void acquire(volatile LONG *count, PVOID *owner, const void *caller)
{
    struct nt_thread *self = nt_self();
    bool again;

    pthread_mutex_lock(&lock);
    again = *count <= 0 && *owner == self;
    while (!again && *count <= 0)
        pthread_cond_wait(&released, &lock);
    *count = 0;
    *owner = self;
    pthread_mutex_unlock(&lock);
    if (again)
        rule_violation("FastMutex", caller, "acquires mutex %p, which this thread owns",
                       (void *)(ULONG_PTR)count);
}

static bool try_acquire(volatile LONG *count, PVOID *owner)
{
    bool taken;

    pthread_mutex_lock(&lock);
    taken = *count > 0;
    if (taken) {
        *count = 0;
        *owner = nt_self();
    }
    pthread_mutex_unlock(&lock);
    return taken;
}

static void release(volatile LONG *count, PVOID *owner, const void *caller)
{
    bool ours;

    pthread_mutex_lock(&lock);
    ours = *count <= 0 && *owner == nt_self();
    *owner = NULL;
    *count = 1;
    pthread_cond_broadcast(&released);
    pthread_mutex_unlock(&lock);
    if (!ours)
        rule_violation("FastMutex", caller, "releases mutex %p, which this thread does not own",
                       (void *)(ULONG_PTR)count);
}

VOID FASTCALL ExAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    unsigned before;

    HOST_CALL(APC_LEVEL);
    before = irql_get();
    if (before < APC_LEVEL)
        irql_set_raw(APC_LEVEL);
    acquire(&FastMutex->Count, &FastMutex->Owner, RULE_CALLER);
    FastMutex->OldIrql = before;
}

VOID FASTCALL ExReleaseFastMutex(PFAST_MUTEX FastMutex)
{
    ULONG before = FastMutex->OldIrql;

    HOST_CALL_RANGE(APC_LEVEL, APC_LEVEL);
    release(&FastMutex->Count, &FastMutex->Owner, RULE_CALLER);
    irql_set_raw(before);
}

BOOLEAN FASTCALL ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    unsigned before;

    HOST_CALL(APC_LEVEL);
    before = irql_get();
    if (!try_acquire(&FastMutex->Count, &FastMutex->Owner))
        return FALSE;
    irql_set_raw(APC_LEVEL);
    FastMutex->OldIrql = before;
    return TRUE;
}

#if defined(_X86_)
HOST_EXPORT("HAL.dll", ExAcquireFastMutex);
HOST_EXPORT("HAL.dll", ExReleaseFastMutex);
HOST_EXPORT("HAL.dll", ExTryToAcquireFastMutex);
#else
HOST_EXPORT("ntoskrnl.exe", ExAcquireFastMutex);
HOST_EXPORT("ntoskrnl.exe", ExReleaseFastMutex);
HOST_EXPORT("ntoskrnl.exe", ExTryToAcquireFastMutex);
#endif

VOID FASTCALL ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    HOST_CALL(APC_LEVEL);
    acquire(&FastMutex->Count, &FastMutex->Owner, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExAcquireFastMutexUnsafe);

VOID FASTCALL ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    HOST_CALL(APC_LEVEL);
    release(&FastMutex->Count, &FastMutex->Owner, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExReleaseFastMutexUnsafe);

VOID FASTCALL KeInitializeGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    HOST_CALL(APC_LEVEL);
    memset(Mutex, 0, sizeof *Mutex);
    Mutex->Count = 1;
}
HOST_EXPORT("ntoskrnl.exe", KeInitializeGuardedMutex);

VOID FASTCALL KeAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    HOST_CALL(APC_LEVEL);
    acquire(&Mutex->Count, (PVOID *)&Mutex->Owner, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeAcquireGuardedMutex);

VOID FASTCALL KeReleaseGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    HOST_CALL(APC_LEVEL);
    release(&Mutex->Count, (PVOID *)&Mutex->Owner, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeReleaseGuardedMutex);

BOOLEAN FASTCALL KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX Mutex)
{
    HOST_CALL(APC_LEVEL);
    return try_acquire(&Mutex->Count, (PVOID *)&Mutex->Owner);
}
HOST_EXPORT("ntoskrnl.exe", KeTryToAcquireGuardedMutex);
