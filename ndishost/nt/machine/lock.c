/* SPDX-License-Identifier: MIT */
/* Spin locks that know their owner; see lock.h. */
#include <stdatomic.h>
#include "loader/loader.h"
#include "nt/machine/clock.h"
#include "nt/machine/futex.h"
#include "nt/machine/held.h"
#include "nt/machine/irql.h"
#include "nt/machine/lock.h"
#include "nt/machine/lock_order.h"
#include "nt/machine/probe.h"
#include "rules/rules.h"

/* A lock word: 0, or twice (the owner's thread index + 1), plus 1 when somebody sleeps on it. */
#define CONTENDED  ((uintptr_t)1)
#define SPINS      60 /* pauses before sleeping: the owner may be without a CPU of the host */
#define PATIENCE   5  /* seconds until a wait is reported */
#define WORD(lock) ((_Atomic uintptr_t *)(uintptr_t)(lock))

static uintptr_t word_of(const struct nt_thread *thread)
{
    return ((uintptr_t)thread->index + 1) << 1;
}

static const struct nt_thread *owner_of(uintptr_t word)
{
    uintptr_t number = word >> 1;

    return number == 0 || number > NT_THREADS_MAX ? NULL : nt_thread_by_index((unsigned)number - 1);
}

static bool raises(enum nt_lock_way way)
{
    return way == NT_LOCK_RAISED || way == NT_LOCK_QUEUED;
}

static const char *way_name(enum nt_lock_way way)
{
    switch (way) {
    case NT_LOCK_RAISED:
        return "by raising the IRQL";
    case NT_LOCK_AT_DPC:
        return "at DISPATCH_LEVEL";
    case NT_LOCK_TRIED:
        return "by trying at DISPATCH_LEVEL";
    case NT_LOCK_QUEUED:
        return "in-stack queued, by raising the IRQL";
    case NT_LOCK_QUEUED_AT_DPC:
        return "in-stack queued, at DISPATCH_LEVEL";
    default:
        return "as an interrupt's lock";
    }
}

/* ---- What a thread holds ---- */

static void push_held(const volatile void *lock, enum nt_lock_way way, unsigned old_irql,
                      const void *caller, bool again)
{
    struct nt_thread *self = nt_self();

    /* Deeper than the record reaches, release is satisfied with the lock word. */
    if (self->held_count < NT_HELD_MAX)
        self->held[self->held_count++] =
            (struct nt_held){lock, caller, way, (uint8_t)old_irql, again};
}

static struct nt_held *find_held(const volatile void *lock)
{
    struct nt_thread *self = nt_self();

    for (unsigned i = self->held_count; i-- > 0;)
        if (self->held[i].lock == lock)
            return &self->held[i];
    return NULL;
}

static void drop_held(struct nt_held *held)
{
    struct nt_thread *self = nt_self();
    struct nt_held *last = &self->held[--self->held_count];

    for (; held < last; held++)
        held[0] = held[1];
}

bool nt_lock_held(const volatile void *lock)
{
    return (atomic_load(WORD(lock)) & ~CONTENDED) == word_of(nt_self());
}

/* ---- Acquire ---- */

static void report_timeout(const volatile void *lock, uintptr_t word, const void *caller)
{
    const struct nt_thread *owner = owner_of(word);
    char text[160];

    if (owner)
        rule_violation("SpinLockTimeout", caller, "has waited %d s for spin lock %p, held by %s",
                       PATIENCE, (const void *)lock, nt_describe_other(owner, text, sizeof text));
}

static void report_again(const volatile void *lock, enum nt_lock_way way, const void *caller)
{
    const struct nt_held *held = find_held(lock);
    char where[160];

    rule_violation(
        raises(way) ? "SpinLock" : "SpinLockDpr", caller,
        "acquires spin lock %p %s, which this thread already holds; it was acquired at %s",
        (const void *)lock, way_name(way),
        image_symbol(held ? held->caller : NULL, where, sizeof where));
}

/* Gives the owner time: first by turning round, then asleep. Counts in *turns. */
static void wait_turn(volatile void *lock, uintptr_t word, unsigned *turns)
{
    struct timespec second = {1, 0};

    if (++*turns < SPINS) {
        __builtin_ia32_pause();
        return;
    }
    if (!(word & CONTENDED) && !atomic_compare_exchange_strong(WORD(lock), &word, word | CONTENDED))
        return;
    futex_wait(lock, (uint32_t)(word | CONTENDED), &second);
}

/* false: the calling thread has it already, which is reported. */
static bool acquire_slowly(volatile void *lock, uintptr_t mine, enum nt_lock_way way,
                           const void *caller)
{
    uint64_t start = nt_clock_now();
    bool reported = false;
    unsigned turns = 0;

    for (;;) {
        uintptr_t word = atomic_load(WORD(lock));

        if (word == 0) {
            /* Whoever slept cannot know whether others still do: so it leaves the mark. */
            if (atomic_compare_exchange_weak(WORD(lock), &word,
                                             turns < SPINS ? mine : mine | CONTENDED))
                return true;
        } else if ((word & ~CONTENDED) == mine) {
            report_again(lock, way, caller);
            return false;
        } else if (!owner_of(word)) {
            rule_violation(
                "SpinLockWord", caller,
                "acquires spin lock %p, whose value is %p: not initialised, or overwritten",
                (void *)lock, (void *)word);
            atomic_compare_exchange_strong(WORD(lock), &word, 0);
        } else {
            wait_turn(lock, word, &turns);
            if (!reported && turns > SPINS && nt_clock_now() - start > PATIENCE * NT_SECOND &&
                nt_clock_now() - start - held_since(start) > PATIENCE * NT_SECOND) {
                reported = true;
                report_timeout(lock, word, caller);
            }
        }
    }
}

