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

typedef bool matcher(struct bus *bus, unsigned at, unsigned id, unsigned type);

static unsigned walk(struct bus *bus, matcher *matches, unsigned id, unsigned type)
{
    unsigned at, steps = 48; /* no more fit a configuration space: a loop ends too */

    if (!(get(bus, STATUS, 1) & STATUS_LIST))
        return 0;
    at = get(bus, CAPABILITIES, 1) & 0xfc;
    for (; at && steps; steps--, at = get(bus, at + 1, 1) & 0xfc)
        if (matches(bus, at, id, type))
            return at;
    return 0;
}

static bool is_capability(struct bus *bus, unsigned at, unsigned id, unsigned type)
{
    return get(bus, at, 1) == id && (!type || get(bus, at + 3, 1) == type);
}

unsigned bus_capability(struct bus *bus, unsigned id, unsigned type)
{
    return walk(bus, is_capability, id, type);
}

static bool is_structure(struct bus *bus, unsigned at, unsigned id, unsigned type)
{
    return is_capability(bus, at, id, type) && get(bus, at + 4, 1) < BUS_BARS;
}

bool bus_structure(struct bus *bus, unsigned cfg_type, struct bus_place *place)
{
    unsigned at = walk(bus, is_structure, CAPABILITY_VENDOR, cfg_type);

    if (!at)
        return false;
    place->bar = get(bus, at + 4, 1);
    place->offset = get(bus, at + 8, 4);
    place->length = get(bus, at + 12, 4);
    return true;
}
