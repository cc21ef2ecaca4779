/* SPDX-License-Identifier: MIT */
/* Threads, their IRQL, and who owns which processor; see irql.h. */
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nt/machine/clock.h"
#include "nt/machine/futex.h"
#include "nt/machine/irql.h"
#include "nt/machine/lock.h"
#include "nt/machine/processor.h"
#include "nt/machine/trap.h"
#include "rules/irql_table.h"
#include "rules/rules.h"

#define STUCK_SECONDS 10

void (*nt_processor_changed)(unsigned processor);

/* ---- Thread records ---- */

__thread struct nt_thread *nt_self_record;
/* Records stay when their thread ends: a lock word or a report may still name one. An ended thread's
 * record is taken over by the next new thread. */
static pthread_mutex_t records_lock = PTHREAD_MUTEX_INITIALIZER;
static struct nt_thread *_Atomic records[NT_THREADS_MAX];
static bool record_ended[NT_THREADS_MAX];
static pthread_key_t record_key;
static pthread_once_t record_once = PTHREAD_ONCE_INIT;

static void record_end(void *record)
{
    struct nt_thread *thread = record;

    if (thread->owns_processor)
        nt_processor_release();
    pthread_mutex_lock(&records_lock);
    record_ended[thread->index] = true;
    pthread_mutex_unlock(&records_lock);
    nt_self_record = NULL;
}

static void record_key_new(void)
{
    pthread_key_create(&record_key, record_end);
}

struct nt_thread *nt_self_new(void)
{
    struct nt_thread *thread = NULL;
    unsigned i;

    pthread_once(&record_once, record_key_new);
    pthread_mutex_lock(&records_lock);
    for (i = 0; i < NT_THREADS_MAX && records[i] && !record_ended[i]; i++)
        ;
    if (i < NT_THREADS_MAX) {
        thread = records[i] ? records[i] : calloc(1, sizeof *thread);
        record_ended[i] = false;
    }
    if (!thread) {
        fprintf(stderr, "ndishost: the run has %u threads, the most that ndishost supports\n", i);
        abort();
    }
    memset(thread, 0, sizeof *thread);
    thread->index = i;
    thread->thread = pthread_self();
    records[i] = thread;
    pthread_mutex_unlock(&records_lock);
    snprintf(thread->name, sizeof thread->name, "thread %ld", syscall(SYS_gettid));
    thread->processor = i % nt_processors();
    nt_self_record = thread;
    pthread_setspecific(record_key, thread);
    return thread;
}

struct nt_thread *nt_thread_by_index(unsigned index)
{
    return index < NT_THREADS_MAX ? records[index] : NULL;
}

void nt_thread_enter(const char *name)
{
    struct nt_thread *self = nt_self();

    snprintf(self->name, sizeof self->name, "%s", name);
    trap_thread(self->processor);
}

struct thread_start {
    char name[32];
    void (*run)(void *context);
    void *context;
};

static void *thread_main(void *argument)
{
    struct thread_start start = *(struct thread_start *)argument;

    free(argument);
    nt_thread_enter(start.name);
    start.run(start.context);
    nt_check_no_locks(start.name);
    nt_check_irql(start.name, IRQL_PASSIVE);
    return NULL;
}

int nt_thread_start(pthread_t *thread, const char *name, void (*run)(void *context), void *context)
{
    struct thread_start *start = malloc(sizeof *start);
    int failed;

    if (!start)
        return ENOMEM;
    snprintf(start->name, sizeof start->name, "%s", name);
    start->run = run;
    start->context = context;
    failed = pthread_create(thread, NULL, thread_main, start);
    if (failed)
        free(start);
    return failed;
}

/* ---- Processors ---- */

/* One word: which processors are free (low half), and on which DPCs wait (high half). Only the
 * thread that runs DPCs gets a processor with waiting DPCs: on Windows, DPCs run before anything at a
 * lower level goes on. */
#define FREE(p)            (1u << (p))
#define WANTED(p)          (1u << ((p) + 16))
#define DEFAULT_PROCESSORS 2
static _Atomic uint32_t state = FREE(0) | FREE(1);
static atomic_uint waiters;
static unsigned processors = DEFAULT_PROCESSORS;
static struct nt_thread *_Atomic owner[NT_PROCESSORS_MAX];

unsigned nt_processors(void)
{
    return processors;
}

