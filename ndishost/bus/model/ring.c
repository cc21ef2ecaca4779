/* SPDX-License-Identifier: MIT */
/* The device's side of a split virtqueue; see ring.h. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "bus/model/features.h"
#include "bus/model/model.h"
#include "bus/model/ring.h"
#include "nt/machine/dma_map.h"
#include "nt/machine/phys.h"
#include "rules/rules.h"

/* ---- The rings in memory: 16-bit words that the driver reads and writes at the same time ---- */

static uint16_t load(const uint8_t *at)
{
    return __atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE);
}

static void store(uint8_t *at, uint16_t value)
{
    __atomic_store_n((uint16_t *)at, value, __ATOMIC_RELEASE);
}

static uint8_t *avail_flags(const struct ring *ring)
{
    return ring->avail;
}

static uint8_t *avail_idx(const struct ring *ring)
{
    return ring->avail + 2;
}

static uint8_t *avail_entry(const struct ring *ring, uint16_t i)
{
    return ring->avail + 4 + 2 * (size_t)(i % ring->size);
}

static uint8_t *avail_used_event(const struct ring *ring)
{
    return ring->avail + 4 + 2 * (size_t)ring->size;
}

static uint8_t *used_flags(const struct ring *ring)
{
    return ring->used;
}

static uint8_t *used_idx(const struct ring *ring)
{
    return ring->used + 2;
}

static volatile struct spec_used_elem *used_element(const struct ring *ring, uint16_t i)
{
    return (volatile struct spec_used_elem *)(ring->used + 4) + i % ring->size;
}

static uint8_t *used_avail_event(const struct ring *ring)
{
    return ring->used + 4 + sizeof(struct spec_used_elem) * (size_t)ring->size;
}

/* ---- Life ---- */

bool ring_open(struct ring *ring, uint16_t index, uint16_t max_size)
{
    ring->index = index;
    ring->max_size = max_size;
    ring->chain = calloc(max_size + 1u, sizeof *ring->chain);
    ring->owner = calloc(max_size + 1u, sizeof *ring->owner);
    ring->queue = calloc(max_size + 1u, sizeof *ring->queue);
    return ring->chain && ring->owner && ring->queue;
}

void ring_close(struct ring *ring)
{
    for (uint32_t i = 0; ring->chain && i < ring->max_size; i++)
        free(ring->chain[i].piece);
    free(ring->chain);
    free(ring->owner);
    free(ring->queue);
}

void ring_reset(struct ring *ring)
{
    for (uint32_t i = 0; i < ring->max_size; i++) {
        ring->chain[i].outstanding = false;
        ring->owner[i] = 0;
    }
    *ring = (struct ring){.index = ring->index,
                          .max_size = ring->max_size,
                          .chain = ring->chain,
                          .owner = ring->owner,
                          .queue = ring->queue,
                          .size = ring->max_size,
                          .limit = ring->max_size,
                          .longest = ring->longest,
                          .msix_vector = MSIX_NO_VECTOR};
}

bool ring_mapped(struct model *model, const struct ring *ring)
{
    if (!rules_enabled)
        return true;
    return model_may_touch(model, ring, ring->desc_addr, 16 * (size_t)ring->size, DMA_MAP_READ,
                           "reads the descriptor table") &&
           model_may_touch(model, ring, ring->avail_addr, 6 + 2 * (size_t)ring->size, DMA_MAP_READ,
                           "reads the available ring") &&
           model_may_touch(model, ring, ring->used_addr, 6 + 8 * (size_t)ring->size, DMA_MAP_WRITE,
                           "writes the used ring");
}

