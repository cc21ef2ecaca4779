/* SPDX-License-Identifier: MIT */
/* bus_io.c: the functions of bus_io.h. */
#include "bus_io.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include "bus/bus.h"

#define BAR_SHIFT 24 /* no BAR that is used here is larger than 16 MiB */

static unsigned bar_of(volatile void *address)
{
    return (unsigned)((uintptr_t)address >> BAR_SHIFT) - 1;
}

static uint64_t offset_of(volatile void *address)
{
    return (uintptr_t)address & ((1u << BAR_SHIFT) - 1);
}

static int io_config_read(void *context, virtio_u32 offset, void *buffer, virtio_u32 length)
{
    struct bus *bus = context;
    uint32_t value = bus->ops->config_read(bus, offset, length);

    memcpy(buffer, &value, length);
    return 0;
}

static virtio_u64 io_bar_query(void *context, unsigned bar, enum virtio_pci_space *space)
{
    const struct bus *bus = context;

    *space = bus->bar[bar].io ? VIRTIO_PCI_IO : VIRTIO_PCI_MEMORY;
    return bus->bar[bar].length;
}

static void *io_bar_map(void *context, unsigned bar, virtio_u64 length)
{
    (void)context;
    return length <= 1u << BAR_SHIFT ? (void *)((uintptr_t)(bar + 1) << BAR_SHIFT) : NULL;
}

static void io_bar_unmap(void *context, unsigned bar, void *address, virtio_u64 length)
{
    (void)context;
    (void)bar;
    (void)address;
    (void)length;
}

static uint64_t read_register(struct bus *bus, volatile void *address, unsigned size)
{
    return bus->ops->bar_read(bus, bar_of(address), offset_of(address), size);
}

static void write_register(struct bus *bus, volatile void *address, unsigned size, uint64_t value)
{
    bus->ops->bar_write(bus, bar_of(address), offset_of(address), size, value);
}

static virtio_u8 io_read8(void *context, volatile void *address)
{
    return (virtio_u8)read_register(context, address, 1);
}

static virtio_u16 io_read16(void *context, volatile void *address)
{
    return (virtio_u16)read_register(context, address, 2);
}

static virtio_u32 io_read32(void *context, volatile void *address)
{
    return (virtio_u32)read_register(context, address, 4);
}

static void io_write8(void *context, volatile void *address, virtio_u8 value)
{
    write_register(context, address, 1, value);
}

static void io_write16(void *context, volatile void *address, virtio_u16 value)
{
    write_register(context, address, 2, value);
}

static void io_write32(void *context, volatile void *address, virtio_u32 value)
{
    write_register(context, address, 4, value);
}

static void io_sleep(void *context, unsigned microseconds)
{
    (void)context;
    usleep(microseconds);
}

/* The bus knows by the BAR which space it is. */
#define ACCESS                                                            \
    {                                                                     \
        io_read8, io_read16, io_read32, io_write8, io_write16, io_write32 \
    }

const struct virtio_pci_io bus_io = {
    .config_read = io_config_read,
    .bar_query = io_bar_query,
    .bar_map = io_bar_map,
    .bar_unmap = io_bar_unmap,
    .sleep = io_sleep,
    .access = {ACCESS, ACCESS},
};
