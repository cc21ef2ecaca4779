/* SPDX-License-Identifier: MIT */
/*
 * ring.h: a virtqueue under test with the reference device on its other side. Ring and record are
 * allocations of exactly the size that virtq_layout asks for, so that a sanitizer sees a byte too
 * far.
 *
 *  1. struct ring *r = ring_new(size)
 *  2. r->vq is the driver's, r->device is the device's
 *  3. ring_free(r) fails the test if the device saw something forbidden
 *
 * And the tests' random numbers: a generator seeded from the environment's SEED.
 */
#ifndef RING_H
#define RING_H

#include <stdint.h>

#include "ref_device.h"

struct ring {
    struct virtqueue vq;
    struct virtq_layout layout;
    struct ref_device device;
    uint8_t *memory;
    void *state;
    volatile struct virtq_desc *desc;
    volatile struct virtq_avail *avail;
    volatile struct virtq_used *used;
};

struct ring *ring_new(uint16_t size);
void ring_free(struct ring *ring);

/* Negotiates VIRTIO_F_EVENT_IDX too, on both sides. The ring is empty. */
void ring_event_idx(struct ring *ring);

/* virtq_enable_interrupts, with another count. */
int ring_enable_after(struct virtqueue *vq, uint32_t count);

/* virtq_reset, and the device forgets too. */
void ring_reset(struct ring *ring);

/* The table at `table`, which is its device address too. */
struct virtq_indirect ring_table(void *table, uint16_t capacity);

/* A buffer of one piece; the cookie is made of `token`, which is not 0. */
int ring_add(struct ring *ring, uintptr_t token, uint32_t len, int writable);

/* What virtq_get returns, with the cookie as a token; 0 unless VIRTQ_OK. */
int ring_get(struct ring *ring, uintptr_t *token, uint32_t *len);

/* The seed of this run: SEED of the environment, or a new one. The same at every call. */
uint64_t test_seed(void);

uint64_t random_next(uint64_t *state);
uint32_t random_below(uint64_t *state, uint32_t bound);

#endif
