/* SPDX-License-Identifier: MIT */
/*
 * Run-down protection: who uses a shared object says so, and the owner waits for all of them before he deletes it.
 * The driver's EX_RUNDOWN_REF is one number: twice the users, plus 1 once the owner waits.
 */
#include <pthread.h>
#include <stdbool.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define ACTIVE   1u
#define ONE_USER 2u

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

VOID FASTCALL ExInitializeRundownProtection(ULONG_PTR *RunRef)
{
    HOST_CALL(APC_LEVEL);
    pthread_mutex_lock(&lock);
    *RunRef = 0;
    pthread_mutex_unlock(&lock);
}
HOST_EXPORT("ntoskrnl.exe", ExInitializeRundownProtection);

VOID FASTCALL ExReInitializeRundownProtection(ULONG_PTR *RunRef)
{
    ULONG_PTR before;

    HOST_CALL(APC_LEVEL);
    pthread_mutex_lock(&lock);
    before = *RunRef;
    *RunRef = 0;
    pthread_mutex_unlock(&lock);
    if (before != ACTIVE)
        rule_violation("RundownProtection", RULE_CALLER,
                       "%s of %p, which is not run down: call ExWaitForRundownProtectionRelease "
                       "first",
                       __func__, (void *)RunRef);
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
    pthread_mutex_lock(&lock);
    *RunRef |= ACTIVE;
    while (*RunRef != ACTIVE)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}
HOST_EXPORT("ntoskrnl.exe", ExWaitForRundownProtectionRelease);

VOID FASTCALL ExRundownCompleted(ULONG_PTR *RunRef)
{
    HOST_CALL(APC_LEVEL);
    pthread_mutex_lock(&lock);
    *RunRef = ACTIVE;
    pthread_mutex_unlock(&lock);
}
HOST_EXPORT("ntoskrnl.exe", ExRundownCompleted);