void nt_processors_set(unsigned count)
{
    processors = count;
    atomic_store(&state, (1u << count) - 1);
}

static void wake_waiters(void)
{
    /* All: they may want different processors. */
    if (atomic_load(&waiters))
        futex_wake(&state, INT_MAX);
}

static void describe_stuck(void)
{
    char text[160];

    fprintf(stderr, "ndishost: %s has waited %d s for a processor; they are held by:",
            nt_describe_thread(text, sizeof text), STUCK_SECONDS);
    for (unsigned i = 0; i < processors; i++) {
        const struct nt_thread *thread = atomic_load(&owner[i]);

        if (thread)
            fprintf(stderr, " %u %s;", i, nt_describe_other(thread, text, sizeof text));
        else
            fprintf(stderr, " %u nobody;", i);
    }
    fputc('\n', stderr);
}

/* Which of the processors in `word` may the caller have? -1: none now. */
static int choose(uint32_t word, uint32_t affinity, unsigned preferred, bool for_dpc)
{
    uint32_t usable = word & 0xFFFF;

    if (for_dpc)
        return usable & FREE(preferred) ? (int)preferred : -1;
    usable &= ~(word >> 16);
    if (affinity)
        usable &= affinity;
    if (usable & FREE(preferred))
        return (int)preferred;
    return usable ? __builtin_ctz(usable) : -1;
}

static void take(struct nt_thread *self, unsigned processor)
{
    self->owns_processor = true;
    atomic_store_explicit(&owner[processor], self, memory_order_relaxed);
    if (self->processor != processor) {
        self->processor = processor;
        if (nt_processor_changed)
            nt_processor_changed(processor);
    }
}

static bool try_claim(struct nt_thread *self, unsigned preferred, bool for_dpc, uint32_t *word)
{
    int processor;

    *word = atomic_load(&state);
    while ((processor = choose(*word, self->affinity, preferred, for_dpc)) >= 0)
        if (atomic_compare_exchange_weak(&state, word, *word & ~FREE(processor))) {
            take(self, (unsigned)processor);
            return true;
        }
    return false;
}

static void claim(unsigned preferred, bool for_dpc)
{
    struct nt_thread *self = nt_self();
    struct timespec patience = {STUCK_SECONDS, 0};
    uint64_t told = nt_clock_now() + STUCK_SECONDS * NT_SECOND;
    uint32_t word;

    while (!try_claim(self, preferred, for_dpc, &word)) {
        atomic_fetch_add(&waiters, 1);
        futex_wait(&state, word, &patience);
        atomic_fetch_sub(&waiters, 1);
        if (nt_clock_now() > told) {
            describe_stuck();
            told += STUCK_SECONDS * NT_SECOND;
        }
    }
}

void nt_processor_claim_for_dpcs(unsigned processor)
{
    claim(processor, true);
}

bool nt_processor_try_claim_for_dpcs(unsigned processor)
{
    uint32_t word;

    return try_claim(nt_self(), processor, true, &word);
}

void nt_thread_affinity(uint32_t affinity)
{
    struct nt_thread *self = nt_self();

    affinity &= (1u << processors) - 1;
    self->affinity = affinity;
    /* At DISPATCH_LEVEL and above it stays where it is until it comes down. */
    if (!self->owns_processor && affinity && !(affinity & FREE(self->processor)))
        nt_processor_home((unsigned)__builtin_ctz(affinity));
}

void nt_processor_home(unsigned processor)
{
    nt_self()->processor = processor;
    if (nt_processor_changed)
        nt_processor_changed(processor);
}

void nt_processor_release(void)
{
    struct nt_thread *self = nt_self();

    self->owns_processor = false;
    atomic_store_explicit(&owner[self->processor], NULL, memory_order_relaxed);
    atomic_fetch_or(&state, FREE(self->processor));
    wake_waiters();
}

void nt_processor_wanted(unsigned processor, bool wanted)
{
    if (wanted) {
        atomic_fetch_or(&state, WANTED(processor));
    } else {
        atomic_fetch_and(&state, ~WANTED(processor));
        wake_waiters();
    }
}

/* ---- IRQL ---- */

unsigned irql_get(void)
{
    return nt_self()->irql;
}

