/* SPDX-License-Identifier: MIT */
/*
 * trap.h: what the processor does not let a user process do: register accesses (nt/machine/mmio.h), and the
 * few privileged instructions in a driver's inline functions (CR8 for IRQL on x64, in/out). A real fault ends
 * the run with a report: address, driver symbol, registers, IRQL; exit status 3.
 *   trap_install() once, before any driver code; trap_thread() at the start of each thread.
 */
#ifndef NDISHOST_TRAP_H
#define NDISHOST_TRAP_H

#include <stdint.h>

void trap_install(void);
/* Instructions that faulted so far and were carried out, each after a signal. */
enum trap_kind { TRAP_REGISTERS, TRAP_PRIVILEGED, TRAP_SHARED_DATA, TRAP_KINDS };
uint64_t trap_count(enum trap_kind kind);
/* Gives the calling thread an alternate signal stack, and its segment base where Windows has its
 * processor block (gs on x64, fs on x86). */
void trap_thread(unsigned processor);

#endif