unsigned nt_lock_acquire(volatile void *lock, enum nt_lock_way way, const void *caller)
{
    struct nt_thread *self = nt_self();
    unsigned old_irql = self->irql;
    uintptr_t mine = word_of(self), free_word = 0;
    bool again = false;

    if (raises(way) && old_irql < IRQL_DISPATCH)
        irql_set_raw(IRQL_DISPATCH);
    if (rules_enabled && self->held_count)
        lock_order_take(lock, caller);
    if (!atomic_compare_exchange_strong_explicit(WORD(lock), &free_word, mine, memory_order_acquire,
                                                 memory_order_relaxed))
        again = !acquire_slowly(lock, mine, way, caller);
    if (rules_enabled)
        push_held(lock, way, old_irql, caller, again);
    return old_irql;
}

bool nt_lock_try(volatile void *lock, enum nt_lock_way way, const void *caller)
{
    struct nt_thread *self = nt_self();
    uintptr_t free_word = 0;

    if (!atomic_compare_exchange_strong(WORD(lock), &free_word, word_of(self)))
        return false;
    if (rules_enabled)
        push_held(lock, way, self->irql, caller, false);
    return true;
}

/* ---- Release ---- */

/* Locks need not be released in reverse order, and then the saved IRQLs may change places. */
static bool irql_belongs_elsewhere(struct nt_held *held, unsigned old_irql)
{
    struct nt_thread *self = nt_self();

    for (unsigned i = 0; i < self->held_count; i++)
        if (&self->held[i] != held && self->held[i].old_irql == old_irql &&
            raises(self->held[i].way)) {
            self->held[i].old_irql = held->old_irql;
            return true;
        }
    return false;
}

/* A lock that was tried may be released by KeReleaseSpinLock too (ddi/wdm,
 * nf-wdm-ketrytoacquirespinlockatdpclevel), to the IRQL at which the driver was before it raised itself. */
static bool way_fits(const struct nt_held *held, enum nt_lock_way way)
{
    return held->way == way ||
           (held->way == NT_LOCK_TRIED && (way == NT_LOCK_AT_DPC || way == NT_LOCK_RAISED));
}

static void check_held(struct nt_held *held, enum nt_lock_way way, unsigned old_irql,
                       const void *caller)
{
    char where[160];

    if (!way_fits(held, way))
        rule_violation("SpinLockDprRelease", caller,
                       "releases spin lock %p %s; it was acquired %s at %s",
                       (const void *)held->lock, way_name(way), way_name(held->way),
                       image_symbol(held->caller, where, sizeof where));
    else if (raises(held->way) && old_irql != held->old_irql &&
             !irql_belongs_elsewhere(held, old_irql))
        rule_violation("SpinLockIrql", caller, "releases spin lock %p to %s; it was acquired at %s",
                       (const void *)held->lock, irql_name(old_irql), irql_name(held->old_irql));
    else if (raises(way) && old_irql < IRQL_DISPATCH && nt_self()->held_count > 1)
        rule_violation("SpinLockIrql", caller,
                       "releases spin lock %p to %s while it holds another one",
                       (const void *)held->lock, irql_name(old_irql));
}

/* Reports if the lock is not the calling thread's; then the word is left alone. */
static bool check_owner(volatile void *lock, const void *caller)
{
    uintptr_t word = atomic_load(WORD(lock));
    const struct nt_thread *owner = owner_of(word);

    if (owner == nt_self())
        return true;
    if (owner)
        rule_violation("SpinLockRelease", caller,
                       "releases spin lock %p, which thread \"%s\" holds, not this one",
                       (void *)lock, owner->name);
    else
        rule_violation("SpinLockRelease", caller,
                       "releases spin lock %p, which no thread holds (its value is %p)",
                       (void *)lock, (void *)word);
    return false;
}

static void set_free(volatile void *lock)
{
    if (atomic_exchange_explicit(WORD(lock), 0, memory_order_release) & CONTENDED)
        futex_wake(lock, 1);
}

void nt_lock_abandon(volatile void *lock)
{
    uintptr_t word;

    if (probe_copy(&word, (const void *)(uintptr_t)lock, sizeof word) == sizeof word &&
        (word & ~CONTENDED) == word_of(nt_self()))
        set_free(lock);
}

void nt_lock_release(volatile void *lock, enum nt_lock_way way, unsigned old_irql,
                     const void *caller)
{
    bool ours = true;

    if (rules_enabled) {
        struct nt_held *held = find_held(lock);

        if (held) {
            ours = !held->again;
            check_held(held, way, old_irql, caller);
            drop_held(held);
        } else {
            ours = check_owner(lock, caller);
        }
    }
    if (ours)
        set_free(lock);
    if (raises(way))
        irql_set_raw(old_irql);
}
