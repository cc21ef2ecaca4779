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

const struct bus_backend bus_qtest = {
    .name = "qtest", .help = "  qtest:ARGUMENTS\n", .memory = PHYS_PAGES, .open = refuse};
const struct bus_backend bus_pci = {
    .name = "pci", .help = "  pci:BDF\n", .memory = PHYS_HUGE, .open = refuse};
BUS_BACKEND(bus_qtest);
BUS_BACKEND(bus_pci);
