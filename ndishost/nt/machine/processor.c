/* SPDX-License-Identifier: MIT */
/*
 * Threads that stand for processors; see processor.h. Each runs the interrupts that it is given and the
 * DPCs of its queue. One thread more, the spare, takes interrupts when every processor is in a DPC: it
 * stands for the interrupt that breaks into that DPC.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "nt/machine/clock.h"
#include "nt/machine/irql.h"
#include "nt/machine/processor.h"

struct processor {
    pthread_t thread;
    pthread_cond_t wake;
    struct nt_interrupt *interrupt; /* given to it while it was idle */
    bool idle;                      /* waits on `wake` with nothing to do */
    bool started;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t done; /* an interrupt or a DPC has run */
    bool running;
    unsigned count;
    const struct processor_dpcs *dpcs;
    struct processor processor[NT_PROCESSORS_MAX + 1]; /* the spare is the one after the last */
    struct random random;
    uint64_t interrupts, longest_isr, longest_dpc;
} cpu = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

void cpu_lock(void)
{
    pthread_mutex_lock(&cpu.lock);
}

void cpu_unlock(void)
{
    pthread_mutex_unlock(&cpu.lock);
}

bool cpu_running(void)
{
    return cpu.running;
}

struct random *cpu_random(void)
{
    return &cpu.random;
}

void cpu_done(void)
{
    pthread_cond_broadcast(&cpu.done);
}

void cpu_wait_done(void)
{
    pthread_cond_wait(&cpu.done, &cpu.lock);
}

void cpu_note_isr(uint64_t duration)
{
    cpu.interrupts++;
    if (duration > cpu.longest_isr)
        cpu.longest_isr = duration;
}

void cpu_note_dpc(uint64_t duration)
{
    if (duration > cpu.longest_dpc)
        cpu.longest_dpc = duration;
}

/* ---- Giving work ---- */

static void wake(struct processor *p)
{
    if (p->idle) {
        p->idle = false;
        pthread_cond_signal(&p->wake);
    }
}

void cpu_wake(unsigned processor)
{
    wake(&cpu.processor[processor]);
}

void cpu_give_interrupt(struct nt_interrupt *interrupt)
{
    unsigned preferred;

    if (!cpu.running) {
        interrupt_wait(interrupt);
        return;
    }
    preferred = (unsigned)random_below(&cpu.random, cpu.count);
    /* The spare comes last: its number is cpu.count. */
    for (unsigned i = 0; i <= cpu.count; i++) {
        struct processor *p =
            &cpu.processor[i < cpu.count ? (preferred + i) % cpu.count : cpu.count];

        if (p->idle && interrupt_allows(interrupt, (unsigned)(p - cpu.processor))) {
            p->interrupt = interrupt;
            wake(p);
            return;
        }
    }
    interrupt_wait(interrupt);
}

/* ---- The threads ---- */

/* Lock held. What to run now, or NULL. */
static struct nt_interrupt *take_interrupt(struct processor *p)
{
    struct nt_interrupt *interrupt = p->interrupt;

    p->interrupt = NULL;
    return interrupt ? interrupt : interrupt_next((unsigned)(p - cpu.processor));
}

static void processor_main(void *context)
{
    struct processor *p = context;
    unsigned number = (unsigned)(p - cpu.processor);

    nt_processor_home(number);
    cpu_lock();
    while (cpu.running) {
        struct nt_interrupt *interrupt = take_interrupt(p);

        if (interrupt) {
            interrupt_run(interrupt, number);
        } else if (cpu.dpcs->waiting(number)) {
            cpu.dpcs->run(number);
        } else {
            p->idle = true;
            cpu_done();
            while (p->idle && cpu.running)
                pthread_cond_wait(&p->wake, &cpu.lock);
            p->idle = false;
        }
    }
    cpu_unlock();
}

/* Whichever processor the interrupt breaks into. */
static unsigned processor_for(const struct nt_interrupt *interrupt)
{
    unsigned processor = (unsigned)random_below(&cpu.random, cpu.count);

    while (!interrupt_allows(interrupt, processor))
        processor = (processor + 1) % cpu.count;
    return processor;
}

/* Interrupts are masked for a while after a storm; the spare thread, seldom needed, unmasks them. */
static void spare_main(void *context)
{
    struct processor *p = context;

    cpu_lock();
    while (cpu.running) {
        uint64_t deadline = interrupt_unmask(nt_clock_now());
        struct nt_interrupt *interrupt = take_interrupt(p);

        if (interrupt) {
            interrupt_run(interrupt, processor_for(interrupt));
            continue;
        }
        p->idle = true;
        cpu_done();
        nt_clock_wait(&p->wake, &cpu.lock, deadline);
        p->idle = false;
    }
    cpu_unlock();
}

static int start_threads(void)
{
    int failed = 0;

    for (unsigned i = 0; i <= cpu.count && !failed; i++) {
        struct processor *p = &cpu.processor[i];
        char name[32];

        memset(p, 0, sizeof *p);
        nt_clock_cond_init(&p->wake);
        if (i < cpu.count)
            snprintf(name, sizeof name, "processor %u", i);
        else
            snprintf(name, sizeof name, "interrupt");
        failed = nt_thread_start(&p->thread, name, i < cpu.count ? processor_main : spare_main, p);
        p->started = !failed;
    }
    return failed;
}

int processors_start(unsigned processors, uint64_t seed, const struct processor_dpcs *dpcs,
                     char *error, size_t error_size)
{
    int failed;

    if (processors == 0)
        processors = 2;
    if (cpu.running || processors > NT_PROCESSORS_MAX) {
        snprintf(error, error_size, "processors: %s",
                 cpu.running ? "already started" : "at most 16 are supported");
        return -1;
    }
    nt_processors_set(processors);
    cpu.count = processors;
    cpu.dpcs = dpcs;
    cpu.interrupts = cpu.longest_isr = cpu.longest_dpc = 0;
    random_seed(&cpu.random, seed ^ 0x50524F43u);
    cpu.running = true;
    failed = start_threads();
    if (failed) {
        snprintf(error, error_size, "processors: starting threads: %s", strerror(failed));
        processors_stop();
        return -1;
    }
    return 0;
}

void processors_stop(void)
{
    cpu_lock();
    cpu.running = false;
    for (unsigned i = 0; i <= cpu.count; i++)
        if (cpu.processor[i].started)
            pthread_cond_broadcast(&cpu.processor[i].wake);
    cpu_unlock();
    for (unsigned i = 0; i <= cpu.count; i++)
        if (cpu.processor[i].started) {
            pthread_join(cpu.processor[i].thread, NULL);
            pthread_cond_destroy(&cpu.processor[i].wake);
            cpu.processor[i].started = false;
        }
}

/* Lock held. */
static bool settled(void)
{
    for (unsigned i = 0; i <= cpu.count; i++)
        if (!cpu.processor[i].idle || cpu.processor[i].interrupt ||
            (i < cpu.count && cpu.dpcs->waiting(i)))
            return false;
    return !interrupt_waits();
}

void processors_settle(void)
{
    cpu_lock();
    while (cpu.running && !settled())
        cpu_wait_done();
    cpu_unlock();
}

void processors_count(uint64_t *interrupts, uint64_t *longest_isr, uint64_t *longest_dpc)
{
    cpu_lock();
    *interrupts = cpu.interrupts;
    *longest_isr = cpu.longest_isr;
    *longest_dpc = cpu.longest_dpc;
    cpu_unlock();
}
