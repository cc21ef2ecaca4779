/* SPDX-License-Identifier: MIT */
/*
 * ioport.h: the ports of a machine that I/O BARs answer at, by number: what in and out instructions,
 * READ_PORT_xxx and NdisMRegisterIoPortRange speak of.
 *   port = ioport_map(bus, bar);  ioport_read(port + 4, 2, &value);  ioport_unmap(bus, bar);
 */
#ifndef NDISHOST_IOPORT_H
#define NDISHOST_IOPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "bus/bus.h"

/* Makes an I/O BAR answer at its base, which is returned: 0 if it is no I/O BAR, does not lie in the
 * 65536 ports, overlaps another one, or too many are mapped. Twice is once. */
uint32_t ioport_map(struct bus *bus, unsigned bar);
void ioport_unmap(struct bus *bus, unsigned bar);

/* size 1, 2 or 4. false: no BAR has all of these ports (then a read gives all ones in *value, as an
 * empty bus does). Any thread; takes no lock of its own. */
bool ioport_read(uint64_t port, unsigned size, uint32_t *value);
bool ioport_write(uint64_t port, unsigned size, uint32_t value);

#endif
