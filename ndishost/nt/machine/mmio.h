/* SPDX-License-Identifier: MIT */
/*
 * mmio.h: addresses where a device answers. Their pages are inaccessible: each load or store faults, is
 * decoded (Zydis), carried to the device, and stepped over.
 *   va = mmio_map(&answers, device, bar, pa, offset, length);  ... loads and stores ...;  mmio_unmap(va);
 */
#ifndef NDISHOST_MMIO_H
#define NDISHOST_MMIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>
#include "nt/machine/trapped_device.h"

/* `length` bytes of the device's range `bar` from `offset` on; `pa`, the physical address of that offset,
 * decides where in its page it begins. The device stays the caller's until mmio_unmap has returned and no
 * thread uses the address. NULL if no address space is left. Any thread. */
void *mmio_map(const struct trapped_device *answers, void *device, unsigned bar, uint64_t pa,
               uint64_t offset, size_t length);
void mmio_unmap(void *va);

/* From the fault handler (nt/machine/trap.c): carries the access out and moves the instruction pointer on.
 * false: the address is not in a mapping of ours, or a driver may not use the instruction on registers;
 * `why`, if not NULL, is then set to a constant string. */
bool mmio_fault(void *address, ucontext_t *context, const char **why);

/* Direct access without an instruction to decode, for READ_REGISTER_xxx and friends: false if va is
 * not in a trapped mapping (then an ordinary access is right). */
bool mmio_read(const volatile void *va, unsigned size, uint64_t *value);
bool mmio_write(volatile void *va, unsigned size, uint64_t value);

#endif
