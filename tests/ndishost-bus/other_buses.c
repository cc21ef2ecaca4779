/* SPDX-License-Identifier: MIT */
/* The two back ends that these tests do without, for bus.c to refer to. */
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
