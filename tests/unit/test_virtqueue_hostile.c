/* SPDX-License-Identifier: MIT */
/*
 * test_virtqueue_hostile.c: devices that lie. Each lie is found at the moment it would be believed,
 * it breaks the virtqueue for good, and every buffer still comes home once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdatomic.h>
#include <stdint.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ring.h"

#define SIZE     8
#define BUFFERS  3  /* two pieces each: descriptors 0..5 */
#define WRITABLE 64 /* of each buffer */

static int setup(void **state)
{
    struct ring *r = ring_new(SIZE);
    struct virtq_sg sg[2] = {{0x1000, 100}, {0x2000, WRITABLE}};
    uintptr_t i;

    for (i = 1; i <= BUFFERS; i++) {
        assert_int_equal(virtq_add(&r->vq, sg, 1, 1, NULL, (void *)i), VIRTQ_OK);
    }
    assert_true(virtq_publish(&r->vq));
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    ring_free(*state);
    return 0;
}

static uint16_t head_of(struct ring *r, unsigned buffer)
{
    return r->avail->ring[buffer - 1];
}

/* The device uses `id` with `len`, without any of the checks of ref_device. */
static void use(struct ring *r, uint32_t id, uint32_t len)
{
    ref_device_push(&r->device, id, len);
    r->used->idx = r->device.used_idx;
}

/* The next virtq_get finds `lie`, nothing works from then on, and the buffers that are still
 * out, as a mask of tokens, come home. Then a reset makes everything good. */
static void assert_broken(struct ring *r, int lie, uint32_t out)
{
    uint16_t published = r->avail->idx;
    struct virtq_sg sg = {0x3000, 1};
    static _Alignas(16) struct virtq_desc table[1];
    struct virtq_indirect indirect = ring_table(table, 1);
    uintptr_t token;
    uint32_t len;
    void *cookie;

    assert_true(virtq_has_used(&r->vq));
    assert_int_equal(ring_get(r, &token, &len), lie);
    assert_int_equal(token, 0);
    assert_int_equal(virtq_broken(&r->vq), lie);

    assert_int_equal(ring_get(r, &token, &len), lie);
    assert_int_equal(virtq_add(&r->vq, &sg, 1, 0, NULL, (void *)9), lie);
    assert_int_equal(virtq_add(&r->vq, &sg, 1, 0, &indirect, (void *)9), lie);
    assert_int_equal(virtq_add_table(&r->vq, &indirect, 1, (void *)9), lie);
    assert_false(virtq_publish(&r->vq));
    assert_int_equal(r->avail->idx, published);
    assert_false(virtq_has_used(&r->vq));
    virtq_disable_interrupts(&r->vq);
    assert_true(virtq_enable_interrupts(&r->vq)); /* or a polling driver would never stop */
    assert_int_equal(virtq_broken(&r->vq), lie);

    while ((cookie = virtq_detach(&r->vq)) != NULL) {
        assert_in_range((uintptr_t)cookie, 1, 31);
        assert_true(out >> (uintptr_t)cookie & 1);
        out &= ~(1u << (uintptr_t)cookie);
    }
    assert_int_equal(out, 0);
    assert_int_equal(virtq_free_count(&r->vq), SIZE);

    ring_reset(r);
    assert_int_equal(virtq_broken(&r->vq), VIRTQ_OK);
    assert_int_equal(ring_add(r, 5, 10, 1), VIRTQ_OK);
    assert_true(virtq_publish(&r->vq));
    use(r, head_of(r, 1), 10);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(token, 5);
}

static void expect(struct ring *r, uintptr_t buffer)
{
    uintptr_t token;
    uint32_t len;

    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(token, buffer);
}

static void idx_one_beyond_what_is_out(void **state)
{
    struct ring *r = *state;

    r->used->idx = BUFFERS + 1;
    assert_broken(r, VIRTQ_E_USED_IDX, 1u << 1 | 1u << 2 | 1u << 3);
}

static void idx_far_beyond(void **state)
{
    struct ring *r = *state;

    r->used->idx = 0x8000;
    assert_broken(r, VIRTQ_E_USED_IDX, 1u << 1 | 1u << 2 | 1u << 3);
}

static void idx_goes_back(void **state)
{
    struct ring *r = *state;

    use(r, head_of(r, 1), 0);
    use(r, head_of(r, 2), 0);
    expect(r, 1);
    expect(r, 2);
    r->used->idx = 1;
    assert_broken(r, VIRTQ_E_USED_IDX, 1u << 3);
}

/* What was added and not yet published does not count as available. */
static void idx_covers_unpublished(void **state)
{
    struct ring *r = *state;

    assert_int_equal(ring_add(r, 4, 10, 1), VIRTQ_OK);
    r->used->idx = BUFFERS + 1;
    assert_broken(r, VIRTQ_E_USED_IDX, 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4);
}

