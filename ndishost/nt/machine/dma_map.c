/* SPDX-License-Identifier: MIT */
/* Which physical memory a device may touch; see dma_map.h. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "nt/machine/clock.h"
#include "nt/machine/dma_map.h"
#include "nt/machine/phys.h"
#include "rules/rules.h"

#define BUCKETS 4096

/* Bytes of one page; in the list of its page's bucket. */
struct range {
    struct range *next, **link;
    uint64_t page; /* physical address of its begin */
    uint32_t start, end;
    const struct dma_mapping *mapping;
};

struct dma_mapping {
    const char *kind;
    const void *object;
    unsigned allowed;
    size_t count, room;
    struct range range[];
};

/* What was unmapped last, of the pages of a bucket. */
struct grave {
    uint64_t page, time; /* nt_clock_now() */
    uint32_t start, end;
    const char *kind;
    const void *object;
};

static struct bucket {
    pthread_mutex_t lock;
    struct range *first;
    struct grave grave;
} __attribute__((aligned(64)))
buckets[BUCKETS] = {[0 ... BUCKETS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static atomic_bool enabled;

void dma_map_enable(void)
{
    atomic_store(&enabled, true);
}

static struct bucket *bucket_of(uint64_t page)
{
    return &buckets[page / PHYS_PAGE % BUCKETS];
}

/* ---- What is mapped ---- */

struct dma_mapping *dma_map_new(const char *kind, const void *object, unsigned allowed,
                                size_t pages)
{
    struct dma_mapping *mapping = malloc(sizeof *mapping + pages * sizeof mapping->range[0]);

    if (mapping)
        *mapping = (struct dma_mapping){kind, object, allowed, 0, pages};
    return mapping;
}

static void link_range(struct range *range)
{
    struct bucket *bucket = bucket_of(range->page);

    pthread_mutex_lock(&bucket->lock);
    range->next = bucket->first;
    range->link = &bucket->first;
    if (range->next)
        range->next->link = &range->next;
    bucket->first = range;
    pthread_mutex_unlock(&bucket->lock);
}

static void unlink_range(struct range *range)
{
    struct bucket *bucket = bucket_of(range->page);

    pthread_mutex_lock(&bucket->lock);
    *range->link = range->next;
    if (range->next)
        range->next->link = range->link;
    bucket->grave = (struct grave){range->page, nt_clock_now(),       range->start,
                                   range->end,  range->mapping->kind, range->mapping->object};
    pthread_mutex_unlock(&bucket->lock);
}

void dma_map_add(struct dma_mapping *mapping, uint64_t pa, size_t length)
{
    while (length && mapping->count < mapping->room) {
        struct range *range = &mapping->range[mapping->count++];
        uint32_t start = (uint32_t)(pa % PHYS_PAGE);
        size_t here = PHYS_PAGE - start < length ? PHYS_PAGE - start : length;

        *range = (struct range){
            .page = pa - start, .start = start, .end = start + (uint32_t)here, .mapping = mapping};
        link_range(range);
        pa += here;
        length -= here;
    }
}

void dma_map_free(struct dma_mapping *mapping)
{
    if (!mapping)
        return;
    for (size_t i = 0; i < mapping->count; i++)
        unlink_range(&mapping->range[i]);
    free(mapping);
}

/* ---- What a device touches ---- */

/* The end of what is allowed from `start` on; `start` if that is not. Lock held. */
static uint32_t allowed_until(const struct bucket *bucket, uint64_t page, uint32_t start,
                              unsigned access)
{
    uint32_t until = start, before;

    /* As often as ranges join. */
    do {
        before = until;
        for (const struct range *r = bucket->first; r; r = r->next)
            if (r->page == page && (r->mapping->allowed & access) == access && r->start <= until &&
                r->end > until)
                until = r->end;
    } while (until != before);
    return until;
}

/* Lock held: what is mapped at this byte, whatever the direction. */
static const struct range *range_at(const struct bucket *bucket, uint64_t page, uint32_t at)
{
    const struct range *r = bucket->first;

    while (r && !(r->page == page && r->start <= at && at < r->end))
        r = r->next;
    return r;
}

static void report(uint64_t page, uint32_t at, unsigned access, const char *what)
{
    struct bucket *bucket = bucket_of(page);
    const struct range *range;
    struct dma_mapping mapping = {0};
    struct grave grave;

    pthread_mutex_lock(&bucket->lock);
    range = range_at(bucket, page, at);
    if (range)
        mapping = *range->mapping;
    grave = bucket->grave;
    pthread_mutex_unlock(&bucket->lock);
    if (range)
        rule_violation_object("DmaDirection", mapping.object, NULL,
                              "the device %s at physical 0x%" PRIx64
                              ", which is mapped (%s %p) for it to %s only",
                              what, page + at, mapping.kind, mapping.object,
                              access == DMA_MAP_WRITE ? "read" : "write");
    else if (grave.page == page && grave.start <= at && at < grave.end)
        rule_violation_object("DmaUnmapped", grave.object, NULL,
                              "the device %s at physical 0x%" PRIx64
                              ", which is not mapped any more: it was (%s %p) until %u.%06u s",
                              what, page + at, grave.kind, grave.object,
                              (unsigned)(grave.time / NT_SECOND),
                              (unsigned)(grave.time % NT_SECOND / NT_MICROSECOND));
    else
        rule_violation("DmaUnmapped", NULL,
                       "the device %s at physical 0x%" PRIx64
                       ", which is neither shared memory nor of a scatter/gather list",
                       what, page + at);
}

bool dma_map_touches(uint64_t pa, size_t length, unsigned access, const char *what)
{
    if (!atomic_load_explicit(&enabled, memory_order_relaxed))
        return true;
    while (length) {
        uint32_t start = (uint32_t)(pa % PHYS_PAGE), until, end;
        struct bucket *bucket = bucket_of(pa - start);
        size_t here = PHYS_PAGE - start < length ? PHYS_PAGE - start : length;

        end = start + (uint32_t)here;
        pthread_mutex_lock(&bucket->lock);
        until = allowed_until(bucket, pa - start, start, access);
        pthread_mutex_unlock(&bucket->lock);
        if (until < end) {
            report(pa - start, until, access, what);
            return false;
        }
        pa += here;
        length -= here;
    }
    return true;
}
