/* SPDX-License-Identifier: MIT */
/*
 * processor.h: threads that stand for processors: they run ISRs, DPCs and timers; worker threads run
 * work items.
 *   nt_start(2, seed, error, sizeof error);
 *   intr = nt_interrupt_connect(...);  nt_interrupt_line(intr, true) from the bus's thread; ...
 *   nt_interrupt_disconnect(intr);  nt_flush();  nt_stop();
 * KDPC, KTIMER, KEVENT and the rest of ntoskrnl.exe's are in ntddk.h, as a driver has them.
 */
#ifndef NDISHOST_PROCESSOR_H
#define NDISHOST_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NT_PROCESSORS_MAX 16

/* `processors`: 0 for the default of 2. After phys_open and trap_install, before any driver code.
 * 0, or -1 with a line in error. */
int nt_start(unsigned processors, uint64_t seed, char *error, size_t error_size);
/* Ends the threads. What is still queued or armed then is reported by the leak accounting. */
void nt_stop(void);
unsigned nt_processors(void);
/* PASSIVE_LEVEL. Returns when all DPCs and work items queued before the call have run. */
void nt_flush(void);

/* PASSIVE_LEVEL. A driver is going: DPCs that are queued even so are reported (rule "DpcQueued") and
 * taken off, and those that run have ended when it returns. */
void nt_dpcs_end(void);

/* A call made for the host on a worker thread, PASSIVE_LEVEL. False when out of memory. */
bool nt_work_queue(void (*run)(void *context), void *context);

/* ---- Interrupts: level-triggered, one nt_interrupt a line ---- */

struct nt_interrupt;

struct nt_interrupt_callbacks {
    /* At IRQL_DEVICE with the interrupt's lock held; true: it was ours. */
    bool (*isr)(void *context);
    /* After the ISR has run, without the lock: what the bus's interrupt_done does. May be NULL. */
    void (*done)(void *context);
};

/* The line may be asserted already by then. `name` for reports ("aerovnet.sys interrupt"). */
struct nt_interrupt *nt_interrupt_connect(const char *name,
                                          const struct nt_interrupt_callbacks *callbacks,
                                          void *context);
/* The line as it is now; from any thread, also from inside the ISR (a register read lowers it). While
 * it is asserted the ISR is run again and again. An ISR that says "not mine" 100 times in a row is
 * reported (rule "InterruptStorm") and the line masked for 100 ms. */
void nt_interrupt_line(struct nt_interrupt *interrupt, bool asserted);
/* Raises to IRQL_DEVICE, takes the interrupt's lock, calls. IRQL <= IRQL_DEVICE. */
bool nt_interrupt_synchronize(struct nt_interrupt *interrupt, bool (*run)(void *context),
                              void *context);
/* PASSIVE_LEVEL. When it returns the ISR does not run and will not. Frees. */
void nt_interrupt_disconnect(struct nt_interrupt *interrupt);
/* How many times the ISR said that it was its interrupt, and that it was not. */
void nt_interrupt_counts(const struct nt_interrupt *interrupt, uint64_t *mine, uint64_t *not_mine);

/* ---- Numbers for reports ---- */

struct nt_counts {
    uint64_t interrupts, dpcs, timers, work_items;
    uint64_t longest_isr, longest_dpc; /* 100 ns; real time, so a busy machine shows in it */
};
void nt_counts(struct nt_counts *counts);

#endif
