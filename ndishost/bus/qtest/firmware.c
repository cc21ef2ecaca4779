/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bus/qtest/firmware.h"
#include "nt/machine/phys.h"

/* PCI local bus specification 3.0, 6.1 and 6.2.5 */
#define PCI_ID             0x00
#define PCI_COMMAND        0x04
#define PCI_COMMAND_IO     0x0001
#define PCI_COMMAND_MEMORY 0x0002
#define PCI_COMMAND_MASTER 0x0004
#define PCI_CLASS          0x08
#define PCI_HEADER         0x0e
#define PCI_HEADER_MULTI   0x80
#define PCI_BAR            0x10
#define PCI_BAR_IO         0x1
#define PCI_BAR_TYPE       0x6
#define PCI_BAR_64         0x4
#define PCI_INTERRUPT      0x3c

#define CLASS_NETWORK      0x02 /* the base class */
#define VENDOR_VIRTIO      0x1af4
#define DEVICE_NET         0x1000 /* transitional */
#define DEVICE_NET_MODERN  0x1041

/* Where there is nothing else on `pc` and q35: between RAM and the IOAPIC, after the legacy
 * ports. */
#define MEMORY_START 0xe0000000ull
#define MEMORY_END   0xfec00000ull
#define IO_START     0xc000ull
#define IO_END       0x10000ull

/* The interrupt line of the PIIX3's four PIRQs (its registers 60h to 63h), which come out of reset
 * unrouted. q35's go to IOAPIC inputs 16 to 23 without being told. */
#define PIRQ_LINE    11u
#define PIIX3        0x70008086u
#define PIIX3_PIRQRC 0x60
#define Q35_HOST     0x29c08086u
#define Q35_LINES    0x00ff0000u

static uint32_t function_address(unsigned slot, unsigned function)
{
    return 0x80000000u | slot << 11 | function << 8;
}

static uint32_t get(struct qtest *q, uint32_t address, unsigned offset, unsigned size)
{
    uint32_t value;

    qtest_config_read(q, address, offset, size, &value);
    return value;
}

/* --- finding --- */

/* How well a function answers to "the device": 0 not at all. */
static unsigned rank(uint32_t id, uint32_t class)
{
    if (id == 0xffffffffu)
        return 0;
    if (id == (DEVICE_NET << 16 | VENDOR_VIRTIO) || id == (DEVICE_NET_MODERN << 16 | VENDOR_VIRTIO))
        return 3;
    if (class >> 24 == CLASS_NETWORK)
        return 2;
    return (id & 0xffff) == VENDOR_VIRTIO;
}

static void found(struct firmware *firmware, struct bus *bus, uint32_t id, unsigned slot,
                  unsigned function)
{
    firmware->address = function_address(slot, function);
    firmware->vendor = (uint16_t)id;
    firmware->device = (uint16_t)(id >> 16);
    bus->slot = (uint8_t)slot;
    bus->function = (uint8_t)function;
}

/* The first virtio-net function of bus 0, or the first network controller of another kind, or the
 * first virtio function of another type. */
static int find_device(struct qtest *q, struct firmware *firmware, struct bus *bus)
{
    unsigned best = 0;

    for (unsigned slot = 0; slot < 32; slot++) {
        unsigned functions = 1;

        for (unsigned function = 0; function < functions; function++) {
            uint32_t address = function_address(slot, function);
            uint32_t id = get(q, address, PCI_ID, 4);
            unsigned how = rank(id, get(q, address, PCI_CLASS, 4));

            if (how > best) {
                best = how;
                found(firmware, bus, id, slot, function);
            }
            if (id != 0xffffffffu && function == 0 &&
                get(q, address, PCI_HEADER, 1) & PCI_HEADER_MULTI)
                functions = 8;
        }
    }
    return best ? 0 : -1;
}

/* --- BARs --- */

struct window {
    uint64_t next, end;
};

/* Room for a BAR: aligned to its length, a power of two. */
static bool take(struct window *window, uint64_t length, uint64_t *base)
{
    uint64_t at = (window->next + length - 1) & ~(length - 1);

    if (at + length > window->end)
        return false;
    *base = at;
    window->next = at + length;
    return true;
}

/* Writes all ones to a BAR to learn its length, and puts back what was there. */
static uint64_t bar_length(struct qtest *q, uint32_t address, unsigned offset, uint32_t *type)
{
    uint32_t low = get(q, address, offset, 4);
    uint64_t mask;

    qtest_config_write(q, address, offset, 4, 0xffffffffu);
    mask = get(q, address, offset, 4);
    qtest_config_write(q, address, offset, 4, low);
    *type = (uint32_t)mask;
    if (mask == 0)
        return 0;
    if (mask & PCI_BAR_IO)
        return (~(mask & ~3ull) & 0xffff) + 1;
    mask &= ~15ull;
    if ((*type & PCI_BAR_TYPE) == PCI_BAR_64) {
        uint32_t high = get(q, address, offset + 4, 4);

        qtest_config_write(q, address, offset + 4, 4, 0xffffffffu);
        mask |= (uint64_t)get(q, address, offset + 4, 4) << 32;
        qtest_config_write(q, address, offset + 4, 4, high);
        return ~mask + 1;
    }
    return (~mask & 0xffffffffu) + 1;
}

