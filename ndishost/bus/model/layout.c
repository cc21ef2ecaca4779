/* SPDX-License-Identifier: MIT */
/* BARs and what lies in them; see layout.h. Capabilities are in capabilities.c. */
#include <stdio.h>
#include <string.h>
#include "bus/model/capabilities.h"
#include "bus/model/layout.h"

#define PAGE            0x1000u
#define LEGACY_LENGTH   32u /* 4.1.4.10: header, MSI-X vectors, device configuration */
#define IO_NOTIFY_BYTES 16u
#define IO_BAR_MAX      256u /* PCI 3.0, 6.2.5.1 */

/* Where firmware puts things: clear of RAM (nt/machine/phys.h), 16 MiB and 1 KiB of ports an instance. */
#define MEMORY_BASE   0xE0000000u
#define MEMORY_STRIDE 0x01000000u
#define HIGH_BASE     0x8000000000u
#define HIGH_USED     (sizeof(void *) > 4) /* 32-bit Windows assigns no address above 4 GiB */
#define IO_BASE       0x1000u
#define IO_STRIDE     0x0400u
#define INSTANCES     16u

static uint64_t power_of_two(uint64_t n)
{
    uint64_t power = 16;

    while (power < n)
        power *= 2;
    return power;
}

static bool has(const struct options *options, enum caps_oddity oddity)
{
    return options->caps >> oddity & 1;
}

static void place_add(struct layout *layout, enum place_kind kind, unsigned bar, uint32_t offset,
                      uint32_t length)
{
    struct bus_bar *b = &layout->bar[bar];

    layout->place[layout->places++] = (struct place){kind, bar, offset, length};
    if (b->length < offset + length)
        b->length = offset + length; /* rounded up by bars_finish */
}

/* As long as the last queue's notification needs; a whole page where there is room for one. */
static uint32_t notify_length(const struct options *options)
{
    return (options->queues - 1) * options->notify_multiplier + 2;
}

static void place_structures(struct layout *layout, const struct options *options)
{
    uint32_t notify = notify_length(options);
    uint32_t notify_page = notify < PAGE ? PAGE : (notify + PAGE - 1) / PAGE * PAGE;
    unsigned bar = options->bar;

    switch (options->layout) {
    case LAYOUT_DENSE:
        place_add(layout, PLACE_COMMON, bar, 0x04, COMMON_SIZE);
        place_add(layout, PLACE_ISR, bar, 0x3D, 1);
        place_add(layout, PLACE_DEVICE, bar, 0x40, NET_CONFIG_SIZE);
        place_add(layout, PLACE_NOTIFY, bar, 0x5A, notify);
        break;
    case LAYOUT_SPREAD:
        place_add(layout, PLACE_NOTIFY, 2, 0x00, notify);
        place_add(layout, PLACE_DEVICE, 3, 0x08, NET_CONFIG_SIZE);
        place_add(layout, PLACE_ISR, 4, 0x07, 1);
        place_add(layout, PLACE_COMMON, 5, 0x10, COMMON_SIZE);
        break;
    case LAYOUT_HIGH:
        place_add(layout, PLACE_NOTIFY, bar, 0x10000, notify_page);
        place_add(layout, PLACE_ISR, bar, 0x30003, 1);
        place_add(layout, PLACE_COMMON, bar, 0x40004, COMMON_SIZE);
        place_add(layout, PLACE_DEVICE, bar, 0x50008, NET_CONFIG_SIZE);
        break;
    default:
        place_add(layout, PLACE_COMMON, bar, 0 * PAGE, PAGE);
        place_add(layout, PLACE_ISR, bar, 1 * PAGE, PAGE);
        place_add(layout, PLACE_DEVICE, bar, 2 * PAGE, PAGE);
        place_add(layout, PLACE_NOTIFY, bar, 3 * PAGE, notify_page);
        break;
    }
}

/* The first BAR that is not used, and is not the upper half of another. BUS_BARS if there is none. */
static unsigned free_bar(const struct layout *layout, unsigned from)
{
    unsigned bar = from;

    while (bar < BUS_BARS && (layout->bar[bar].length || (bar > 0 && layout->bar[bar - 1].wide)))
        bar++;
    return bar;
}

