/* SPDX-License-Identifier: MIT */
/* I/O BARs by port number; see ioport.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include "nt/machine/ioport.h"

#define RANGES_MAX  32
#define PORTS       0x10000u
#define ALL_ONES(n) ((n) >= 4 ? UINT32_MAX : (1u << (n)*8) - 1)

/* A range is in use while bus is not NULL; the other members are written before it. */
struct range {
    _Atomic(struct bus *) bus;
    unsigned bar;
    uint32_t base, length;
};

static struct range range[RANGES_MAX];
static pthread_mutex_t range_lock = PTHREAD_MUTEX_INITIALIZER; /* mapping and unmapping */

static struct range *find_bar(const struct bus *bus, unsigned bar)
{
    for (int i = 0; i < RANGES_MAX; i++)
        if (atomic_load(&range[i].bus) == bus && range[i].bar == bar)
            return &range[i];
    return NULL;
}

/* A free entry for [base, base + length), NULL if it overlaps one in use or none is free. */
static struct range *find_free(uint32_t base, uint32_t length)
{
    struct range *found = NULL;

    for (int i = 0; i < RANGES_MAX; i++) {
        if (!atomic_load(&range[i].bus))
            found = &range[i];
        else if (base < range[i].base + range[i].length && range[i].base < base + length)
            return NULL;
    }
    return found;
}

uint32_t ioport_map(struct bus *bus, unsigned bar)
{
    const struct bus_bar *b;
    struct range *r;

    if (bar >= BUS_BARS)
        return 0;
    b = &bus->bar[bar];
    if (!b->io || b->length == 0 || b->base >= PORTS || b->length > PORTS - b->base)
        return 0;
    pthread_mutex_lock(&range_lock);
    r = find_bar(bus, bar);
    if (!r && (r = find_free((uint32_t)b->base, (uint32_t)b->length))) {
        r->bar = bar;
        r->base = (uint32_t)b->base;
        r->length = (uint32_t)b->length;
        atomic_store(&r->bus, bus);
    }
    pthread_mutex_unlock(&range_lock);
    return r ? r->base : 0;
}

void ioport_unmap(struct bus *bus, unsigned bar)
{
    struct range *r;

    pthread_mutex_lock(&range_lock);
    r = find_bar(bus, bar);
    if (r)
        atomic_store(&r->bus, NULL);
    pthread_mutex_unlock(&range_lock);
}

/* The range that holds all of [port, port + size), and its bus. */
static const struct range *lookup(uint64_t port, unsigned size, struct bus **bus)
{
    for (int i = 0; i < RANGES_MAX; i++) {
        *bus = atomic_load(&range[i].bus);
        if (*bus && port >= range[i].base && port + size <= range[i].base + range[i].length)
            return &range[i];
    }
    return NULL;
}

bool ioport_read(uint64_t port, unsigned size, uint32_t *value)
{
    struct bus *bus;
    const struct range *r = lookup(port, size, &bus);

    *value = ALL_ONES(size);
    if (r && bus_awake(bus, r->bar, port - r->base, "read", NULL))
        *value = (uint32_t)bus->ops->bar_read(bus, r->bar, port - r->base, size);
    return r;
}

bool ioport_write(uint64_t port, unsigned size, uint32_t value)
{
    struct bus *bus;
    const struct range *r = lookup(port, size, &bus);

    if (r && bus_awake(bus, r->bar, port - r->base, "written", NULL))
        bus->ops->bar_write(bus, r->bar, port - r->base, size, value & ALL_ONES(size));
    return r;
}
