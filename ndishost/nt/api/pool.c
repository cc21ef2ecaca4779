/* SPDX-License-Identifier: MIT */
/* Special pool; see pool.h. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "loader/loader.h"
#include "nt/machine/host_call.h"
#include "nt/machine/irql.h"
#include "nt/machine/lock_order.h"
#include "nt/machine/phys.h"
#include "nt/api/pool.h"
#include "rules/rules.h"

#define BUCKETS 4096

/* What is known of an allocation: kept apart from it, so that no overrun reaches it. */
struct block {
    struct block *next;
    uint8_t *start;
    size_t size;
    uint32_t tag;
    const char *kind;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *buckets[BUCKETS];

/* ---- Ordered failures ---- */

static atomic_long fail_at;
static atomic_ulong asked;

/* The function that is to fail; a copy, as threads read it while another is ordered. */
static _Atomic(const char *) fail_name; /* a constant */
static atomic_long fail_call_at;        /* 0: none */
static atomic_long fail_calls;
static atomic_ulong calls_failed;
static atomic_ulong failures; /* of all orders */

static bool due(long number, long at)
{
    return at > 0 ? number == at : at < 0 && number >= -at;
}

void nt_fail_allocation(long n)
{
    atomic_store(&fail_at, 0);
    atomic_store(&asked, 0);
    if (n)
        atomic_store(&calls_failed, 0);
    atomic_store(&fail_at, n);
}

static void count_failure(void)
{
    atomic_fetch_add(&calls_failed, 1);
    atomic_fetch_add(&failures, 1);
}

/* A driver's call that is not among those that can be made to fail is a mistake of the host's. */
static void check_site(const char *name, const void *caller)
{
    if (!name || !image_contains(caller) || host_fail_name(name))
        return;
    fprintf(stderr, "ndishost: %s allocates for a driver, and its HOST_ALLOCATES is missing\n",
            name);
    abort();
}

bool nt_allocation_fails(void)
{
    long number = (long)atomic_fetch_add(&asked, 1) + 1;
    struct nt_thread *self = nt_self();

    if (rules_enabled)
        check_site(self->call, self->caller);
    if (due(number, atomic_load(&fail_at)))
        count_failure();
    else if (!atomic_load(&fail_call_at) || !nt_call_fails(self->call))
        return false;
    self->failed_call = self->call;
    return true;
}

void nt_fail_call(const char *name, long n)
{
    atomic_store(&fail_call_at, 0);
    if (!name)
        return;
    atomic_store(&fail_calls, 0);
    atomic_store(&calls_failed, 0);
    atomic_store(&fail_name, name);
    atomic_store(&fail_call_at, n);
}

bool nt_call_fails(const char *name)
{
    long at = atomic_load_explicit(&fail_call_at, memory_order_relaxed);

    if (!at || !name || strcmp(irql_function_name(name), atomic_load(&fail_name)) ||
        !due((long)atomic_fetch_add(&fail_calls, 1) + 1, at))
        return false;
    count_failure();
    return true;
}

unsigned long nt_calls_failed(void)
{
    return atomic_load(&calls_failed);
}

unsigned long nt_failures(void)
{
    return atomic_load(&failures);
}

unsigned long nt_allocations(void)
{
    return atomic_load(&asked);
}

/* ---- Blocks ---- */

static struct block **bucket_of(const void *p)
{
    return &buckets[(uintptr_t)p / PHYS_PAGE % BUCKETS];
}

static void add(struct block *block)
{
    struct block **bucket = bucket_of(block->start);

    pthread_mutex_lock(&lock);
    block->next = *bucket;
    *bucket = block;
    pthread_mutex_unlock(&lock);
}

static struct block *cut(const void *p)
{
    struct block *block = NULL;

