/* SPDX-License-Identifier: MIT */
/* Interrupts and the ISRs behind them; see processor.h. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "nt/machine/clock.h"
#include "nt/machine/irql.h"
#include "nt/machine/lock.h"
#include "nt/machine/interrupt.h"
#include "nt/machine/processor.h"
#include "rules/rules.h"

#define REFUSALS_MAX 100 /* ISRs in a row that say "not mine" */
/* Who lowers the line may be a thread that does not get to run: after so many it is waited for. */
#define REFUSALS_HOT  8
#define REFUSAL_PAUSE NT_MILLISECOND
#define REPEATS_MAX   2000 /* ISRs in a row that say "mine" while the line just stays asserted */
#define MASKED_TIME   (100 * NT_MILLISECOND)

enum state {
    QUIET,
    WAITING, /* on the queue, or given to a thread */
    RUNNING,
    MASKED
};

struct nt_interrupt {
    struct nt_interrupt *next; /* of all interrupts */
    struct nt_interrupt *next_waiting;
    char name[48];
    struct nt_interrupt_callbacks callbacks;
    void *context;
    bool message;
    uint32_t processors;
    uintptr_t own_lock;
    volatile void *lock; /* nt/machine/lock.h's: what the ISR and nt_interrupt_synchronize hold */
    /* From here on guarded by cpu_lock. */
    enum state state;
    bool asserted; /* a message: it has come, and its ISR has not begun yet */
    bool disconnected;
    unsigned refusals, repeats; /* since the line last was low, or the ISR last said otherwise */
    uint64_t masked_until;
    uint64_t mine, not_mine;
};

static struct nt_interrupt *all, *waiting, **waiting_end = &waiting;

struct nt_interrupt *nt_interrupt_connect(const char *name,
                                          const struct nt_interrupt_callbacks *callbacks,
                                          void *context, const struct nt_interrupt_kind *kind)
{
    struct nt_interrupt *interrupt = calloc(1, sizeof *interrupt);
    uint32_t all_processors = (uint32_t)((1ull << nt_processors()) - 1);

    if (!interrupt)
        return NULL;
    snprintf(interrupt->name, sizeof interrupt->name, "%s", name);
    interrupt->callbacks = *callbacks;
    interrupt->context = context;
    interrupt->message = kind && kind->message;
    interrupt->processors = kind ? kind->processors & all_processors : 0;
    interrupt->lock = kind && kind->lock ? kind->lock : &interrupt->own_lock;
    cpu_lock();
    interrupt->next = all;
    all = interrupt;
    cpu_unlock();
    return interrupt;
}

/* ---- The queue; cpu_lock held ---- */

void interrupt_wait(struct nt_interrupt *interrupt)
{
    interrupt->next_waiting = NULL;
    *waiting_end = interrupt;
    waiting_end = &interrupt->next_waiting;
}

/* Takes the interrupt that a link of the queue points to. */
static void take_off(struct nt_interrupt **link)
{
    *link = (*link)->next_waiting;
    if (!*link)
        waiting_end = link;
}

bool interrupt_allows(const struct nt_interrupt *interrupt, unsigned processor)
{
    return !interrupt->processors || processor >= nt_processors() ||
           interrupt->processors >> processor & 1;
}

struct nt_interrupt *interrupt_next(unsigned processor)
{
    for (struct nt_interrupt **link = &waiting; *link; link = &(*link)->next_waiting) {
        struct nt_interrupt *interrupt = *link;

        if (!interrupt_allows(interrupt, processor))
            continue;
        take_off(link);
        return interrupt;
    }
    return NULL;
}

bool interrupt_waits(void)
{
    return waiting != NULL;
}

static void raise_line(struct nt_interrupt *interrupt)
{
    if (interrupt->asserted && !interrupt->disconnected && interrupt->state == QUIET) {
        interrupt->state = WAITING;
        cpu_give_interrupt(interrupt);
    }
}

void nt_interrupt_line(struct nt_interrupt *interrupt, bool asserted)
{
    cpu_lock();
    interrupt->asserted = asserted;
    if (!asserted)
        interrupt->refusals = interrupt->repeats = 0;
    raise_line(interrupt);
    cpu_unlock();
}

void nt_interrupt_message(struct nt_interrupt *interrupt)
{
    cpu_lock();
    interrupt->asserted = true;
    raise_line(interrupt);
    cpu_unlock();
}

uint64_t interrupt_unmask(uint64_t now)
{
    uint64_t next = NT_FOREVER;

    for (struct nt_interrupt *i = all; i; i = i->next) {
        if (i->state != MASKED)
            continue;
        if (i->masked_until <= now) {
            i->state = QUIET;
            i->refusals = i->repeats = 0;
            raise_line(i);
        } else if (i->masked_until < next) {
            next = i->masked_until;
        }
    }
    return next;
}

/* ---- Running the ISR ---- */

