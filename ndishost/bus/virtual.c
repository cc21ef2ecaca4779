/* SPDX-License-Identifier: MIT */
/*
 * The back end `virtual`: a driver without hardware. There is no PCI function, no BAR and no interrupt; what
 * would ask for one sees that the bus has no device (bus.h, no_device).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bus/bus.h"

#define ID_MAX 96

struct virtual_bus {
    struct bus bus;
    char id[ID_MAX];
};

static uint32_t config_read(struct bus *bus, unsigned offset, unsigned size)
{
    (void)bus, (void)offset;
    return size == 4 ? 0xFFFFFFFFu : (1u << 8 * size) - 1;
}

static void config_write(struct bus *bus, unsigned offset, unsigned size, uint32_t value)
{
    (void)bus, (void)offset, (void)size, (void)value;
}

static int pull_out(struct bus *bus)
{
    (void)bus;
    return 0;
}

static void describe(struct bus *bus, char *text, size_t size)
{
    snprintf(text, size, "none: a virtual adapter%s%s%s", *bus->id ? ", " : "", bus->id,
             bus->cable ? ", at a cable" : "");
}

static int command(struct bus *bus, const char *line, char *error, size_t error_size)
{
    (void)bus;
    snprintf(error, error_size, "--bus virtual has no device; \"%s\" needs another bus", line);
    return -1;
}

static void close_bus(struct bus *bus)
{
    free(bus);
}

static const struct bus_ops virtual_ops = {.config_read = config_read,
                                           .config_write = config_write,
                                           .remove = pull_out,
                                           .describe = describe,
                                           .command = command,
                                           .close = close_bus};

/* One option, `length` bytes of text. */
static int take_option(struct virtual_bus *own, const char *text, size_t length, char *error,
                       size_t error_size)
{
    if (length == 5 && !memcmp(text, "cable", 5)) {
        own->bus.cable = true;
        return 0;
    }
    if (length > 3 && length - 3 < sizeof own->id && !memcmp(text, "id=", 3)) {
        snprintf(own->id, sizeof own->id, "%.*s", (int)(length - 3), text + 3);
        return 0;
    }
    snprintf(error, error_size, "--bus virtual: expected cable or id=HARDWARE-ID, not \"%.*s\"",
             (int)length, text);
    return -1;
}

static struct bus *open_bus(const char *arguments, const struct bus_events *events, void *context,
                            char *error, size_t error_size)
{
    struct virtual_bus *own = calloc(1, sizeof *own);

    if (!own) {
        snprintf(error, error_size, "--bus virtual: out of memory");
        return NULL;
    }
    own->bus.ops = &virtual_ops;
    own->bus.events = events;
    own->bus.context = context;
    own->bus.no_device = true;
    own->bus.id = own->id;
    while (*arguments) {
        size_t length = strcspn(arguments, ",");

        if (take_option(own, arguments, length, error, error_size)) {
            free(own);
            return NULL;
        }
        arguments += length + (arguments[length] == ',');
    }
    return &own->bus;
}

const struct bus_backend bus_virtual = {
    .name = "virtual",
    .help =
        "  virtual[:OPTION,...]  no device, for a driver without hardware: the driver gets no\n"
        "    resources, no interrupt, no DMA and no configuration space\n"
        "    cable: the driver passes frames between two of its adapters. Each is the far end of\n"
        "      the other. Give --bus virtual:cable twice, one after the other. --net gen at both\n"
        "      checks at each adapter what the other sends; tap at both connects them. With none\n"
        "      at one adapter, the end at the other has both directions\n"
        "    id=ID: the hardware id (default: the first one of --inf, or ROOT\\SERVICE)\n",
    .memory = PHYS_PAGES,
    .no_device = true,
    .open = open_bus,
};
BUS_BACKEND(bus_virtual);