static void idx_moves_on_an_empty_ring(void **state)
{
    struct ring *r = *state;

    use(r, head_of(r, 1), 0);
    use(r, head_of(r, 2), 0);
    use(r, head_of(r, 3), 0);
    expect(r, 1);
    expect(r, 2);
    expect(r, 3);
    r->used->idx++;
    assert_broken(r, VIRTQ_E_USED_IDX, 0);
}

static void id_of_the_queue_size(void **state)
{
    use(*state, SIZE, 0);
    assert_broken(*state, VIRTQ_E_USED_ID, 1u << 1 | 1u << 2 | 1u << 3);
}

static void id_of_all_ones(void **state)
{
    use(*state, 0xFFFFFFFF, 0);
    assert_broken(*state, VIRTQ_E_USED_ID, 1u << 1 | 1u << 2 | 1u << 3);
}

/* Its low 16 bits are a good head. */
static void id_wider_than_16_bits(void **state)
{
    use(*state, 0x10000u | head_of(*state, 1), 0);
    assert_broken(*state, VIRTQ_E_USED_ID, 1u << 1 | 1u << 2 | 1u << 3);
}

static void id_returned_twice(void **state)
{
    struct ring *r = *state;

    use(r, head_of(r, 2), 0);
    use(r, head_of(r, 2), 0);
    expect(r, 2);
    assert_broken(r, VIRTQ_E_USED_ID, 1u << 1 | 1u << 3);
}

static void id_that_is_free(void **state)
{
    use(*state, SIZE - 1, 0);
    assert_broken(*state, VIRTQ_E_USED_ID, 1u << 1 | 1u << 2 | 1u << 3);
}

static void id_in_the_middle_of_a_chain(void **state)
{
    struct ring *r = *state;

    use(r, r->desc[head_of(r, 1)].next, 0);
    assert_broken(r, VIRTQ_E_USED_ID, 1u << 1 | 1u << 2 | 1u << 3);
}

static void id_that_was_not_published(void **state)
{
    struct ring *r = *state;

    assert_int_equal(ring_add(r, 4, 10, 1), VIRTQ_OK);
    use(r, head_of(r, 4), 0);
    assert_broken(r, VIRTQ_E_USED_ID, 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4);
}

static void len_one_over(void **state)
{
    use(*state, head_of(*state, 3), WRITABLE + 1);
    assert_broken(*state, VIRTQ_E_USED_LEN, 1u << 1 | 1u << 2 | 1u << 3);
}

static void len_all_ones(void **state)
{
    use(*state, head_of(*state, 1), 0xFFFFFFFF);
    assert_broken(*state, VIRTQ_E_USED_LEN, 1u << 1 | 1u << 2 | 1u << 3);
}

/* 2.7.8: for a buffer without a device-writable part the len means nothing. Devices exist that
 * report the bytes they read. */
static void len_of_a_readable_buffer(void **state)
{
    static const uint32_t lengths[] = {1, 500, 501, 0xFFFFFFFF};
    struct ring *r = *state;
    uintptr_t token;
    uint32_t len;
    size_t i;

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        assert_int_equal(ring_add(r, 4, 500, 0), VIRTQ_OK);
        virtq_publish(&r->vq);
        use(r, r->avail->ring[(BUFFERS + i) % SIZE], lengths[i]);
        assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
        assert_int_equal(token, 4);
        assert_int_equal(len, 0);
    }
    use(r, head_of(r, 1), WRITABLE + 1); /* and with one it does */
    assert_broken(r, VIRTQ_E_USED_LEN, 1u << 1 | 1u << 2 | 1u << 3);
}

/* The device may not write the bytes of the table. */
static void len_of_an_indirect_table(void **state)
{
    static _Alignas(16) struct virtq_desc table[2];
    struct virtq_indirect indirect = ring_table(table, 2);
    struct virtq_sg sg[2] = {{0x1000, 100}, {0x2000, 20}};
    struct ring *r = *state;

    assert_int_equal(virtq_add(&r->vq, sg, 1, 1, &indirect, (void *)4), VIRTQ_OK);
    virtq_publish(&r->vq);
    use(r, head_of(r, 4), 21);
    assert_broken(r, VIRTQ_E_USED_LEN, 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4);
}

/* The device scribbles over everything it can reach. What it then uses, by the heads it knew, completes
 * correctly, and what the driver adds next is correct in memory. */
