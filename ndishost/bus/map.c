/* SPDX-License-Identifier: MIT */
/* BARs as addresses and ports; see map.h. */
#include <stdatomic.h>
#include "bus/map.h"
#include "bus/access.h"
#include "nt/machine/held.h"
#include "nt/machine/ioport.h"
#include "nt/machine/mmio.h"
#include "rules/rules.h"

/* false when the device has no power, which is reported. */
static bool awake(const struct bus *bus, unsigned bar, uint64_t offset, const char *verb,
                  const void *caller)
{
    if (!atomic_load_explicit(&bus->asleep, memory_order_relaxed))
        return true;
    if (rules_enabled)
        rule_violation("LowPower", caller,
                       "BAR %u, offset 0x%llx is %s while the device is in D1 to D3, without power",
                       bar, (unsigned long long)offset, verb);
    return false;
}

static uint64_t register_read(void *device, unsigned bar, uint64_t offset, unsigned size,
                              const void *caller)
{
    struct bus *bus = device;
    uint64_t value;
    int held;

    if (!awake(bus, bar, offset, "read", caller))
        return bus_ones(size);
    held = held_begin();
    value = bus->ops->bar_read(bus, bar, offset, size);
    held_end(held);
    return value;
}

static void register_write(void *device, unsigned bar, uint64_t offset, unsigned size,
                           uint64_t value, const void *caller)
{
    struct bus *bus = device;
    int held;

    if (!awake(bus, bar, offset, "written", caller))
        return;
    held = held_begin();
    bus->ops->bar_write(bus, bar, offset, size, value);
    held_end(held);
}

static const struct trapped_device registers = {register_read, register_write};

uint32_t bus_config_read(struct bus *bus, unsigned offset, unsigned size)
{
    int held = held_begin();
    uint32_t value = bus->ops->config_read(bus, offset, size);

    held_end(held);
    return value;
}

void bus_config_write(struct bus *bus, unsigned offset, unsigned size, uint32_t value)
{
    int held = held_begin();

    bus->ops->config_write(bus, offset, size, value);
    held_end(held);
}

void *bus_map(struct bus *bus, unsigned bar, uint64_t offset, size_t length)
{
    const struct bus_bar *b;

    if (bar >= BUS_BARS || length == 0)
        return NULL;
    b = &bus->bar[bar];
    if (b->io || offset >= b->length || length > b->length - offset)
        return NULL;
    if (b->direct)
        return (char *)b->direct + offset;
    return mmio_map(&registers, bus, bar, b->base + offset, offset, length);
}

void bus_unmap(void *va)
{
    mmio_unmap(va);
}

uint32_t bus_map_ports(struct bus *bus, unsigned bar)
{
    const struct bus_bar *b;

    if (bar >= BUS_BARS)
        return 0;
    b = &bus->bar[bar];
    if (!b->io || b->length == 0 || b->base >= IOPORTS || b->length > IOPORTS - b->base ||
        !ioport_map(&registers, bus, bar, (uint32_t)b->base, (uint32_t)b->length))
        return 0;
    return (uint32_t)b->base;
}

void bus_unmap_ports(struct bus *bus, unsigned bar)
{
    ioport_unmap(bus, bar);
}
