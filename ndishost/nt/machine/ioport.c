/* SPDX-License-Identifier: MIT */
/* Devices by port number; see ioport.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include "nt/machine/ioport.h"

#define RANGES_MAX  32
#define ALL_ONES(n) ((n) >= 4 ? UINT32_MAX : (1u << (n)*8) - 1)

/* A range is in use while device is not NULL; the other members are written before it. */
struct range {
    _Atomic(void *) device;
    const struct trapped_device *answers;
    unsigned bar;
    uint32_t base, length;
};

static struct range range[RANGES_MAX];
static pthread_mutex_t range_lock = PTHREAD_MUTEX_INITIALIZER; /* mapping and unmapping */

static struct range *find_bar(const void *device, unsigned bar)
{
    for (int i = 0; i < RANGES_MAX; i++)
        if (atomic_load(&range[i].device) == device && range[i].bar == bar)
            return &range[i];
    return NULL;
}

/* A free entry for [base, base + length), NULL if it overlaps one in use or none is free. */
static struct range *find_free(uint32_t base, uint32_t length)
{
    struct range *found = NULL;

    for (int i = 0; i < RANGES_MAX; i++) {
        if (!atomic_load(&range[i].device))
            found = &range[i];
        else if (base < range[i].base + range[i].length && range[i].base < base + length)
            return NULL;
    }
    return found;
}

bool ioport_map(const struct trapped_device *answers, void *device, unsigned bar, uint32_t base,
                uint32_t length)
{
    struct range *r;

    pthread_mutex_lock(&range_lock);
    r = find_bar(device, bar);
    if (!r && (r = find_free(base, length))) {
        r->answers = answers;
        r->bar = bar;
        r->base = base;
        r->length = length;
        atomic_store(&r->device, device);
    }
    pthread_mutex_unlock(&range_lock);
    return r;
}

void ioport_unmap(const void *device, unsigned bar)
{
    struct range *r;

    pthread_mutex_lock(&range_lock);
    r = find_bar(device, bar);
    if (r)
        atomic_store(&r->device, NULL);
    pthread_mutex_unlock(&range_lock);
}

/* The range that holds all of [port, port + size), and its device. */
static const struct range *lookup(uint64_t port, unsigned size, void **device)
{
    for (int i = 0; i < RANGES_MAX; i++) {
        *device = atomic_load(&range[i].device);
        if (*device && port >= range[i].base && port + size <= range[i].base + range[i].length)
            return &range[i];
    }
    return NULL;
}

bool ioport_read(uint64_t port, unsigned size, uint32_t *value)
{
    void *device;
    const struct range *r = lookup(port, size, &device);

    *value = ALL_ONES(size);
    if (r)
        *value = (uint32_t)r->answers->read(device, r->bar, port - r->base, size, NULL);
    return r;
}

bool ioport_write(uint64_t port, unsigned size, uint32_t value)
{
    void *device;
    const struct range *r = lookup(port, size, &device);

    if (r)
        r->answers->write(device, r->bar, port - r->base, size, value & ALL_ONES(size), NULL);
    return r;
}
