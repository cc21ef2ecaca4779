/* SPDX-License-Identifier: MIT */
/*
 * test_virtqueue.c: what virtqueue.h promises, case by case, with an honest device on the other
 * side. Section numbers are virtio 1.2's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ring.h"

static struct virtq_sg sg_of(uint64_t addr, uint32_t len)
{
    struct virtq_sg sg = {addr, len};

    return sg;
}

/* 2.7: a power of two, 1 to 32768. */
static void queue_sizes(void **state)
{
    struct virtq_layout layout;
    uint32_t size;

    (void)state;
    for (size = 0; size <= 0xFFFF; size++) {
        int legal = size != 0 && size <= 32768 && (size & (size - 1)) == 0;

        assert_int_equal(virtq_layout((uint16_t)size, &layout), legal ? VIRTQ_OK : VIRTQ_E_INVALID);
    }
}

/* 2.7, 2.7.1: sizes and alignments of the three parts, which do not overlap. */
static void layout_of_every_size(void **state)
{
    struct virtq_layout layout;
    uint32_t size;

    (void)state;
    for (size = 1; size <= 32768; size *= 2) {
        assert_int_equal(virtq_layout((uint16_t)size, &layout), VIRTQ_OK);
        assert_int_equal(layout.desc_offset % 16, 0);
        assert_int_equal(layout.avail_offset % 2, 0);
        assert_int_equal(layout.used_offset % 4, 0);
        assert_true(layout.avail_offset >= layout.desc_offset + 16 * size);
        assert_true(layout.used_offset >= layout.avail_offset + 6 + 2 * size);
        assert_true(layout.ring_bytes >= layout.used_offset + 6 + 8 * size);
        assert_true(layout.ring_bytes < 26 * size + 12 + 3 * 64);
        assert_true(layout.state_bytes <= 32 * size);
    }
}

static void init_refuses_bad_memory(void **state)
{
    static _Alignas(64) uint8_t memory[4096];
    struct virtq_config good = {16, memory, 0x10000, memory + 2048};
    struct virtq_config bad;
    struct virtqueue vq;

    (void)state;
    assert_int_equal(virtq_init(&vq, &good), VIRTQ_OK);
    bad = good, bad.size = 24;
    assert_int_equal(virtq_init(&vq, &bad), VIRTQ_E_INVALID);
    bad = good, bad.size = 0;
    assert_int_equal(virtq_init(&vq, &bad), VIRTQ_E_INVALID);
    bad = good, bad.ring = NULL;
    assert_int_equal(virtq_init(&vq, &bad), VIRTQ_E_INVALID);
    bad = good, bad.state = NULL;
    assert_int_equal(virtq_init(&vq, &bad), VIRTQ_E_INVALID);
    bad = good, bad.ring = memory + 8;
    assert_int_equal(virtq_init(&vq, &bad), VIRTQ_E_INVALID);
    bad = good, bad.ring_addr += 8;
    assert_int_equal(virtq_init(&vq, &bad), VIRTQ_E_INVALID);
    bad = good, bad.state = memory + 2048 + 2;
    assert_int_equal(virtq_init(&vq, &bad), VIRTQ_E_INVALID);
}

/* 2.7.10.1, 4.1.5.1.3: the ring starts as zeros; interrupts and notifications are wanted. */
static void init_zeroes_the_ring(void **state)
{
    struct ring *r = ring_new(64);
    uint32_t i;

    (void)state;
    for (i = 0; i < r->layout.ring_bytes; i++) {
        assert_int_equal(r->memory[i], 0);
    }
    assert_int_equal(r->vq.desc_addr, (uintptr_t)r->desc);
    assert_int_equal(r->vq.avail_addr, (uintptr_t)r->avail);
    assert_int_equal(r->vq.used_addr, (uintptr_t)r->used);
    assert_int_equal(virtq_free_count(&r->vq), 64);
    assert_int_equal(virtq_outstanding(&r->vq), 0);
    assert_int_equal(virtq_broken(&r->vq), VIRTQ_OK);
    ring_free(r);
}

/* 2.7.13: one buffer out and back. */
static void one_buffer(void **state)
{
    struct ring *r = ring_new(8);
    struct ref_chain chain;
    uintptr_t token;
    uint32_t len;

    (void)state;
    assert_int_equal(ring_add(r, 7, 1526, 1), VIRTQ_OK);
    assert_true(virtq_publish(&r->vq));
    assert_true(ref_device_pop(&r->device, &chain));
    assert_int_equal(chain.count, 1);
    assert_int_equal(chain.pieces[0].addr, 7 << 12);
    assert_int_equal(chain.pieces[0].len, 1526);
    assert_true(chain.pieces[0].writable);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_EMPTY);
    assert_false(virtq_has_used(&r->vq));

    ref_device_push(&r->device, chain.head, 72);
    assert_true(ref_device_flush(&r->device));
    assert_true(virtq_has_used(&r->vq));
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(token, 7);
    assert_int_equal(len, 72);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_EMPTY);
    assert_int_equal(virtq_free_count(&r->vq), 8);
    ring_free(r);
}

