/* SPDX-License-Identifier: MIT */
/* Frames on their way to the device; see wire.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bus/model/wire.h"

#define USUAL_FRAME 2048u

bool model_wire_open(struct wire *wire, uint32_t bound)
{
    pthread_condattr_t attributes;

    *wire = (struct wire){.bound = bound, .size = bound, .link_up = true};
    pthread_mutex_init(&wire->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&wire->room, &attributes);
    pthread_condattr_destroy(&attributes);
    wire->frame = calloc(bound, sizeof *wire->frame);
    return wire->frame;
}

void wire_free(struct wire *wire)
{
    for (uint32_t i = 0; wire->frame && i < wire->size; i++)
        free(wire->frame[i].data);
    free(wire->frame);
    pthread_cond_destroy(&wire->room);
    pthread_mutex_destroy(&wire->lock);
}

/* Only the device's thread grows the queue, so no peeked frame is moved behind its back. */
static bool grow(struct wire *wire)
{
    struct wire_frame *larger = calloc(wire->size * 2, sizeof *larger);

    if (!larger)
        return false;
    for (uint32_t i = 0; i < wire->size; i++)
        larger[i] = wire->frame[(wire->head + i) % wire->size];
    free(wire->frame);
    wire->frame = larger;
    wire->head = 0;
    wire->size *= 2;
    return true;
}

static bool store(struct wire_frame *slot, const void *frame, size_t length)
{
    if (slot->capacity < length) {
        size_t capacity = length < USUAL_FRAME ? USUAL_FRAME : length;
        uint8_t *data = realloc(slot->data, capacity);

        if (!data)
            return false;
        slot->data = data;
        slot->capacity = (uint32_t)capacity;
    }
    memcpy(slot->data, frame, length);
    slot->length = (uint32_t)length;
    return true;
}

/* Lock held. 0: the queue has room, is closed or has no link; 1: it is full, and the time is up. */
static int wait_room(struct wire *wire, int milliseconds)
{
    struct timespec until;
    int failed = 0;

    /* Mostly: then the time does not matter. */
    if (wire->count < wire->bound || wire->closed || !wire->link_up)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (milliseconds > 0) {
        until.tv_sec += milliseconds / 1000;
        until.tv_nsec += milliseconds % 1000 * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
    }
    while (wire->count >= wire->bound && !wire->closed && wire->link_up && !failed)
        failed = milliseconds < 0 ? pthread_cond_wait(&wire->room, &wire->lock)
                                  : pthread_cond_timedwait(&wire->room, &wire->lock, &until);
    return wire->count >= wire->bound && !wire->closed && wire->link_up;
}

int wire_put(struct wire *wire, const void *frame, size_t length, int milliseconds, bool *was_empty)
{
    int result;

    *was_empty = false;
    if (length == 0 || length > WIRE_FRAME_MAX)
        return -1;
    pthread_mutex_lock(&wire->lock);
    wire->waiting++;
    result = milliseconds == WIRE_URGENT ? 0 : wait_room(wire, milliseconds);
    if (--wire->waiting == 0 && wire->closed)
        pthread_cond_broadcast(&wire->room);
    if (!result && (wire->closed || !wire->link_up || !(wire->count < wire->size || grow(wire)) ||
                    !store(&wire->frame[(wire->head + wire->count) % wire->size], frame, length)))
        result = -1;
    if (!result)
        *was_empty = wire->count++ == 0;
    pthread_mutex_unlock(&wire->lock);
    return result;
}

uint32_t wire_peek(struct wire *wire, const struct wire_frame **frames, uint32_t max)
{
    uint32_t count;

    pthread_mutex_lock(&wire->lock);
    count = wire->count < max ? wire->count : max;
    for (uint32_t i = 0; i < count; i++)
        frames[i] = &wire->frame[(wire->head + i) % wire->size];
    pthread_mutex_unlock(&wire->lock);
    return count;
}

void wire_drop(struct wire *wire, uint32_t count)
{
    pthread_mutex_lock(&wire->lock);
    wire->count -= count;
    /* An empty queue begins again where it has memory already, and that memory is warm. */
    wire->head = wire->count ? (wire->head + count) % wire->size : 0;
    /* Senders are woken when there is room for a good many, not for each frame. */
    if (wire->waiting && wire->count <= wire->bound / 2)
        pthread_cond_broadcast(&wire->room);
    pthread_mutex_unlock(&wire->lock);
}

void model_wire_close(struct wire *wire)
{
    pthread_mutex_lock(&wire->lock);
    wire->closed = true;
    pthread_cond_broadcast(&wire->room);
    while (wire->waiting)
        pthread_cond_wait(&wire->room, &wire->lock);
    pthread_mutex_unlock(&wire->lock);
}

void wire_link(struct wire *wire, bool up)
{
    pthread_mutex_lock(&wire->lock);
    wire->link_up = up;
    pthread_cond_broadcast(&wire->room);
    pthread_mutex_unlock(&wire->lock);
}
