/* SPDX-License-Identifier: MIT */
/*
 * shared_data.h: KUSER_SHARED_DATA, the page from which drivers read the time in place.
 *   nt_shared_data_install();                  with the handler of faults (nt/machine/trap.h)
 *   nt_shared_data_use();                      from now on the page is current, and mapped where it can be
 *   nt_shared_data_read(address, 4, &value);   for a read that faulted
 * Where Windows has it (x64: 0xFFFFF78000000000, x86: 0xFFDF0000) a user process of x64 can map nothing.
 */
#ifndef NDISHOST_SHARED_DATA_H
#define NDISHOST_SHARED_DATA_H

#include <stdbool.h>
#include <stdint.h>

#define NT_SHARED_DATA_SIZE       0x1000u
#define NT_SHARED_DATA_TICK_COUNT 0x320 /* a KSYSTEM_TIME */

/* What drivers see. It cannot be read before nt_shared_data_use(), and never be written. */
extern uint8_t nt_shared_data[NT_SHARED_DATA_SIZE];

/* Has the loader change a driver's code that names the page (loader/patch.h). Once, before a driver is loaded. */
void nt_shared_data_install(void);

/* Starts a thread that writes the times into the page, as Windows does: at each tick of the driver's time (NT_TICK), or
 * at most ten times in each real millisecond. nt_clock_observed() writes them too. So no driver reads a time earlier
 * than one that it has waited for or was told. May be called again. */
void nt_shared_data_use(void);

/* A driver's read that faulted: the little-endian value of `size` bytes (1, 2, 4, 8) as of now; false if the address is
 * not in the page. 0x7FFE0000, where processes see the page, is one of its addresses. */
bool nt_shared_data_read(uintptr_t address, unsigned size, uint64_t *value);

#endif
