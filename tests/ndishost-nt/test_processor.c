/* SPDX-License-Identifier: MIT */
/* Interrupts, DPCs, timers and work items, alone and all at once. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <ntddk.h>
#include "nt/machine/clock.h"
#include "nt/machine/shared_data.h"
#include "nt/machine/irql.h"
#include "nt/api/kernel.h"
#include "nt/api/work.h"
#include "nt/machine/interrupt.h"
#include "nt/machine/random.h"
#include "support.h"

/* ---- DPCs ---- */

struct dpc_record {
    KDPC dpc;
    atomic_uint runs;
    unsigned irql, processor;
    bool was_dpc;
    PVOID argument1, argument2;
};

static VOID NTAPI record_dpc(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                             PVOID SystemArgument2)
{
    struct dpc_record *r = DeferredContext;

    (void)Dpc;
    r->irql = irql_get();
    r->processor = nt_self()->processor;
    r->was_dpc = KeIsExecutingDpc() && nt_self()->owns_processor;
    r->argument1 = SystemArgument1;
    r->argument2 = SystemArgument2;
    atomic_fetch_add(&r->runs, 1);
}

static void test_dpc_runs(void **state)
{
    struct dpc_record r = {.runs = 0};

    (void)state;
    KeInitializeDpc(&r.dpc, record_dpc, &r);
    assert_true(KeInsertQueueDpc(&r.dpc, &r, (PVOID)5));
    KeFlushQueuedDpcs();
    assert_int_equal(r.runs, 1);
    assert_int_equal(r.irql, DISPATCH_LEVEL);
    assert_true(r.was_dpc);
    irql_raise(DISPATCH_LEVEL, NULL);
    assert_false(KeIsExecutingDpc());
    irql_lower(PASSIVE_LEVEL, NULL);
    assert_ptr_equal(r.argument1, &r);
    assert_ptr_equal(r.argument2, (PVOID)5);
    assert_nothing_broken();
}

static void test_dpc_target(void **state)
{
    struct dpc_record r = {.runs = 0};
    PROCESSOR_NUMBER number = {0, 0, 0};

    (void)state;
    KeInitializeDpc(&r.dpc, record_dpc, &r);
    for (unsigned i = 0; i < 20; i++) {
        number.Number = (UCHAR)(i % 2);
        if (i < 10)
            KeSetTargetProcessorDpc(&r.dpc, (CCHAR)(i % 2));
        else
            assert_int_equal(KeSetTargetProcessorDpcEx(&r.dpc, &number), STATUS_SUCCESS);
        assert_true(KeInsertQueueDpc(&r.dpc, NULL, NULL));
        KeFlushQueuedDpcs();
        assert_int_equal(r.processor, i % 2);
    }
    number.Number = 2;
    assert_int_equal(KeSetTargetProcessorDpcEx(&r.dpc, &number), STATUS_INVALID_PARAMETER);
    assert_nothing_broken();
}

/* While this thread is at DISPATCH_LEVEL on a processor, no DPC runs on that one. */
static void test_dpc_waits_for_its_processor(void **state)
{
    struct dpc_record r = {.runs = 0};
    KIRQL old = KfRaiseIrql(DISPATCH_LEVEL);

    (void)state;
    KeInitializeDpc(&r.dpc, record_dpc, &r);
    assert_true(KeInsertQueueDpc(&r.dpc, NULL, NULL));
    assert_false(KeInsertQueueDpc(&r.dpc, NULL, NULL));
    nt_clock_sleep(20 * NT_MILLISECOND);
    assert_int_equal(r.runs, 0);
    KfLowerIrql(old);
    KeFlushQueuedDpcs();
    assert_int_equal(r.runs, 1);
    /* And it can be taken back. */
    old = KfRaiseIrql(DISPATCH_LEVEL);
    assert_true(KeInsertQueueDpc(&r.dpc, NULL, NULL));
    assert_true(KeRemoveQueueDpc(&r.dpc));
    assert_false(KeRemoveQueueDpc(&r.dpc));
    KfLowerIrql(old);
    KeFlushQueuedDpcs();
    assert_int_equal(r.runs, 1);
    assert_nothing_broken();
}

