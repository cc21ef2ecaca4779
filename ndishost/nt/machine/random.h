/* SPDX-License-Identifier: MIT */
/*
 * random.h: a small seeded generator, so that whatever the host decides by chance can be replayed.
 *   struct random r; random_seed(&r, seed);  random_below(&r, 6);  random_chance(&r, 1, 16);
 * Not thread-safe: each owner has its own, under its own lock.
 */
#ifndef NDISHOST_RANDOM_H
#define NDISHOST_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline void random_seed(struct random *r, uint64_t seed)
{
    r->state = seed;
}

/* splitmix64: every seed, 0 too, gives a full-period stream. */
static inline uint64_t random_next(struct random *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15ull;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

/* 0 <= result < bound; the bias for bounds far below 2^64 does not matter here. */
static inline uint64_t random_below(struct random *r, uint64_t bound)
{
    return random_next(r) % bound;
}

static inline bool random_chance(struct random *r, unsigned of, unsigned in)
{
    return random_below(r, in) < of;
}

#endif
