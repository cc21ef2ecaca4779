/* SPDX-License-Identifier: MIT */
/*
 * msix.h: the MSI-X capability of a PCI function (PCI 3.0, 6.8.2), as Windows' PCI driver programs it.
 *   if (msix_find(bus, &msix)) ... msix_write(bus, &msix, 0, &message, true) ... msix_enable(bus, &msix, true);
 *   msix_mask(bus, &msix, 0, false);
 */
#ifndef NDISHOST_BUS_MSIX_H
#define NDISHOST_BUS_MSIX_H

#include <stdbool.h>
#include "bus/structure.h"

struct msix {
    unsigned at;            /* the capability's offset in configuration space */
    unsigned entries;       /* of the table, 1 to 2048 */
    struct bus_place table; /* in a memory BAR that holds all of it */
};

/* false: the function has none, or its table lies in no memory BAR. */
bool msix_find(struct bus *bus, struct msix *msix);
/* Puts the message into the entry. It is masked meanwhile, and after that if `masked`. */
void msix_write(struct bus *bus, const struct msix *msix, unsigned entry,
                const struct bus_message *message, bool masked);
void msix_mask(struct bus *bus, const struct msix *msix, unsigned entry, bool masked);
/* Turns messages on, and thereby INTx off, or the other way round. */
void msix_enable(struct bus *bus, const struct msix *msix, bool enable);

#endif
