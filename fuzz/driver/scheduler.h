/* SPDX-License-Identifier: MIT */
/*
 * scheduler.h: one thread of the host runs at a time, and time is counted, not measured. So one input of a
 * fuzzer gives the same run each time, and no wait costs real time.
 *   scheduler_begin(seed, 8);  ... the host ...;  scheduler_end();
 * The linker puts scheduler.c in place of the C library's calls that wait, lock or tell the time (--wrap).
 * A thread gives way where it waits, and at a lock where the seed says so. When every thread waits, the
 * clock goes to the next deadline.
 */
#ifndef FUZZ_SCHEDULER_H
#define FUZZ_SCHEDULER_H

#include <stdint.h>

/* From here on the calling thread and those that it starts take turns. At a lock a thread gives way once in
 * `patience` times; 0: never. */
void scheduler_begin(uint64_t seed, unsigned patience);
/* The other threads stand still until the next scheduler_begin. */
void scheduler_end(void);

#endif
