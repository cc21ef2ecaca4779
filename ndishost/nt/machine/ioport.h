/* SPDX-License-Identifier: MIT */
/*
 * ioport.h: the machine's ports by number, where devices answer: what in and out instructions,
 * READ_PORT_xxx and NdisMRegisterIoPortRange speak of.
 *   ioport_map(&answers, device, bar, base, length);  ioport_read(base + 4, 2, &value);
 *   ioport_unmap(device, bar);
 */
#ifndef NDISHOST_IOPORT_H
#define NDISHOST_IOPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "nt/machine/trapped_device.h"

#define IOPORTS 0x10000u

/* The device's range `bar` answers at ports [base, base + length), which lie below IOPORTS. false if the
 * range overlaps another one, or too many are mapped. A range that is mapped already stays, and that is
 * true. The device stays the caller's until ioport_unmap has returned and no thread uses its ports. */
bool ioport_map(const struct trapped_device *answers, void *device, unsigned bar, uint32_t base,
                uint32_t length);
void ioport_unmap(const void *device, unsigned bar);

/* size 1, 2 or 4. false: no device has all of these ports (then a read gives all ones in *value, as an
 * empty bus does). Any thread; takes no lock of its own. */
bool ioport_read(uint64_t port, unsigned size, uint32_t *value);
bool ioport_write(uint64_t port, unsigned size, uint32_t value);

#endif
