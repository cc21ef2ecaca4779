/* SPDX-License-Identifier: MIT */
/* Held accesses; see held.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include "nt/machine/held.h"
#include "nt/machine/clock.h"

#define SLOTS     64
#define INTERVALS 64 /* the latest ones */
#define SHORT_MS  100
#define SAID_MS   1000

/* An access under way. `real` is written before `start`, which is 0 in a free slot, 1 in one being taken. */
static struct {
    _Alignas(8) _Atomic uint64_t start; /* nt_clock_now() */
    _Atomic int64_t real;               /* ms */
} slots[SLOTS];

/* What was held, in order and without overlaps; the newest is the last one. */
static struct interval {
    uint64_t start, end;
} intervals[INTERVALS];
static unsigned count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int64_t real_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int held_begin(void)
{
    for (int i = 0; i < SLOTS; i++) {
        uint64_t none = 0;

        if (atomic_load_explicit(&slots[i].start, memory_order_relaxed) ||
            !atomic_compare_exchange_strong(&slots[i].start, &none, 1))
            continue;
        atomic_store(&slots[i].real, real_ms());
        atomic_store(&slots[i].start, nt_clock_now());
        return i;
    }
    return -1;
}

/* Lock held. Accesses end in order, but may have begun in any. */
static void add(uint64_t start, uint64_t end)
{
    while (count && intervals[count - 1].end >= start) {
        if (intervals[count - 1].start < start)
            start = intervals[count - 1].start;
        count--;
    }
    if (count == INTERVALS) {
        for (unsigned i = 1; i < INTERVALS; i++)
            intervals[i - 1] = intervals[i];
        count--;
    }
    intervals[count++] = (struct interval){start, end};
}

void held_end(int slot)
{
    int64_t took;

    if (slot < 0)
        return;
    took = real_ms() - atomic_load(&slots[slot].real);
    if (took >= SHORT_MS) {
        pthread_mutex_lock(&lock);
        add(atomic_load(&slots[slot].start), nt_clock_now());
        pthread_mutex_unlock(&lock);
    }
    atomic_store(&slots[slot].start, 0);
    if (took >= SAID_MS)
        fprintf(stderr,
                "ndishost: the device held an access for %.1f s; that time does not count against "
                "the driver\n",
                (double)took / 1000);
}

/* When the oldest access began that is held now; `now` if none is. */
static uint64_t oldest(uint64_t now)
{
    int64_t real = real_ms();
    uint64_t first = now;

    for (int i = 0; i < SLOTS; i++) {
        uint64_t start = atomic_load(&slots[i].start);

        if (start > 1 && start < first && real - atomic_load(&slots[i].real) >= SHORT_MS)
            first = start;
    }
    return first;
}

uint64_t held_since(uint64_t start)
{
    uint64_t now = nt_clock_now(), first, held = 0;

    pthread_mutex_lock(&lock);
    first = oldest(now);
    for (unsigned i = 0; i < count; i++) {
        uint64_t from = intervals[i].start > start ? intervals[i].start : start;
        uint64_t to = intervals[i].end < first ? intervals[i].end : first;

        held += from < to ? to - from : 0;
    }
    pthread_mutex_unlock(&lock);
    if (first < now)
        held += now - (first > start ? first : start);
    return held;
}
