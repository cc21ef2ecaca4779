/* SPDX-License-Identifier: MIT */
/*
 * access.h: what every back end does at a register access: see that it lies within its BAR, count
 * it, and read all ones where nothing answers.
 *   bus_count(&self->reads);
 *   if (!bus_inside(bar, offset, size))
 *       return bus_ones(size);
 */
#ifndef NDISHOST_BUS_ACCESS_H
#define NDISHOST_BUS_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include "bus/bus.h"

/* What is read where nothing answers; size 1 to 8 bytes. */
static inline uint64_t bus_ones(unsigned size)
{
    return UINT64_MAX >> (64 - 8 * size);
}

/* All of it, whatever the offset: a sum that wraps is outside. */
static inline bool bus_inside(const struct bus_bar *bar, uint64_t offset, unsigned size)
{
    return offset < bar->length && size <= bar->length - offset;
}

/* A counter of events of any threads at once. Its owner aligns it to 8 bytes, on x86 too. */
static inline void bus_count(uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static inline unsigned long long bus_counted(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif
