/* SPDX-License-Identifier: MIT */
#include "bus/structure.h"

#define STATUS            0x06 /* PCI 3.0, 6.2.3 */
#define STATUS_LIST       0x10
#define CAPABILITIES      0x34
#define CAPABILITY_VENDOR 0x09

static uint32_t get(struct bus *bus, unsigned offset, unsigned size)
{
    return bus->ops->config_read(bus, offset, size);
}

bool bus_structure(struct bus *bus, unsigned cfg_type, struct bus_place *place)
{
    unsigned at, steps = 48; /* no more fit a configuration space: a loop ends too */

    if (!(get(bus, STATUS, 1) & STATUS_LIST))
        return false;
    at = get(bus, CAPABILITIES, 1) & 0xfc;
    for (; at && steps; steps--, at = get(bus, at + 1, 1) & 0xfc) {
        if (get(bus, at, 1) != CAPABILITY_VENDOR || get(bus, at + 3, 1) != cfg_type ||
            get(bus, at + 4, 1) >= BUS_BARS)
            continue;
        place->bar = get(bus, at + 4, 1);
        place->offset = get(bus, at + 8, 4);
        place->length = get(bus, at + 12, 4);
        return true;
    }
    return false;
}