static bool find_parts(struct model *model, struct ring *ring)
{
    const struct {
        const char *name;
        uint64_t pa;
        size_t length;
        void *pointer;
    } part[] = {
        {"descriptor table", ring->desc_addr, 16 * (size_t)ring->size,
         phys_device_pointer(ring->desc_addr, 16 * (size_t)ring->size)},
        {"available ring", ring->avail_addr, 6 + 2 * (size_t)ring->size,
         phys_device_pointer(ring->avail_addr, 6 + 2 * (size_t)ring->size)},
        {"used ring", ring->used_addr, 6 + 8 * (size_t)ring->size,
         phys_device_pointer(ring->used_addr, 6 + 8 * (size_t)ring->size)},
    };

    for (int i = 0; i < 3; i++) {
        if (!part[i].pointer) {
            ring_violation(model, ring, RULE_QUEUE_MEMORY,
                           "queue %u: its %s at 0x%" PRIx64 ", %zu bytes, is not (all) memory",
                           ring->index, part[i].name, part[i].pa, part[i].length);
            return false;
        }
        for (int j = 0; j < i; j++)
            if (part[i].pa < part[j].pa + part[j].length &&
                part[j].pa < part[i].pa + part[i].length) {
                ring_violation(model, ring, RULE_QUEUE_MEMORY,
                               "queue %u: its %s and its %s overlap", ring->index, part[j].name,
                               part[i].name);
                return false;
            }
    }
    ring->desc = part[0].pointer;
    ring->avail = part[1].pointer;
    ring->used = part[2].pointer;
    return ring_mapped(model, ring);
}

bool ring_start(struct model *model, struct ring *ring)
{
    if (!find_parts(model, ring))
        return false;
    if (load(used_flags(ring)) || load(used_idx(ring)))
        ring_violation(model, ring, RULE_QUEUE_ZERO,
                       "queue %u: used flags are 0x%x and idx is %u as it starts, instead of 0",
                       ring->index, load(used_flags(ring)), load(used_idx(ring)));
    store(used_flags(ring), 0);
    store(used_idx(ring), 0);
    ring->live = true;
    return true;
}

/* ---- Fetching ---- */

static void check_flags(struct model *model, const struct ring *ring)
{
    uint16_t flags = load(avail_flags(ring));
    uint16_t allowed = model->negotiated & FEATURE_EVENT_IDX ? 0 : AVAIL_F_NO_INTERRUPT;

    if (flags & ~allowed)
        ring_violation(model, ring, RULE_AVAIL_FLAGS,
                       "queue %u: the available ring's flags are 0x%x; %s", ring->index, flags,
                       allowed ? "0 and 1 are allowed" : "with VIRTIO_F_EVENT_IDX they are 0");
}

static bool fetch_one(struct model *model, struct ring *ring)
{
    uint16_t head = load(avail_entry(ring, ring->avail_seen));

    if (head >= ring->size) {
        ring_violation(model, ring, RULE_AVAIL_HEAD,
                       "queue %u: available entry %u names descriptor %u of %u", ring->index,
                       ring->avail_seen % ring->size, head, ring->size);
        return false;
    }
    if (ring->chain[head].outstanding) {
        ring_violation(
            model, ring, RULE_AVAIL_TWICE,
            "queue %u: the driver makes chain %u available, which the device already has",
            ring->index, head);
        return false;
    }
    if (!chain_read(model, ring, &ring->chain[head], head) ||
        !chain_mapped(model, ring, &ring->chain[head]))
        return false;
    ring->chain[head].outstanding = true;
    if (ring->chain[head].pieces > ring->longest)
        ring->longest = ring->chain[head].pieces;
    ring->queue[(ring->queue_head + ring->queue_count) % ring->size] = head;
    ring->queue_count++;
    ring->in_flight++;
    ring->avail_seen++;
    return true;
}

uint16_t ring_offered(const struct ring *ring)
{
    return ring->live ? (uint16_t)(load(avail_idx(ring)) - ring->avail_seen) : 0;
}

bool ring_pending(const struct ring *ring)
{
    return ring_offered(ring) != 0;
}

void ring_check_exposed(struct model *model, struct ring *ring)
{
    if (!ring->live || thread_stale(model))
        return;
    if ((uint32_t)ring_offered(ring) + ring->in_flight > ring->size)
        ring_violation(model, ring, RULE_AVAIL_IDX,
                       "queue %u: available idx is %u before the reset; the device has come to %u",
                       ring->index, load(avail_idx(ring)), ring->avail_seen);
    for (uint32_t i = 0; i < ring->size; i++)
        if (ring->chain[i].outstanding)
            chain_check_unaltered(model, ring, &ring->chain[i]);
}

