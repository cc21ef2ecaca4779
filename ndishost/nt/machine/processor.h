/* SPDX-License-Identifier: MIT */
/*
 * processor.h: threads that stand for processors: each runs the ISRs that it is given, and the DPCs of its
 * queue, which dpc.c in nt/api has.
 *   processors_start(2, seed, &dpcs, error, sizeof error);  ...;  processors_stop();
 *   cpu_lock(); ... cpu_give_interrupt(i) or cpu_wake(p) ...; cpu_unlock();
 * One lock guards what waits for processors. It is held for a few instructions, never while driver code runs.
 */
#ifndef NDISHOST_PROCESSOR_H
#define NDISHOST_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "nt/machine/interrupt.h"
#include "nt/machine/random.h"

#define NT_PROCESSORS_MAX 16

/* The queues of DPCs. Both are called with the lock held. */
struct processor_dpcs {
    bool (*waiting)(unsigned processor);
    /* Gives the lock up while DPCs run. Runs those of `processor` until none is left. */
    void (*run)(unsigned processor);
};

/* `processors`: 0 for the default of 2. After phys_open and trap_install, before any driver code.
 * 0, or -1 with a line in error. */
int processors_start(unsigned processors, uint64_t seed, const struct processor_dpcs *dpcs,
                     char *error, size_t error_size);
/* Ends the threads. */
void processors_stop(void);

/* ISRs that have run, and the longest ISR and DPC, in 100 ns of real time. */
void processors_count(uint64_t *interrupts, uint64_t *longest_isr, uint64_t *longest_dpc);

/* Waits until no interrupt and no DPC waits or runs. */
void processors_settle(void);

void cpu_lock(void);
void cpu_unlock(void);
bool cpu_running(void);          /* between processors_start and processors_stop; lock held */
struct random *cpu_random(void); /* lock held */

/* Lock held: one more interrupt waits for a processor: an idle one, or the spare thread takes it. */
void cpu_give_interrupt(struct nt_interrupt *interrupt);
/* Lock held: the processor's thread has something to look at. */
void cpu_wake(unsigned processor);
/* Lock held: wakes whoever is in cpu_wait_done. */
void cpu_done(void);
/* Lock held, given up while waiting: until somebody calls cpu_done. */
void cpu_wait_done(void);

/* Lock held: how long an ISR and a DPC took. */
void cpu_note_isr(uint64_t duration);
void cpu_note_dpc(uint64_t duration);

#endif
