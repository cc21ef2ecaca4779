/* SPDX-License-Identifier: MIT */
#include "bus/power.h"

#include "bus/structure.h"

#define PCI_COMMAND       0x04 /* PCI 3.0, 6.1 */
#define PCI_BAR           0x10
#define PCI_INTERRUPT     0x3c
#define CAPABILITY_PM     0x01
#define PM_CONTROL        4 /* PMCSR: the power state is in bits 1:0 */
#define PM_STATE          0x3u
#define CAPABILITY_VENDOR 0x09
#define CFG_TYPE_COMMON   1    /* virtio 1.2, 4.1.4 */
#define DEVICE_STATUS     0x14 /* 4.1.4.3 */

static uint32_t get(struct bus *bus, unsigned offset, unsigned size)
{
    return bus->ops->config_read(bus, offset, size);
}

static void set_state(struct bus *bus, unsigned state)
{
    unsigned at = bus_capability(bus, CAPABILITY_PM, 0);

    if (at)
        bus->ops->config_write(bus, at + PM_CONTROL, 2,
                               (get(bus, at + PM_CONTROL, 2) & ~PM_STATE) | state);
}

static void forget(struct bus *bus)
{
    unsigned at = bus_capability(bus, CAPABILITY_VENDOR, CFG_TYPE_COMMON), bar;

    if (!at || (bar = get(bus, at + 4, 1)) >= BUS_BARS)
        return;
    bus->ops->bar_write(bus, bar, get(bus, at + 8, 4) + DEVICE_STATUS, 1, 0);
    /* The reset is done when 0 is read; a device that never says so is on its own. */
    for (unsigned i = 0; i < 1000; i++)
        if (!bus->ops->bar_read(bus, bar, get(bus, at + 8, 4) + DEVICE_STATUS, 1))
            return;
}

void power_off(struct bus_power *power, struct bus *bus, unsigned state)
{
    for (unsigned i = 0; i < 16; i++)
        power->header[i] = get(bus, 4 * i, 4);
    forget(bus);
    set_state(bus, state);
}

void power_on(const struct bus_power *power, struct bus *bus)
{
    set_state(bus, 0);
    for (unsigned at = PCI_BAR; at < PCI_BAR + 4 * BUS_BARS; at += 4)
        bus->ops->config_write(bus, at, 4, power->header[at / 4]);
    bus->ops->config_write(bus, PCI_INTERRUPT, 1, power->header[PCI_INTERRUPT / 4] & 0xff);
    bus->ops->config_write(bus, PCI_COMMAND, 2, power->header[PCI_COMMAND / 4] & 0xffff);
}
