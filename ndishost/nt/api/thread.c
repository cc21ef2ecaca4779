/* SPDX-License-Identifier: MIT */
/* System threads of a driver, and what threads may ask about themselves. */
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/callback_object.h"
#include "nt/api/dispatcher.h"
#include "nt/api/handle.h"
#include "nt/api/irp.h"
#include "nt/machine/irql.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_THREAD   "system thread"
#define SYSTEM_PROCESS ((HANDLE)(ULONG_PTR)4)

/* What a handle to a thread stands for: a dispatcher object first of all. */
struct system_thread {
    DISPATCHER_HEADER header; /* signalled when the thread has ended */
    LONG references;
    PKSTART_ROUTINE routine;
    PVOID context;
    jmp_buf end;
};

static __thread struct system_thread *current; /* of the calling thread, if a driver created it */

/* ---- References ---- */

static void dereference(struct system_thread *thread)
{
    if (__atomic_sub_fetch(&thread->references, 1, __ATOMIC_ACQ_REL) == 0)
        free(thread);
}

LONG_PTR FASTCALL ObfReferenceObject(PVOID Object)
{
    struct system_thread *thread = Object;
    LONG_PTR count;

    HOST_CALL(DISPATCH_LEVEL);
    if (nt_file_reference(Object, 1, &count, RULE_CALLER) ||
        nt_callback_reference(Object, 1, &count, RULE_CALLER))
        return count;
    return __atomic_add_fetch(&thread->references, 1, __ATOMIC_ACQ_REL);
}
HOST_EXPORT("ntoskrnl.exe", ObfReferenceObject);

LONG_PTR FASTCALL ObfDereferenceObject(PVOID Object)
{
    struct system_thread *thread = Object;
    LONG_PTR left;

    HOST_CALL(DISPATCH_LEVEL);
    if (nt_file_reference(Object, -1, &left, RULE_CALLER) ||
        nt_callback_reference(Object, -1, &left, RULE_CALLER))
        return left;
    left = __atomic_load_n(&thread->references, __ATOMIC_ACQUIRE) - 1;
    dereference(thread);
    return left;
}
HOST_EXPORT("ntoskrnl.exe", ObfDereferenceObject);

static void close_thread(void *object)
{
    dereference(object);
}

static void reference_thread(void *object)
{
    struct system_thread *thread = object;

    __atomic_add_fetch(&thread->references, 1, __ATOMIC_ACQ_REL);
}

static const struct nt_handle_type thread_type = {"thread", close_thread};

NTSTATUS NTAPI ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess,
                                         POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                                         PVOID *Object, PVOID HandleInformation)
{
    PVOID object;

    (void)DesiredAccess;
    (void)ObjectType;
    (void)AccessMode;
    (void)HandleInformation;
    HOST_CALL(PASSIVE_LEVEL);
    object = nt_handle_object(Handle, &thread_type, reference_thread);
    if (object)
        *Object = object;
    else if (nt_handle_object(Handle, NULL, NULL))
        return STATUS_OBJECT_TYPE_MISMATCH; /* drivers have pointers to threads alone */
    return object ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}
HOST_EXPORT("ntoskrnl.exe", ObReferenceObjectByHandle);

/* ---- Threads ---- */

static void thread_main(void *context)
{
    struct system_thread *thread = context;

    current = thread;
    /* PsTerminateSystemThread jumps here, over the driver's frames, which nothing can unwind. */
    if (setjmp(thread->end) == 0)
        thread->routine(thread->context);
    current = NULL;
    nt_check_no_locks("a system thread");
    nt_check_irql("a system thread", IRQL_PASSIVE);
    track_remove(TRACK_THREAD, thread, NULL);
    dispatcher_set(&thread->header, 1);
    dereference(thread);
}

