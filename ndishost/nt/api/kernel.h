/* SPDX-License-Identifier: MIT */
/*
 * kernel.h: brings up what a driver finds running: processors, timers and worker threads.
 *   nt_start(2, seed, error, sizeof error);  ... driver code ...;  nt_flush();  nt_stop();
 * KDPC, KTIMER, KEVENT and the rest of ntoskrnl.exe's are in ntddk.h, as a driver has them.
 */
#ifndef NDISHOST_KERNEL_H
#define NDISHOST_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* `processors`: 0 for the default of 2. After phys_open and trap_install, before any driver code.
 * 0, or -1 with a line in error. */
int nt_start(unsigned processors, uint64_t seed, char *error, size_t error_size);
/* Ends the threads. What is still queued or armed then is reported by the leak accounting. */
void nt_stop(void);
/* PASSIVE_LEVEL. Returns when all DPCs and work items queued before the call have run. */
void nt_flush(void);

struct nt_counts {
    uint64_t interrupts, dpcs, timers, work_items;
    uint64_t longest_isr, longest_dpc; /* 100 ns; real time, so a busy machine shows in it */
};
void nt_counts(struct nt_counts *counts);

#endif
