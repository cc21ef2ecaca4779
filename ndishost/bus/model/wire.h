/* SPDX-License-Identifier: MIT */
/*
 * wire.h: the frames that have arrived at the device and wait for a receive buffer: a bounded queue
 * whose far end blocks while it is full, so that nothing is lost by hurry.
 *   far side:  wire_put(&wire, frame, length, false)
 *   device:    n = wire_peek(&wire, batch, 64);  ... fill buffers ...;  wire_drop(&wire, used);
 */
#ifndef NDISHOST_MODEL_WIRE_H
#define NDISHOST_MODEL_WIRE_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_FRAME_MAX 65535u

struct wire_frame {
    uint8_t *data;
    uint32_t length;
    uint32_t capacity; /* of data */
};

struct wire {
    pthread_mutex_t lock;
    pthread_cond_t room; /* signalled when frames were dropped from a full queue, or it closed */
    struct wire_frame *frame;
    uint32_t bound, size; /* frames that senders may queue; slots there are (a power of two) */
    uint32_t head, count;
    uint32_t waiting; /* senders */
    bool closed, link_up;
};

/* `bound`: a power of two. false: out of memory. */
bool model_wire_open(struct wire *wire, uint32_t bound);
void wire_free(struct wire *wire);

/* The device's own thread would wait for itself: the queue grows. */
#define WIRE_URGENT INT_MIN

/* Copies the frame into the queue; *was_empty: it is the only one there. While the queue is full it waits
 * for so many milliseconds, negative: without limit; or WIRE_URGENT. 0; 1: it is still full; -1: the queue
 * is closed, the link is down, the frame is empty or too long, or there is no memory. */
int wire_put(struct wire *wire, const void *frame, size_t length, int milliseconds,
             bool *was_empty);

/* The device's thread alone: the first frames, at most `max`, which stay put until wire_drop. */
uint32_t wire_peek(struct wire *wire, const struct wire_frame **frames, uint32_t max);
void wire_drop(struct wire *wire, uint32_t count);

/* Waiting senders are let go with an error, and have gone when it returns. What is queued stays. */
void model_wire_close(struct wire *wire);
void wire_link(struct wire *wire, bool up);

#endif