/* 2.7.4.2, 2.7.13.1: device-readable pieces, then device-writable ones, chained. */
static void chain_of_readable_and_writable(void **state)
{
    struct ring *r = ring_new(8);
    struct virtq_sg sg[5];
    struct ref_chain chain;
    uintptr_t token;
    uint32_t len;
    int i;

    (void)state;
    for (i = 0; i < 5; i++) {
        sg[i] = sg_of(0xFFFF800000000000u + (uint64_t)i * 4096, 100 + (uint32_t)i);
    }
    assert_int_equal(virtq_add(&r->vq, sg, 2, 3, NULL, (void *)1), VIRTQ_OK);
    assert_int_equal(virtq_free_count(&r->vq), 3);
    virtq_publish(&r->vq);
    assert_true(ref_device_pop(&r->device, &chain));
    assert_int_equal(chain.count, 5);
    assert_false(chain.indirect);
    for (i = 0; i < 5; i++) {
        assert_int_equal(chain.pieces[i].addr, sg[i].addr);
        assert_int_equal(chain.pieces[i].len, sg[i].len);
        assert_int_equal(chain.pieces[i].writable, i >= 2);
    }

    /* the device may write the writable pieces' 102+103+104 bytes and no more */
    ref_device_push(&r->device, chain.head, 309);
    ref_device_flush(&r->device);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(len, 309);
    assert_int_equal(virtq_free_count(&r->vq), 8);
    ring_free(r);
}

/* 2.7.5: the longest chain is the queue size. */
static void chain_as_long_as_the_queue(void **state)
{
    uint32_t size;

    (void)state;
    for (size = 1; size <= 32768; size *= 2) {
        struct ring *r = ring_new((uint16_t)size);
        struct virtq_sg *sg = calloc(size + 1, sizeof(*sg));
        struct ref_chain chain;
        uint32_t i;

        for (i = 0; i <= size; i++) {
            sg[i] = sg_of((uint64_t)i << 12, 1);
        }
        assert_int_equal(virtq_add(&r->vq, sg, (uint16_t)size, 1, NULL, (void *)1),
                         VIRTQ_E_INVALID);
        assert_int_equal(virtq_add(&r->vq, sg, (uint16_t)size, 0, NULL, (void *)1), VIRTQ_OK);
        assert_int_equal(virtq_free_count(&r->vq), 0);
        assert_int_equal(ring_add(r, 2, 1, 0), VIRTQ_FULL);
        virtq_publish(&r->vq);
        assert_true(ref_device_pop(&r->device, &chain));
        assert_int_equal(chain.count, size);
        free(sg);
        ring_free(r);
    }
}

/* Counts whose sum does not fit 16 bits are refused: they do not pass for a short chain. */
static void counts_that_overflow(void **state)
{
    struct ring *r = ring_new(4);
    struct virtq_sg sg[4];
    static _Alignas(16) struct virtq_desc table[4];
    struct virtq_indirect indirect = ring_table(table, 0xFFFF);
    int i;

    (void)state;
    for (i = 0; i < 4; i++) {
        sg[i] = sg_of(4096, 1);
    }
    assert_int_equal(virtq_add(&r->vq, sg, 0xFFFF, 3, NULL, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg, 0x8000, 0x8001, NULL, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg, 0xFFFF, 3, &indirect, (void *)1), VIRTQ_E_INVALID);
    ring_free(r);
}

static void add_refuses_bad_arguments(void **state)
{
    struct ring *r = ring_new(4);
    struct virtq_sg sg[3];
    struct virtqueue before;
    uint8_t *memory = malloc(r->layout.ring_bytes);

    (void)state;
    sg[0] = sg_of(4096, 16);
    sg[1] = sg_of(8192, 0);
    sg[2] = sg_of(8192, 16);
    memcpy(memory, r->memory, r->layout.ring_bytes);
    before = r->vq; /* and the descriptors are free, whatever stands in them */
    assert_int_equal(virtq_add(&r->vq, sg, 0, 0, NULL, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg, 1, 0, NULL, NULL), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg, 2, 0, NULL, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg, 1, 1, NULL, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg + 1, 1, 0, NULL, (void *)1), VIRTQ_E_INVALID);
    assert_memory_equal(&before, &r->vq, sizeof(before));
    assert_memory_equal(memory + r->layout.avail_offset, r->memory + r->layout.avail_offset,
                        r->layout.ring_bytes - r->layout.avail_offset);
    free(memory);
    ring_free(r);
}

