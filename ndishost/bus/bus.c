/* SPDX-License-Identifier: MIT */
/* The back ends by name; see bus.h. */
#include <string.h>
#include "bus/bus.h"

/* The linker's names for the ends of what BUS_BACKEND adds; weak, for a program without. */
extern const struct bus_backend *const __start_bus_backends[] __attribute__((weak));
extern const struct bus_backend *const __stop_bus_backends[] __attribute__((weak));

#define BACKENDS ((size_t)(__stop_bus_backends - __start_bus_backends))

const struct bus_backend *bus_backend_find(const char *spec)
{
    size_t length = strcspn(spec, ":");

    for (size_t i = 0; i < BACKENDS; i++) {
        const struct bus_backend *backend = __start_bus_backends[i];

        if (strlen(backend->name) == length && strncmp(backend->name, spec, length) == 0)
            return backend;
    }
    return NULL;
}

/* "model, qtest and pci" */
static void name_backends(char *text, size_t size)
{
    size_t used = 0;

    *text = 0;
    for (size_t i = 0; i < BACKENDS && used < size; i++) {
        const char *separator = i == 0 ? "" : i + 1 < BACKENDS ? ", " : " and ";

        used += (size_t)snprintf(text + used, size - used, "%s%s", separator,
                                 __start_bus_backends[i]->name);
    }
}

struct bus *bus_open(const char *spec, const struct bus_events *events, void *context, char *error,
                     size_t error_size)
{
    const struct bus_backend *backend = bus_backend_find(spec);
    const char *colon = strchr(spec, ':');
    char names[64];

    if (!backend) {
        name_backends(names, sizeof names);
        snprintf(error, error_size, "--bus %s: there is no such bus; use one of %s", spec, names);
        return NULL;
    }
    return backend->open(colon ? colon + 1 : "", events, context, error, error_size);
}

void bus_help(FILE *out)
{
    for (size_t i = 0; i < BACKENDS; i++)
        fputs(__start_bus_backends[i]->help, out);
}