/* Who comes down from DISPATCH_LEVEL does not get up again before the DPC has run. */
static void test_dpc_comes_first(void **state)
{
    struct dpc_record r = {.runs = 0};

    (void)state;
    KeInitializeDpc(&r.dpc, record_dpc, &r);
    KeSetTargetProcessorDpc(&r.dpc, 1);
    KeSetSystemAffinityThreadEx(2);
    for (unsigned i = 0; i < 300; i++) {
        KIRQL old = KfRaiseIrql(DISPATCH_LEVEL);

        assert_int_equal(r.runs, i);
        assert_true(KeInsertQueueDpc(&r.dpc, NULL, NULL));
        KfLowerIrql(old);
    }
    KeRevertToUserAffinityThreadEx(0);
    KeFlushQueuedDpcs();
    assert_nothing_broken();
}

/* A processor that a DPC was taken back from is there for others again. */
static void test_dpc_taken_back(void **state)
{
    struct dpc_record r = {.runs = 0};

    (void)state;
    KeInitializeDpc(&r.dpc, record_dpc, &r);
    for (unsigned i = 0; i < 400; i++) {
        KIRQL old;

        KeSetSystemAffinityThreadEx((KAFFINITY)1 << i % 2);
        old = KfRaiseIrql(DISPATCH_LEVEL);
        assert_true(KeInsertQueueDpc(&r.dpc, NULL, NULL));
        assert_true(KeRemoveQueueDpc(&r.dpc));
        KfLowerIrql(old);
    }
    KeRevertToUserAffinityThreadEx(0);
    assert_int_equal(r.runs, 0);
    assert_nothing_broken();
}

static VOID NTAPI requeue_dpc(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                              PVOID SystemArgument2)
{
    (void)SystemArgument1;
    (void)SystemArgument2;
    if (atomic_fetch_add((atomic_uint *)DeferredContext, 1) < 99)
        KeInsertQueueDpc(Dpc, NULL, NULL);
}

static bool reached_100(void *count)
{
    return atomic_load((atomic_uint *)count) == 100;
}

static void test_dpc_queues_itself(void **state)
{
    atomic_uint count = 0;
    KDPC dpc;

    (void)state;
    KeInitializeDpc(&dpc, requeue_dpc, &count);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    assert_true(wait_until(reached_100, &count));
    KeFlushQueuedDpcs();
    assert_nothing_broken();
}

static VOID NTAPI low_irql_dpc(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                               PVOID SystemArgument2)
{
    (void)Dpc;
    (void)DeferredContext;
    (void)SystemArgument1;
    (void)SystemArgument2;
    KfLowerIrql(PASSIVE_LEVEL);
}

