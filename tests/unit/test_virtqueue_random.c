/* SPDX-License-Identifier: MIT */
/*
 * test_virtqueue_random.c: a driver and a device that do legal things in random order, held against
 * an oracle that knows only lists: what was added, in which order the device saw it, in which order
 * it gave it back. SEED=n replays a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ring.h"

#define STEPS      100000
#define MAX_PIECES 9

enum place { FREE, ADDED, PUBLISHED, TAKEN, USED };

struct buffer {
    enum place place;
    uint32_t out, in;
    struct virtq_sg sg[MAX_PIECES];
    uint32_t writable;
    uint32_t descriptors;
    struct virtq_desc *table;
    uint16_t head; /* as the device saw it */
    uint32_t len;  /* as the device says it */
};

/* A list of buffers in order. */
struct list {
    uint32_t count;
    uint32_t *buffers;
};

struct oracle {
    struct ring *ring;
    uint64_t seed;
    uint32_t size;
    struct buffer *buffers; /* `size` of them: no more can be out at once */
    struct list added, published, taken, used;
    uint32_t unflushed; /* of `used`: not shown yet */
    uint32_t free_descriptors;
    uint64_t round_trips;
    int event_idx;
    int enabled;     /* interrupts: the driver may sleep */
    int interrupted; /* one came since */
    uint64_t interrupts;
};

static void list_append(struct list *list, uint32_t buffer)
{
    list->buffers[list->count++] = buffer;
}

static uint32_t list_remove(struct list *list, uint32_t at)
{
    uint32_t buffer = list->buffers[at];

    list->count--;
    memmove(list->buffers + at, list->buffers + at + 1, (list->count - at) * sizeof(uint32_t));
    return buffer;
}

static void oracle_init(struct oracle *o, uint16_t size, uint64_t seed, int event_idx)
{
    struct list *lists[] = {&o->added, &o->published, &o->taken, &o->used};
    uint32_t i;

    memset(o, 0, sizeof(*o));
    o->ring = ring_new(size);
    o->event_idx = event_idx;
    if (event_idx) {
        ring_event_idx(o->ring);
    }
    o->enabled = 1;
    o->seed = seed;
    o->size = size;
    o->free_descriptors = size;
    o->buffers = calloc(size, sizeof(*o->buffers));
    for (i = 0; i < 4; i++) {
        lists[i]->buffers = calloc(size, sizeof(uint32_t));
    }
    for (i = 0; i < size; i++) {
        o->buffers[i].table = aligned_alloc(16, MAX_PIECES * sizeof(struct virtq_desc));
    }
}

static void oracle_free(struct oracle *o)
{
    uint32_t i;

    for (i = 0; i < o->size; i++) {
        free(o->buffers[i].table);
    }
    free(o->buffers);
    free(o->added.buffers);
    free(o->published.buffers);
    free(o->taken.buffers);
    free(o->used.buffers);
    ring_free(o->ring);
}

static uint32_t oracle_pick_free(struct oracle *o)
{
    uint32_t start = random_below(&o->seed, o->size);
    uint32_t i;

    for (i = 0; i < o->size; i++) {
        if (o->buffers[(start + i) % o->size].place == FREE) {
            return (start + i) % o->size;
        }
    }
    return UINT32_MAX;
}

static void step_add(struct oracle *o)
{
    uint32_t number = oracle_pick_free(o);
    struct buffer *buffer = &o->buffers[number == UINT32_MAX ? 0 : number];
    struct virtq_indirect indirect = ring_table(buffer->table, MAX_PIECES);
    uint32_t total = 1 + random_below(&o->seed, MAX_PIECES);
    int as_indirect = random_below(&o->seed, 3) == 0;
    uint32_t i;
    int status;

    if (number == UINT32_MAX) {
        assert_int_equal(ring_add(o->ring, 1, 1, 1), VIRTQ_FULL);
        return;
    }
    if (total > o->size) {
        total = o->size;
    }
    buffer->out = random_below(&o->seed, total + 1);
    buffer->in = total - buffer->out;
    buffer->writable = 0;
    for (i = 0; i < total; i++) {
        buffer->sg[i].addr = random_next(&o->seed);
        buffer->sg[i].len = 1 + random_below(&o->seed, 70000);
        buffer->writable += i >= buffer->out ? buffer->sg[i].len : 0;
    }
    buffer->descriptors = as_indirect ? 1 : total;
    if (as_indirect && buffer->in == 0) { /* the caller may write the table itself */
        for (i = 0; i < total; i++) {
            virtq_table_write(&indirect, i, buffer->sg[i].addr, buffer->sg[i].len);
        }
        virtq_table_end(&indirect, total);
        status = virtq_add_table(&o->ring->vq, &indirect, (uint16_t)total, buffer);
    } else {
        status = virtq_add(&o->ring->vq, buffer->sg, (uint16_t)buffer->out, (uint16_t)buffer->in,
                           as_indirect ? &indirect : NULL, buffer);
    }
    if (buffer->descriptors > o->free_descriptors) {
        assert_int_equal(status, VIRTQ_FULL);
        return;
    }
    assert_int_equal(status, VIRTQ_OK);
    o->free_descriptors -= buffer->descriptors;
    buffer->place = ADDED;
    list_append(&o->added, number);
}

