/* SPDX-License-Identifier: MIT */
/*
 * mmio.h: gives a driver an address for a BAR. Where the BAR is real memory that is it; elsewhere the
 * pages are left inaccessible, and each load or store that faults there is decoded (Zydis), carried
 * to the bus, and stepped over.
 *   va = mmio_map(bus, bar, offset, length);  ... plain loads and stores ...;  mmio_unmap(va);
 */
#ifndef NDISHOST_MMIO_H
#define NDISHOST_MMIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>
#include "bus/bus.h"

/* NULL if outside the BAR or no address space is left. Any thread, not on the path of a frame. */
void *mmio_map(struct bus *bus, unsigned bar, uint64_t offset, size_t length);
void mmio_unmap(void *va);

/* From the fault handler (nt/machine/trap.c): carries the access out and moves the instruction pointer on.
 * false: the address is no mapping of ours, or the instruction is none that a driver may use on
 * registers (then `why`, if not NULL, is set to a constant string). */
bool mmio_fault(void *address, ucontext_t *context, const char **why);

/* Direct access without an instruction to decode, for READ_REGISTER_xxx and friends: false if va is
 * no trapped mapping (then an ordinary access is right). */
bool mmio_read(const volatile void *va, unsigned size, uint64_t *value);
bool mmio_write(volatile void *va, unsigned size, uint64_t value);

#endif
