/* SPDX-License-Identifier: MIT */
/* The bus keeps its structure, which its owner and its back end share; only a copy of its operations differs. */
#include "bus/narrow.h"

#include "bus/structure.h"

#define CFG_TYPE_COMMON 1    /* virtio 1.2, 4.1.4 */
#define QUEUE_SIZE      0x18 /* struct virtio_pci_common_cfg; 4.1.4.3 */

static struct bus_ops narrowed;
static uint64_t (*read_register)(struct bus *bus, unsigned bar, uint64_t offset, unsigned size);
static struct bus_place common;
static unsigned limit;

static uint64_t narrow_read(struct bus *bus, unsigned bar, uint64_t offset, unsigned size)
{
    uint64_t value = read_register(bus, bar, offset, size);

    if (bar != common.bar || offset != (uint64_t)common.offset + QUEUE_SIZE || size != 2 ||
        value <= limit || value == 0xFFFF)
        return value;
    bus->ops->bar_write(bus, bar, offset, size, limit);
    return limit;
}

int bus_narrow(struct bus *bus, unsigned most)
{
    if (!bus_structure(bus, CFG_TYPE_COMMON, &common))
        return -1;
    limit = most;
    narrowed = *bus->ops;
    read_register = narrowed.bar_read;
    narrowed.bar_read = narrow_read;
    bus->ops = &narrowed;
    bus->bar[common.bar].direct = NULL; /* each access goes through bar_read */
    return 0;
}