static bool place_extras(struct layout *layout, const struct options *options)
{
    unsigned bar;

    if (options->legacy && layout->bar[0].length == 0) {
        layout->bar[0].io = true;
        place_add(layout, PLACE_LEGACY, 0, 0, LEGACY_LENGTH);
    }
    bar = free_bar(layout, 1);
    if (bar < BUS_BARS && options->vectors) {
        place_add(layout, PLACE_MSIX_TABLE, bar, 0, options->vectors * 16);
        place_add(layout, PLACE_MSIX_PENDING, bar, 0x800, 8);
    }
    if (!has(options, CAPS_IO_NOTIFY) && !has(options, CAPS_IO_ONLY))
        return true;
    bar = free_bar(layout, 0);
    if (bar == BUS_BARS)
        return false;
    layout->bar[bar].io = true;
    place_add(layout, PLACE_NOTIFY, bar, 0,
              notify_length(options) < IO_NOTIFY_BYTES ? IO_NOTIFY_BYTES : notify_length(options));
    return true;
}

/* Lengths to powers of two, and addresses. */
static void bars_finish(struct layout *layout, const struct options *options, unsigned instance)
{
    uint64_t memory = MEMORY_BASE + (uint64_t)instance * MEMORY_STRIDE;
    uint64_t high = HIGH_BASE + (uint64_t)instance * MEMORY_STRIDE;
    uint64_t io = IO_BASE + (uint64_t)instance * IO_STRIDE;

    for (unsigned i = 0; i < BUS_BARS; i++) {
        struct bus_bar *b = &layout->bar[i];
        uint64_t *next = b->io ? &io : b->wide && options->above_4g && HIGH_USED ? &high : &memory;

        if (b->length == 0)
            continue;
        b->length = power_of_two(!b->io && b->length < PAGE ? PAGE : b->length);
        if (has(options, CAPS_SHORT_BAR) && i == options->bar)
            b->length = PAGE;
        *next = (*next + b->length - 1) & ~(b->length - 1);
        b->base = *next;
        *next += b->length;
    }
}

bool layout_build(struct layout *layout, const struct options *options, unsigned instance,
                  char *error, size_t error_size)
{
    const char *clash = NULL;

    memset(layout, 0, sizeof *layout);
    place_structures(layout, options);
    for (unsigned i = 0; options->io && i < BUS_BARS; i++)
        layout->bar[i].io = layout->bar[i].length != 0;
    /* 64 bits wide where QEMU's is, and wherever an address above 4 GiB asks for it. */
    layout->bar[options->bar].wide = !options->io && options->layout != LAYOUT_SPREAD &&
                                     options->bar < 5 && (options->bar == 4 || options->above_4g);
    if (options->above_4g && !layout->bar[options->bar].wide)
        clash = "above_4g needs a BAR below 5 and no layout=spread";
    else if (options->io && options->layout != LAYOUT_DENSE && options->layout != LAYOUT_SPREAD)
        clash = "bar=io needs layout=dense or spread";
    else if (options->io && notify_length(options) > IO_BAR_MAX / 2)
        clash = "bar=io has no room for that notify_multiplier";
    else if (has(options, CAPS_SHORT_BAR) && options->layout != LAYOUT_PAGES)
        clash = "caps=short_bar needs layout=pages";
    else if (instance % INSTANCES != instance)
        clash = "too many models at once";
    else if (!place_extras(layout, options))
        clash = "no BAR is left for the I/O notification structure";
    if (clash) {
        snprintf(error, error_size, "--bus model: %s", clash);
        return false;
    }
    bars_finish(layout, options, instance);
    if (capabilities_build(layout, options))
        return true;
    snprintf(error, error_size,
             "--bus model: these capabilities do not fit 256 bytes; use fewer caps=");
    return false;
}

const struct place *layout_find(const struct layout *layout, unsigned bar, uint64_t offset)
{
    for (unsigned i = 0; i < layout->places; i++) {
        const struct place *place = &layout->place[i];

        if (place->bar == bar && offset >= place->offset && offset - place->offset < place->length)
            return place;
    }
    return NULL;
}