bool ring_fetch(struct model *model, struct ring *ring)
{
    uint16_t fresh;

    if (!ring->live || model->broken)
        return false;
    fresh = (uint16_t)(load(avail_idx(ring)) - ring->avail_seen);
    if (fresh == 0)
        return false;
    if (!ring_mapped(model, ring))
        return false;
    check_flags(model, ring);
    if ((uint32_t)fresh + ring->in_flight > ring->size) {
        ring_violation(model, ring, RULE_AVAIL_IDX,
                       "queue %u: available idx went from %u to %u with %u of %u chains still out",
                       ring->index, ring->avail_seen, (uint16_t)(ring->avail_seen + fresh),
                       ring->in_flight, ring->size);
        return false;
    }
    while (fresh-- > 0)
        if (!fetch_one(model, ring))
            return false;
    return true;
}

struct chain *ring_take(struct ring *ring, uint16_t nth)
{
    uint16_t *slot, *first = &ring->queue[ring->queue_head % ring->size];
    uint16_t head;

    if (nth >= ring->queue_count)
        return NULL;
    slot = &ring->queue[(ring->queue_head + nth) % ring->size];
    head = *slot;
    *slot = *first;
    ring->queue_head = (uint16_t)((ring->queue_head + 1) % ring->size);
    ring->queue_count--;
    return &ring->chain[head];
}

void ring_untake(struct ring *ring, struct chain *chain)
{
    ring->queue_head = (uint16_t)((ring->queue_head + ring->size - 1) % ring->size);
    ring->queue[ring->queue_head] = chain->head;
    ring->queue_count++;
}

/* ---- Publishing ---- */

static void disown(struct ring *ring, const volatile struct spec_desc *source)
{
    if (source >= ring->desc && source < ring->desc + ring->size)
        ring->owner[source - ring->desc] = 0;
}

static void give_back(struct model *model, struct ring *ring, struct chain *chain)
{
    chain_check_unaltered(model, ring, chain);
    for (uint32_t i = 0; i < chain->pieces; i++)
        disown(ring, chain->piece[i].source);
    if (chain->table_source)
        disown(ring, chain->table_source);
    chain->outstanding = false;
    ring->in_flight--;
}

/* A descriptor that belongs to no chain; beyond the queue if there is none. */
static uint32_t free_descriptor(const struct ring *ring, uint16_t except)
{
    for (uint32_t i = 0; i < ring->size; i++)
        if (ring->owner[i] == 0 && i != except)
            return i;
    return ring->size;
}

/* A lie about used buffers is due. */
static bool lie(struct model *model, struct ring *ring, enum fault_id id)
{
    if (!fault_hit(&model->faults, id))
        return false;
    ring->lied = true;
    if (id == FAULT_USED_STALE || id == FAULT_USED_ID_FREE || id == FAULT_USED_TWICE ||
        id == FAULT_USED_IDX_JUMP || id == FAULT_USED_IDX_BACK)
        ring->misled = true;
    atomic_fetch_or(&model->bus.lies, 1);
    return true;
}

/* Writes only what the driver may not touch now: entries and descriptors of chains that are out. */
static void scribble(struct model *model, struct ring *ring)
{
    if (lie(model, ring, FAULT_AVAIL_SCRIBBLE))
        for (uint16_t i = 0; i < ring->in_flight; i++)
            store(avail_entry(ring, (uint16_t)(ring->avail_seen - 1 - i)), 0xFFFF);
    if (lie(model, ring, FAULT_DESC_SCRIBBLE)) {
        for (uint32_t i = 0; i < ring->size; i++)
            if (ring->owner[i])
                *(volatile struct spec_desc *)&ring->desc[i] =
                    (struct spec_desc){UINT64_MAX, UINT32_MAX, 0xFFFF, 0xFFFF};
    }
}

static void put_element(struct model *model, struct ring *ring, const struct used_buffer *used)
{
    volatile struct spec_used_elem *e = used_element(ring, ring->used_idx);
    uint32_t id = used->chain->head, len = used->length;

    if (lie(model, ring, FAULT_USED_ID_RANGE))
        id = ring->size + (uint32_t)random_below(&model->random, 65536u - ring->size);
    if (lie(model, ring, FAULT_USED_ID_HIGH))
        id |= 0x10000;
    if (lie(model, ring, FAULT_USED_ID_FREE))
        id = free_descriptor(ring, used->chain->head);
    if (used->chain->writable) {
        if (lie(model, ring, FAULT_USED_LEN))
            len = (uint32_t)used->chain->writable + 1;
        if (lie(model, ring, FAULT_USED_LEN_HUGE))
            len = UINT32_MAX;
    } else if (fault_hit(&model->faults, FAULT_USED_LEN_OUT)) {
        len = (uint32_t)used->chain->readable; /* no lie: it means nothing there (2.7.8) */
    }
    if (!lie(model, ring, FAULT_USED_STALE)) {
        e->id = id;
        e->len = len;
    }
    ring->used_idx++;
    if (lie(model, ring, FAULT_USED_TWICE)) {
        e = used_element(ring, ring->used_idx++);
        e->id = id;
        e->len = len;
    }
}

