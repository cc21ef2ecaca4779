/* SPDX-License-Identifier: MIT */
#include "ndis/watch/wire_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "net/tag.h"
#include "nt/machine/clock.h"

#define WIRE_SHORTEST 60

struct wire_watch {
    pthread_mutex_t lock;
    atomic_bool armed;
    struct wire_frame *frames; /* under lock, as the frames are */
    unsigned count;
};

struct wire_watch *wire_watch_create(void)
{
    struct wire_watch *watch = calloc(1, sizeof(*watch));

    if (watch)
        pthread_mutex_init(&watch->lock, NULL);
    return watch;
}

void wire_watch_destroy(struct wire_watch *watch)
{
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

void wire_watch_begin(struct wire_watch *watch, struct wire_frame *frames, unsigned count)
{
    pthread_mutex_lock(&watch->lock);
    watch->frames = frames;
    watch->count = count;
    pthread_mutex_unlock(&watch->lock);
    atomic_store(&watch->armed, true);
}

void wire_watch_end(struct wire_watch *watch)
{
    atomic_store(&watch->armed, false);
    pthread_mutex_lock(&watch->lock);
    watch->frames = NULL;
    watch->count = 0;
    pthread_mutex_unlock(&watch->lock);
}

static bool all_seen(struct wire_watch *watch)
{
    bool all = true;
    unsigned i;

    pthread_mutex_lock(&watch->lock);
    for (i = 0; i < watch->count; i++)
        all = all && watch->frames[i].seen;
    pthread_mutex_unlock(&watch->lock);
    return all;
}

void wire_watch_wait(struct wire_watch *watch, uint64_t deadline)
{
    while (!all_seen(watch) && nt_clock_now() < deadline)
        nt_clock_sleep(NT_MILLISECOND);
}

/* Known by its begin, which a tag may stand in the middle of. */
static bool is_frame(const struct wire_frame *known, const uint8_t *frame, size_t length,
                     const uint8_t **payload)
{
    uint32_t shown = known->length < WIRE_KNOWN ? known->length : WIRE_KNOWN;
    uint32_t addresses = shown < 12 ? shown : 12;
    size_t tag = known->tag != TAG_NONE && tag_read(frame, length) != TAG_NONE ? TAG_BYTES : 0;

    *payload = frame + 12 + tag;
    return shown && length >= shown + tag && !memcmp(frame, known->data, addresses) &&
           !memcmp(*payload, known->data + addresses, shown - addresses);
}

/* Every byte of the frame, its tag, and nothing but zeros after it. */
static bool is_right(const struct wire_frame *known, const uint8_t *frame, size_t length,
                     const uint8_t *payload)
{
    const uint8_t *end = frame + length, *at;
    size_t tagged = (size_t)(payload - frame) - 12;
    size_t whole = known->length + tagged;

    uint32_t tag = tagged ? tag_read(frame, length) : TAG_NONE;

    if (tag != known->tag && tag != (known->tag & ~TAG_DEI)) /* DEI need not be honoured */
        return false;
    if (known->length < 12 || length < whole)
        return false;
    if (length != whole && length != (whole < WIRE_SHORTEST ? WIRE_SHORTEST : whole) &&
        length != (known->length < WIRE_SHORTEST ? WIRE_SHORTEST + tagged : whole))
        return false;
    if (memcmp(payload, known->data + 12, known->length - 12))
        return false;
    for (at = frame + whole; at < end; at++)
        if (*at)
            return false;
    return true;
}

bool wire_watch_take(struct wire_watch *watch, const uint8_t *frame, size_t length)
{
    const uint8_t *payload;
    bool taken = false;
    unsigned i;

    if (!atomic_load_explicit(&watch->armed, memory_order_relaxed))
        return false;
    pthread_mutex_lock(&watch->lock);
    for (i = 0; i < watch->count; i++) {
        struct wire_frame *known = &watch->frames[i];

        if (!is_frame(known, frame, length, &payload))
            continue;
        taken = !known->seen++ && is_right(known, frame, length, payload);
        known->wrong += !is_right(known, frame, length, payload);
        known->wire_length = (uint32_t)length;
        break;
    }
    pthread_mutex_unlock(&watch->lock);
    return taken;
}
