/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "fake_bus.h"

static uint8_t *place(struct fake_bus *fake, unsigned bar, uint64_t offset, char what,
                      unsigned size)
{
    if (fake->log_used + 3 < sizeof fake->log)
        fake->log_used += (unsigned)sprintf(fake->log + fake->log_used, "%c%u", what, size);
    return (bar == 2 ? fake->ports : fake->memory) + offset;
}

static uint64_t bar_read(struct bus *bus, unsigned bar, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, place((struct fake_bus *)bus, bar, offset, 'r', size), size);
    return value;
}

static void bar_write(struct bus *bus, unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
    memcpy(place((struct fake_bus *)bus, bar, offset, 'w', size), &value, size);
}

static const struct bus_ops ops = {.bar_read = bar_read, .bar_write = bar_write};

void fake_bus_open(struct fake_bus *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->bus.ops = &ops;
    fake->bus.bar[0] = (struct bus_bar){.base = 0xFEB00000, .length = FAKE_BAR_SIZE};
    fake->bus.bar[2] = (struct bus_bar){.base = FAKE_PORT, .length = FAKE_PORTS, .io = true};
}

void fake_bus_forget(struct fake_bus *fake)
{
    fake->log[0] = 0;
    fake->log_used = 0;
}
