/* SPDX-License-Identifier: MIT */
/* PCI configuration space; see capabilities.h. */
#include <string.h>
#include "bus/model/capabilities.h"

#define CAP_SIZE        16u /* struct virtio_pci_cap */
#define CAP_SIZE_EXTRA  4u  /* notify_off_multiplier, pci_cfg_data */
#define CAP_LONG_EXTRA  8u
#define CAP_BYTE_BAR    4u
#define CAP_WORD_OFFSET 8u
#define CAP_WORD_LENGTH 12u

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value & 0xFFFF);
    put16(at + 2, value >> 16);
}

/* ---- Header ---- */

static void header_build(struct layout *layout, const struct options *options)
{
    uint8_t *c = layout->config, *w = layout->writable;

    put16(c + 0x00, 0x1AF4);
    /* A network device, transitional or modern; 4.1.2.1. */
    put16(c + 0x02, options->modern ? 0x1041 : 0x1000);
    put16(c + PCI_COMMAND, options->command);
    put16(w + PCI_COMMAND, 0x0547);
    /* 0 if transitional, else at least 1; a driver takes any. */
    c[0x08] = options->revision == REVISION_DEFAULT ? options->modern : (uint8_t)options->revision;
    c[0x0B] = 0x02; /* class 020000: Ethernet */
    put16(c + 0x2C, 0x1AF4);
    /* Subsystem: the device's type if transitional; else 0x1100, as QEMU has it. */
    put16(c + 0x2E, options->modern ? 0x1100 : 0x0001);
    c[0x3C] = 11; /* interrupt line, as firmware wrote it */
    w[0x3C] = 0xFF;
    c[0x3D] = 1; /* INTA# */
    if (!(options->caps >> CAPS_NO_LIST & 1))
        put16(c + PCI_STATUS, PCI_STATUS_CAP_LIST);
}

/* A BAR's address bits are writable from its size up, which is how its size is found. */
static void bars_build(struct layout *layout)
{
    for (unsigned i = 0; i < BUS_BARS; i++) {
        const struct bus_bar *b = &layout->bar[i];
        uint8_t *c = layout->config + PCI_BAR0 + 4 * i, *w = layout->writable + PCI_BAR0 + 4 * i;
        uint64_t mask = ~(b->length - 1);

        if (b->length == 0)
            continue;
        put32(c, (uint32_t)b->base | (b->io ? 1 : 0) | (b->wide ? 0xC : 0));
        put32(w, (uint32_t)mask & (b->io ? ~3u : ~15u));
        if (b->wide) {
            put32(c + 4, (uint32_t)(b->base >> 32));
            put32(w + 4, (uint32_t)(mask >> 32));
        }
    }
}

/* ---- Capabilities ---- */

/* The list as it grows: each new one is linked to the one before. */
struct list {
    struct layout *layout;
    unsigned at;   /* next free byte */
    unsigned link; /* where the pointer to the next one goes */
    uint32_t oddities;
    bool full;
};

static bool odd(const struct list *list, enum caps_oddity oddity)
{
    return list->oddities >> oddity & 1;
}

/* `size` bytes for a capability of the given id, linked; NULL if the space is used up. */
static uint8_t *cap_add(struct list *list, uint8_t id, unsigned size)
{
    uint8_t *c = list->layout->config;
    unsigned at = list->at;

    if (at + size > PCI_CONFIG_SIZE) {
        list->full = true;
        return NULL;
    }
    c[list->link] = (uint8_t)at;
    c[at] = id;
    list->link = at + 1;
    list->at = (at + size + 3) & ~3u;
    return c + at;
}

static uint8_t *virtio_cap(struct list *list, uint8_t type, unsigned bar, uint32_t offset,
                           uint32_t length, unsigned extra)
{
    unsigned size = CAP_SIZE + extra + (odd(list, CAPS_LONG) ? CAP_LONG_EXTRA : 0);
    uint8_t *cap = cap_add(list, PCI_CAP_ID_VENDOR, size);

    if (!cap)
        return NULL;
    cap[2] = (uint8_t)size;
    cap[3] = type;
    cap[CAP_BYTE_BAR] = (uint8_t)bar;
    put32(cap + CAP_WORD_OFFSET, offset);
    put32(cap + CAP_WORD_LENGTH, length);
    return cap;
}

static void notify_cap(struct list *list, const struct options *options, const struct place *place)
{
    uint8_t *cap =
        virtio_cap(list, CAP_NOTIFY_CFG, place->bar, place->offset, place->length, CAP_SIZE_EXTRA);

    if (cap)
        put32(cap + CAP_SIZE, options->notify_multiplier);
}

static const struct place *find_place(const struct layout *layout, enum place_kind kind, bool io)
{
    for (unsigned i = 0; i < layout->places; i++)
        if (layout->place[i].kind == kind && layout->bar[layout->place[i].bar].io == io)
            return &layout->place[i];
    return NULL;
}

