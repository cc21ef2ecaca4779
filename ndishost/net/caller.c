/* SPDX-License-Identifier: MIT */
#include "net/caller.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "net/far.h"

#define RETRY_NS 10000000L

int caller_init(struct caller *caller, const struct flow_options *options)
{
    struct flow_options called = *options;

    memset(caller, 0, sizeof *caller);
    called.way = FLOW_CALLED;
    called.completions = called.arrivals = true;
    caller->slots_total = called.window + 1;
    caller->slots = calloc(caller->slots_total, sizeof *caller->slots);
    if (!caller->slots)
        return -1;
    if (flow_init(&caller->flow, &called)) {
        free(caller->slots);
        return -1;
    }
    near_sender_init(&caller->near, NULL);
    pthread_mutex_init(&caller->lock, NULL);
    pthread_cond_init(&caller->filled, NULL);
    return 0;
}

void caller_destroy(struct caller *caller)
{
    flow_destroy(&caller->flow);
    near_sender_destroy(&caller->near);
    pthread_cond_destroy(&caller->filled);
    pthread_mutex_destroy(&caller->lock);
    free(caller->slots);
}

/* ---- The near side calls ---- */

static void *sender_thread(void *argument)
{
    struct caller *caller = argument;
    static __thread uint8_t data[CALLER_BATCH][NUMBERED_MAX];
    struct net_frame frames[CALLER_BATCH];
    uint64_t first;
    unsigned count, taken;

    while ((count = flow_issue(&caller->flow, CALLER_BATCH, &first))) {
        for (unsigned i = 0; i < count; i++)
            frames[i] = (struct net_frame){.data = data[i],
                                           .length = flow_fill(&caller->flow, first + i, data[i]),
                                           .tag = flow_tag(&caller->flow, first + i),
                                           .cookie = (first + i) | CALLER_COOKIE};
        taken = near_sender_send(&caller->near, frames, count);
        if (taken < count) {
            flow_withdraw(&caller->flow, count - taken);
            break;
        }
    }
    return NULL;
}

bool caller_near_sent(struct caller *caller, uint64_t cookie, int32_t status)
{
    if (!(cookie & CALLER_COOKIE))
        return false;
    flow_completed(&caller->flow, cookie & ~CALLER_COOKIE, status);
    near_sender_sent(&caller->near, status);
    return true;
}

bool caller_near_receive(struct caller *caller, const void *frame, size_t length, uint32_t tag)
{
    if (!caller->started || length < 12 || memcmp((const uint8_t *)frame + 6, caller->station, 6))
        return false;
    flow_arrived(&caller->flow, frame, length, tag);
    return true;
}

/* ---- The station answers ---- */

bool caller_far_receive(struct caller *caller, const void *frame, size_t length)
{
    if (!caller->started || length < 12 || memcmp(frame, caller->station, 6))
        return false;
    pthread_mutex_lock(&caller->lock);
    if (length > NET_FRAME_MAX || caller->head - caller->tail == caller->slots_total) {
        caller->no_room++;
    } else {
        struct caller_slot *slot = &caller->slots[caller->head++ % caller->slots_total];

        slot->length = length;
        memcpy(slot->frame, frame, length);
        pthread_cond_signal(&caller->filled);
    }
    pthread_mutex_unlock(&caller->lock);
    return true;
}

/* The next frame to answer, or NULL: stop. It stays in its slot. */
static struct caller_slot *wait_for_call(struct caller *caller)
{
    struct caller_slot *slot = NULL;

    pthread_mutex_lock(&caller->lock);
    while (!caller->stopping && caller->head == caller->tail)
        pthread_cond_wait(&caller->filled, &caller->lock);
    if (!caller->stopping)
        slot = &caller->slots[caller->tail % caller->slots_total];
    pthread_mutex_unlock(&caller->lock);
    return slot;
}

static bool stopping(struct caller *caller)
{
    bool stop;

    pthread_mutex_lock(&caller->lock);
    stop = caller->stopping;
    pthread_mutex_unlock(&caller->lock);
    return stop;
}

/* far_send fails while the link is down: then it is tried again. */
static void answer(struct caller *caller, struct caller_slot *slot)
{
    const struct timespec moment = {.tv_nsec = RETRY_NS};

    memcpy(slot->frame, slot->frame + 6, 6);
    memcpy(slot->frame + 6, caller->station, 6);
    while (caller->ports->far_send(caller->ports->context, slot->frame, slot->length) &&
           !stopping(caller))
        nanosleep(&moment, NULL);
}

static void *answerer_thread(void *argument)
{
    struct caller *caller = argument;
    struct caller_slot *slot;

    while ((slot = wait_for_call(caller))) {
        answer(caller, slot);
        pthread_mutex_lock(&caller->lock);
        caller->tail++;
        pthread_mutex_unlock(&caller->lock);
    }
    return NULL;
}

/* ---- Life ---- */

int caller_start(struct caller *caller, struct net_ports *ports)
{
    int result;

    caller->ports = caller->near.ports = ports;
    far_address(ports->mac, caller->station);
    caller->station[5] ^= 0x80; /* not the one that calls us */
    flow_addresses(&caller->flow, caller->station, ports->mac);
    flow_tagging(&caller->flow, ports->tags);
    near_sender_start(&caller->near);
    flow_start(&caller->flow);
    caller->stopping = false;
    caller->started = true;
    result = pthread_create(&caller->answerer, NULL, answerer_thread, caller);
    caller->answerer_running = !result;
    if (!result)
        result = pthread_create(&caller->sender, NULL, sender_thread, caller);
    caller->sender_running = caller->answerer_running && !result;
    return result;
}

void caller_stop(struct caller *caller)
{
    near_sender_stop(&caller->near);
    flow_stop(&caller->flow);
    if (caller->sender_running)
        pthread_join(caller->sender, NULL);
    caller->sender_running = false;
    flow_drain(&caller->flow);
    pthread_mutex_lock(&caller->lock);
    caller->stopping = true;
    pthread_cond_signal(&caller->filled);
    pthread_mutex_unlock(&caller->lock);
    if (caller->answerer_running)
        pthread_join(caller->answerer, NULL);
    caller->answerer_running = false;
}

uint64_t caller_dropped(struct caller *caller)
{
    uint64_t count;

    pthread_mutex_lock(&caller->lock);
    count = caller->no_room;
    pthread_mutex_unlock(&caller->lock);
    return count;
}
