/* SPDX-License-Identifier: MIT */
/* The back ends by name; see bus.h. */
#include <string.h>
#include "bus/bus.h"

static const struct bus_backend *const backends[] = {&bus_model, &bus_qtest, &bus_pci};
#define BACKENDS (sizeof backends / sizeof backends[0])

const struct bus_backend *bus_backend_find(const char *spec)
{
    size_t length = strcspn(spec, ":");

    for (size_t i = 0; i < BACKENDS; i++)
        if (strlen(backends[i]->name) == length && strncmp(backends[i]->name, spec, length) == 0)
            return backends[i];
    return NULL;
}

struct bus *bus_open(const char *spec, const struct bus_events *events, void *context, char *error,
                     size_t error_size)
{
    const struct bus_backend *backend = bus_backend_find(spec);
    const char *colon = strchr(spec, ':');

    if (!backend) {
        snprintf(error, error_size, "--bus %s: no such bus; there are model, qtest and pci", spec);
        return NULL;
    }
    return backend->open(colon ? colon + 1 : "", events, context, error, error_size);
}

void bus_help(FILE *out)
{
    for (size_t i = 0; i < BACKENDS; i++)
        fputs(backends[i]->help, out);
}
