/* SPDX-License-Identifier: MIT */
/*
 * Run-down protection: who uses a shared object says so, and the owner waits for all of them before he deletes it.
 * The driver's EX_RUNDOWN_REF is one number: twice the users, plus 1 once the owner waits. So is the begin of its
 * EX_RUNDOWN_REF_CACHE_AWARE, which on Windows has one number for each processor.
 */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define ACTIVE           1u
#define ONE_USER         2u
#define TRACK_KIND       "cache-aware run-down protection"
#define CACHE_AWARE_SIZE 256u /* bytes */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static BOOLEAN acquire(ULONG_PTR *ref, ULONG count)
{
    bool granted;

    pthread_mutex_lock(&lock);
    granted = !(*ref & ACTIVE);
    if (granted)
        *ref += (ULONG_PTR)ONE_USER * count;
    pthread_mutex_unlock(&lock);
    return granted;
}

static void release(ULONG_PTR *ref, ULONG count, const char *function, const void *caller)
{
    ULONG_PTR users;

    pthread_mutex_lock(&lock);
    users = *ref / ONE_USER;
    *ref -= ONE_USER * (users < count ? users : count);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    if (users < count)
        rule_violation("RundownProtection", caller,
                       "%s of %p by %lu, but it was acquired %lu times and not released since",
                       function, (void *)ref, (unsigned long)count, (unsigned long)users);
}

static void set(ULONG_PTR *ref, ULONG_PTR value)
{
    pthread_mutex_lock(&lock);
    *ref = value;
    pthread_mutex_unlock(&lock);
}

static void again(ULONG_PTR *ref, const char *function, const void *caller)
{
    ULONG_PTR before;

    pthread_mutex_lock(&lock);
    before = *ref;
    *ref = 0;
    pthread_mutex_unlock(&lock);
    if (before != ACTIVE)
        rule_violation("RundownProtection", caller,
                       "%s of %p, which is not run down: call %s first", function, (void *)ref,
                       strstr(function, "CacheAware")
                           ? "ExWaitForRundownProtectionReleaseCacheAware"
                           : "ExWaitForRundownProtectionRelease");
}

