/* SPDX-License-Identifier: MIT */
/* In which order spin locks are taken; see lock_order.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "loader/loader.h"
#include "nt/machine/irql.h"
#include "nt/machine/lock_order.h"
#include "rules/rules.h"

#define BUCKETS 256
#define DEPTH   16    /* locks in a circle; a longer one is not found */
#define STEPS   20000 /* orders looked at in search of one: there are more ways than orders */

/* `to` was taken while `from` was held: the places where both were. */
struct edge {
    struct edge *next; /* of the same bucket */
    const volatile void *from, *to;
    const void *from_caller, *to_caller;
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct edge *bucket[BUCKETS]; /* by `from` */
static atomic_uint edges;

static struct edge **bucket_of(const volatile void *from)
{
    return &bucket[((uintptr_t)from >> 3) * 0x9E3779B1u % BUCKETS];
}

static struct edge *find(const volatile void *from, const volatile void *to)
{
    struct edge *edge = *bucket_of(from);

    while (edge && (edge->from != from || edge->to != to))
        edge = edge->next;
    return edge;
}

static void add(const struct nt_held *held, const volatile void *lock, const void *caller)
{
    struct edge **at = bucket_of(held->lock), *edge = malloc(sizeof *edge);

    if (!edge)
        return; /* then this order is not known, that is all */
    *edge = (struct edge){*at, held->lock, lock, held->caller, caller};
    *at = edge;
    atomic_fetch_add(&edges, 1);
}

/* Was `to` ever taken with `from` held, or with one held that was taken with `from` held, and so on? The
 * way goes into `path`; returns its length, 0 if there is none. */
static unsigned find_path(const volatile void *from, const volatile void *to, struct edge *path,
                          unsigned depth, unsigned *steps)
{
    if (depth == DEPTH)
        return 0;
    for (const struct edge *edge = *bucket_of(from); edge; edge = edge->next) {
        unsigned length;

        if (edge->from != from || ++*steps > STEPS)
            continue;
        path[depth] = *edge;
        if (edge->to == to)
            return depth + 1;
        length = find_path(edge->to, to, path, depth + 1, steps);
        if (length)
            return length;
    }
    return 0;
}

static void report(const struct nt_held *held, const volatile void *lock, const void *caller,
                   const struct edge *path, unsigned length)
{
    char text[1024] = "", where[2][160];
    size_t used = 0;

    for (unsigned i = 0; i < length && used < sizeof text; i++) {
        int n = snprintf(text + used, sizeof text - used,
                         "\n          %p was held, acquired at %s, when %p was acquired at %s",
                         (const void *)path[i].from,
                         image_symbol(path[i].from_caller, where[0], sizeof where[0]),
                         (const void *)path[i].to,
                         image_symbol(path[i].to_caller, where[1], sizeof where[1]));

        used += n > 0 ? (size_t)n : 0;
    }
    rule_violation("DeadlockOrder", caller,
                   "acquires spin lock %p with spin lock %p held, acquired at %s; the opposite "
                   "order, earlier:%s",
                   (const void *)lock, (const void *)held->lock,
                   image_symbol(held->caller, where[0], sizeof where[0]), text);
}

static void take_after(const struct nt_held *held, const volatile void *lock, const void *caller)
{
    struct edge path[DEPTH];
    unsigned length = 0, steps = 0;

    pthread_mutex_lock(&guard);
    if (!find(held->lock, lock)) {
        length = find_path(lock, held->lock, path, 0, &steps);
        add(held, lock, caller); /* so that it is reported once */
    }
    pthread_mutex_unlock(&guard);
    if (length)
        report(held, lock, caller, path, length);
}

void lock_order_take(const volatile void *lock, const void *caller)
{
    const struct nt_thread *self = nt_self();

    for (unsigned i = 0; i < self->held_count; i++)
        if (self->held[i].lock != lock)
            take_after(&self->held[i], lock, caller);
}

static bool within(const volatile void *lock, const volatile void *memory, size_t size)
{
    return (uintptr_t)lock - (uintptr_t)memory < size;
}

void lock_order_forget(const volatile void *memory, size_t size)
{
    if (!atomic_load_explicit(&edges, memory_order_relaxed))
        return;
    pthread_mutex_lock(&guard);
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct edge **link = &bucket[i], *edge; (edge = *link);) {
            if (!within(edge->from, memory, size) && !within(edge->to, memory, size)) {
                link = &edge->next;
                continue;
            }
            *link = edge->next;
            free(edge);
            atomic_fetch_sub(&edges, 1);
        }
    pthread_mutex_unlock(&guard);
}
