/* SPDX-License-Identifier: MIT */
/* ring.c: the fixture of ring.h. */
#include "ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* What a test prints and what cmocka says of it go to one file: keep them in order there. */
__attribute__((constructor)) static void ring_line_buffered(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
}

struct ring *ring_new(uint16_t size)
{
    struct ring *ring = calloc(1, sizeof(*ring));
    struct virtq_config config;

    assert_non_null(ring);
    assert_int_equal(virtq_layout(size, &ring->layout), VIRTQ_OK);
    ring->memory = aligned_alloc(64, ring->layout.ring_bytes);
    ring->state = malloc(ring->layout.state_bytes);
    assert_true(ring->memory != NULL && ring->state != NULL);
    memset(ring->memory, 0xA5, ring->layout.ring_bytes);
    memset(ring->state, 0xA5, ring->layout.state_bytes);

    config.size = size;
    config.ring = ring->memory;
    config.ring_addr = (uintptr_t)ring->memory;
    config.state = ring->state;
    assert_int_equal(virtq_init(&ring->vq, &config), VIRTQ_OK);
    virtq_set_features(&ring->vq, VIRTIO_F_INDIRECT_DESC);
    ring->desc = (volatile struct virtq_desc *)(ring->memory + ring->layout.desc_offset);
    ring->avail = (volatile struct virtq_avail *)(ring->memory + ring->layout.avail_offset);
    ring->used = (volatile struct virtq_used *)(ring->memory + ring->layout.used_offset);
    ref_device_init(&ring->device, size, ring->desc, ring->avail, ring->used);
    return ring;
}

void ring_free(struct ring *ring)
{
    char error[sizeof(ring->device.error)];

    memcpy(error, ring->device.error, sizeof(error));
    ref_device_free(&ring->device);
    free(ring->memory);
    free(ring->state);
    free(ring);
    if (error[0] != '\0') {
        fail_msg("the driver did what it must not: %s", error);
    }
}

void ring_event_idx(struct ring *ring)
{
    virtq_set_features(&ring->vq, VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX);
    ring->device.event_idx = true;
}

int ring_enable_after(struct virtqueue *vq, uint32_t count)
{
    virtq_interrupt_after(vq, count);
    return virtq_enable_interrupts(vq);
}

void ring_reset(struct ring *ring)
{
    virtq_reset(&ring->vq);
    ring->device.last_avail_idx = 0;
    ring->device.used_idx = 0;
}

struct virtq_indirect ring_table(void *table, uint16_t capacity)
{
    struct virtq_indirect indirect;

    assert_int_equal(virtq_indirect_init(&indirect, table, (uintptr_t)table, capacity), VIRTQ_OK);
    return indirect;
}

int ring_add(struct ring *ring, uintptr_t token, uint32_t len, int writable)
{
    struct virtq_sg sg;

    sg.addr = token << 12;
    sg.len = len;
    return virtq_add(&ring->vq, &sg, !writable, writable != 0, NULL, (void *)token);
}

int ring_get(struct ring *ring, uintptr_t *token, uint32_t *len)
{
    void *cookie = NULL;
    int status;

    *len = 0;
    status = virtq_get(&ring->vq, &cookie, len);
    *token = (uintptr_t)cookie;
    return status;
}

uint64_t test_seed(void)
{
    static uint64_t seed;
    const char *text = getenv("SEED");

    if (seed == 0) {
        seed = text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);
        seed += seed == 0;
        printf("# SEED=%llu\n", (unsigned long long)seed);
        fflush(stdout);
    }
    return seed;
}

/* splitmix64: any state will do, 0 too. */
uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint32_t random_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(random_next(state) % bound);
}
