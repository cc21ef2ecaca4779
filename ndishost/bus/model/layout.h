/* SPDX-License-Identifier: MIT */
/*
 * layout.h: where the model's structures lie: BARs, the places in them, and the PCI configuration space
 * that says so.
 *   layout_build(&layout, &options, instance, ...);  place = layout_find(&layout, bar, offset);
 */
#ifndef NDISHOST_MODEL_LAYOUT_H
#define NDISHOST_MODEL_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bus/bus.h"
#include "bus/model/options.h"
#include "bus/model/spec.h"

enum place_kind {
    PLACE_COMMON,
    PLACE_NOTIFY,
    PLACE_ISR,
    PLACE_DEVICE,
    PLACE_MSIX_TABLE,
    PLACE_MSIX_PENDING,
    PLACE_LEGACY
};

/* length is what there is, whatever a capability says. */
struct place {
    enum place_kind kind;
    unsigned bar;
    uint32_t offset, length;
};

#define PLACES_MAX 8

struct layout {
    struct bus_bar bar[BUS_BARS];
    struct place place[PLACES_MAX];
    unsigned places;
    uint8_t config[PCI_CONFIG_SIZE];
    uint8_t writable[PCI_CONFIG_SIZE]; /* bits that a write changes */
    unsigned pci_cfg_cap; /* offset of the PCI configuration access capability, 0: none */
    unsigned msix_cap;
    unsigned cap_end; /* after the last capability */
};

/* `instance`: 0, 1, ...: addresses of two models do not overlap. false with a line in error: the
 * options do not go together. */
bool layout_build(struct layout *layout, const struct options *options, unsigned instance,
                  char *error, size_t error_size);

/* The place that [offset, offset + 1) of the BAR belongs to, NULL if none. */
const struct place *layout_find(const struct layout *layout, unsigned bar, uint64_t offset);

#endif