static NTSTATUS start(struct system_thread *thread)
{
    pthread_t id;

    thread->references++; /* the thread's own */
    if (nt_thread_start(&id, "system thread", thread_main, thread) != 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    pthread_detach(id);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess,
                                    POBJECT_ATTRIBUTES ObjectAttributes, HANDLE ProcessHandle,
                                    PVOID ClientId, PKSTART_ROUTINE StartRoutine,
                                    PVOID StartContext)
{
    struct system_thread *thread;
    NTSTATUS status;

    (void)DesiredAccess;
    (void)ObjectAttributes;
    (void)ProcessHandle;
    (void)ClientId;
    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    if (nt_allocation_fails() || !(thread = calloc(1, sizeof *thread)))
        return STATUS_INSUFFICIENT_RESOURCES;
    dispatcher_init(&thread->header, DISPATCHER_THREAD, 0);
    thread->references = 1; /* the handle's */
    thread->routine = StartRoutine;
    thread->context = StartContext;
    *ThreadHandle = nt_handle_open(&thread_type, thread, RULE_CALLER);
    if (!*ThreadHandle) {
        free(thread);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    track_add(TRACK_THREAD, thread, 0, RULE_CALLER);
    status = start(thread);
    if (!NT_SUCCESS(status)) {
        track_remove(TRACK_THREAD, thread, RULE_CALLER);
        dereference(thread);
        ZwClose(*ThreadHandle);
    }
    return status;
}
HOST_EXPORT("ntoskrnl.exe", PsCreateSystemThread);

NTSTATUS NTAPI PsTerminateSystemThread(NTSTATUS ExitStatus)
{
    (void)ExitStatus;
    HOST_CALL(PASSIVE_LEVEL);
    if (!current)
        return STATUS_INVALID_PARAMETER;
    longjmp(current->end, 1);
}
HOST_EXPORT("ntoskrnl.exe", PsTerminateSystemThread);

PKTHREAD nt_current_thread(void)
{
    return current ? (PKTHREAD)current : (PKTHREAD)nt_self();
}

#if defined(_X86_)
PKTHREAD NTAPI KeGetCurrentThread(VOID)
{
    return nt_current_thread();
}
HOST_EXPORT("ntoskrnl.exe", KeGetCurrentThread);
#endif
static PKTHREAD NTAPI get_current_thread(VOID)
{
    return nt_current_thread();
}
HOST_EXPORT_AS("ntoskrnl.exe", "PsGetCurrentThread", PsGetCurrentThread, get_current_thread);

HANDLE NTAPI PsGetCurrentThreadId(VOID)
{
    return (HANDLE)(ULONG_PTR)gettid();
}
HOST_EXPORT("ntoskrnl.exe", PsGetCurrentThreadId);

HANDLE NTAPI PsGetCurrentProcessId(VOID)
{
    return SYSTEM_PROCESS;
}
HOST_EXPORT("ntoskrnl.exe", PsGetCurrentProcessId);

/* ---- Priorities and regions: nothing in this host interrupts a thread with an APC ---- */

#define NORMAL_PRIORITY 8

KPRIORITY NTAPI KeQueryPriorityThread(PKTHREAD Thread)
{
    (void)Thread;
    HOST_CALL(PASSIVE_LEVEL);
    return NORMAL_PRIORITY;
}
HOST_EXPORT("ntoskrnl.exe", KeQueryPriorityThread);

KPRIORITY NTAPI KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
    (void)Thread;
    (void)Priority;
    HOST_CALL(PASSIVE_LEVEL);
    return NORMAL_PRIORITY;
}
HOST_EXPORT("ntoskrnl.exe", KeSetPriorityThread);

LONG NTAPI KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment)
{
    (void)Thread;
    (void)Increment;
    HOST_CALL(PASSIVE_LEVEL);
    return 0;
}
HOST_EXPORT("ntoskrnl.exe", KeSetBasePriorityThread);

static __thread unsigned regions;