static bool call_isr(struct nt_interrupt *interrupt, unsigned processor)
{
    struct nt_thread *self = nt_self();
    unsigned before_irql = self->irql, before_processor = self->processor;
    bool mine;

    self->in_isr = true;
    self->irql = IRQL_DEVICE;
    if (before_processor != processor)
        nt_processor_home(processor);
    nt_lock_acquire(interrupt->lock, NT_LOCK_INTERRUPT, NULL);
    mine = interrupt->callbacks.isr(interrupt->context);
    nt_check_irql("the ISR", IRQL_DEVICE);
    nt_lock_release(interrupt->lock, NT_LOCK_INTERRUPT, 0, NULL);
    nt_check_no_locks("the ISR");
    self->irql = before_irql;
    self->in_isr = false;
    if (before_processor != processor)
        nt_processor_home(before_processor);
    if (interrupt->callbacks.done)
        interrupt->callbacks.done(interrupt->context);
    return mine;
}

static void mask_after_storm(struct nt_interrupt *interrupt, bool mine)
{
    interrupt->state = MASKED;
    interrupt->masked_until = nt_clock_now() + MASKED_TIME;
    cpu_wake(nt_processors()); /* the spare counts the time */
    cpu_unlock();
    if (mine)
        rule_violation("InterruptStorm", NULL,
                       "%s: the ISR claimed the interrupt %d times in a row without acknowledging "
                       "it; ndishost masks the line for 100 ms",
                       interrupt->name, REPEATS_MAX);
    else
        rule_violation("InterruptStorm", NULL,
                       "%s: the ISR refused the interrupt %d times in a row although the line is "
                       "asserted; ndishost masks it for 100 ms",
                       interrupt->name, REFUSALS_MAX);
    cpu_lock();
}

/* How often the ISR has refused the line, or claimed it, in a row while it stayed up. A message has no level. */
static void count_repeats(struct nt_interrupt *interrupt, bool mine)
{
    bool up = interrupt->asserted && !interrupt->message;

    interrupt->refusals = mine || !up ? 0 : interrupt->refusals + 1;
    interrupt->repeats = mine && up ? interrupt->repeats + 1 : 0;
}

void interrupt_run(struct nt_interrupt *interrupt, unsigned processor)
{
    uint64_t start = nt_clock_now(), spent;
    bool mine, hot;

    if (interrupt->disconnected || !interrupt->asserted) {
        interrupt->state = QUIET;
        cpu_done();
        return;
    }
    interrupt->state = RUNNING;
    if (interrupt->message)
        interrupt->asserted = false; /* the next one needs an ISR of its own */
    hot = interrupt->refusals > REFUSALS_HOT;
    cpu_unlock();
    mine = call_isr(interrupt, processor);
    spent = nt_clock_now() - start;
    if (!mine && hot)
        nt_clock_sleep(REFUSAL_PAUSE);
    cpu_lock();
    cpu_note_isr(spent);
    mine ? interrupt->mine++ : interrupt->not_mine++;
    count_repeats(interrupt, mine);
    if (!interrupt->disconnected &&
        (interrupt->refusals >= REFUSALS_MAX || interrupt->repeats >= REPEATS_MAX)) {
        mask_after_storm(interrupt, mine);
    } else {
        interrupt->state = QUIET;
        raise_line(interrupt);
    }
    cpu_done();
}

bool nt_interrupt_synchronize(struct nt_interrupt *interrupt, bool (*run)(void *context),
                              void *context)
{
    unsigned before = nt_interrupt_lock(interrupt, NULL);
    bool result = run(context);

    nt_check_irql("the function synchronized with the interrupt", IRQL_DEVICE);
    nt_interrupt_unlock(interrupt, before, NULL);
    return result;
}

unsigned nt_interrupt_lock(struct nt_interrupt *interrupt, const void *caller)
{
    unsigned before = irql_swap(IRQL_DEVICE);

    nt_lock_acquire(interrupt->lock, NT_LOCK_INTERRUPT, caller);
    return before;
}

void nt_interrupt_unlock(struct nt_interrupt *interrupt, unsigned irql, const void *caller)
{
    nt_lock_release(interrupt->lock, NT_LOCK_INTERRUPT, 0, caller);
    irql_set_raw(irql);
}

/* ---- The end ---- */

static void unqueue(struct nt_interrupt *interrupt)
{
    for (struct nt_interrupt **link = &waiting; *link; link = &(*link)->next_waiting)
        if (*link == interrupt) {
            take_off(link);
            interrupt->state = QUIET;
            return;
        }
}

void nt_interrupt_disconnect(struct nt_interrupt *interrupt)
{
    cpu_lock();
    interrupt->disconnected = true;
    if (interrupt->state == WAITING)
        unqueue(interrupt);
    if (interrupt->state == MASKED)
        interrupt->state = QUIET;
    /* What a thread was given already is returned without having run. */
    while (interrupt->state != QUIET && cpu_running())
        cpu_wait_done();
    for (struct nt_interrupt **link = &all; *link; link = &(*link)->next)
        if (*link == interrupt) {
            *link = interrupt->next;
            break;
        }
    cpu_unlock();
    free(interrupt);
}

void nt_interrupt_counts(const struct nt_interrupt *interrupt, uint64_t *mine, uint64_t *not_mine)
{
    cpu_lock();
    *mine = interrupt->mine;
    *not_mine = interrupt->not_mine;
    cpu_unlock();
}