static void wait_for_users(ULONG_PTR *ref)
{
    pthread_mutex_lock(&lock);
    *ref |= ACTIVE;
    while (*ref != ACTIVE)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

VOID FASTCALL ExInitializeRundownProtection(ULONG_PTR *RunRef)
{
    HOST_CALL(APC_LEVEL);
    set(RunRef, 0);
}
HOST_EXPORT("ntoskrnl.exe", ExInitializeRundownProtection);

VOID FASTCALL ExReInitializeRundownProtection(ULONG_PTR *RunRef)
{
    HOST_CALL(APC_LEVEL);
    again(RunRef, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExReInitializeRundownProtection);

BOOLEAN FASTCALL ExAcquireRundownProtection(ULONG_PTR *RunRef)
{
    HOST_CALL(DISPATCH_LEVEL);
    return acquire(RunRef, 1);
}
HOST_EXPORT("ntoskrnl.exe", ExAcquireRundownProtection);

BOOLEAN FASTCALL ExAcquireRundownProtectionEx(ULONG_PTR *RunRef, ULONG Count)
{
    HOST_CALL(DISPATCH_LEVEL);
    return acquire(RunRef, Count);
}
HOST_EXPORT("ntoskrnl.exe", ExAcquireRundownProtectionEx);

VOID FASTCALL ExReleaseRundownProtection(ULONG_PTR *RunRef)
{
    HOST_CALL(DISPATCH_LEVEL);
    release(RunRef, 1, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExReleaseRundownProtection);

VOID FASTCALL ExReleaseRundownProtectionEx(ULONG_PTR *RunRef, ULONG Count)
{
    HOST_CALL(DISPATCH_LEVEL);
    release(RunRef, Count, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExReleaseRundownProtectionEx);

VOID FASTCALL ExWaitForRundownProtectionRelease(ULONG_PTR *RunRef)
{
    HOST_CALL(APC_LEVEL);
    wait_for_users(RunRef);
}
HOST_EXPORT("ntoskrnl.exe", ExWaitForRundownProtectionRelease);

VOID FASTCALL ExRundownCompleted(ULONG_PTR *RunRef)
{
    HOST_CALL(APC_LEVEL);
    set(RunRef, ACTIVE);
}
HOST_EXPORT("ntoskrnl.exe", ExRundownCompleted);

/* ---- Cache-aware ---- */

SIZE_T NTAPI ExSizeOfRundownProtectionCacheAware(VOID)
{
    HOST_CALL(APC_LEVEL);
    return CACHE_AWARE_SIZE;
}
HOST_EXPORT("ntoskrnl.exe", ExSizeOfRundownProtectionCacheAware);

VOID NTAPI ExInitializeRundownProtectionCacheAware(ULONG_PTR *RunRefCacheAware, SIZE_T RunRefSize)
{
    HOST_CALL(APC_LEVEL);
    if (RunRefSize < CACHE_AWARE_SIZE)
        rule_violation("RundownProtection", RULE_CALLER,
                       "%s of %lu bytes, which are too few: "
                       "ExSizeOfRundownProtectionCacheAware says %u",
                       __func__, (unsigned long)RunRefSize, CACHE_AWARE_SIZE);
    if (RunRefSize >= sizeof(*RunRefCacheAware))
        set(RunRefCacheAware, 0);
}
HOST_EXPORT("ntoskrnl.exe", ExInitializeRundownProtectionCacheAware);

ULONG_PTR *NTAPI ExAllocateCacheAwareRundownProtection(POOL_TYPE PoolType, ULONG PoolTag)
{
    ULONG_PTR *ref;

    HOST_CALL(APC_LEVEL);
    HOST_ALLOCATES();
    (void)PoolType;
    ref = nt_pool_alloc_shared(TRACK_KIND, CACHE_AWARE_SIZE, PoolTag, RULE_CALLER);
    if (ref)
        set(ref, 0);
    return ref;
}
HOST_EXPORT("ntoskrnl.exe", ExAllocateCacheAwareRundownProtection);

VOID NTAPI ExFreeCacheAwareRundownProtection(ULONG_PTR *RunRefCacheAware)
{
    HOST_CALL(APC_LEVEL);
    nt_pool_free(TRACK_KIND, RunRefCacheAware, 0, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExFreeCacheAwareRundownProtection);

VOID FASTCALL ExReInitializeRundownProtectionCacheAware(ULONG_PTR *RunRefCacheAware)
{
    HOST_CALL(APC_LEVEL);
    again(RunRefCacheAware, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExReInitializeRundownProtectionCacheAware);

BOOLEAN FASTCALL ExAcquireRundownProtectionCacheAware(ULONG_PTR *RunRefCacheAware)
{
    HOST_CALL(DISPATCH_LEVEL);
    return acquire(RunRefCacheAware, 1);
}
HOST_EXPORT("ntoskrnl.exe", ExAcquireRundownProtectionCacheAware);

BOOLEAN FASTCALL ExAcquireRundownProtectionCacheAwareEx(ULONG_PTR *RunRefCacheAware, ULONG Count)
{
    HOST_CALL(DISPATCH_LEVEL);
    return acquire(RunRefCacheAware, Count);
}
HOST_EXPORT("ntoskrnl.exe", ExAcquireRundownProtectionCacheAwareEx);

VOID FASTCALL ExReleaseRundownProtectionCacheAware(ULONG_PTR *RunRefCacheAware)
{
    HOST_CALL(DISPATCH_LEVEL);
    release(RunRefCacheAware, 1, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExReleaseRundownProtectionCacheAware);

VOID FASTCALL ExReleaseRundownProtectionCacheAwareEx(ULONG_PTR *RunRefCacheAware, ULONG Count)
{
    HOST_CALL(DISPATCH_LEVEL);
    release(RunRefCacheAware, Count, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExReleaseRundownProtectionCacheAwareEx);

VOID FASTCALL ExWaitForRundownProtectionReleaseCacheAware(ULONG_PTR *RunRef)
{
    HOST_CALL(APC_LEVEL);
    wait_for_users(RunRef);
}
HOST_EXPORT("ntoskrnl.exe", ExWaitForRundownProtectionReleaseCacheAware);

VOID FASTCALL ExRundownCompletedCacheAware(ULONG_PTR *RunRefCacheAware)
{
    HOST_CALL(APC_LEVEL);
    set(RunRefCacheAware, ACTIVE);
}
HOST_EXPORT("ntoskrnl.exe", ExRundownCompletedCacheAware);