static int assign_bars(struct qtest *q, uint32_t address, struct bus *bus, char *error,
                       size_t error_size)
{
    struct window memory = {MEMORY_START, MEMORY_END}, io = {IO_START, IO_END};

    for (unsigned i = 0; i < BUS_BARS; i++) {
        struct bus_bar *bar = &bus->bar[i];
        unsigned offset = PCI_BAR + 4 * i;
        uint32_t type;
        uint64_t length = bar_length(q, address, offset, &type);

        if (!length)
            continue;
        bar->length = length;
        bar->io = type & PCI_BAR_IO;
        bar->wide = !bar->io && (type & PCI_BAR_TYPE) == PCI_BAR_64;
        if (!take(bar->io ? &io : &memory, length, &bar->base)) {
            snprintf(error, error_size, "BAR %u of %llu bytes does not fit the %s for devices", i,
                     (unsigned long long)length, bar->io ? "ports" : "addresses");
            return -1;
        }
        qtest_config_write(q, address, offset, 4, (uint32_t)bar->base);
        if (bar->wide)
            qtest_config_write(q, address, PCI_BAR + 4 * ++i, 4, (uint32_t)(bar->base >> 32));
    }
    qtest_config_write(q, address, PCI_COMMAND, 2,
                       PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    return 0;
}

/* --- interrupts --- */

static int route_interrupts(struct qtest *q, struct firmware *firmware, struct bus *bus)
{
    firmware->q35 = get(q, function_address(0, 0), PCI_ID, 4) == Q35_HOST;
    if (firmware->q35) {
        firmware->lines = Q35_LINES;
    } else if (get(q, function_address(1, 0), PCI_ID, 4) == PIIX3) {
        firmware->lines = 1u << PIRQ_LINE;
        qtest_config_write(q, function_address(1, 0), PIIX3_PIRQRC, 4, PIRQ_LINE * 0x01010101u);
    } else {
        return -1;
    }
    bus->irq_vector = PIRQ_LINE;
    qtest_config_write(q, firmware->address, PCI_INTERRUPT, 1, PIRQ_LINE);
    return qtest_intercept(q, "ioapic") ? 0 : -1;
}

/* --- all of it --- */

int firmware_run(struct qtest *q, struct bus *bus, struct firmware *firmware, char *error,
                 size_t error_size)
{
    if (find_device(q, firmware, bus) < 0) {
        snprintf(error, error_size,
                 "QEMU has neither a network controller nor a virtio device on PCI bus 0: give it "
                 "-device virtio-net-pci, and no bridge before it");
        return -1;
    }
    if (route_interrupts(q, firmware, bus) < 0) {
        snprintf(error, error_size, "QEMU's machine is neither pc nor q35: leave -machine out");
        return -1;
    }
    return assign_bars(q, firmware->address, bus, error, error_size);
}

#define PROBE 0x6e646973686f7374ull

/* One word written to the file, read by its physical address, and put back. */
static bool memory_is_at(struct qtest *q, uint64_t file_offset, uint64_t physical)
{
    uint64_t before, probe = PROBE ^ file_offset, seen = 0;
    int fd = phys_fd();

    if (pread64(fd, &before, sizeof before, (off64_t)file_offset) != sizeof before ||
        pwrite64(fd, &probe, sizeof probe, (off64_t)file_offset) != sizeof probe)
        return false;
    qtest_read(q, QTEST_MEMORY, physical, 8, &seen);
    return pwrite64(fd, &before, sizeof before, (off64_t)file_offset) == sizeof before &&
           seen == probe;
}

int firmware_check_memory(struct qtest *q, const struct firmware *firmware, char *error,
                          size_t error_size)
{
    uint64_t bytes = phys_bytes();
    uint64_t low_end = bytes < PHYS_HOLE_START ? bytes : PHYS_HOLE_START;

    if (memory_is_at(q, 0x500, 0x500) && memory_is_at(q, low_end - 8, low_end - 8) &&
        (bytes <= PHYS_HOLE_START ||
         (memory_is_at(q, PHYS_HOLE_START, PHYS_HOLE_END) &&
          memory_is_at(q, bytes - 8, bytes + PHYS_HOLE_END - PHYS_HOLE_START - 8))))
        return 0;
    snprintf(error, error_size,
             "QEMU's machine does not have its %llu MiB of RAM where ndishost counts on it%s",
             (unsigned long long)(bytes >> 20),
             firmware->q35 ? ": q35 has at most 2 GiB below 4 GiB; use the pc machine" : "");
    return -1;
}
