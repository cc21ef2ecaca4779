/* SPDX-License-Identifier: MIT */
/* DPCs: one queue a processor; nt/machine/processor.h runs them. */
#include <stdlib.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/callback.h"
#include "loader/loader.h"
#include "nt/machine/clock.h"
#include "nt/api/dpc.h"
#include "nt/machine/irql.h"
#include "nt/machine/late.h"
#include "nt/machine/processor.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TARGETED        0x100 /* in KDPC.Number: the processor is chosen by the driver */
#define OBJECT_DPC      19    /* KDPC.Type */
#define OBJECT_THREADED 24
/* One of so many DPCs queued by an ISR runs on another processor than the ISR did. */
#define ELSEWHERE 8

/* A ring of what waits; the KDPC's own list entry is not used, as a driver may overwrite it. */
struct queue {
    PKDPC *ring;
    unsigned head, count, room;
    uint64_t queued, done; /* how many ever */
};

static struct queue queues[NT_PROCESSORS_MAX]; /* guarded by cpu_lock */
static uint64_t removed;
static unsigned running; /* calls of DPCs that have not returned */
static bool ending;      /* nt_dpcs_end: none is queued any more */

/* ---- Queues; cpu_lock held ---- */

static PKDPC *slot(struct queue *q, unsigned i)
{
    return &q->ring[(q->head + i) % q->room];
}

static bool queue_grow(struct queue *q)
{
    unsigned room = q->room ? 2 * q->room : 64;
    PKDPC *ring = malloc(room * sizeof *ring);

    if (!ring)
        return false;
    for (unsigned i = 0; i < q->count; i++)
        ring[i] = *slot(q, i);
    free(q->ring);
    q->ring = ring;
    q->head = 0;
    q->room = room;
    return true;
}

static bool queue_put(struct queue *q, PKDPC dpc, bool first)
{
    if (q->count == q->room && !queue_grow(q))
        return false;
    if (first) {
        q->head = (q->head + q->room - 1) % q->room;
        q->ring[q->head] = dpc;
    } else {
        *slot(q, q->count) = dpc;
    }
    q->count++;
    q->queued++;
    return true;
}

static PKDPC queue_get(struct queue *q)
{
    PKDPC dpc = NULL;

    if (q->count) {
        dpc = q->ring[q->head];
        q->head = (q->head + 1) % q->room;
        q->count--;
    }
    return dpc;
}

static bool queue_remove(struct queue *q, PKDPC dpc)
{
    unsigned i = 0;

    while (i < q->count && *slot(q, i) != dpc)
        i++;
    if (i == q->count)
        return false;
    for (; i + 1 < q->count; i++)
        *slot(q, i) = *slot(q, i + 1);
    q->count--;
    q->done++;
    removed++;
    /* Else nobody but a thread that has nothing to run there would get the processor again. */
    if (q->count == 0)
        nt_processor_wanted((unsigned)(q - queues), false);
    return true;
}

static bool waiting(unsigned processor)
{
    return queues[processor].count != 0;
}

uint64_t dpc_count(void)
{
    uint64_t count = 0;

    cpu_lock();
    for (unsigned i = 0; i < NT_PROCESSORS_MAX; i++)
        count += queues[i].done;
    count -= removed;
    cpu_unlock();
    return count;
}

/* Lock held. */
static void remove_all(const char *when)
{
    for (unsigned i = 0; i < NT_PROCESSORS_MAX; i++)
        while (queues[i].count) {
            PKDPC dpc = *slot(&queues[i], 0);

            queue_remove(&queues[i], dpc);
            dpc->DpcData = NULL;
            if (rules_enabled)
                rule_violation("DpcQueued", (const void *)dpc->DeferredRoutine,
                               "DPC %p is still queued %s; its routine:", (void *)dpc, when);
        }
}

void nt_dpcs_end(void)
{
    cpu_lock();
    ending = true;
    remove_all("when the driver is unloaded");
    while (running)
        cpu_wait_done();
    ending = false;
    cpu_unlock();
}

void dpc_stop(void)
{
    cpu_lock();
    remove_all("at the end");
    for (unsigned i = 0; i < NT_PROCESSORS_MAX; i++) {
        free(queues[i].ring);
        queues[i] = (struct queue){0};
        nt_processor_wanted(i, false);
    }
    removed = 0;
    cpu_unlock();
}

