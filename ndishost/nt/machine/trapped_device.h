/* SPDX-License-Identifier: MIT */
/*
 * trapped_device.h: what answers at addresses (mmio.h) and ports (ioport.h) that are not memory: a device
 * with numbered ranges of registers.
 *   static const struct trapped_device answers = {read, write};
 *   va = mmio_map(&answers, device, bar, pa, offset, length);
 */
#ifndef NDISHOST_TRAPPED_DEVICE_H
#define NDISHOST_TRAPPED_DEVICE_H

#include <stdint.h>

/* Any thread, also inside a fault handler. `size` is 1, 2, 4 or 8; `offset` counts from the start of the BAR.
 * `caller` is the instruction of the driver, or NULL for a call of READ_REGISTER_XXX and the like. */
struct trapped_device {
    uint64_t (*read)(void *device, unsigned bar, uint64_t offset, unsigned size,
                     const void *caller);
    void (*write)(void *device, unsigned bar, uint64_t offset, unsigned size, uint64_t value,
                  const void *caller);
};

#endif
