/* SPDX-License-Identifier: MIT */
/* Two more back ends, for bus.c to find. */
#include <stdio.h>
#include "bus/bus.h"

static struct bus *refuse(const char *arguments, const struct bus_events *events, void *context,
                          char *error, size_t error_size)
{
    (void)events;
    (void)context;
    snprintf(error, error_size, "refused: \"%s\"", arguments);
    return NULL;
}

const struct bus_backend bus_qtest = {"qtest", "  qtest:ARGUMENTS\n", PHYS_PAGES, refuse};
const struct bus_backend bus_pci = {"pci", "  pci:BDF\n", PHYS_HUGE, refuse};
BUS_BACKEND(bus_qtest);
BUS_BACKEND(bus_pci);