/* ---- Running ---- */

static void call(PKDPC dpc)
{
    PKDEFERRED_ROUTINE routine = dpc->DeferredRoutine;
    PVOID context = dpc->DeferredContext;
    PVOID argument1 = dpc->SystemArgument1, argument2 = dpc->SystemArgument2;

    /* From here on it may be queued again, or be freed by its own routine. */
    dpc->DpcData = NULL;
    cpu_unlock();
    if (image_contains((const void *)routine)) {
        struct callback custom = callback_begin("CustomDpc");

        routine(dpc, context, argument1, argument2);
        callback_end(&custom);
    } else {
        routine(dpc, context, argument1, argument2);
    }
    nt_check_no_locks("a DPC");
    nt_check_irql("a DPC", IRQL_DISPATCH);
}

static void run(unsigned processor)
{
    struct nt_thread *self = nt_self();
    struct queue *q = &queues[processor];
    struct nt_interrupt *interrupt;
    PKDPC dpc;

    cpu_unlock();
    nt_processor_claim_for_dpcs(processor);
    self->irql = IRQL_DISPATCH;
    self->in_dpc = true;
    cpu_lock();
    while ((dpc = queue_get(q))) {
        uint64_t late = nt_late(LATE_DPC);

        if (late) {
            cpu_unlock();
            nt_clock_sleep(late); /* as after a long DPC of another driver */
            cpu_lock();
        }
        self->dpc_start = nt_clock_now();
        running++;
        call(dpc);
        cpu_lock();
        running--;
        cpu_note_dpc(nt_clock_now() - self->dpc_start);
        q->done++;
        cpu_done();
        self->in_dpc = false;
        while ((interrupt = interrupt_next(processor)))
            interrupt_run(interrupt, processor);
        self->in_dpc = true;
    }
    nt_processor_wanted(processor, false);
    self->dpc_start = 0;
    self->in_dpc = false;
    cpu_unlock();
    irql_set_raw(IRQL_PASSIVE);
    cpu_lock();
}

const struct processor_dpcs dpc_queues = {waiting, run};

/* ---- What drivers call ---- */

static void initialize(PRKDPC dpc, UCHAR type, PKDEFERRED_ROUTINE routine, PVOID context)
{
    memset(dpc, 0, sizeof *dpc);
    dpc->Type = type;
    dpc->Importance = MediumImportance;
    dpc->DeferredRoutine = routine;
    dpc->DeferredContext = context;
}

VOID NTAPI KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    HOST_CALL(RULE_ANY_IRQL);
    initialize(Dpc, OBJECT_DPC, DeferredRoutine, DeferredContext);
}
HOST_EXPORT("ntoskrnl.exe", KeInitializeDpc);

/* A threaded DPC may run at PASSIVE_LEVEL, and must be ready to run at DISPATCH_LEVEL: so it does. */
VOID NTAPI KeInitializeThreadedDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine,
                                   PVOID DeferredContext)
{
    HOST_CALL(RULE_ANY_IRQL);
    initialize(Dpc, OBJECT_THREADED, DeferredRoutine, DeferredContext);
}
HOST_EXPORT("ntoskrnl.exe", KeInitializeThreadedDpc);

static unsigned choose_processor(const KDPC *dpc, const struct nt_thread *self)
{
    unsigned count = nt_processors();

    if (dpc->Number & TARGETED)
        return (dpc->Number & 0xFFu) % count;
    if (self->in_isr && count > 1 && random_chance(cpu_random(), 1, ELSEWHERE))
        return (self->processor + 1 + (unsigned)random_below(cpu_random(), count - 1)) % count;
    return self->processor % count;
}