    pthread_mutex_lock(&lock);
    for (struct block **link = bucket_of(p); *link; link = &(*link)->next)
        if ((*link)->start == p) {
            block = *link;
            *link = block->next;
            break;
        }
    pthread_mutex_unlock(&lock);
    return block;
}

size_t nt_pool_size(const void *p)
{
    size_t size = 0;

    pthread_mutex_lock(&lock);
    for (struct block *block = *bucket_of(p); block; block = block->next)
        if (block->start == p)
            size = block->size;
    pthread_mutex_unlock(&lock);
    return size;
}

/* The first byte of the page that a block begins in, and the one after the page that it ends in. */
static uint8_t *edge_start(const struct block *block)
{
    return block->start - (uintptr_t)block->start % PHYS_PAGE;
}

static uint8_t *edge_end(const struct block *block)
{
    uint8_t *end = block->start + block->size;

    return end + (PHYS_PAGE - (uintptr_t)end % PHYS_PAGE) % PHYS_PAGE;
}

static void fill(const struct block *block)
{
    uint8_t *start = edge_start(block), *end = block->start + block->size;

    memset(start, NT_POOL_EDGE, (size_t)(block->start - start));
    memset(block->start, NT_POOL_FILL, block->size);
    memset(end, NT_POOL_EDGE, (size_t)(edge_end(block) - end));
}

void *nt_pool_alloc(const char *kind, size_t bytes, uint32_t tag, const void *caller)
{
    struct block *block;
    uint8_t *start;

    if (kind && nt_allocation_fails())
        return NULL;
    if (bytes == 0)
        bytes = 1;
    block = malloc(sizeof *block);
    start = block ? phys_alloc(bytes, PHYS_SCATTERED | PHYS_GUARD, NULL) : NULL;
    if (!start) {
        free(block);
        return NULL;
    }
    *block = (struct block){NULL, start, bytes, tag, kind};
    fill(block);
    add(block);
    if (kind)
        track_add(kind, start, bytes, caller);
    return start;
}

void *nt_pool_alloc_shared(const char *kind, size_t bytes, uint32_t tag, const void *caller)
{
    const void *owner = track_owner(NULL);
    void *start = nt_pool_alloc(kind, bytes, tag, caller);

    track_owner(owner);
    return start;
}

/* ---- Freeing ---- */

static const char *tag_text(uint32_t tag, char text[5])
{
    for (int i = 0; i < 4; i++) {
        uint8_t c = (uint8_t)(tag >> 8 * i);

        text[i] = c >= ' ' && c <= '~' ? (char)c : '.';
    }
    text[4] = 0;
    return text;
}

static void check_edges(const struct block *block, const void *caller)
{
    const uint8_t *start = edge_start(block), *end = block->start + block->size;
    const uint8_t *p = block->start;

    while (p > start && p[-1] == NT_POOL_EDGE)
        p--;
    if (p > start)
        rule_violation_object("PoolUnderrun", block->start, caller,
                              "wrote before the start of %s %p of %zu bytes: 0x%02x at offset -%zu",
                              block->kind ? block->kind : "memory", (void *)block->start,
                              block->size, p[-1], (size_t)(block->start - (p - 1)));
    for (p = end; p < edge_end(block) && *p == NT_POOL_EDGE; p++)
        ;
    if (p < edge_end(block))
        rule_violation_object("PoolOverrun", block->start, caller,
                              "wrote past the end of %s %p of %zu bytes: 0x%02x at offset %zu",
                              block->kind ? block->kind : "memory", (void *)block->start,
                              block->size, *p, (size_t)(p - block->start));
}

static void check_free(const struct block *block, const char *kind, uint32_t tag,
                       const void *caller)
{
    char given[5], right[5];

    /* A string's buffer is pool: RtlFreeUnicodeString is not the only way to free it. */
    if (block->kind && kind && strcmp(block->kind, kind) &&
        (strcmp(block->kind, "string") || strcmp(kind, "pool")))
        rule_violation_object("PoolFree", block->start, caller,
                              "frees %p as %s; it was allocated as %s", (void *)block->start, kind,
                              block->kind);
    if (tag && tag != block->tag)
        rule_violation_object("PoolTag", block->start, caller,
                              "frees %p with tag '%s'; it was allocated with tag '%s'",
                              (void *)block->start, tag_text(tag, given),
                              tag_text(block->tag, right));
    check_edges(block, caller);
}

void nt_pool_free(const char *kind, void *p, uint32_t tag, const void *caller)
{
    struct block *block = cut(p);

    if (!block) {
        rule_violation_object("PoolFree", p, caller,
                              "frees %p, which is not an allocation or was already freed", p);
        return;
    }
    if (rules_enabled)
        check_free(block, kind, tag, caller);
    if (block->kind)
        track_remove(block->kind, p, caller);
    lock_order_forget(p, block->size);
    phys_free(p);
    free(block);
}