static void scribbles_are_not_believed(void **state)
{
    struct ring *r = *state;
    uint64_t seed = test_seed();
    uint16_t heads[SIZE];
    struct virtq_sg sg[SIZE];
    struct ref_chain chain;
    uintptr_t token, buffer;
    uint32_t len, i, count, round;

    ring_reset(r);
    for (round = 0; round < 2000; round++) {
        count = 0;
        for (buffer = 1; virtq_free_count(&r->vq) != 0; buffer++) {
            uint32_t pieces = 1 + random_below(&seed, virtq_free_count(&r->vq));

            for (i = 0; i < pieces; i++) {
                sg[i].addr = buffer << 20 | i;
                sg[i].len = 1 + i;
            }
            assert_int_equal(virtq_add(&r->vq, sg, 0, (uint16_t)pieces, NULL, (void *)buffer),
                             VIRTQ_OK);
            virtq_publish(&r->vq);
            assert_true(ref_device_pop(&r->device, &chain));
            assert_int_equal(chain.count, pieces);
            assert_int_equal(chain.pieces[pieces - 1].addr, buffer << 20 | (pieces - 1));
            heads[count++] = chain.head;
            for (i = 0; i < SIZE * 16; i++) {
                r->memory[r->layout.desc_offset + i] = (uint8_t)random_next(&seed);
            }
            for (i = 0; i < SIZE; i++) {
                r->avail->ring[i] = (uint16_t)random_next(&seed);
            }
            r->avail->flags = 0;
        }
        for (i = 0; i < count; i++) {
            use(r, heads[i], 1);
        }
        for (buffer = 1; buffer <= count; buffer++) {
            assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
            assert_int_equal(token, buffer);
        }
        assert_int_equal(virtq_free_count(&r->vq), SIZE);
    }
}

/* A device on another processor that changes the words of the used element and idx while they are
 * read: what virtq_get returns has passed its checks, whichever of the values it saw. */
struct flipper {
    struct ring *ring;
    uint32_t good_id;
    atomic_int stop;
};

static void *flip(void *argument)
{
    struct flipper *flipper = argument;
    volatile struct virtq_used *used = flipper->ring->used;
    uint32_t i;

    for (i = 0; !atomic_load_explicit(&flipper->stop, memory_order_relaxed); i++) {
        uint32_t slot;

        for (slot = 0; slot < SIZE; slot++) {
            used->ring[slot].len = i % 2 != 0 ? WRITABLE : 0x7FFFFFFF;
            used->ring[slot].id = i % 3 != 0 ? flipper->good_id : 0x40000000;
        }
        used->idx = (uint16_t)(i % 5 != 0 ? 1 : 0x4000);
    }
    return NULL;
}

static void words_that_change_while_they_are_read(void **state)
{
    struct ring *r = *state;
    struct flipper flipper = {.ring = r};
    unsigned outcomes[8] = {0}; /* by -status */
    time_t start = time(NULL);
    unsigned seen = 0;
    pthread_t thread;

    ring_reset(r);
    flipper.good_id = 0; /* a fresh ring's first descriptor */
    assert_int_equal(pthread_create(&thread, NULL, flip, &flipper), 0);
    /* a second at least, and until each kind of answer was given often */
    while (time(NULL) < start + 2 || (seen != 15 && time(NULL) < start + 20)) {
        uintptr_t token;
        uint32_t len;
        int status;

        virtq_reset(&r->vq);
        if (ring_add(r, 77, WRITABLE, 1) != VIRTQ_OK) {
            break;
        }
        virtq_publish(&r->vq);
        status = ring_get(r, &token, &len);
        outcomes[-status]++;
        seen |= (outcomes[-VIRTQ_OK] > 20) << 0 | (outcomes[-VIRTQ_E_USED_IDX] > 20) << 1 |
                (outcomes[-VIRTQ_E_USED_ID] > 20) << 2 | (outcomes[-VIRTQ_E_USED_LEN] > 20) << 3;
        if (status == VIRTQ_OK && (token != 77 || len > WRITABLE)) {
            outcomes[7]++;
        }
    }
    atomic_store(&flipper.stop, 1);
    pthread_join(thread, NULL);
    assert_int_equal(outcomes[7], 0);
    assert_int_equal(seen, 15); /* or the test has shown nothing */
    ring_reset(r);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(idx_one_beyond_what_is_out),
        CASE(idx_far_beyond),
        CASE(idx_goes_back),
        CASE(idx_covers_unpublished),
        CASE(idx_moves_on_an_empty_ring),
        CASE(id_of_the_queue_size),
        CASE(id_of_all_ones),
        CASE(id_wider_than_16_bits),
        CASE(id_returned_twice),
        CASE(id_that_is_free),
        CASE(id_in_the_middle_of_a_chain),
        CASE(id_that_was_not_published),
        CASE(len_one_over),
        CASE(len_all_ones),
        CASE(len_of_a_readable_buffer),
        CASE(len_of_an_indirect_table),
        CASE(scribbles_are_not_believed),
        CASE(words_that_change_while_they_are_read),
    };

    return cmocka_run_group_tests_name("virtqueue_hostile", tests, NULL, NULL);
}