BOOLEAN NTAPI KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
    const struct nt_thread *self = nt_self();
    unsigned processor;
    bool inserted = false;

    HOST_CALL(RULE_ANY_IRQL);
    if (rules_enabled && Dpc->Type != OBJECT_DPC && Dpc->Type != OBJECT_THREADED)
        rule_violation(
            "DpcInitialized", RULE_CALLER,
            "queues DPC %p, which is not initialised (KeInitializeDpc) or was overwritten",
            (void *)Dpc);
    cpu_lock();
    processor = choose_processor(Dpc, self);
    if (ending && rules_enabled)
        rule_violation("DpcQueued", RULE_CALLER, "queues DPC %p while the driver is unloaded",
                       (void *)Dpc);
    if (!Dpc->DpcData && !ending &&
        queue_put(&queues[processor], Dpc, Dpc->Importance == HighImportance)) {
        Dpc->SystemArgument1 = SystemArgument1;
        Dpc->SystemArgument2 = SystemArgument2;
        Dpc->DpcData = &queues[processor];
        nt_processor_wanted(processor, true);
        cpu_wake(processor);
        inserted = true;
    }
    cpu_unlock();
    return inserted;
}
HOST_EXPORT("ntoskrnl.exe", KeInsertQueueDpc);

BOOLEAN NTAPI KeRemoveQueueDpc(PRKDPC Dpc)
{
    struct queue *q;
    bool was_queued = false;

    HOST_CALL(RULE_ANY_IRQL);
    cpu_lock();
    for (q = queues; q < queues + NT_PROCESSORS_MAX && !was_queued; q++)
        was_queued = Dpc->DpcData == q && queue_remove(q, Dpc);
    if (was_queued) {
        Dpc->DpcData = NULL;
        cpu_done();
    }
    cpu_unlock();
    return was_queued;
}
HOST_EXPORT("ntoskrnl.exe", KeRemoveQueueDpc);

VOID NTAPI KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance)
{
    HOST_CALL(RULE_ANY_IRQL);
    Dpc->Importance = (UCHAR)Importance;
}
HOST_EXPORT("ntoskrnl.exe", KeSetImportanceDpc);

VOID NTAPI KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number)
{
    HOST_CALL(RULE_ANY_IRQL);
    if (rules_enabled && (Number < 0 || (unsigned)Number >= nt_processors()))
        rule_violation("DpcTarget", RULE_CALLER, "targets a DPC at processor %d of %u", Number,
                       nt_processors());
    Dpc->Number = (USHORT)(TARGETED | (UCHAR)Number);
}
HOST_EXPORT("ntoskrnl.exe", KeSetTargetProcessorDpc);

NTSTATUS NTAPI KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER ProcNumber)
{
    HOST_CALL(RULE_ANY_IRQL);
    if (ProcNumber->Group != 0 || ProcNumber->Number >= nt_processors() || ProcNumber->Reserved)
        return STATUS_INVALID_PARAMETER;
    Dpc->Number = (USHORT)(TARGETED | ProcNumber->Number);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", KeSetTargetProcessorDpcEx);

void dpc_flush(void)
{
    cpu_lock();
    for (unsigned i = 0; i < NT_PROCESSORS_MAX; i++) {
        uint64_t until = queues[i].queued;

        while (queues[i].done < until && cpu_running())
            cpu_wait_done();
    }
    cpu_unlock();
}

VOID NTAPI KeFlushQueuedDpcs(VOID)
{
    HOST_CALL(PASSIVE_LEVEL);
    dpc_flush();
}
HOST_EXPORT("ntoskrnl.exe", KeFlushQueuedDpcs);

LOGICAL NTAPI KeIsExecutingDpc(VOID)
{
    /* Below it the answer could be another processor's already. */
    HOST_CALL_RANGE(DISPATCH_LEVEL, RULE_ANY_IRQL);
    return nt_self()->in_dpc;
}
HOST_EXPORT("ntoskrnl.exe", KeIsExecutingDpc);

#define DPC_LIMIT      1282u /* ticks that Windows 7 gives one DPC, and all of them together */
#define WATCHDOG_LIMIT 7692u

NTSTATUS NTAPI KeQueryDpcWatchdogInformation(PKDPC_WATCHDOG_INFORMATION WatchdogInformation)
{
    HOST_CALL(RULE_ANY_IRQL);
    if (irql_get() < DISPATCH_LEVEL)
        return STATUS_UNSUCCESSFUL;
    WatchdogInformation->DpcTimeLimit = WatchdogInformation->DpcTimeCount = DPC_LIMIT;
    WatchdogInformation->DpcWatchdogLimit = WatchdogInformation->DpcWatchdogCount = WATCHDOG_LIMIT;
    WatchdogInformation->Reserved = 0;
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", KeQueryDpcWatchdogInformation);
