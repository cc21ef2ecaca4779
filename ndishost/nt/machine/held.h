/* SPDX-License-Identifier: MIT */
/*
 * held.h: time in which a device holds an access of the driver, as when its emulator is stopped for a
 * while. Rules that limit the driver's time leave it out.
 *   slot = held_begin();  ... the access ...;  held_end(slot);
 *   held = held_since(start);
 *   if (nt_clock_now() - start - held > LIMIT) ... the driver is late ...
 */
#ifndef NDISHOST_HELD_H
#define NDISHOST_HELD_H

#include <stdint.h>

/* Around each access that may block; any thread, also inside a fault handler. */
int held_begin(void);
/* Says on standard error when it took longer than a second of real time. */
void held_end(int slot);

/* How much of the time since `start` (nt_clock_now) some access was held, also one that began before it.
 * An access counts once it has lasted for 100 ms of real time. Read the clock after this call: what is held
 * goes on, and is then more than what had passed before. */
uint64_t held_since(uint64_t start);

#endif
