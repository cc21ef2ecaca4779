/* SPDX-License-Identifier: MIT */
/* Kernel timers: a thread waits for the next due one, signals it, and queues its DPC. */
#include <pthread.h>
#include <stdlib.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/clock.h"
#include "nt/machine/late.h"
#include "nt/api/dispatcher.h"
#include "nt/machine/irql.h"
#include "nt/api/timer.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_KIND "armed timer"

/* A timer that is set. Kept here and not in the KTIMER, which the driver may free too early. */
struct armed {
    PKTIMER timer;
    PKDPC dpc;
    uint64_t due;
    uint64_t period; /* 0: once */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static struct armed *armed; /* few: searched from end to end */
static size_t armed_count, armed_room;
static pthread_t thread;
static bool running;
static uint64_t fired;

static struct armed *find(const KTIMER *timer)
{
    for (size_t i = 0; i < armed_count; i++)
        if (armed[i].timer == timer)
            return &armed[i];
    return NULL;
}

static struct armed *earliest(void)
{
    struct armed *first = NULL;

    for (size_t i = 0; i < armed_count; i++)
        if (!first || armed[i].due < first->due)
            first = &armed[i];
    return first;
}

static void disarm(struct armed *a)
{
    *a = armed[--armed_count];
}

/* Lock held; given up while the DPC is queued. */
static void fire(struct armed *a, uint64_t now)
{
    PKTIMER timer = a->timer;
    PKDPC dpc = a->dpc;

    fired++;
    timer->Header.Inserted = a->period != 0;
    if (a->period) {
        a->due += a->period;
        if (a->due <= now)
            a->due = now + a->period; /* late by more than a period: no volley */
    } else {
        disarm(a);
        track_remove(TRACK_KIND, timer, NULL);
    }
    dispatcher_set(&timer->Header, 1);
    if (dpc) {
        LARGE_INTEGER system = {.QuadPart = (LONGLONG)nt_clock_system()};

        KeInsertQueueDpc(dpc, (PVOID)(ULONG_PTR)system.LowPart, (PVOID)(LONG_PTR)system.HighPart);
    }
}

static void timer_main(void *context)
{
    (void)context;
    pthread_mutex_lock(&lock);
    while (running) {
        struct armed *next = earliest();
        uint64_t now = nt_clock_now();

        if (next && next->due <= now)
            fire(next, now);
        else
            nt_clock_wait(&changed, &lock, next ? next->due : NT_FOREVER);
    }
    pthread_mutex_unlock(&lock);
}

int timer_start(void)
{
    int failed;

    nt_clock_cond_init(&changed);
    pthread_mutex_lock(&lock);
    running = true;
    fired = 0;
    failed = nt_thread_start(&thread, "timer", timer_main, NULL);
    running = !failed;
    pthread_mutex_unlock(&lock);
    return failed;
}

void timer_stop(void)
{
    pthread_mutex_lock(&lock);
    if (!running) {
        pthread_mutex_unlock(&lock);
        return;
    }
    running = false;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    free(armed);
    armed = NULL;
    armed_count = armed_room = 0;
}

uint64_t timer_count(void)
{
    uint64_t count;

    pthread_mutex_lock(&lock);
    count = fired;
    pthread_mutex_unlock(&lock);
    return count;
}

/* ---- What drivers call ---- */

static void initialize(PKTIMER timer, TIMER_TYPE type, const void *caller)
{
    if (rules_enabled && track_exists(TRACK_KIND, timer))
        rule_violation_object("TimerInitialized", timer, caller,
                              "initialises timer %p, which is set", (void *)timer);
    memset(timer, 0, sizeof *timer);
    dispatcher_init(&timer->Header,
                    type == NotificationTimer ? DISPATCHER_TIMER_NOTIFICATION
                                              : DISPATCHER_TIMER_SYNCHRONIZATION,
                    0);
}

VOID NTAPI KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
    HOST_CALL(DISPATCH_LEVEL);
    initialize(Timer, Type, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeInitializeTimerEx);

VOID NTAPI KeInitializeTimer(PKTIMER Timer)
{
    HOST_CALL(DISPATCH_LEVEL);
    initialize(Timer, NotificationTimer, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeInitializeTimer);

static bool is_timer(const KTIMER *timer)
{
    return timer->Header.Type == DISPATCHER_TIMER_NOTIFICATION ||
           timer->Header.Type == DISPATCHER_TIMER_SYNCHRONIZATION;
}

/* Lock held. A slot for the timer, its own if it is set. */
static struct armed *slot_for(PKTIMER timer)
{
    struct armed *a = find(timer);

    if (a)
        return a;
    if (armed_count == armed_room) {
        size_t room = armed_room ? 2 * armed_room : 16;
        struct armed *grown = realloc(armed, room * sizeof *grown);

        if (!grown)
            abort(); /* a timer that never fires is worse */
        armed = grown;
        armed_room = room;
    }
    a = &armed[armed_count++];
    a->timer = timer;
    return a;
}

static BOOLEAN set(PKTIMER timer, const LARGE_INTEGER *due, uint64_t period, PKDPC dpc,
                   const void *caller)
{
    uint64_t deadline = dispatcher_deadline(due) + nt_late(LATE_TIMER);
    struct armed *a;
    bool was_set;

    if (rules_enabled && !is_timer(timer))
        rule_violation(
            "TimerInitialized", caller,
            "sets timer %p, which is not initialised (KeInitializeTimer) or was overwritten",
            (void *)timer);
    dispatcher_set(&timer->Header, 0);
    pthread_mutex_lock(&lock);
    was_set = find(timer) != NULL;
    a = slot_for(timer);
    a->due = deadline;
    a->period = period;
    a->dpc = dpc;
    timer->DueTime.QuadPart = deadline;
    timer->Period = (ULONG)(period / NT_MILLISECOND);
    timer->Dpc = dpc;
    timer->Header.Inserted = 1;
    if (was_set)
        track_note(TRACK_KIND, timer, "set again", caller);
    else
        track_add(TRACK_KIND, timer, 0, caller);
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    return was_set;
}

BOOLEAN NTAPI KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc)
{
    HOST_CALL(DISPATCH_LEVEL);
    return set(Timer, &DueTime, 0, Dpc, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeSetTimer);

BOOLEAN NTAPI KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
    HOST_CALL(DISPATCH_LEVEL);
    return set(Timer, &DueTime, Period > 0 ? (uint64_t)Period * NT_MILLISECOND : 0, Dpc,
               RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeSetTimerEx);

BOOLEAN NTAPI KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period,
                                    ULONG TolerableDelay, PKDPC Dpc)
{
    (void)TolerableDelay; /* a license to be late, which this host does not use */
    HOST_CALL(DISPATCH_LEVEL);
    return set(Timer, &DueTime, (uint64_t)Period * NT_MILLISECOND, Dpc, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", KeSetCoalescableTimer);

BOOLEAN NTAPI KeCancelTimer(PKTIMER Timer)
{
    struct armed *a;
    bool was_set;

    HOST_CALL(DISPATCH_LEVEL);
    pthread_mutex_lock(&lock);
    a = find(Timer);
    was_set = a != NULL;
    if (was_set) {
        disarm(a);
        Timer->Header.Inserted = 0;
        track_remove(TRACK_KIND, Timer, RULE_CALLER);
    }
    pthread_mutex_unlock(&lock);
    return was_set;
}
HOST_EXPORT("ntoskrnl.exe", KeCancelTimer);

BOOLEAN NTAPI KeReadStateTimer(PKTIMER Timer)
{
    HOST_CALL(DISPATCH_LEVEL);
    return dispatcher_read(&Timer->Header) != 0;
}
HOST_EXPORT("ntoskrnl.exe", KeReadStateTimer);
