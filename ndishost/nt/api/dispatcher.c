/* SPDX-License-Identifier: MIT */
/* Events, mutexes, semaphores, and waiting for them; see dispatcher.h. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/clock.h"
#include "nt/api/dispatcher.h"
#include "nt/machine/irql.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define OBJECTS_MAX 64 /* MAXIMUM_WAIT_OBJECTS */

/* A thread that waits. On the list, oldest first, until it is satisfied or gives up. */
struct waiter {
    struct waiter *next;
    DISPATCHER_HEADER *const *objects;
    unsigned count;
    bool all;
    bool done;
    unsigned index; /* which object, when not all */
    PKTHREAD thread;
    pthread_cond_t cond;
};

/* One lock for all objects, as Windows had for long: signalling is rare and short. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct waiter *waiters;

static PKTHREAD this_thread(void)
{
    return (PKTHREAD)nt_self();
}

/* ---- Satisfying; lock held ---- */

static bool is_signaled(const DISPATCHER_HEADER *header, PKTHREAD thread)
{
    if (header->Type == DISPATCHER_MUTANT && ((const KMUTANT *)header)->OwnerThread == thread)
        return true;
    return header->SignalState > 0;
}

static void consume(DISPATCHER_HEADER *header, PKTHREAD thread)
{
    switch (header->Type) {
    case DISPATCHER_EVENT_SYNCHRONIZATION:
    case DISPATCHER_TIMER_SYNCHRONIZATION:
        header->SignalState = 0;
        break;
    case DISPATCHER_SEMAPHORE:
        header->SignalState--;
        break;
    case DISPATCHER_MUTANT:
        header->SignalState--;
        ((KMUTANT *)header)->OwnerThread = thread;
        break;
    default:
        break;
    }
}

static bool satisfy_all(struct waiter *w)
{
    for (unsigned i = 0; i < w->count; i++)
        if (!is_signaled(w->objects[i], w->thread))
            return false;
    for (unsigned i = 0; i < w->count; i++)
        consume(w->objects[i], w->thread);
    return true;
}

static bool satisfy(struct waiter *w)
{
    if (w->all)
        return satisfy_all(w);
    for (unsigned i = 0; i < w->count; i++)
        if (is_signaled(w->objects[i], w->thread)) {
            consume(w->objects[i], w->thread);
            w->index = i;
            return true;
        }
    return false;
}

static bool waits_for(const struct waiter *w, const DISPATCHER_HEADER *header)
{
    for (unsigned i = 0; i < w->count; i++)
        if (w->objects[i] == header)
            return true;
    return false;
}

static void wake_waiters(const DISPATCHER_HEADER *header)
{
    struct waiter **link = &waiters;

    while (*link && header->SignalState > 0) {
        struct waiter *w = *link;

        if (waits_for(w, header) && satisfy(w)) {
            *link = w->next;
            w->done = true;
            pthread_cond_signal(&w->cond);
        } else {
            link = &w->next;
        }
    }
}

/* ---- For the host ---- */

void dispatcher_init(DISPATCHER_HEADER *header, enum dispatcher_type type, LONG state)
{
    memset(header, 0, sizeof *header);
    header->Type = (UCHAR)type;
    header->SignalState = state;
    InitializeListHead(&header->WaitListHead);
}

LONG dispatcher_set(DISPATCHER_HEADER *header, LONG state)
{
    LONG before;

    pthread_mutex_lock(&lock);
    before = header->SignalState;
    header->SignalState = state;
    if (state > 0)
        wake_waiters(header);
    pthread_mutex_unlock(&lock);
    return before;
}

bool dispatcher_add(DISPATCHER_HEADER *header, LONG add, LONG limit, LONG *before)
{
    bool fits;

    pthread_mutex_lock(&lock);
    *before = header->SignalState;
    fits = add <= limit - *before;
    if (fits) {
        header->SignalState += add;
        wake_waiters(header);
    }
    pthread_mutex_unlock(&lock);
    return fits;
}

LONG dispatcher_read(const DISPATCHER_HEADER *header)
{
    LONG state;

    pthread_mutex_lock(&lock);
    state = header->SignalState;
    pthread_mutex_unlock(&lock);
    return state;
}

uint64_t dispatcher_deadline(const LARGE_INTEGER *timeout)
{
    uint64_t now = nt_clock_now(), system;

    if (!timeout)
        return NT_FOREVER;
    if (timeout->QuadPart < 0)
        return now + (uint64_t)-timeout->QuadPart;
    system = nt_clock_system();
    return (uint64_t)timeout->QuadPart > system ? now + ((uint64_t)timeout->QuadPart - system)
                                                : now;
}