static void check_used_untouched(struct model *model, struct ring *ring)
{
    uint16_t flags = load(used_flags(ring)), idx = load(used_idx(ring));

    if (flags == ring->used_flags && idx == ring->used_idx)
        return;
    ring_violation(model, ring, RULE_USED_WRITTEN,
                   "queue %u: the used ring, which is the device's, now has flags 0x%x and idx %u "
                   "(was 0x%x and %u)",
                   ring->index, flags, idx, ring->used_flags, ring->used_idx);
    store(used_flags(ring), ring->used_flags);
}

void ring_publish(struct model *model, struct ring *ring, const struct used_buffer *used,
                  unsigned count)
{
    uint16_t before = ring->used_idx;

    if (count == 0 || !ring_mapped(model, ring))
        return;
    check_used_untouched(model, ring);
    scribble(model, ring);
    for (unsigned i = 0; i < count; i++) {
        give_back(model, ring, used[i].chain);
        put_element(model, ring, &used[i]);
    }
    if (lie(model, ring, FAULT_USED_IDX_JUMP))
        ring->used_idx = (uint16_t)(ring->used_idx + ring->size + 1);
    if (lie(model, ring, FAULT_USED_IDX_BACK))
        ring->used_idx = (uint16_t)(before - 1);
    store(used_idx(ring), ring->used_idx);
}

bool ring_wants_interrupt(struct model *model, struct ring *ring)
{
    uint16_t old = ring->signalled, new = ring->used_idx;

    ring->signalled = new;
    /* idx must be out before the driver's wish is read (2.7.7.2). */
    atomic_thread_fence(memory_order_seq_cst);
    if (model->options.ignore_no_interrupt)
        return true;
    if (model->negotiated & FEATURE_EVENT_IDX) {
        uint16_t event = load(avail_used_event(ring));

        return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
    }
    return !(load(avail_flags(ring)) & AVAIL_F_NO_INTERRUPT);
}

/* ---- Notifications by the driver ---- */

/* The buffer that the device wants to hear of. While it wants to hear of none, the event lies behind: it is
 * passed only after 65535 more. `never`: it must not come there again. */
static void want_by_event(struct model *model, struct ring *ring, bool wanted, bool never)
{
    if (fault_hit(&model->faults, FAULT_AVAIL_EVENT)) {
        /* Often near what the driver makes available next, and anything at all. */
        unsigned ahead = (unsigned)random_below(&model->random, 65536);

        ahead >>= random_below(&model->random, 16);
        store(used_avail_event(ring), (uint16_t)(ring->avail_seen + ahead));
    } else if (wanted || never) {
        store(used_avail_event(ring), (uint16_t)(ring->avail_seen - !wanted));
    }
}

void ring_want_notifications(struct model *model, struct ring *ring, bool wanted)
{
    bool never = fault_hit(&model->faults, FAULT_NO_NOTIFY);
    uint16_t flags;

    wanted = fault_hit(&model->faults, FAULT_NOTIFY_ALWAYS) || (wanted && !never);
    flags = wanted ? 0 : USED_F_NO_NOTIFY;
    if (model->negotiated & FEATURE_EVENT_IDX) {
        want_by_event(model, ring, wanted, never);
        flags = 0;
    }
    if (fault_hit(&model->faults, FAULT_USED_FLAGS))
        flags |= 0xFFFE;
    if (flags != ring->used_flags) {
        ring->used_flags = flags;
        store(used_flags(ring), flags);
    }
    /* The wish must be out before the available idx is read again. */
    atomic_thread_fence(memory_order_seq_cst);
}

bool ring_notifications_wanted(const struct model *model, const struct ring *ring)
{
    if (model->negotiated & FEATURE_EVENT_IDX)
        return load(used_avail_event(ring)) == ring->avail_seen;
    return !(ring->used_flags & USED_F_NO_NOTIFY);
}