void irql_set_raw(unsigned irql)
{
    struct nt_thread *self = nt_self();

    /* Level first on the way up: whoever looks (a report) sees why this thread waits. An ISR
     * interrupts a processor, whoever owns it. */
    if (irql >= IRQL_DISPATCH && !self->owns_processor && !self->in_isr) {
        claim(self->processor, self->in_dpc);
        self->irql = irql;
    } else {
        self->irql = irql;
        if (irql < IRQL_DISPATCH && self->owns_processor)
            nt_processor_release();
    }
}

unsigned irql_raise(unsigned irql, const void *caller)
{
    unsigned old = irql_get();

    if (rules_enabled && irql < old)
        rule_violation("Irql_IrqlSetting_Function", caller,
                       "raises the IRQL from %s to %s, which is lower", irql_name(old),
                       irql_name(irql));
    irql_set_raw(irql);
    return old;
}

void irql_lower(unsigned irql, const void *caller)
{
    const struct nt_thread *self = nt_self();

    if (rules_enabled && irql > self->irql)
        rule_violation("Irql_IrqlSetting_Function", caller,
                       "lowers the IRQL from %s to %s, which is higher", irql_name(self->irql),
                       irql_name(irql));
    if (rules_enabled && irql < IRQL_DISPATCH && self->held_count)
        rule_violation("Irql_IrqlSetting_Function", caller,
                       "lowers the IRQL from %s to %s while it holds spin lock %p",
                       irql_name(self->irql), irql_name(irql),
                       (const void *)self->held[self->held_count - 1].lock);
    irql_set_raw(irql);
}

void irql_write(unsigned irql, const void *caller)
{
    if (irql > irql_get())
        irql_raise(irql, caller);
    else
        irql_lower(irql, caller);
}

/* ---- Checks and descriptions ---- */

unsigned nt_check_no_locks_above(const char *callback, unsigned before)
{
    struct nt_thread *self = nt_self();
    unsigned kept = 0;

    if (!rules_enabled)
        return 0;
    for (; self->held_count > before; kept++) {
        struct nt_held held = self->held[--self->held_count];

        rule_violation("SpinLockBalanced", held.caller,
                       "%s returned with spin lock %p held; it acquired the lock there:", callback,
                       (const void *)held.lock);
        nt_lock_abandon((volatile void *)(uintptr_t)held.lock);
    }
    return kept;
}

void nt_check_no_locks(const char *callback)
{
    nt_check_no_locks_above(callback, 0);
}

void nt_check_irql(const char *callback, unsigned before)
{
    if (irql_get() == before)
        return;
    if (rules_enabled)
        rule_violation("IrqlReturn", NULL, "%s was called at %s and returned at %s", callback,
                       irql_name(before), irql_name(irql_get()));
    irql_set_raw(before);
}

const char *irql_name(unsigned irql)
{
    switch (irql) {
    case IRQL_PASSIVE:
        return "PASSIVE_LEVEL";
    case IRQL_APC:
        return "APC_LEVEL";
    case IRQL_DISPATCH:
        return "DISPATCH_LEVEL";
    case IRQL_DEVICE:
        return "DIRQL";
    case IRQL_HIGH:
        return "HIGH_LEVEL";
    default:
        return irql == RULE_ANY_IRQL ? "any IRQL"
               : irql < IRQL_DEVICE  ? "an IRQL below DIRQL"
                                     : "an IRQL above DIRQL";
    }
}

const char *nt_describe_thread(char *buf, size_t size)
{
    const struct nt_thread *self = nt_self();

    snprintf(buf, size, "thread \"%s\", processor %u, %s%s", self->name, self->processor,
             irql_name(self->irql),
             self->in_isr   ? ", in an ISR"
             : self->in_dpc ? ", in a DPC"
                            : "");
    return buf;
}

/* Read without a lock, and known to be. */
__attribute__((no_sanitize_thread)) static void glance(const struct nt_thread *thread,
                                                       unsigned *irql, const char **call)
{
    *irql = *(const volatile unsigned *)&thread->irql;
    *call = *(const char *const volatile *)&thread->call;
}

const char *nt_describe_other(const struct nt_thread *thread, char *buf, size_t size)
{
    const char *call;
    unsigned irql;

    glance(thread, &irql, &call);
    snprintf(buf, size, "thread \"%s\" at %s, whose last call was %s", thread->name,
             irql_name(irql), call ? call : "none");
    return buf;
}