/* 2.7.5.2: a chain has at most 2^32 bytes; the ring takes one byte less. */
static void chain_of_four_gigabytes(void **state)
{
    struct ring *r = ring_new(4);
    struct virtq_sg sg[3];
    struct ref_chain chain;
    uintptr_t token;
    uint32_t len;

    (void)state;
    sg[0] = sg_of(4096, 1);
    sg[1] = sg_of(8192, 0xFFFFFFFF);
    sg[2] = sg_of(8192, 0xFFFFFFFE);
    assert_int_equal(virtq_add(&r->vq, sg, 1, 1, NULL, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg, 2, 0, NULL, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg, 0, 3, NULL, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg + 1, 2, 0, NULL, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_free_count(&r->vq), 4);
    assert_int_equal(virtq_add(&r->vq, sg + 1, 0, 1, NULL, (void *)2), VIRTQ_OK);
    sg[1] = sg[2];
    assert_int_equal(virtq_add(&r->vq, sg, 1, 1, NULL, (void *)3), VIRTQ_OK);
    virtq_publish(&r->vq);
    assert_true(ref_device_pop(&r->device, &chain));
    ref_device_push(&r->device, chain.head, 0xFFFFFFFF);
    assert_true(ref_device_pop(&r->device, &chain));
    ref_device_push(&r->device, chain.head, 0xFFFFFFFE);
    ref_device_flush(&r->device);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(len, 0xFFFFFFFF);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(len, 0xFFFFFFFE);
    ring_free(r);
}

/* VIRTQ_FULL changes nothing. Room for a part of a chain does not suffice. */
static void full_ring_is_unchanged(void **state)
{
    struct ring *r = ring_new(4);
    struct virtq_sg sg[2];
    struct virtqueue before;
    uint8_t *memory = malloc(r->layout.ring_bytes);
    void *record = malloc(r->layout.state_bytes);

    (void)state;
    sg[0] = sg_of(4096, 16);
    sg[1] = sg_of(8192, 16);
    assert_int_equal(virtq_add(&r->vq, sg, 1, 1, NULL, (void *)1), VIRTQ_OK);
    assert_int_equal(virtq_add(&r->vq, sg, 1, 0, NULL, (void *)2), VIRTQ_OK);
    before = r->vq;
    memcpy(memory, r->memory, r->layout.ring_bytes);
    memcpy(record, r->state, r->layout.state_bytes);
    assert_int_equal(virtq_add(&r->vq, sg, 1, 1, NULL, (void *)3), VIRTQ_FULL);
    assert_memory_equal(&before, &r->vq, sizeof(before));
    assert_memory_equal(memory, r->memory, r->layout.ring_bytes);
    assert_memory_equal(record, r->state, r->layout.state_bytes);
    assert_int_equal(virtq_add(&r->vq, sg, 1, 0, NULL, (void *)4), VIRTQ_OK);
    assert_int_equal(virtq_add(&r->vq, sg, 1, 0, NULL, (void *)5), VIRTQ_FULL);
    free(memory);
    free(record);
    ring_free(r);
}

/* 2.7.5.3: the pieces in a table of their own, one descriptor of the ring whatever their number. */
static void indirect_table(void **state)
{
    struct ring *r = ring_new(4);
    struct virtq_desc *table = aligned_alloc(16, 4 * sizeof(*table));
    struct virtq_indirect indirect = ring_table(table, 4);
    struct virtq_sg sg[4];
    struct ref_chain chain;
    uintptr_t token;
    uint32_t len;
    int i;

    (void)state;
    for (i = 0; i < 4; i++) {
        sg[i] = sg_of(0x1000u * (unsigned)i, 10 + (uint32_t)i);
    }
    memset(table, 0xFF, 4 * sizeof(*table));
    assert_int_equal(virtq_add(&r->vq, sg, 1, 3, &indirect, (void *)9), VIRTQ_OK);
    assert_int_equal(virtq_free_count(&r->vq), 3);
    virtq_publish(&r->vq);
    assert_true(ref_device_pop(&r->device, &chain));
    assert_true(chain.indirect);
    assert_int_equal(chain.count, 4);
    for (i = 0; i < 4; i++) {
        assert_int_equal(chain.pieces[i].addr, sg[i].addr);
        assert_int_equal(chain.pieces[i].len, sg[i].len);
        assert_int_equal(chain.pieces[i].writable, i >= 1);
    }
    assert_int_equal(r->desc[chain.head].flags, VIRTQ_DESC_F_INDIRECT);
    assert_int_equal(r->desc[chain.head].len, 64);

    ref_device_push(&r->device, chain.head, 36);
    ref_device_flush(&r->device);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(token, 9);
    assert_int_equal(len, 36);
    assert_int_equal(virtq_free_count(&r->vq), 4);
    free(table);
    ring_free(r);
}

static void indirect_init_refuses_bad_tables(void **state)
{
    static _Alignas(16) uint8_t table[64];
    struct virtq_indirect indirect;

    (void)state;
    assert_int_equal(virtq_indirect_init(&indirect, NULL, 0x1000, 4), VIRTQ_E_INVALID);
    assert_int_equal(virtq_indirect_init(&indirect, table, 0x1008, 4), VIRTQ_E_INVALID);
    assert_int_equal(virtq_indirect_init(&indirect, table + 8, 0x1000, 4), VIRTQ_E_INVALID);
    assert_int_equal(virtq_indirect_init(&indirect, table, 0x1000, 0), VIRTQ_E_INVALID);
    assert_int_equal(virtq_indirect_init(&indirect, table, 0x1000, 4), VIRTQ_OK);
    assert_ptr_equal(indirect.table, table);
    assert_int_equal(indirect.addr, 0x1000);
    assert_int_equal(indirect.capacity, 4);
}

/* Adds `count` readable pieces with a table of 3 entries to a ring of 8; the descriptors taken. */
static unsigned descriptors_taken(struct ring *r, uint32_t count, bool *table_used)
{
    static _Alignas(16) struct virtq_desc table[3];
    struct virtq_indirect indirect = ring_table(table, 3);
    struct ref_chain chain;
    struct virtq_sg sg[8];
    unsigned before = virtq_free_count(&r->vq);
    uint32_t i;

    for (i = 0; i < count; i++) {
        sg[i] = sg_of(0x1000u * (i + 1), 10 + i);
    }
    assert_int_equal(virtq_add(&r->vq, sg, (uint16_t)count, 0, &indirect, (void *)1), VIRTQ_OK);
    virtq_publish(&r->vq);
    assert_true(ref_device_pop(&r->device, &chain));
    *table_used = chain.indirect;
    assert_int_equal(chain.count, count);
    for (i = 0; i < count; i++) {
        assert_int_equal(chain.pieces[i].addr, sg[i].addr);
        assert_int_equal(chain.pieces[i].len, sg[i].len);
    }
    return before - virtq_free_count(&r->vq);
}

/* 2.7.5.3: a table is used for several pieces that fit it, if the feature was negotiated. */
static void indirect_is_chosen(void **state)
{
    static const struct {
        uint64_t features;
        uint32_t count;
        unsigned descriptors;
        bool table;
    } cases[] = {
        {VIRTIO_F_INDIRECT_DESC, 1, 1, false},  {VIRTIO_F_INDIRECT_DESC, 2, 1, true},
        {VIRTIO_F_INDIRECT_DESC, 3, 1, true},   {VIRTIO_F_INDIRECT_DESC, 4, 4, false},
        {VIRTIO_F_VERSION_1, 1, 1, false},      {VIRTIO_F_VERSION_1, 3, 3, false},
        {~VIRTIO_F_INDIRECT_DESC, 2, 2, false},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ring *r = ring_new(8);
        bool table;

        virtq_set_features(&r->vq, cases[i].features);
        assert_int_equal(descriptors_taken(r, cases[i].count, &table), cases[i].descriptors);
        assert_int_equal(table, cases[i].table);
        assert_non_null(virtq_detach(&r->vq));
        ring_reset(r); /* the features stay */
        assert_int_equal(descriptors_taken(r, cases[i].count, &table), cases[i].descriptors);
        assert_int_equal(table, cases[i].table);
        ring_free(r);
    }
}

/* 2.7.5.3.1: no chain is longer than the queue, in a table neither. */
static void indirect_in_a_short_queue(void **state)
{
    struct ring *r = ring_new(4);
    static _Alignas(16) struct virtq_desc table[9];
    struct virtq_indirect indirect = ring_table(table, 9);
    struct virtq_sg sg[5];
    int i;

    (void)state;
    for (i = 0; i < 5; i++) {
        sg[i] = sg_of(4096, 1);
    }
    assert_int_equal(virtq_add(&r->vq, sg, 1, 1, &indirect, NULL), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg, 0, 0, &indirect, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add(&r->vq, sg, 2, 3, &indirect, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_free_count(&r->vq), 4);
    assert_int_equal(table[0].len, 0);
    for (i = 0; i < 4; i++) {
        assert_int_equal(virtq_add(&r->vq, sg, 2, 2, &indirect, (void *)1), VIRTQ_OK);
    }
    assert_int_equal(virtq_add(&r->vq, sg, 1, 1, &indirect, (void *)1), VIRTQ_FULL);
    sg[1].len = 0;
    assert_non_null(virtq_detach(&r->vq));
    assert_int_equal(virtq_add(&r->vq, sg, 2, 0, &indirect, (void *)1), VIRTQ_E_INVALID);
    while (virtq_detach(&r->vq) != NULL) {
    }
    ring_free(r);
}

/* A table that the caller wrote itself is the same to the device, whatever was in it before. */
static void table_of_the_caller(void **state)
{
    struct ring *r = ring_new(4);
    static _Alignas(16) struct virtq_desc table[3];
    struct virtq_indirect indirect = ring_table(table, 3);
    struct ref_chain chain;
    uintptr_t token;
    uint32_t len;
    uint32_t i;

    (void)state;
    memset(table, 0xFF, sizeof(table));
    for (i = 0; i < 3; i++) {
        virtq_table_write(&indirect, i, 0x1000u * i, 10 + i);
    }
    virtq_table_end(&indirect, 3);
    assert_int_equal(virtq_add_table(&r->vq, &indirect, 3, (void *)9), VIRTQ_OK);
    assert_int_equal(virtq_free_count(&r->vq), 3);
    virtq_publish(&r->vq);
    assert_true(ref_device_pop(&r->device, &chain));
    assert_true(chain.indirect);
    assert_int_equal(chain.count, 3);
    for (i = 0; i < 3; i++) {
        assert_int_equal(chain.pieces[i].addr, 0x1000u * i);
        assert_int_equal(chain.pieces[i].len, 10 + i);
        assert_false(chain.pieces[i].writable);
    }
    assert_int_equal(table[1].next, 2);
    assert_int_equal(table[2].next, 0);
    assert_int_equal(r->desc[chain.head].flags, VIRTQ_DESC_F_INDIRECT);
    assert_int_equal(r->desc[chain.head].len, 48);
    /* No byte of it is writable: the len means nothing. */
    ref_device_push(&r->device, chain.head, 77);
    assert_true(ref_device_flush(&r->device));
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(token, 9);
    assert_int_equal(len, 0);
    assert_int_equal(virtq_free_count(&r->vq), 4);
    ring_free(r);
}

static void table_of_the_caller_refused(void **state)
{
    struct ring *r = ring_new(2);
    static _Alignas(16) struct virtq_desc table[4];
    struct virtq_indirect large = ring_table(table, 4);
    struct virtq_indirect small = ring_table(table, 1);

    (void)state;
    assert_int_equal(virtq_add_table(&r->vq, &large, 0, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add_table(&r->vq, &small, 2, (void *)1), VIRTQ_E_INVALID);
    assert_int_equal(virtq_add_table(&r->vq, &large, 3, (void *)1),
                     VIRTQ_E_INVALID); /* 2.7.5.3.1 */
    assert_int_equal(virtq_add_table(&r->vq, &large, 2, NULL), VIRTQ_E_INVALID);
    assert_int_equal(virtq_free_count(&r->vq), 2);
    assert_int_equal(virtq_add_table(&r->vq, &large, 2, (void *)1), VIRTQ_OK);
    assert_int_equal(virtq_add_table(&r->vq, &large, 2, (void *)2), VIRTQ_OK);
    assert_int_equal(virtq_add_table(&r->vq, &large, 2, (void *)3), VIRTQ_FULL);
    assert_int_equal(virtq_add_table(&r->vq, &large, 3, (void *)3), VIRTQ_E_INVALID);
    while (virtq_detach(&r->vq) != NULL) {
    }
    virtq_reset(&r->vq);
    virtq_set_features(&r->vq, 0);
    assert_int_equal(virtq_add_table(&r->vq, &large, 2, (void *)1), VIRTQ_E_INVALID);
    ring_free(r);
}

/* 2.7.13.3: nothing is seen before the publish, and then all of it, once. */
static void publish_shows_a_batch(void **state)
{
    struct ring *r = ring_new(16);
    struct ref_chain chain;
    uintptr_t i;

    (void)state;
    assert_false(virtq_publish(&r->vq));
    for (i = 1; i <= 10; i++) {
        assert_int_equal(ring_add(r, i, 64, 0), VIRTQ_OK);
        assert_false(ref_device_pop(&r->device, &chain));
    }
    assert_int_equal(virtq_outstanding(&r->vq), 10);
    assert_true(virtq_publish(&r->vq));
    for (i = 1; i <= 10; i++) {
        assert_true(ref_device_pop(&r->device, &chain));
        assert_int_equal(chain.pieces[0].addr, i << 12);
    }
    assert_false(ref_device_pop(&r->device, &chain));
    assert_false(virtq_publish(&r->vq)); /* nothing new: no notification */
    ring_free(r);
}

/* 2.7.10.1: NO_NOTIFY set, no notification; clear, one; the other bits of flags mean nothing. */
static void notification_suppression(void **state)
{
    struct ring *r = ring_new(16);

    (void)state;
    ref_device_no_notify(&r->device, true);
    assert_int_equal(ring_add(r, 1, 64, 0), VIRTQ_OK);
    assert_false(virtq_publish(&r->vq));
    assert_false(ref_device_no_notify(&r->device, false)); /* 1 is there, unannounced */
    assert_int_equal(ring_add(r, 2, 64, 0), VIRTQ_OK);
    assert_true(virtq_publish(&r->vq));
    r->used->flags = 0xFFFE;
    assert_int_equal(ring_add(r, 3, 64, 0), VIRTQ_OK);
    assert_true(virtq_publish(&r->vq));
    r->used->flags = 0xFFFF;
    assert_int_equal(ring_add(r, 4, 64, 0), VIRTQ_OK);
    assert_false(virtq_publish(&r->vq));
    ring_free(r);
}

/* 3.1.1: between publish and notified the device must not be reset. Wraps at 2^32. */
static void notifications_are_counted(void **state)
{
    struct ring *r = ring_new(4);

    (void)state;
    assert_false(virtq_is_notifying(&r->vq));
    r->vq.notifications = r->vq.notified = 0xFFFFFFFF;
    assert_int_equal(ring_add(r, 1, 64, 0), VIRTQ_OK);
    assert_false(virtq_is_notifying(&r->vq));
    assert_true(virtq_publish(&r->vq));
    assert_true(virtq_is_notifying(&r->vq));
    assert_int_equal(ring_add(r, 2, 64, 0), VIRTQ_OK);
    assert_true(virtq_publish(&r->vq));
    virtq_notified(&r->vq);
    assert_true(virtq_is_notifying(&r->vq));
    virtq_notified(&r->vq);
    assert_false(virtq_is_notifying(&r->vq));

    /* what asks for no notification begins none; a reset ends none */
    r->used->flags = VIRTQ_USED_F_NO_NOTIFY;
    assert_int_equal(ring_add(r, 3, 64, 0), VIRTQ_OK);
    assert_false(virtq_publish(&r->vq));
    assert_false(virtq_is_notifying(&r->vq));
    r->used->flags = 0;
    assert_int_equal(ring_add(r, 4, 64, 0), VIRTQ_OK);
    assert_true(virtq_publish(&r->vq));
    while (virtq_detach(&r->vq) != NULL) {
    }
    ring_reset(r);
    assert_true(virtq_is_notifying(&r->vq));
    ring_free(r);
}

static void every_status_has_its_text(void **state)
{
    int i, j;

    (void)state;
    for (i = 0; i >= VIRTQ_E_USED_LEN; i--) {
        assert_true(strlen(virtq_status_text(i)) > 5);
        for (j = 0; j > i; j--) {
            assert_string_not_equal(virtq_status_text(i), virtq_status_text(j));
        }
    }
    assert_string_equal(virtq_status_text(VIRTQ_E_USED_LEN - 1), "unknown status");
}

/* 2.7.10.1: without EVENT_IDX the word after the used ring means nothing, whatever it holds. */
static void avail_event_is_ignored(void **state)
{
    struct ring *r = ring_new(4);
    volatile uint16_t *avail_event = (volatile uint16_t *)&r->used->ring[4];
    struct ref_chain chain;
    uintptr_t token;
    uint32_t len, i;

    (void)state;
    for (i = 0; i < 0x20000; i++) {
        bool wanted = i & 1;

        *avail_event = (uint16_t)(r->avail->idx + i / 2);
        r->used->flags = wanted ? 0 : VIRTQ_USED_F_NO_NOTIFY;
        assert_int_equal(ring_add(r, i % 1000 + 1, 64, 0), VIRTQ_OK);
        assert_int_equal(virtq_publish(&r->vq) != 0, wanted);
        assert_true(ref_device_pop(&r->device, &chain));
        ref_device_push(&r->device, chain.head, 0);
        ref_device_flush(&r->device);
        assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    }
    ring_free(r);
}

/* 2.7.7.2, 2.7.10.1: the event is passed if its entry is written. Here each entry is marked as it is
 * written: for each position of the idx, and for each event around it and at random. */
static void event_passed_at_every_position(void **state)
{
    static const uint32_t lengths[] = {0, 1, 2, 3, 32, 255, 1024, 32767, 32768};
    static uint8_t written[0x10000];
    uint64_t seed = test_seed();
    uint32_t before, length, i, n;

    (void)state;
    for (n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
        length = lengths[n];
        memset(written, 0, sizeof(written));
        memset(written, 1, length);
        for (before = 0; before < 0x10000; before++) {
            uint16_t after = (uint16_t)(before + length);

            for (i = 0; i < 12; i++) {
                uint16_t event = i < 4   ? (uint16_t)(before + i - 2)
                                 : i < 8 ? (uint16_t)(after + i - 6)
                                         : (uint16_t)random_next(&seed);

                assert_int_equal(virtq_event_passed(event, (uint16_t)before, after),
                                 written[event]);
            }
            for (i = 0; before % 4099 == 0 && i < 0x10000; i++) {
                assert_int_equal(virtq_event_passed((uint16_t)i, (uint16_t)before, after),
                                 written[i]);
            }
            if (length != 0) {
                written[before] = 0;
                written[after] = 1;
            }
        }
    }
}

/* 2.7.10.1: with EVENT_IDX avail_event alone decides, at every position of the available idx. */
static void notifications_at_the_event(void **state)
{
    struct ring *r = ring_new(4);
    volatile uint16_t *avail_event = r->device.avail_event;
    struct ref_chain chain;
    uint64_t seed = test_seed();
    uintptr_t token;
    uint32_t len, i, n;

    (void)state;
    ring_event_idx(r);
    for (i = 0; i < 0x20000; i++) {
        uint32_t batch = 1 + random_below(&seed, 4);
        uint32_t ahead = random_below(&seed, 6);

        /* One of the entries to come, or one before them or behind. */
        *avail_event = (uint16_t)(r->avail->idx + ahead - 1);
        r->used->flags = (uint16_t)random_next(&seed); /* are ignored */
        for (n = 0; n < batch; n++) {
            assert_int_equal(ring_add(r, n + 1, 64, 0), VIRTQ_OK);
        }
        assert_int_equal(virtq_publish(&r->vq) != 0, ahead >= 1 && ahead <= batch);
        assert_false(virtq_publish(&r->vq));
        for (n = 0; n < batch; n++) {
            assert_true(ref_device_pop(&r->device, &chain));
            ref_device_push(&r->device, chain.head, 0);
        }
        ref_device_flush(&r->device);
        for (n = 0; n < batch; n++) {
            assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
        }
    }
    ring_free(r);
}

/* 2.7.7.1: with EVENT_IDX flags stay 0, and used_event says where the device interrupts. Three times
 * around the indices. */
static void interrupts_at_the_event(void **state)
{
    struct ring *r = ring_new(8);
    struct ref_chain chain;
    uintptr_t token;
    uint32_t len, i, n;

    (void)state;
    ring_event_idx(r);
    for (i = 0; i < 0x30000 / 6; i++) {
        virtq_disable_interrupts(&r->vq);
        assert_int_equal(r->avail->flags, 0);
        for (n = 1; n <= 6; n++) {
            assert_int_equal(ring_add(r, n, 64, 0), VIRTQ_OK);
        }
        virtq_interrupt_after(&r->vq, 1);
        virtq_publish(&r->vq);
        for (n = 1; n <= 6; n++) {
            assert_true(ref_device_pop(&r->device, &chain));
            ref_device_push(&r->device, chain.head, 0);
            assert_false(n == 1 && ref_device_flush(&r->device));
            if (n == 1) {
                assert_int_equal(virtq_used_count(&r->vq), 1);
                assert_false(virtq_enable_interrupts(&r->vq)); /* one waits */
                assert_true(ring_enable_after(&r->vq, 4));
                assert_int_equal(r->avail->ring[8], (uint16_t)(6 * i + 3));
            } else {
                assert_int_equal(ref_device_flush(&r->device), n == 4);
            }
        }
        assert_int_equal(virtq_used_count(&r->vq), 6);
        assert_false(ring_enable_after(&r->vq, 100)); /* all that it had are used */
        for (n = 1; n <= 6; n++) {
            assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
        }
        assert_true(ring_enable_after(&r->vq, 100)); /* the next one to come */
        assert_int_equal(r->avail->ring[8], (uint16_t)(6 * i + 6));
    }
    ring_free(r);
}

/* The interrupt moves to the last buffer that was added, not beyond the count, and never back. */
static void deferred_interrupt(void **state)
{
    struct ring *r = ring_new(8);
    volatile uint16_t *used_event = &r->avail->ring[8];
    struct ref_chain chain;
    uintptr_t token;
    uint32_t len, i;

    (void)state;
    virtq_interrupt_after(&r->vq, 4);
    *used_event = 0x1234;
    assert_int_equal(ring_add(r, 1, 64, 0), VIRTQ_OK);
    virtq_publish(&r->vq); /* without EVENT_IDX nothing moves */
    assert_int_equal(*used_event, 0x1234);
    while (virtq_detach(&r->vq) != NULL) {
    }
    ring_reset(r);

    ring_event_idx(r);
    virtq_publish(&r->vq); /* nothing was added */
    assert_int_equal(*used_event, 0);
    for (i = 1; i <= 8; i++) {
        assert_int_equal(ring_add(r, i, 64, 0), VIRTQ_OK);
        virtq_publish(&r->vq);
        assert_int_equal(*used_event, i < 4 ? i - 1 : 3);
    }
    for (i = 1; i <= 5; i++) {
        assert_true(ref_device_pop(&r->device, &chain));
        ref_device_push(&r->device, chain.head, 0);
        assert_int_equal(ref_device_flush(&r->device), i == 4);
        assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    }
    /* Entries 5 to 7 are the device's. */
    assert_int_equal(ring_add(r, 9, 64, 0), VIRTQ_OK);
    virtq_interrupt_after(&r->vq, 2);
    virtq_publish(&r->vq);
    assert_int_equal(*used_event, 6);
    assert_int_equal(ring_add(r, 10, 64, 0), VIRTQ_OK);
    virtq_interrupt_after(&r->vq, 0); /* counts as 1 */
    virtq_publish(&r->vq);
    assert_int_equal(*used_event, 6);
    assert_true(ref_device_pop(&r->device, &chain));
    ref_device_push(&r->device, chain.head, 0);
    assert_false(ref_device_flush(&r->device));
    assert_true(ref_device_pop(&r->device, &chain));
    ref_device_push(&r->device, chain.head, 0);
    assert_true(ref_device_flush(&r->device));
    ring_free(r);
}

/* 2.7.6.1: what the device was shown is never taken back, whatever the driver does. */
static void available_idx_only_grows(void **state)
{
    struct ring *r = ring_new(16);
    struct ref_chain chain;
    uintptr_t token, i;
    uint32_t len;

    (void)state;
    for (i = 1; i <= 12; i++) {
        assert_int_equal(ring_add(r, i, 64, 1), VIRTQ_OK);
        assert_int_equal(r->avail->idx, i <= 5 ? 0 : 5);
        if (i == 5) {
            virtq_publish(&r->vq);
            assert_true(ref_device_pop(&r->device, &chain));
            ref_device_push(&r->device, chain.head, 0);
            ref_device_flush(&r->device);
            assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
        }
        virtq_disable_interrupts(&r->vq);
        virtq_enable_interrupts(&r->vq);
        assert_int_equal(r->avail->idx, i < 5 ? 0 : 5);
    }
    while (virtq_detach(&r->vq) != NULL) {
        assert_int_equal(r->avail->idx, 5);
    }
    virtq_publish(&r->vq);
    assert_int_equal(r->avail->idx, 5);
    ring_free(r);
}

/* 2.7.7.1: flags is 0 or 1. */
static void interrupt_suppression(void **state)
{
    struct ring *r = ring_new(16);
    struct ref_chain chain;
    uintptr_t token;
    uint32_t len;

    (void)state;
    assert_int_equal(ring_add(r, 1, 64, 0), VIRTQ_OK);
    assert_int_equal(ring_add(r, 2, 64, 0), VIRTQ_OK);
    virtq_publish(&r->vq);
    assert_true(virtq_enable_interrupts(&r->vq));
    assert_int_equal(r->avail->flags, 0);
    assert_true(ref_device_pop(&r->device, &chain));
    ref_device_push(&r->device, chain.head, 0);
    assert_true(ref_device_flush(&r->device)); /* interrupts */

    virtq_disable_interrupts(&r->vq);
    assert_int_equal(r->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_EMPTY);
    assert_true(ref_device_pop(&r->device, &chain));
    ref_device_push(&r->device, chain.head, 0);
    assert_false(ref_device_flush(&r->device)); /* does not, so the driver must look again */

    assert_false(virtq_enable_interrupts(&r->vq));
    assert_int_equal(r->avail->flags, 0);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(token, 2);
    assert_true(virtq_enable_interrupts(&r->vq));
    ring_free(r);
}

/* 2.6: the device may use buffers in any order. */
static void used_out_of_order(void **state)
{
    static const uint16_t order[] = {3, 0, 7, 1, 6, 2, 5, 4};
    struct ring *r = ring_new(8);
    uint16_t heads[8];
    struct ref_chain chain;
    uintptr_t token;
    uint32_t len;
    int i;

    (void)state;
    for (i = 0; i < 8; i++) {
        assert_int_equal(ring_add(r, (uintptr_t)i + 1, 100, 1), VIRTQ_OK);
    }
    virtq_publish(&r->vq);
    for (i = 0; i < 8; i++) {
        assert_true(ref_device_pop(&r->device, &chain));
        heads[i] = chain.head;
    }
    for (i = 0; i < 8; i++) {
        ref_device_push(&r->device, heads[order[i]], order[i]);
    }
    ref_device_flush(&r->device);
    for (i = 0; i < 8; i++) {
        assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
        assert_int_equal(token, order[i] + 1);
        assert_int_equal(len, order[i]);
    }
    ring_free(r);
}

/* Three times round both 16-bit indices, with the ring full and with one buffer in it. */
static void indices_wrap(struct ring *r, uint32_t in_flight)
{
    struct ref_chain chain;
    uintptr_t token, added = 0, got = 0;
    uint32_t len;

    while (got < 3 * 65536) {
        while (added - got < in_flight) {
            assert_int_equal(ring_add(r, ++added, 64, 1), VIRTQ_OK);
        }
        if (in_flight == r->vq.size) {
            assert_int_equal(ring_add(r, 1, 64, 1), VIRTQ_FULL);
        }
        assert_true(virtq_publish(&r->vq));
        while (ref_device_pop(&r->device, &chain)) {
            ref_device_push(&r->device, chain.head, (uint32_t)(chain.pieces[0].addr >> 12 & 63));
        }
        ref_device_flush(&r->device);
        while (ring_get(r, &token, &len) == VIRTQ_OK) {
            assert_int_equal(token, ++got);
            assert_int_equal(len, token & 63);
        }
        assert_int_equal(virtq_broken(&r->vq), VIRTQ_OK);
        assert_int_equal(got, added);
    }
    assert_int_equal(virtq_free_count(&r->vq), r->vq.size);
}

static void indices_wrap_at_65536(void **state)
{
    static const uint16_t sizes[] = {1, 2, 256, 16384, 32768};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct ring *r = ring_new(sizes[i]);

        indices_wrap(r, sizes[i]);
        indices_wrap(r, 1);
        ring_free(r);
    }
}

/* The device keeps a buffer while the indices go round, and it is still the device's. That holds even when
 * another buffer, added and not published, is in its former slot of the available ring. */
static void one_buffer_kept_for_long(void **state)
{
    struct ring *r = ring_new(4);
    struct ref_chain kept, chain;
    uintptr_t token, i;
    uint32_t len;

    (void)state;
    assert_int_equal(ring_add(r, 1000000, 64, 1), VIRTQ_OK);
    virtq_publish(&r->vq);
    assert_true(ref_device_pop(&r->device, &kept));
    for (i = 1; i < 3 * 65536; i++) {
        assert_int_equal(ring_add(r, i, 64, 1), VIRTQ_OK);
        virtq_publish(&r->vq);
        assert_true(ref_device_pop(&r->device, &chain));
        ref_device_push(&r->device, chain.head, 64);
        ref_device_flush(&r->device);
        assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
        assert_int_equal(token, i);
    }
    assert_int_equal(ring_add(r, 1000001, 64, 1), VIRTQ_OK);
    ref_device_push(&r->device, kept.head, 1);
    ref_device_flush(&r->device);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(token, 1000000);
    ring_free(r);
}

/* After a device reset every buffer comes home once, whatever had become of it. */
static void detach_returns_each_buffer_once(void **state)
{
    struct ring *r = ring_new(16);
    struct virtq_sg sg[3];
    struct ref_chain chain;
    uint32_t seen = 0;
    uintptr_t token;
    uint32_t len;
    void *cookie;
    int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        sg[i] = sg_of(4096, 64);
    }
    for (i = 1; i <= 4; i++) {
        assert_int_equal(virtq_add(&r->vq, sg, 1, 2, NULL, (void *)(uintptr_t)i), VIRTQ_OK);
    }
    virtq_publish(&r->vq);
    assert_true(ref_device_pop(&r->device, &chain));
    assert_true(ref_device_pop(&r->device, &chain));
    ref_device_push(&r->device, chain.head, 0); /* 2 is used and taken back */
    ref_device_flush(&r->device);
    assert_int_equal(ring_get(r, &token, &len), VIRTQ_OK);
    assert_int_equal(token, 2);
    assert_true(ref_device_pop(&r->device, &chain));
    ref_device_push(&r->device, chain.head, 0); /* 3 is used and not taken back */
    ref_device_flush(&r->device);
    assert_int_equal(virtq_add(&r->vq, sg, 1, 0, NULL, (void *)5),
                     VIRTQ_OK); /* 5 is not published */

    assert_int_equal(virtq_outstanding(&r->vq), 4);
    while ((cookie = virtq_detach(&r->vq)) != NULL) {
        assert_in_range((uintptr_t)cookie, 1, 5);
        assert_false(seen >> (uintptr_t)cookie & 1);
        seen |= 1u << (uintptr_t)cookie;
    }
    assert_int_equal(seen, 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5);
    assert_int_equal(virtq_outstanding(&r->vq), 0);
    assert_int_equal(virtq_free_count(&r->vq), 16);
    assert_null(virtq_detach(&r->vq));
    assert_false(virtq_publish(&r->vq)); /* 5 is not shown any more */

    ring_reset(r);
    indices_wrap(r, 3);
    ring_free(r);
}

static void reset_makes_it_new(void **state)
{
    struct ring *r = ring_new(8);
    uint32_t i;

    (void)state;
    for (i = 1; i <= 5; i++) {
        assert_int_equal(ring_add(r, i, 64, 1), VIRTQ_OK);
    }
    virtq_publish(&r->vq);
    virtq_disable_interrupts(&r->vq);
    memset(r->memory, 0x5A, r->layout.ring_bytes);
    ring_reset(r);
    for (i = 0; i < r->layout.ring_bytes; i++) {
        assert_int_equal(r->memory[i], 0);
    }
    assert_null(virtq_detach(&r->vq));
    indices_wrap(r, 8);
    ring_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_sizes),
        cmocka_unit_test(layout_of_every_size),
        cmocka_unit_test(init_refuses_bad_memory),
        cmocka_unit_test(init_zeroes_the_ring),
        cmocka_unit_test(one_buffer),
        cmocka_unit_test(chain_of_readable_and_writable),
        cmocka_unit_test(chain_as_long_as_the_queue),
        cmocka_unit_test(counts_that_overflow),
        cmocka_unit_test(add_refuses_bad_arguments),
        cmocka_unit_test(chain_of_four_gigabytes),
        cmocka_unit_test(full_ring_is_unchanged),
        cmocka_unit_test(indirect_table),
        cmocka_unit_test(indirect_init_refuses_bad_tables),
        cmocka_unit_test(indirect_is_chosen),
        cmocka_unit_test(indirect_in_a_short_queue),
        cmocka_unit_test(table_of_the_caller),
        cmocka_unit_test(table_of_the_caller_refused),
        cmocka_unit_test(publish_shows_a_batch),
        cmocka_unit_test(notification_suppression),
        cmocka_unit_test(notifications_are_counted),
        cmocka_unit_test(avail_event_is_ignored),
        cmocka_unit_test(event_passed_at_every_position),
        cmocka_unit_test(notifications_at_the_event),
        cmocka_unit_test(interrupts_at_the_event),
        cmocka_unit_test(deferred_interrupt),
        cmocka_unit_test(available_idx_only_grows),
        cmocka_unit_test(interrupt_suppression),
        cmocka_unit_test(used_out_of_order),
        cmocka_unit_test(indices_wrap_at_65536),
        cmocka_unit_test(one_buffer_kept_for_long),
        cmocka_unit_test(detach_returns_each_buffer_once),
        cmocka_unit_test(reset_makes_it_new),
        cmocka_unit_test(every_status_has_its_text),
    };

    return cmocka_run_group_tests_name("virtqueue", tests, NULL, NULL);
}