static void test_rule_dpc_returns_at_another_irql(void **state)
{
    unsigned before = rules_count("IrqlReturn");
    struct dpc_record r = {.runs = 0};
    KDPC dpc;

    (void)state;
    KeInitializeDpc(&dpc, low_irql_dpc, NULL);
    capture_start();
    KeInsertQueueDpc(&dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    assert_contains(capture_end(), "a DPC was called at DISPATCH_LEVEL and returned at PASSIVE");
    assert_broken("IrqlReturn", before, 1);
    /* The processor goes on. */
    KeInitializeDpc(&r.dpc, record_dpc, &r);
    for (int i = 0; i < 4; i++) {
        KeSetTargetProcessorDpc(&r.dpc, (CCHAR)(i % 2));
        KeInsertQueueDpc(&r.dpc, NULL, NULL);
        KeFlushQueuedDpcs();
    }
    assert_int_equal(r.runs, 4);
    assert_nothing_broken();
}

static void test_rule_dpc_initialized(void **state)
{
    unsigned before = rules_count("DpcInitialized");
    struct dpc_record r = {.runs = 0};

    (void)state;
    memset(&r.dpc, 0, sizeof r.dpc);
    r.dpc.DeferredRoutine = record_dpc;
    r.dpc.DeferredContext = &r;
    capture_start();
    KeInsertQueueDpc(&r.dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    assert_contains(capture_end(), "which is not initialised (KeInitializeDpc)");
    assert_broken("DpcInitialized", before, 1);
}

/* ---- Interrupts ---- */

struct device {
    struct nt_interrupt *interrupt;
    atomic_bool line;
    atomic_uint pending; /* causes that the ISR takes all at once */
    atomic_uint handled, isrs, dones, dpcs;
    atomic_uint inside; /* of the interrupt's lock: never more than one */
    unsigned irql;
    bool acknowledge, claim;
    KDPC dpc;
};

static bool device_isr(void *context)
{
    struct device *d = context;
    unsigned taken;

    assert_int_equal(atomic_fetch_add(&d->inside, 1), 0);
    atomic_fetch_add(&d->isrs, 1);
    d->irql = irql_get();
    if (d->acknowledge) {
        atomic_store(&d->line, false);
        nt_interrupt_line(d->interrupt, false);
    }
    taken = atomic_exchange(&d->pending, 0);
    atomic_fetch_add(&d->handled, taken);
    if (taken)
        KeInsertQueueDpc(&d->dpc, NULL, NULL);
    atomic_fetch_sub(&d->inside, 1);
    return d->claim && (taken || !d->acknowledge);
}

static void device_done(void *context)
{
    atomic_fetch_add(&((struct device *)context)->dones, 1);
}

static VOID NTAPI device_dpc(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                             PVOID SystemArgument2)
{
    (void)Dpc;
    (void)SystemArgument1;
    (void)SystemArgument2;
    atomic_fetch_add(&((struct device *)DeferredContext)->dpcs, 1);
}

static void device_open(struct device *d)
{
    static const struct nt_interrupt_callbacks callbacks = {device_isr, device_done};

    memset(d, 0, sizeof *d);
    d->acknowledge = d->claim = true;
    KeInitializeDpc(&d->dpc, device_dpc, d);
    d->interrupt = nt_interrupt_connect("test interrupt", &callbacks, d, NULL);
    assert_non_null(d->interrupt);
}

static void device_raise(struct device *d)
{
    atomic_fetch_add(&d->pending, 1);
    atomic_store(&d->line, true);
    nt_interrupt_line(d->interrupt, true);
}

static bool all_handled(void *context)
{
    struct device *d = context;

    return atomic_load(&d->pending) == 0;
}

static void test_interrupt_and_its_dpc(void **state)
{
    uint64_t mine, not_mine;
    struct device d;

    (void)state;
    device_open(&d);
    for (unsigned i = 1; i <= 200; i++) {
        device_raise(&d);
        assert_true(wait_until(all_handled, &d));
        assert_int_equal(d.handled, i);
    }
    KeFlushQueuedDpcs();
    assert_int_equal(d.irql, IRQL_DEVICE);
    nt_interrupt_counts(d.interrupt, &mine, &not_mine);
    assert_true(mine == 200);
    assert_in_range(d.dpcs, 1, 200);
    nt_interrupt_disconnect(d.interrupt);
    assert_int_equal(d.dones, d.isrs);
    assert_nothing_broken();
}

static bool in_lock(void *context)
{
    struct device *d = context;

    assert_int_equal(atomic_fetch_add(&d->inside, 1), 0);
    assert_int_equal(irql_get(), IRQL_DEVICE);
    atomic_fetch_sub(&d->inside, 1);
    return true;
}

struct raisers {
    struct device *device;
    unsigned count;
    uint64_t seed;
};

static void raise_many(void *context)
{
    const struct raisers *r = context;
    struct random random;

    random_seed(&random, r->seed);
    for (unsigned i = 0; i < r->count; i++) {
        device_raise(r->device);
        if (random_chance(&random, 1, 4))
            nt_clock_sleep(random_below(&random, 20) * NT_MICROSECOND);
    }
}

static void test_interrupts_race_synchronize(void **state)
{
    struct device d;
    struct raisers r[2] = {{&d, 2000, test_seed()}, {&d, 2000, test_seed() + 1}};
    pthread_t threads[2];

    (void)state;
    device_open(&d);
    for (int i = 0; i < 2; i++)
        nt_thread_start(&threads[i], "raiser", raise_many, &r[i]);
    for (int i = 0; i < 3000; i++)
        assert_true(nt_interrupt_synchronize(d.interrupt, in_lock, &d));
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_true(wait_until(all_handled, &d));
    assert_int_equal(d.handled, 4000);
    KeFlushQueuedDpcs();
    nt_interrupt_disconnect(d.interrupt);
    assert_int_equal(irql_get(), IRQL_PASSIVE);
    assert_nothing_broken();
}

static bool reported(void *before)
{
    return rules_violations() > *(unsigned *)before;
}

static void test_rule_interrupt_storm(void **state)
{
    unsigned before = rules_count("InterruptStorm"), all = rules_violations(), isrs;
    struct device d;

    (void)state;
    device_open(&d);
    d.acknowledge = d.claim = false;
    capture_start();
    nt_interrupt_line(d.interrupt, true);
    assert_true(wait_until(reported, &all));
    assert_contains(capture_end(), "refused the interrupt");
    assert_broken("InterruptStorm", before, 1);
    isrs = d.isrs;
    assert_int_equal(isrs, 100);
    nt_clock_sleep(20 * NT_MILLISECOND);
    assert_int_equal(d.isrs, isrs); /* masked */
    d.claim = d.acknowledge = true;
    device_raise(&d);
    assert_true(wait_until(all_handled, &d)); /* unmasked by itself */
    nt_interrupt_line(d.interrupt, false);
    /* One that is claimed and never acknowledged is a storm as well. */
    d.acknowledge = false;
    before = rules_count("InterruptStorm");
    all = rules_violations();
    capture_start();
    nt_interrupt_line(d.interrupt, true);
    assert_true(wait_until(reported, &all));
    assert_contains(capture_end(), "without acknowledging it");
    nt_interrupt_disconnect(d.interrupt);
    assert_broken("InterruptStorm", before, 1);
}

/* ---- Messages ---- */

static void message_open(struct device *d, const struct nt_interrupt_kind *kind)
{
    static const struct nt_interrupt_callbacks callbacks = {device_isr, device_done};

    memset(d, 0, sizeof *d);
    d->claim = true;
    KeInitializeDpc(&d->dpc, device_dpc, d);
    d->interrupt = nt_interrupt_connect("test message", &callbacks, d, kind);
    assert_non_null(d->interrupt);
}

static void message_send(struct device *d)
{
    atomic_fetch_add(&d->pending, 1);
    nt_interrupt_message(d->interrupt);
}

/* The ISR runs once for each. */
static void test_message_and_its_isr(void **state)
{
    static const struct nt_interrupt_kind kind = {.message = true};
    struct device d;

    (void)state;
    message_open(&d, &kind);
    for (unsigned i = 1; i <= 300; i++) {
        message_send(&d);
        assert_true(wait_until(all_handled, &d));
        assert_int_equal(d.isrs, i);
    }
    nt_interrupt_disconnect(d.interrupt);
    assert_int_equal(d.isrs, 300);
    KeFlushQueuedDpcs();
    assert_nothing_broken();
}

/* Each sends the next one, and claims nothing. */
static bool refuse_many(void *context)
{
    struct device *d = context;

    if (atomic_fetch_add(&d->isrs, 1) < 300)
        nt_interrupt_message(d->interrupt);
    else
        atomic_store(&d->pending, 0);
    return false;
}

/* Messages have no level: however many are refused, that is not a storm. */
static void test_message_refused(void **state)
{
    static const struct nt_interrupt_callbacks callbacks = {refuse_many, NULL};
    static const struct nt_interrupt_kind kind = {.message = true};
    struct device d = {.pending = 1};

    (void)state;
    d.interrupt = nt_interrupt_connect("test message", &callbacks, &d, &kind);
    nt_interrupt_message(d.interrupt);
    assert_true(wait_until(all_handled, &d));
    nt_interrupt_disconnect(d.interrupt);
    assert_int_equal(d.isrs, 301);
    assert_nothing_broken();
}

static atomic_uint seen_processors;

static bool note_processor(void *context)
{
    atomic_fetch_or(&seen_processors, 1u << nt_self()->processor);
    return device_isr(context);
}

/* One that only processor 1 may take does not run on another, whatever is idle. */
static void test_message_affinity(void **state)
{
    static const struct nt_interrupt_callbacks callbacks = {note_processor, NULL};
    const struct nt_interrupt_kind kind = {.message = true, .processors = 1u << 1};
    struct device d;

    (void)state;
    message_open(&d, &kind);
    nt_interrupt_disconnect(d.interrupt);
    d.interrupt = nt_interrupt_connect("test message", &callbacks, &d, &kind);
    atomic_store(&seen_processors, 0);
    for (unsigned i = 0; i < 300; i++) {
        message_send(&d);
        assert_true(wait_until(all_handled, &d));
    }
    nt_interrupt_disconnect(d.interrupt);
    assert_int_equal(seen_processors, 1u << 1);
    KeFlushQueuedDpcs();
    assert_nothing_broken();
}

struct senders {
    struct nt_interrupt *interrupt;
    unsigned count;
};

static void send_many(void *context)
{
    const struct senders *s = context;

    for (unsigned i = 0; i < s->count; i++)
        nt_interrupt_message(s->interrupt);
}

/* Long enough for another processor to come in. */
static bool stay_inside(void *context)
{
    struct device *d = context;

    if (atomic_fetch_add(&d->inside, 1) != 0)
        atomic_fetch_add(&d->handled, 1);
    KeStallExecutionProcessor(20);
    atomic_fetch_sub(&d->inside, 1);
    return true;
}

/* With one lock for two messages, nothing that holds it overlaps. */
static void test_messages_share_a_lock(void **state)
{
    static const struct nt_interrupt_callbacks callbacks = {stay_inside, NULL};
    uintptr_t lock = 0;
    const struct nt_interrupt_kind kind = {.message = true, .lock = &lock};
    struct device d = {.line = false};
    struct senders s[2];
    pthread_t threads[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        s[i] = (struct senders){nt_interrupt_connect("test message", &callbacks, &d, &kind), 3000};
    for (int i = 0; i < 2; i++)
        nt_thread_start(&threads[i], "sender", send_many, &s[i]);
    for (int i = 0; i < 1000; i++)
        assert_true(nt_interrupt_synchronize(s[i & 1].interrupt, stay_inside, &d));
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++)
        nt_interrupt_disconnect(s[i].interrupt);
    assert_int_equal(d.handled, 0);
    assert_nothing_broken();
}

static atomic_bool let_go;

static VOID NTAPI busy_dpc(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                           PVOID SystemArgument2)
{
    (void)Dpc;
    (void)SystemArgument1;
    (void)SystemArgument2;
    atomic_fetch_add((atomic_uint *)DeferredContext, 1);
    while (!atomic_load(&let_go))
        KeStallExecutionProcessor(10);
}

static bool both_busy(void *busy)
{
    return atomic_load((atomic_uint *)busy) == 2;
}

/* An interrupt breaks into DPCs: with every processor in one, the ISR still runs. */
static void test_interrupt_breaks_into_dpcs(void **state)
{
    atomic_uint busy = 0;
    struct device d;
    KDPC dpc[2];

    (void)state;
    atomic_store(&let_go, false);
    device_open(&d);
    for (int i = 0; i < 2; i++) {
        KeInitializeDpc(&dpc[i], busy_dpc, &busy);
        KeSetTargetProcessorDpc(&dpc[i], (CCHAR)i);
        KeInsertQueueDpc(&dpc[i], NULL, NULL);
    }
    assert_true(wait_until(both_busy, &busy));
    device_raise(&d);
    assert_true(wait_until(all_handled, &d));
    assert_int_equal(d.dpcs, 0); /* but its DPC waits */
    atomic_store(&let_go, true);
    KeFlushQueuedDpcs();
    assert_int_equal(d.dpcs, 1);
    nt_interrupt_disconnect(d.interrupt);
    assert_nothing_broken();
}

/* ---- Timers ---- */

static LARGE_INTEGER in(LONGLONG milliseconds)
{
    LARGE_INTEGER due;

    due.QuadPart = -milliseconds * (LONGLONG)NT_MILLISECOND;
    return due;
}

static bool ran(void *record)
{
    return atomic_load(&((struct dpc_record *)record)->runs) != 0;
}

static void test_timer_fires_in_time(void **state)
{
    struct dpc_record r = {.runs = 0};
    uint64_t start;
    KTIMER timer;

    (void)state;
    KeInitializeDpc(&r.dpc, record_dpc, &r);
    KeInitializeTimer(&timer);
    assert_false(KeReadStateTimer(&timer));
    start = nt_clock_now();
    assert_false(KeSetTimer(&timer, in(50), &r.dpc));
    assert_int_equal(track_count("armed timer"), 1);
    assert_true(wait_until(ran, &r));
    assert_true(nt_clock_now() - start >= 50 * NT_MILLISECOND);
    assert_true(KeReadStateTimer(&timer));
    assert_int_equal(track_count("armed timer"), 0);
    assert_false(KeCancelTimer(&timer));
    KeFlushQueuedDpcs();
    assert_nothing_broken();
}

static void test_timer_can_be_waited_for(void **state)
{
    LARGE_INTEGER now;
    KTIMER timer;

    (void)state;
    KeInitializeTimerEx(&timer, SynchronizationTimer);
    KeSetTimer(&timer, in(20), NULL);
    assert_int_equal(KeWaitForSingleObject(&timer, Executive, KernelMode, FALSE, NULL),
                     STATUS_SUCCESS);
    assert_false(KeReadStateTimer(&timer));
    /* Absolute: system time. */
    now.QuadPart = (LONGLONG)nt_clock_system() + 20 * (LONGLONG)NT_MILLISECOND;
    KeSetTimer(&timer, now, NULL);
    assert_int_equal(KeWaitForSingleObject(&timer, Executive, KernelMode, FALSE, NULL),
                     STATUS_SUCCESS);
    assert_nothing_broken();
}

static bool ran_five_times(void *record)
{
    return atomic_load(&((struct dpc_record *)record)->runs) >= 5;
}

static void test_timer_periodic_and_cancelled(void **state)
{
    struct dpc_record r = {.runs = 0};
    unsigned runs;
    KTIMER timer;

    (void)state;
    KeInitializeDpc(&r.dpc, record_dpc, &r);
    KeInitializeTimer(&timer);
    KeSetTimerEx(&timer, in(5), 5, &r.dpc);
    assert_true(wait_until(ran_five_times, &r));
    assert_true(KeCancelTimer(&timer));
    KeFlushQueuedDpcs();
    runs = r.runs;
    nt_clock_sleep(30 * NT_MILLISECOND);
    assert_int_equal(r.runs, runs);
    /* Set again before it fires: only the new time counts. */
    assert_false(KeSetTimer(&timer, in(10), &r.dpc));
    assert_true(KeSetTimer(&timer, in(3600 * 1000), &r.dpc));
    nt_clock_sleep(30 * NT_MILLISECOND);
    assert_int_equal(r.runs, runs);
    assert_true(KeCancelTimer(&timer));
    assert_nothing_broken();
}

static void test_rule_timer_initialized(void **state)
{
    unsigned before = rules_count("TimerInitialized");
    KTIMER timer;

    (void)state;
    KeInitializeTimer(&timer);
    KeSetTimer(&timer, in(100000), NULL);
    capture_start();
    KeInitializeTimer(&timer);
    assert_contains(capture_end(), "which is set");
    assert_broken("TimerInitialized", before, 1);
    assert_true(KeCancelTimer(&timer));
    memset(&timer, 0x55, sizeof timer);
    capture_start();
    KeSetTimer(&timer, in(100000), NULL);
    assert_contains(capture_end(), "which is not initialised (KeInitializeTimer)");
    assert_broken("TimerInitialized", before + 1, 1);
    assert_true(KeCancelTimer(&timer));
}

static void test_rule_stall(void **state)
{
    unsigned before = rules_count("NdisStallExecution_Delay");

    (void)state;
    KeStallExecutionProcessor(50);
    assert_nothing_broken();
    capture_start();
    KeStallExecutionProcessor(51);
    assert_contains(capture_end(), "for 51 microseconds");
    assert_broken("NdisStallExecution_Delay", before, 1);
}

static void test_time_goes_on(void **state)
{
    LARGE_INTEGER frequency, second = in(30);
    LONGLONG counter = KeQueryPerformanceCounter(&frequency);
    ULONGLONG time = KeQueryUnbiasedInterruptTime();
    uint64_t shared;

    (void)state;
    assert_int_equal(KeDelayExecutionThread(KernelMode, FALSE, &second), STATUS_SUCCESS);
    assert_true((KeQueryPerformanceCounter(NULL) - counter) * 1000 >= 30 * frequency.QuadPart);
    assert_true(KeQueryUnbiasedInterruptTime() - time >= 30 * NT_MILLISECOND);
    /* 2020 to 2200: a unit or an epoch that is wrong falls outside. */
    assert_in_range(nt_clock_system() / NT_SECOND / 86400 / 365, 419, 599);
    assert_int_equal(KeQueryTimeIncrement(), 156250);
#if defined(_X86_)
    KeQuerySystemTime(&second);
    assert_true((uint64_t)second.QuadPart - (nt_clock_system() - NT_SECOND) < 2 * NT_SECOND);
    assert_true(KeQueryInterruptTime() - time < 100 * NT_SECOND);
    assert_true(nt_shared_data_read(0xFFDF0014u, 8, &shared));
    assert_false(nt_shared_data_read(0xFFDEFFFCu, 4, &shared));
#else
    assert_true(nt_shared_data_read(0xFFFFF78000000014ull, 8, &shared));
    assert_false(nt_shared_data_read(0xFFFFF7800000FFFCull, 4, &shared));
#endif
    assert_true(shared - (nt_clock_system() - NT_SECOND) < 2 * NT_SECOND);
    assert_nothing_broken();
}

/* ---- Work items ---- */

static DEVICE_OBJECT device_object;
static atomic_uint worked;

static VOID NTAPI work(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    assert_ptr_equal(DeviceObject, &device_object);
    assert_int_equal(irql_get(), PASSIVE_LEVEL);
    atomic_fetch_add((atomic_uint *)Context, 1);
}

static VOID NTAPI work_and_free(PVOID IoObject, PVOID Context, PIO_WORKITEM IoWorkItem)
{
    assert_ptr_equal(IoObject, &device_object);
    atomic_fetch_add((atomic_uint *)Context, 1);
    IoFreeWorkItem(IoWorkItem);
}

static VOID NTAPI executive_work(PVOID Parameter)
{
    atomic_fetch_add((atomic_uint *)Parameter, 1);
}

static void host_work(void *context)
{
    atomic_fetch_add((atomic_uint *)context, 1);
}

static void test_work_items(void **state)
{
    PIO_WORKITEM item = IoAllocateWorkItem(&device_object);
    WORK_QUEUE_ITEM executive = {.WorkerRoutine = executive_work, .Parameter = &worked};

    (void)state;
    atomic_store(&worked, 0);
    assert_int_equal(track_count("work item"), 1);
    for (unsigned i = 1; i <= 50; i++) {
        IoQueueWorkItem(item, work, DelayedWorkQueue, &worked);
        nt_flush();
        assert_int_equal(worked, i);
    }
    IoFreeWorkItem(item);
    for (int i = 0; i < 50; i++)
        IoQueueWorkItemEx(IoAllocateWorkItem(&device_object), work_and_free, DelayedWorkQueue,
                          &worked);
    ExQueueWorkItem(&executive, DelayedWorkQueue);
    assert_true(nt_work_queue(host_work, &worked));
    nt_flush();
    assert_int_equal(worked, 102);
    assert_int_equal(track_count("work item"), 0);
    assert_nothing_broken();
}

static VOID NTAPI slow_work(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    (void)DeviceObject;
    nt_clock_sleep(50 * NT_MILLISECOND);
    atomic_fetch_add((atomic_uint *)Context, 1);
}

static void test_flush_waits_for_what_runs(void **state)
{
    PIO_WORKITEM item = IoAllocateWorkItem(&device_object);

    (void)state;
    atomic_store(&worked, 0);
    IoQueueWorkItem(item, slow_work, DelayedWorkQueue, &worked);
    nt_clock_sleep(10 * NT_MILLISECOND); /* now it is no longer queued */
    nt_flush();
    assert_int_equal(worked, 1);
    IoFreeWorkItem(item);
    assert_nothing_broken();
}

static void test_rules_of_work_items(void **state)
{
    unsigned queued = rules_count("WorkItemQueue"), freed = rules_count("WorkItemFree");
    PIO_WORKITEM item = IoAllocateWorkItem(&device_object), others[2];

    (void)state;
    for (int i = 0; i < 2; i++) { /* keeps both workers busy */
        others[i] = IoAllocateWorkItem(&device_object);
        IoQueueWorkItem(others[i], slow_work, DelayedWorkQueue, &worked);
    }
    IoQueueWorkItem(item, work, DelayedWorkQueue, &worked);
    capture_start();
    IoQueueWorkItem(item, work, DelayedWorkQueue, &worked);
    assert_contains(capture_end(), "which is queued already");
    assert_broken("WorkItemQueue", queued, 1);
    capture_start();
    IoFreeWorkItem(item);
    assert_contains(capture_end(), "while it is queued");
    assert_broken("WorkItemFree", freed, 1);
    nt_flush();
    capture_start();
    IoFreeWorkItem(item);
    assert_contains(capture_end(), "was already freed");
    assert_broken("WorkItemFree", freed + 1, 1);
    for (int i = 0; i < 2; i++)
        IoFreeWorkItem(others[i]);
    assert_nothing_broken();
}

/* ---- All at once ---- */

struct load {
    struct device device;
    KSPIN_LOCK lock;
    unsigned long guarded; /* by lock */
    KTIMER timer;
    KDPC timer_dpc, dpcs[4];
    PIO_WORKITEM item;
    atomic_uint item_queued;
    atomic_bool stop;
    atomic_ulong done;
};

static void count_under_lock(struct load *l)
{
    KLOCK_QUEUE_HANDLE queued;

    KeAcquireInStackQueuedSpinLock(&l->lock, &queued);
    l->guarded++;
    KeReleaseInStackQueuedSpinLock(&queued);
    atomic_fetch_add(&l->done, 1);
}

static VOID NTAPI load_work(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    struct load *l = Context;

    (void)DeviceObject;
    count_under_lock(l);
    atomic_store(&l->item_queued, 0);
}

static VOID NTAPI load_dpc(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                           PVOID SystemArgument2)
{
    struct load *l = DeferredContext;

    (void)Dpc;
    (void)SystemArgument1;
    (void)SystemArgument2;
    count_under_lock(l);
    if (atomic_exchange(&l->item_queued, 1) == 0)
        IoQueueWorkItem(l->item, load_work, DelayedWorkQueue, l);
}

static void load_main(void *context)
{
    struct load *l = context;
    struct random r;

    random_seed(&r, test_seed() + (uintptr_t)pthread_self());
    while (!atomic_load(&l->stop))
        switch (random_below(&r, 5)) {
        case 0:
            KeInsertQueueDpc(&l->dpcs[random_below(&r, 4)], NULL, NULL);
            break;
        case 1:
            KeRemoveQueueDpc(&l->dpcs[random_below(&r, 4)]);
            break;
        case 2:
            device_raise(&l->device);
            break;
        case 3:
            nt_interrupt_synchronize(l->device.interrupt, in_lock, &l->device);
            break;
        default:
            count_under_lock(l);
            break;
        }
}

static void test_everything_at_once(void **state)
{
    static struct load l;
    pthread_t threads[3];

    (void)state;
    device_open(&l.device);
    KeInitializeTimer(&l.timer);
    KeInitializeDpc(&l.timer_dpc, load_dpc, &l);
    for (int i = 0; i < 4; i++)
        KeInitializeDpc(&l.dpcs[i], load_dpc, &l);
    l.item = IoAllocateWorkItem(&device_object);
    KeSetTimerEx(&l.timer, in(1), 1, &l.timer_dpc);
    for (int i = 0; i < 3; i++)
        nt_thread_start(&threads[i], "load", load_main, &l);
    nt_clock_sleep(2 * NT_SECOND);
    atomic_store(&l.stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    KeCancelTimer(&l.timer);
    assert_true(wait_until(all_handled, &l.device));
    nt_flush();
    nt_flush(); /* a DPC of before may have queued the item, a device's DPC after the first flush */
    nt_interrupt_disconnect(l.device.interrupt);
    IoFreeWorkItem(l.item);
    assert_true(l.guarded == atomic_load(&l.done));
    assert_true(l.guarded > 100);
    assert_int_equal(track_count(NULL), 0);
    assert_nothing_broken();
}

static void test_restart_with_other_counts(void **state)
{
    char error[200];
    struct nt_counts counts;

    (void)state;
    nt_stop();
    for (unsigned n = 1; n <= 4; n++) {
        struct dpc_record r = {.runs = 0};
        KAFFINITY active;

        assert_int_equal(nt_start(n, test_seed(), error, sizeof error), 0);
        assert_int_equal(nt_start(n, 1, error, sizeof error), -1);
        assert_int_equal(KeQueryActiveProcessorCount(&active), n);
        assert_int_equal(active, (1u << n) - 1);
        KeInitializeDpc(&r.dpc, record_dpc, &r);
        KeSetTargetProcessorDpc(&r.dpc, (CCHAR)(n - 1));
        KeInsertQueueDpc(&r.dpc, NULL, NULL);
        KeFlushQueuedDpcs();
        assert_int_equal(r.processor, n - 1);
        nt_counts(&counts);
        assert_int_equal(counts.dpcs, 1);
        nt_stop();
    }
    assert_int_equal(nt_start(17, 1, error, sizeof error), -1);
    assert_int_equal(nt_start(2, 1, error, sizeof error), 0);
    assert_nothing_broken();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dpc_runs),
        cmocka_unit_test(test_dpc_target),
        cmocka_unit_test(test_dpc_waits_for_its_processor),
        cmocka_unit_test(test_dpc_taken_back),
        cmocka_unit_test(test_dpc_comes_first),
        cmocka_unit_test(test_dpc_queues_itself),
        cmocka_unit_test(test_rule_dpc_returns_at_another_irql),
        cmocka_unit_test(test_rule_dpc_initialized),
        cmocka_unit_test(test_interrupt_breaks_into_dpcs), /* before any timed wait of the spare */
        cmocka_unit_test(test_interrupt_and_its_dpc),
        cmocka_unit_test(test_interrupts_race_synchronize),
        cmocka_unit_test(test_message_and_its_isr),
        cmocka_unit_test(test_message_refused),
        cmocka_unit_test(test_message_affinity),
        cmocka_unit_test(test_messages_share_a_lock),
        cmocka_unit_test(test_rule_interrupt_storm),
        cmocka_unit_test(test_timer_fires_in_time),
        cmocka_unit_test(test_timer_can_be_waited_for),
        cmocka_unit_test(test_timer_periodic_and_cancelled),
        cmocka_unit_test(test_rule_timer_initialized),
        cmocka_unit_test(test_rule_stall),
        cmocka_unit_test(test_time_goes_on),
        cmocka_unit_test(test_work_items),
        cmocka_unit_test(test_flush_waits_for_what_runs),
        cmocka_unit_test(test_rules_of_work_items),
        cmocka_unit_test(test_everything_at_once),
        cmocka_unit_test(test_restart_with_other_counts),
    };

    return cmocka_run_group_tests_name("processor", tests, setup_nt, teardown_nt);
}