/* ---- Waiting ---- */

static void remove_waiter(struct waiter *w)
{
    struct waiter **link = &waiters;

    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
}

static void add_waiter(struct waiter *w)
{
    struct waiter **link = &waiters;

    while (*link)
        link = &(*link)->next;
    w->next = NULL;
    *link = w;
}

static const char *type_name(const DISPATCHER_HEADER *header)
{
    switch (header->Type) {
    case DISPATCHER_EVENT_NOTIFICATION:
    case DISPATCHER_EVENT_SYNCHRONIZATION:
        return "event";
    case DISPATCHER_MUTANT:
        return "mutex";
    case DISPATCHER_SEMAPHORE:
        return "semaphore";
    case DISPATCHER_THREAD:
        return "thread";
    default:
        return "timer";
    }
}

/* For reports on a thread that does not return. */
static void describe_wait(const struct waiter *w, const LARGE_INTEGER *timeout, char *text,
                          size_t size)
{
    snprintf(text, size, "%s %p%s%s", type_name(w->objects[0]), (const void *)w->objects[0],
             w->count == 1 ? ""
             : w->all      ? " and others"
                           : " or another",
             timeout ? ", for a time" : ", without a timeout");
}

static NTSTATUS wait(DISPATCHER_HEADER *const *objects, unsigned count, bool all,
                     const LARGE_INTEGER *timeout)
{
    struct waiter w = {.objects = objects, .count = count, .all = all, .thread = this_thread()};
    uint64_t deadline = dispatcher_deadline(timeout);
    bool zero = timeout && timeout->QuadPart == 0;
    char text[96];

    pthread_mutex_lock(&lock);
    w.done = satisfy(&w);
    if (!w.done && !zero) {
        nt_clock_cond_init(&w.cond);
        add_waiter(&w);
        describe_wait(&w, timeout, text, sizeof text);
        nt_self()->waits_for = text;
        while (!w.done && nt_clock_wait(&w.cond, &lock, deadline))
            ;
        if (!w.done)
            remove_waiter(&w);
        nt_self()->waits_for = NULL;
        pthread_cond_destroy(&w.cond);
    }
    pthread_mutex_unlock(&lock);
    /* Whoever sets `done` has removed the waiter, which the analyzer does not see.
     * NOLINTBEGIN(clang-analyzer-core.StackAddressEscape) */
    if (!w.done)
        return STATUS_TIMEOUT;
    return STATUS_WAIT_0 + (NTSTATUS)w.index;
    /* NOLINTEND(clang-analyzer-core.StackAddressEscape) */
}

/* Waiting at DISPATCH_LEVEL is only asking: with a timeout of zero. */
static unsigned highest_irql(const LARGE_INTEGER *timeout)
{
    return timeout && timeout->QuadPart == 0 ? DISPATCH_LEVEL : APC_LEVEL;
}

NTSTATUS NTAPI KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason,
                                     KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
                                     PLARGE_INTEGER Timeout)
{
    DISPATCHER_HEADER *header = Object;

    (void)WaitReason;
    (void)WaitMode;
    (void)Alertable; /* nothing in this host alerts a thread */
    HOST_CALL_VARYING(highest_irql(Timeout));
    return wait(&header, 1, false, Timeout);
}
HOST_EXPORT("ntoskrnl.exe", KeWaitForSingleObject);
HOST_EXPORT_AS("ntoskrnl.exe", "KeWaitForMutexObject", KeWaitForMutexObject, KeWaitForSingleObject);

NTSTATUS NTAPI KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType,
                                        KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
                                        BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                                        PVOID WaitBlockArray)
{
    (void)WaitReason;
    (void)WaitMode;
    (void)Alertable;
    HOST_CALL_VARYING(highest_irql(Timeout));
    /* More than the three blocks of a thread's own need an array of the driver's. */
    if (Count == 0 || Count > OBJECTS_MAX || (Count > 3 && !WaitBlockArray)) {
        rule_violation("WaitBlocks", RULE_CALLER, "waits for %u objects %s", (unsigned)Count,
                       WaitBlockArray ? "(1 to 64 are allowed)"
                                      : "without an array of wait blocks");
        return STATUS_INVALID_PARAMETER;
    }
    return wait((DISPATCHER_HEADER *const *)Object, Count, WaitType == WaitAll, Timeout);
}
HOST_EXPORT("ntoskrnl.exe", KeWaitForMultipleObjects);

/* ---- Events ---- */