static void step_publish(struct oracle *o)
{
    int wanted = o->added.count != 0 && o->ring->used->flags == 0;
    uint16_t entry = (uint16_t)(o->ring->vq.avail_idx - o->added.count);
    uint16_t event = *o->ring->device.avail_event;
    uint32_t i;

    if (o->event_idx) {
        wanted = 0;
        for (i = 0; i < o->added.count; i++, entry++) {
            wanted |= entry == event;
        }
    }
    if (random_below(&o->seed, 2)) {
        virtq_interrupt_after(&o->ring->vq, 1 + random_below(&o->seed, o->size));
    }
    assert_int_equal(!!virtq_publish(&o->ring->vq), wanted);
    while (o->added.count != 0) {
        uint32_t number = list_remove(&o->added, 0);

        o->buffers[number].place = PUBLISHED;
        list_append(&o->published, number);
    }
}

/* The device takes some of what was published: in order, and piece by piece what was added. */
static void step_take(struct oracle *o)
{
    uint32_t limit = 1 + random_below(&o->seed, o->size);
    struct ref_chain chain;

    while (limit-- != 0 && ref_device_pop(&o->ring->device, &chain)) {
        struct buffer *buffer;
        uint32_t number, i;

        assert_true(o->published.count != 0);
        number = list_remove(&o->published, 0);
        buffer = &o->buffers[number];
        assert_int_equal(chain.count, buffer->out + buffer->in);
        for (i = 0; i < chain.count; i++) {
            assert_int_equal(chain.pieces[i].addr, buffer->sg[i].addr);
            assert_int_equal(chain.pieces[i].len, buffer->sg[i].len);
            assert_int_equal(chain.pieces[i].writable, i >= buffer->out);
        }
        buffer->head = chain.head;
        buffer->place = TAKEN;
        list_append(&o->taken, number);
    }
}

/* It gives some of them back, in any order. */
static void step_use(struct oracle *o)
{
    uint32_t limit = 1 + random_below(&o->seed, o->size);

    while (limit-- != 0 && o->taken.count != 0) {
        uint32_t number = list_remove(&o->taken, random_below(&o->seed, o->taken.count));
        struct buffer *buffer = &o->buffers[number];

        buffer->len = random_below(&o->seed, buffer->writable + 1);
        if (random_below(&o->seed, 4) == 0) {
            buffer->len = buffer->writable;
        }
        ref_device_push(&o->ring->device, buffer->head, buffer->len);
        buffer->place = USED;
        list_append(&o->used, number);
        o->unflushed++;
    }
}

static void step_flush(struct oracle *o)
{
    int wanted = o->unflushed != 0 && o->ring->avail->flags == 0;
    int interrupts = ref_device_flush(&o->ring->device);

    if (!o->event_idx) {
        assert_int_equal(interrupts, wanted);
    }
    o->interrupted |= interrupts;
    o->interrupts += interrupts != 0;
    o->unflushed = 0;
}

static void step_get(struct oracle *o)
{
    uint32_t limit = 1 + random_below(&o->seed, o->size);

    while (limit-- != 0) {
        struct buffer *buffer;
        void *cookie = NULL;
        uint32_t len = 0;
        uint32_t number;

        assert_int_equal(virtq_has_used(&o->ring->vq) != 0, o->used.count > o->unflushed);
        if (o->used.count == o->unflushed) {
            assert_int_equal(virtq_get(&o->ring->vq, &cookie, &len), VIRTQ_EMPTY);
            assert_null(cookie);
            return;
        }
        assert_int_equal(virtq_get(&o->ring->vq, &cookie, &len), VIRTQ_OK);
        number = list_remove(&o->used, 0);
        buffer = &o->buffers[number];
        assert_ptr_equal(cookie, buffer);
        assert_int_equal(len, buffer->len);
        o->free_descriptors += buffer->descriptors;
        buffer->place = FREE;
        o->round_trips++;
    }
}

/* A driver that sleeps is woken when the device has used all that it has. */
static void check_woken(const struct oracle *o)
{
    if (o->enabled && o->used.count != 0 && o->unflushed == 0 && o->published.count == 0 &&
        o->taken.count == 0) {
        assert_true(o->interrupted);
    }
}

