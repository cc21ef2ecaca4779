/* SPDX-License-Identifier: MIT */
/*
 * map.h: gives a driver addresses and ports for a device's BARs.
 *   va = bus_map(bus, bar, offset, length);  ... plain loads and stores ...;  bus_unmap(va);
 *   port = bus_map_ports(bus, bar);  ... in and out ...;  bus_unmap_ports(bus, bar);
 * An access to a device that has no power breaks rule "LowPower": a read gives all ones, and a write is lost.
 */
#ifndef NDISHOST_BUS_MAP_H
#define NDISHOST_BUS_MAP_H

#include <stddef.h>
#include <stdint.h>
#include "bus/bus.h"

/* The BAR itself where it is real memory, else trapped addresses (nt/machine/mmio.h). NULL if the range is
 * outside the BAR, or no address space is left. Any thread. */
void *bus_map(struct bus *bus, unsigned bar, uint64_t offset, size_t length);
void bus_unmap(void *va);

/* Makes an I/O BAR answer at its ports. Returns the first one; 0 if it is not an I/O BAR, it is outside the
 * machine's ports, it overlaps another BAR, or too many are mapped. Mapping it again changes nothing. */
uint32_t bus_map_ports(struct bus *bus, unsigned bar);
void bus_unmap_ports(struct bus *bus, unsigned bar);

/* The driver's accesses to configuration space, of 1, 2 or 4 bytes, naturally aligned. */
uint32_t bus_config_read(struct bus *bus, unsigned offset, unsigned size);
void bus_config_write(struct bus *bus, unsigned offset, unsigned size, uint32_t value);

#endif