VOID NTAPI KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
    HOST_CALL(RULE_ANY_IRQL);
    dispatcher_init(&Event->Header,
                    Type == NotificationEvent ? DISPATCHER_EVENT_NOTIFICATION
                                              : DISPATCHER_EVENT_SYNCHRONIZATION,
                    State ? 1 : 0);
}
HOST_EXPORT("ntoskrnl.exe", KeInitializeEvent);

LONG NTAPI KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    (void)Increment;
    HOST_CALL_VARYING(Wait ? APC_LEVEL : DISPATCH_LEVEL);
    return dispatcher_set(&Event->Header, 1);
}
HOST_EXPORT("ntoskrnl.exe", KeSetEvent);

LONG NTAPI KeResetEvent(PRKEVENT Event)
{
    HOST_CALL(DISPATCH_LEVEL);
    return dispatcher_set(&Event->Header, 0);
}
HOST_EXPORT("ntoskrnl.exe", KeResetEvent);

VOID NTAPI KeClearEvent(PRKEVENT Event)
{
    HOST_CALL(DISPATCH_LEVEL);
    dispatcher_set(&Event->Header, 0);
}
HOST_EXPORT("ntoskrnl.exe", KeClearEvent);

LONG NTAPI KeReadStateEvent(PRKEVENT Event)
{
    HOST_CALL(DISPATCH_LEVEL);
    return dispatcher_read(&Event->Header);
}
HOST_EXPORT("ntoskrnl.exe", KeReadStateEvent);

LONG NTAPI KePulseEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    LONG before;

    (void)Increment;
    HOST_CALL_VARYING(Wait ? APC_LEVEL : DISPATCH_LEVEL);
    before = dispatcher_set(&Event->Header, 1);
    dispatcher_set(&Event->Header, 0);
    return before;
}
HOST_EXPORT("ntoskrnl.exe", KePulseEvent);

/* ---- Semaphores ---- */

VOID NTAPI KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
    HOST_CALL(PASSIVE_LEVEL);
    dispatcher_init(&Semaphore->Header, DISPATCHER_SEMAPHORE, Count);
    Semaphore->Limit = Limit;
}
HOST_EXPORT("ntoskrnl.exe", KeInitializeSemaphore);

LONG NTAPI KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment,
                              BOOLEAN Wait)
{
    LONG before;

    (void)Increment;
    HOST_CALL_VARYING(Wait ? APC_LEVEL : DISPATCH_LEVEL);
    if (!dispatcher_add(&Semaphore->Header, Adjustment, Semaphore->Limit, &before))
        rule_violation("SemaphoreLimit", RULE_CALLER,
                       "releases semaphore %p by %d over its limit of %d; Windows would raise "
                       "STATUS_SEMAPHORE_LIMIT_EXCEEDED",
                       (void *)Semaphore, (int)Adjustment, (int)Semaphore->Limit);
    return before;
}
HOST_EXPORT("ntoskrnl.exe", KeReleaseSemaphore);

LONG NTAPI KeReadStateSemaphore(PRKSEMAPHORE Semaphore)
{
    HOST_CALL(RULE_ANY_IRQL);
    return dispatcher_read(&Semaphore->Header);
}
HOST_EXPORT("ntoskrnl.exe", KeReadStateSemaphore);

/* ---- Mutexes ---- */

VOID NTAPI KeInitializeMutex(PRKMUTEX Mutex, ULONG Level)
{
    (void)Level;
    HOST_CALL(RULE_ANY_IRQL);
    memset(Mutex, 0, sizeof *Mutex);
    dispatcher_init(&Mutex->Header, DISPATCHER_MUTANT, 1);
}
HOST_EXPORT("ntoskrnl.exe", KeInitializeMutex);

LONG NTAPI KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait)
{
    LONG before;
    bool owned;

    (void)Wait;
    HOST_CALL(DISPATCH_LEVEL);
    pthread_mutex_lock(&lock);
    before = Mutex->Header.SignalState;
    owned = Mutex->OwnerThread == this_thread();
    if (owned && ++Mutex->Header.SignalState == 1) {
        Mutex->OwnerThread = NULL;
        wake_waiters(&Mutex->Header);
    }
    pthread_mutex_unlock(&lock);
    if (!owned)
        rule_violation("MutexOwner", RULE_CALLER,
                       "releases mutex %p, which this thread does not own", (void *)Mutex);
    return before;
}
HOST_EXPORT("ntoskrnl.exe", KeReleaseMutex);

LONG NTAPI KeReadStateMutex(PRKMUTEX Mutex)
{
    HOST_CALL(DISPATCH_LEVEL);
    return dispatcher_read(&Mutex->Header);
}
HOST_EXPORT("ntoskrnl.exe", KeReadStateMutex);