static unsigned absent_bar(const struct layout *layout)
{
    for (unsigned bar = BUS_BARS; bar-- > 0;)
        if (layout->bar[bar].length == 0 && (bar == 0 || !layout->bar[bar - 1].wide))
            return bar;
    return BUS_BARS - 1; /* the upper half of a 64-bit BAR */
}

static void msix_cap(struct list *list, const struct options *options)
{
    const struct place *table = find_place(list->layout, PLACE_MSIX_TABLE, false);
    const struct place *pending = find_place(list->layout, PLACE_MSIX_PENDING, false);
    uint8_t *cap = table ? cap_add(list, PCI_CAP_ID_MSIX, 12) : NULL;

    if (!cap)
        return;
    list->layout->msix_cap = (unsigned)(cap - list->layout->config);
    put16(cap + 2, options->vectors - 1);
    put32(cap + 4, table->offset | table->bar);
    put32(cap + 8, pending->offset | pending->bar);
    put16(list->layout->writable + list->layout->msix_cap + 2, 0xC000);
}

static void pci_cfg_cap(struct list *list)
{
    uint8_t *cap = virtio_cap(list, CAP_PCI_CFG, 0, 0, 0, CAP_SIZE_EXTRA);
    uint8_t *w;

    if (!cap)
        return;
    list->layout->pci_cfg_cap = (unsigned)(cap - list->layout->config);
    w = list->layout->writable + list->layout->pci_cfg_cap;
    w[CAP_BYTE_BAR] = 0xFF;
    put32(w + CAP_WORD_OFFSET, UINT32_MAX);
    put32(w + CAP_WORD_LENGTH, UINT32_MAX);
    put32(w + CAP_SIZE, UINT32_MAX);
}

/* Capabilities that a driver must pass over: 4.1.4.1. */
static void reserved_caps(struct list *list)
{
    virtio_cap(list, 0x7F, 0, 0, 0x1000, 0);
    virtio_cap(list, CAP_COMMON_CFG, 6, 0, 0x1000, 0);
    virtio_cap(list, CAP_ISR_CFG, 0xFF, 0, 0x1000, 0);
}

static void structure_caps(struct list *list, const struct options *options)
{
    const struct layout *layout = list->layout;
    const struct place *common = find_place(layout, PLACE_COMMON, options->io);
    const struct place *isr = find_place(layout, PLACE_ISR, options->io);
    const struct place *device = find_place(layout, PLACE_DEVICE, options->io);
    const struct place *notify = find_place(layout, PLACE_NOTIFY, options->io);
    const struct place *io_notify = options->io ? NULL : find_place(layout, PLACE_NOTIFY, true);

    if (io_notify)
        notify_cap(list, options, io_notify);
    if (!odd(list, CAPS_NO_NOTIFY) && !odd(list, CAPS_IO_ONLY))
        notify_cap(list, options, notify);
    if (!odd(list, CAPS_NO_DEVICE))
        virtio_cap(list, CAP_DEVICE_CFG, device->bar, device->offset,
                   odd(list, CAPS_SHORT_DEVICE) ? 4 : device->length, 0);
    if (!odd(list, CAPS_NO_ISR))
        virtio_cap(list, CAP_ISR_CFG, isr->bar, isr->offset, isr->length, 0);
    if (!odd(list, CAPS_NO_COMMON))
        virtio_cap(list, CAP_COMMON_CFG,
                   odd(list, CAPS_ABSENT_BAR) ? absent_bar(layout) : common->bar, common->offset,
                   odd(list, CAPS_SHORT_COMMON) ? 32 : common->length, 0);
}

/* A set of which nothing is where it says: the first good one wins (4.1.4.1). */
static void useless_caps(struct list *list)
{
    for (uint8_t type = CAP_COMMON_CFG; type <= CAP_ISR_CFG; type++)
        virtio_cap(list, type, list->layout->place[0].bar, 0x800, 0x100,
                   type == CAP_NOTIFY_CFG ? CAP_SIZE_EXTRA : 0);
}

bool capabilities_build(struct layout *layout, const struct options *options)
{
    struct list list = {layout, PCI_CAP_FIRST, PCI_CAP_POINTER, options->caps, false};

    header_build(layout, options);
    bars_build(layout);
    msix_cap(&list, options);
    if (!odd(&list, CAPS_NONE)) {
        if (odd(&list, CAPS_RESERVED))
            reserved_caps(&list);
        pci_cfg_cap(&list);
        structure_caps(&list, options);
        if (odd(&list, CAPS_TWICE))
            useless_caps(&list);
    }
    if (odd(&list, CAPS_LOOP))
        layout->config[list.link] = PCI_CAP_FIRST;
    if (odd(&list, CAPS_OUTSIDE))
        layout->config[list.link] = 0x04;
    layout->cap_end = list.at;
    return !list.full;
}
