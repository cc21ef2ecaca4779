/* SPDX-License-Identifier: MIT */
/*
 * processor_internal.h: what processor.c, interrupt.c and dpc.c share: the threads, and the one lock
 * that guards what waits for them.
 *   cpu_lock(); ... cpu_give_interrupt(i) or cpu_wake(p) ...; cpu_unlock();
 * The lock is held for a few instructions, never while driver code runs.
 */
#ifndef NDISHOST_PROCESSOR_INTERNAL_H
#define NDISHOST_PROCESSOR_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include "nt/machine/processor.h"
#include "nt/machine/random.h"

void cpu_lock(void);
void cpu_unlock(void);
bool cpu_running(void);          /* between nt_start and nt_stop; lock held */
struct random *cpu_random(void); /* lock held */

/* Lock held: one more interrupt waits for a processor: an idle one, or the spare thread takes it. */
void cpu_give_interrupt(struct nt_interrupt *interrupt);
/* Lock held: the processor's thread has something to look at. */
void cpu_wake(unsigned processor);
/* Lock held: wakes whoever is in cpu_wait_done. */
void cpu_done(void);
/* Lock held, given up while waiting: until somebody calls cpu_done. */
void cpu_wait_done(void);

/* interrupt.c. Lock held, given up while the ISR runs on `processor`. */
void interrupt_run(struct nt_interrupt *interrupt, unsigned processor);
/* Lock held: the next one that waits, taken off the queue, or NULL. */
struct nt_interrupt *interrupt_next(void);
void interrupt_wait(struct nt_interrupt *interrupt); /* puts it onto the queue */
/* Lock held: gives masked interrupts whose time has come to processors; returns when the next one's
 * comes, NT_FOREVER if there is none. */
uint64_t interrupt_unmask(uint64_t now);

/* dpc.c. Lock held. */
bool dpc_waiting(unsigned processor);
/* Lock held, given up while DPCs run: those of `processor`, until none is left or an interrupt waits. */
void dpc_run(unsigned processor);
void dpc_stop(void); /* frees the queues */
uint64_t dpc_count(void);

void nt_processors_export(unsigned count); /* processor_export.c: KeNumberProcessors */

/* timer.c, work.c */
int timer_start(void);
void timer_stop(void);
uint64_t timer_count(void);
int work_start(void);
void work_stop(void);
void work_flush(void);
uint64_t work_count(void);

/* How long ISRs and DPCs took: lock held. */
void cpu_note_isr(uint64_t duration);
void cpu_note_dpc(uint64_t duration);

#endif