VOID NTAPI KeEnterCriticalRegion(VOID)
{
    HOST_CALL(APC_LEVEL);
    regions++;
}
HOST_EXPORT("ntoskrnl.exe", KeEnterCriticalRegion);

VOID NTAPI KeLeaveCriticalRegion(VOID)
{
    HOST_CALL(APC_LEVEL);
    if (regions == 0)
        rule_violation("CriticalRegion", RULE_CALLER,
                       "leaves a critical region without having entered one");
    else
        regions--;
}
HOST_EXPORT("ntoskrnl.exe", KeLeaveCriticalRegion);

VOID NTAPI KeEnterGuardedRegion(VOID)
{
    HOST_CALL(APC_LEVEL);
    regions++;
}
HOST_EXPORT("ntoskrnl.exe", KeEnterGuardedRegion);

VOID NTAPI KeLeaveGuardedRegion(VOID)
{
    HOST_CALL(APC_LEVEL);
    if (regions == 0)
        rule_violation("CriticalRegion", RULE_CALLER,
                       "leaves a guarded region without having entered one");
    else
        regions--;
}
HOST_EXPORT("ntoskrnl.exe", KeLeaveGuardedRegion);

BOOLEAN NTAPI KeAreApcsDisabled(VOID)
{
    HOST_CALL(DISPATCH_LEVEL);
    return regions != 0;
}
HOST_EXPORT("ntoskrnl.exe", KeAreApcsDisabled);

BOOLEAN NTAPI KeAreAllApcsDisabled(VOID)
{
    HOST_CALL(DISPATCH_LEVEL);
    return regions != 0 || irql_get() >= APC_LEVEL;
}
HOST_EXPORT("ntoskrnl.exe", KeAreAllApcsDisabled);

/* ---- Affinity ---- */

static KAFFINITY set_affinity(KAFFINITY affinity)
{
    KAFFINITY before = nt_self()->affinity;

    nt_thread_affinity((uint32_t)affinity);
    return before;
}

KAFFINITY NTAPI KeSetSystemAffinityThreadEx(KAFFINITY Affinity)
{
    HOST_CALL(DISPATCH_LEVEL);
    return set_affinity(Affinity);
}
HOST_EXPORT("ntoskrnl.exe", KeSetSystemAffinityThreadEx);

VOID NTAPI KeSetSystemAffinityThread(KAFFINITY Affinity)
{
    HOST_CALL(DISPATCH_LEVEL);
    set_affinity(Affinity);
}
HOST_EXPORT("ntoskrnl.exe", KeSetSystemAffinityThread);

VOID NTAPI KeRevertToUserAffinityThread(VOID)
{
    HOST_CALL(DISPATCH_LEVEL);
    set_affinity(0);
}
HOST_EXPORT("ntoskrnl.exe", KeRevertToUserAffinityThread);

VOID NTAPI KeRevertToUserAffinityThreadEx(KAFFINITY Affinity)
{
    HOST_CALL(DISPATCH_LEVEL);
    set_affinity(Affinity);
}
HOST_EXPORT("ntoskrnl.exe", KeRevertToUserAffinityThreadEx);

VOID NTAPI KeSetSystemGroupAffinityThread(PGROUP_AFFINITY Affinity,
                                          PGROUP_AFFINITY PreviousAffinity)
{
    KAFFINITY before;

    HOST_CALL(DISPATCH_LEVEL);
    before = set_affinity(Affinity->Group == 0 ? Affinity->Mask : 0);
    if (PreviousAffinity)
        *PreviousAffinity = (GROUP_AFFINITY){.Mask = before};
}
HOST_EXPORT("ntoskrnl.exe", KeSetSystemGroupAffinityThread);

VOID NTAPI KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY PreviousAffinity)
{
    HOST_CALL(DISPATCH_LEVEL);
    set_affinity(PreviousAffinity->Mask);
}
HOST_EXPORT("ntoskrnl.exe", KeRevertToUserGroupAffinityThread);
