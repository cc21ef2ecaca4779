/* SPDX-License-Identifier: MIT */
/*
 * interrupt.h: interrupts and the ISRs behind them: lines, which are level-triggered, and messages, which are
 * edge-triggered. One nt_interrupt stands for a line or for a message.
 *   intr = nt_interrupt_connect(..., NULL);  nt_interrupt_line(intr, true) from the bus's thread; ...
 *   intr = nt_interrupt_connect(..., &message);  nt_interrupt_message(intr) from the bus's thread; ...
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

struct nt_interrupt_kind {
    bool message;        /* edge-triggered: nt_interrupt_message, not nt_interrupt_line */
    uint32_t processors; /* that may run the ISR, one bit each; 0: all */
    /* A spin lock that several interrupts share, so that their ISRs do not run at the same time. It outlives
     * them. NULL: a lock of its own. */
    volatile void *lock;
};

/* The line may be asserted already by then. `name` for reports ("aerovnet.sys interrupt"). `kind` NULL: a line,
 * on any processor, with a lock of its own. Returns NULL without memory. */
struct nt_interrupt *nt_interrupt_connect(const char *name,
                                          const struct nt_interrupt_callbacks *callbacks,
                                          void *context, const struct nt_interrupt_kind *kind);
/* The line as it is now; from any thread, also from inside the ISR (a register read lowers it). While
 * it is asserted the ISR is run again and again. An ISR that says "not mine" 100 times in a row is
 * reported (rule "InterruptStorm") and the line masked for 100 ms. */
void nt_interrupt_line(struct nt_interrupt *interrupt, bool asserted);
/* The message has come; from any thread. The ISR runs once for it. Messages that come before the ISR has begun
 * are one. */
void nt_interrupt_message(struct nt_interrupt *interrupt);
/* Raises to IRQL_DEVICE, takes the interrupt's lock, calls. IRQL <= IRQL_DEVICE. */
bool nt_interrupt_synchronize(struct nt_interrupt *interrupt, bool (*run)(void *context),
                              void *context);
/* PASSIVE_LEVEL. When it returns the ISR does not run and will not. Frees. */
void nt_interrupt_disconnect(struct nt_interrupt *interrupt);
/* The halves of nt_interrupt_synchronize: the first returns the IRQL before, which the second takes. */
unsigned nt_interrupt_lock(struct nt_interrupt *interrupt, const void *caller);
void nt_interrupt_unlock(struct nt_interrupt *interrupt, unsigned irql, const void *caller);
/* How many times the ISR said that it was its interrupt, and that it was not. */
void nt_interrupt_counts(const struct nt_interrupt *interrupt, uint64_t *mine, uint64_t *not_mine);

/* ---- For the threads that stand for processors; with the lock of processor.h held ---- */

/* Gives the lock up while the ISR runs on `processor`. */
void interrupt_run(struct nt_interrupt *interrupt, unsigned processor);
/* The next one that waits and that the processor may run, taken off the queue, or NULL. */
struct nt_interrupt *interrupt_next(unsigned processor);
/* May its ISR run on that processor? The spare, which is the one after the last, stands for any. */
bool interrupt_allows(const struct nt_interrupt *interrupt, unsigned processor);
void interrupt_wait(struct nt_interrupt *interrupt); /* puts it onto the queue */
bool interrupt_waits(void);                          /* is one on the queue? */
/* Gives masked interrupts whose time has come to processors; returns when the next one's comes,
 * NT_FOREVER if there is none. */
uint64_t interrupt_unmask(uint64_t now);

#endif
