/* SPDX-License-Identifier: MIT */
/*
 * structure.h: the capabilities of a PCI function, and where a virtio structure of it lies.
 *   at = bus_capability(bus, 0x11, 0);
 *   if (bus_structure(bus, 1, &place)) ... place.bar, place.offset, place.length ...
 */
#ifndef NDISHOST_BUS_STRUCTURE_H
#define NDISHOST_BUS_STRUCTURE_H

#include <stdbool.h>
#include <stdint.h>
#include "bus/bus.h"

/* The offset in configuration space of the first capability of this id, and, when `type` is not 0, of this
 * virtio cfg_type; 0: there is none. By bus->ops->config_read. */
unsigned bus_capability(struct bus *bus, unsigned id, unsigned type);

struct bus_place {
    unsigned bar;
    uint32_t offset, length;
};

/* The first structure of that cfg_type (virtio 1.2, 4.1.4) in the capability list, by bus->ops->config_read.
 * false: there is none in a BAR that there can be. */
bool bus_structure(struct bus *bus, unsigned cfg_type, struct bus_place *place);

#endif
