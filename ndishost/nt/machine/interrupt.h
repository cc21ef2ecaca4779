/* SPDX-License-Identifier: MIT */
/*
 * interrupt.h: interrupt lines and the ISRs behind them: level-triggered, one nt_interrupt per line.
 *   intr = nt_interrupt_connect(...);  nt_interrupt_line(intr, true) from the bus's thread; ...
 *   nt_interrupt_disconnect(intr);
 */
#ifndef NDISHOST_NT_INTERRUPT_H
#define NDISHOST_NT_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

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

/* ---- For the threads that stand for processors; with the lock of processor.h held ---- */

/* Gives the lock up while the ISR runs on `processor`. */
void interrupt_run(struct nt_interrupt *interrupt, unsigned processor);
/* The next one that waits, taken off the queue, or NULL. */
struct nt_interrupt *interrupt_next(void);
void interrupt_wait(struct nt_interrupt *interrupt); /* puts it onto the queue */
bool interrupt_waits(void);                          /* is one on the queue? */
/* Gives masked interrupts whose time has come to processors; returns when the next one's comes,
 * NT_FOREVER if there is none. */
uint64_t interrupt_unmask(uint64_t now);

#endif
