/* SPDX-License-Identifier: MIT */
#include "net/backlog.h"

#include <stdlib.h>
#include <string.h>

static void free_memory(struct backlog *backlog)
{
    free(backlog->frames);
    free(backlog->taken);
    free(backlog->ring);
}

int backlog_init(struct backlog *backlog, unsigned room, unsigned batch)
{
    *backlog = (struct backlog){.room = room, .batch = batch};
    backlog->frames = calloc((size_t)room + batch, sizeof *backlog->frames);
    backlog->taken = calloc(batch, sizeof(struct backlog_frame *));
    backlog->ring = calloc(room, sizeof(struct backlog_frame *));
    if (!backlog->frames || !backlog->taken || !backlog->ring) {
        free_memory(backlog);
        backlog->room = 0;
        return -1;
    }
    for (unsigned i = 0; i < room; i++)
        backlog->ring[i] = &backlog->frames[i];
    for (unsigned i = 0; i < batch; i++)
        backlog->taken[i] = &backlog->frames[room + i];
    pthread_mutex_init(&backlog->lock, NULL);
    pthread_cond_init(&backlog->filled, NULL);
    return 0;
}

void backlog_destroy(struct backlog *backlog)
{
    pthread_cond_destroy(&backlog->filled);
    pthread_mutex_destroy(&backlog->lock);
    free_memory(backlog);
}

static void put(struct backlog *backlog, const void *data, size_t length, uint32_t tag)
{
    struct backlog_frame *frame;

    if (backlog->head - backlog->tail == backlog->room) {
        backlog->tail++;
        backlog->dropped++;
    }
    frame = backlog->ring[backlog->head++ % backlog->room];
    frame->length = (uint32_t)length;
    frame->tag = tag;
    memcpy(frame->data, data, length);
}

void backlog_put(struct backlog *backlog, const void *frame, size_t length, uint32_t tag)
{
    pthread_mutex_lock(&backlog->lock);
    if (length > NET_FRAME_MAX)
        backlog->too_long++;
    else
        put(backlog, frame, length, tag);
    pthread_mutex_unlock(&backlog->lock);
}

void backlog_put_end(struct backlog *backlog)
{
    pthread_mutex_lock(&backlog->lock);
    if (backlog->sleeping)
        pthread_cond_signal(&backlog->filled);
    pthread_mutex_unlock(&backlog->lock);
}

/* The frames change hands, not their bytes: what was taken before goes into the ring. */
static unsigned take(struct backlog *backlog)
{
    uint64_t there = backlog->head - backlog->tail;
    unsigned count = there < backlog->batch ? (unsigned)there : backlog->batch;

    for (unsigned i = 0; i < count; i++) {
        struct backlog_frame **from = &backlog->ring[backlog->tail++ % backlog->room];
        struct backlog_frame *frame = *from;

        *from = backlog->taken[i];
        backlog->taken[i] = frame;
    }
    return count;
}

unsigned backlog_take(struct backlog *backlog, struct backlog_frame ***frames)
{
    unsigned count = 0;

    pthread_mutex_lock(&backlog->lock);
    while (!backlog->stopping && backlog->head == backlog->tail) {
        backlog->sleeping = true;
        pthread_cond_wait(&backlog->filled, &backlog->lock);
    }
    backlog->sleeping = false;
    if (!backlog->stopping)
        count = take(backlog);
    pthread_mutex_unlock(&backlog->lock);
    *frames = backlog->taken;
    return count;
}

static void set_stopping(struct backlog *backlog, bool stopping)
{
    pthread_mutex_lock(&backlog->lock);
    backlog->stopping = stopping;
    pthread_cond_broadcast(&backlog->filled);
    pthread_mutex_unlock(&backlog->lock);
}

void backlog_start(struct backlog *backlog)
{
    set_stopping(backlog, false);
}

void backlog_stop(struct backlog *backlog)
{
    set_stopping(backlog, true);
}

bool backlog_stopping(struct backlog *backlog)
{
    bool stopping;

    pthread_mutex_lock(&backlog->lock);
    stopping = backlog->stopping;
    pthread_mutex_unlock(&backlog->lock);
    return stopping;
}

struct backlog_counts backlog_counts(struct backlog *backlog)
{
    struct backlog_counts counts;

    pthread_mutex_lock(&backlog->lock);
    counts = (struct backlog_counts){backlog->dropped, backlog->too_long};
    pthread_mutex_unlock(&backlog->lock);
    return counts;
}
