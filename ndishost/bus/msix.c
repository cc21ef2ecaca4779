/* SPDX-License-Identifier: MIT */
#include "bus/msix.h"

#define CAPABILITY_MSIX 0x11 /* PCI 3.0, 6.8.2 */
#define CONTROL         2
#define CONTROL_SIZE    0x07ffu
#define CONTROL_MASK    0x4000u
#define CONTROL_ENABLE  0x8000u
#define TABLE           4
#define TABLE_BAR       0x7u
#define ENTRY_BYTES     16u
#define ENTRY_ADDRESS   0
#define ENTRY_UPPER     4
#define ENTRY_DATA      8
#define ENTRY_VECTOR    12 /* bit 0: masked */

static uint64_t entry_offset(const struct msix *msix, unsigned entry, unsigned member)
{
    return msix->table.offset + (uint64_t)entry * ENTRY_BYTES + member;
}

static void put(struct bus *bus, const struct msix *msix, unsigned entry, unsigned member,
                uint32_t value)
{
    bus->ops->bar_write(bus, msix->table.bar, entry_offset(msix, entry, member), 4, value);
}

bool msix_find(struct bus *bus, struct msix *msix)
{
    uint32_t table;

    msix->at = bus_capability(bus, CAPABILITY_MSIX, 0);
    if (!msix->at)
        return false;
    table = bus->ops->config_read(bus, msix->at + TABLE, 4);
    msix->entries = (bus->ops->config_read(bus, msix->at + CONTROL, 2) & CONTROL_SIZE) + 1;
    msix->table.bar = table & TABLE_BAR;
    msix->table.offset = table & ~TABLE_BAR;
    msix->table.length = msix->entries * ENTRY_BYTES;
    return msix->table.bar < BUS_BARS && !bus->bar[msix->table.bar].io &&
           bus->bar[msix->table.bar].length >= (uint64_t)msix->table.offset + msix->table.length;
}

void msix_mask(struct bus *bus, const struct msix *msix, unsigned entry, bool masked)
{
    put(bus, msix, entry, ENTRY_VECTOR, masked);
}

void msix_write(struct bus *bus, const struct msix *msix, unsigned entry,
                const struct bus_message *message, bool masked)
{
    msix_mask(bus, msix, entry, true);
    put(bus, msix, entry, ENTRY_ADDRESS, (uint32_t)message->address);
    put(bus, msix, entry, ENTRY_UPPER, (uint32_t)(message->address >> 32));
    put(bus, msix, entry, ENTRY_DATA, message->data);
    msix_mask(bus, msix, entry, masked);
}

void msix_enable(struct bus *bus, const struct msix *msix, bool enable)
{
    uint32_t control = bus->ops->config_read(bus, msix->at + CONTROL, 2);

    control &= ~(CONTROL_MASK | CONTROL_ENABLE);
    bus->ops->config_write(bus, msix->at + CONTROL, 2, control | (enable ? CONTROL_ENABLE : 0));
}