static void step_enable(struct oracle *o)
{
    uint32_t there = o->published.count + o->taken.count + o->used.count;
    uint32_t count = 1 + random_below(&o->seed, o->size), due;

    due = !o->event_idx || there == 0 ? 1 : count < there ? count : there;
    if (random_below(&o->seed, 2)) {
        due = 1;
        o->enabled = ring_enable_after(&o->ring->vq, 1);
    } else {
        o->enabled = ring_enable_after(&o->ring->vq, count);
    }
    assert_int_equal(!!o->enabled, o->used.count - o->unflushed < due);
    assert_int_equal(virtq_used_count(&o->ring->vq), o->used.count - o->unflushed);
    o->interrupted = 0;
    if (o->event_idx && there != 0) {
        assert_int_equal(o->ring->avail->ring[o->size],
                         (uint16_t)(o->ring->vq.last_used_idx + due - 1));
    }
}

static void step_flags(struct oracle *o)
{
    switch (random_below(&o->seed, 4)) {
    case 0:
        virtq_disable_interrupts(&o->ring->vq);
        o->enabled = 0;
        break;
    case 1:
        step_enable(o);
        break;
    case 2:
        ref_device_no_notify(&o->ring->device, true);
        break;
    default:
        assert_int_equal(ref_device_no_notify(&o->ring->device, false), o->published.count == 0);
        break;
    }
}

/* A device reset: what is out comes home, each once, and the ring starts anew. */
static void step_reset(struct oracle *o)
{
    uint32_t out = o->added.count + o->published.count + o->taken.count + o->used.count;
    struct buffer *buffer;

    while ((buffer = virtq_detach(&o->ring->vq)) != NULL) {
        assert_int_not_equal(buffer->place, FREE);
        buffer->place = FREE;
        out--;
    }
    assert_int_equal(out, 0);
    assert_int_equal(virtq_free_count(&o->ring->vq), o->size);
    o->added.count = o->published.count = o->taken.count = o->used.count = 0;
    o->unflushed = 0;
    o->free_descriptors = o->size;
    o->enabled = 1;
    o->interrupted = 0;
    ring_reset(o->ring);
}

static void run_random(uint16_t size, uint32_t steps, uint64_t seed, int event_idx)
{
    struct oracle oracle;
    struct oracle *o = &oracle;
    uint32_t i;

    oracle_init(o, size, seed, event_idx);
    for (i = 0; i < steps; i++) {
        switch (random_below(&o->seed, 24)) {
        case 0 ... 7:
            step_add(o);
            break;
        case 8 ... 10:
            step_publish(o);
            break;
        case 11 ... 13:
            step_take(o);
            break;
        case 14 ... 16:
            step_use(o);
            break;
        case 17 ... 18:
            step_flush(o);
            break;
        case 19 ... 21:
            step_get(o);
            break;
        case 22:
            step_flags(o);
            break;
        default:
            if (random_below(&o->seed, 2000) == 0) {
                step_reset(o);
            }
            break;
        }
        assert_int_equal(virtq_free_count(&o->ring->vq), o->free_descriptors);
        assert_int_equal(virtq_outstanding(&o->ring->vq),
                         o->added.count + o->published.count + o->taken.count + o->used.count);
        check_woken(o);
        assert_string_equal(o->ring->device.error, "");
        assert_int_equal(virtq_broken(&o->ring->vq), VIRTQ_OK);
    }
    assert_true(o->round_trips > steps / 100);
    assert_true(o->interrupts > 0);
    oracle_free(o);
}

#define RANDOM(size)                                    \
    static void random_size_##size(void **state)        \
    {                                                   \
        (void)state;                                    \
        run_random(size, STEPS, test_seed() ^ size, 0); \
    }
#define RANDOM_EVENTS(size)                             \
    static void random_events_size_##size(void **state) \
    {                                                   \
        (void)state;                                    \
        run_random(size, STEPS, test_seed() ^ size, 1); \
    }

RANDOM(1)
RANDOM(2)
RANDOM(4)
RANDOM(16)
RANDOM(64)
RANDOM(256)
RANDOM(1024)
RANDOM_EVENTS(1)
RANDOM_EVENTS(4)
RANDOM_EVENTS(64)
RANDOM_EVENTS(256)
RANDOM_EVENTS(1024)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_size_1),          cmocka_unit_test(random_size_2),
        cmocka_unit_test(random_size_4),          cmocka_unit_test(random_size_16),
        cmocka_unit_test(random_size_64),         cmocka_unit_test(random_size_256),
        cmocka_unit_test(random_size_1024),       cmocka_unit_test(random_events_size_1),
        cmocka_unit_test(random_events_size_4),   cmocka_unit_test(random_events_size_64),
        cmocka_unit_test(random_events_size_256), cmocka_unit_test(random_events_size_1024),
    };

    test_seed();
    return cmocka_run_group_tests_name("virtqueue_random", tests, NULL, NULL);
}
