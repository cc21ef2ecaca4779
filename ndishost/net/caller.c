/* SPDX-License-Identifier: MIT */
#include "net/caller.h"

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
    if (backlog_init(&caller->calls, 2 * called.window, 1))
        return -1;
    if (flow_init(&caller->flow, &called)) {
        backlog_destroy(&caller->calls);
        return -1;
    }
    near_sender_init(&caller->near, NULL);
    return 0;
}

void caller_destroy(struct caller *caller)
{
    flow_destroy(&caller->flow);
    near_sender_destroy(&caller->near);
    backlog_destroy(&caller->calls);
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
    backlog_put(&caller->calls, frame, length, TAG_NONE);
    backlog_put_end(&caller->calls);
    return true;
}

/* far_send fails while the link is down: then it is tried again. */
static void answer(struct caller *caller, struct backlog_frame *frame)
{
    const struct timespec moment = {.tv_nsec = RETRY_NS};

    memcpy(frame->data, frame->data + 6, 6);
    memcpy(frame->data + 6, caller->station, 6);
    while (caller->ports->far_send(caller->ports->context, frame->data, frame->length) &&
           !backlog_stopping(&caller->calls))
        nanosleep(&moment, NULL);
}

static void *answerer_thread(void *argument)
{
    struct caller *caller = argument;
    struct backlog_frame **frames;

    while (backlog_take(&caller->calls, &frames))
        answer(caller, frames[0]);
    return NULL;
}

/* ---- Life ---- */

int caller_start(struct caller *caller, struct net_ports *ports)
{
    int result;

    caller->ports = caller->near.ports = ports;
    far_address(ports, caller->station);
    caller->station[5] ^= 0x80; /* not the one that calls us */
    flow_addresses(&caller->flow, caller->station, ports->mac);
    flow_tagging(&caller->flow, ports->tags);
    near_sender_start(&caller->near);
    flow_start(&caller->flow);
    backlog_start(&caller->calls);
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
    backlog_stop(&caller->calls);
    if (caller->answerer_running)
        pthread_join(caller->answerer, NULL);
    caller->answerer_running = false;
}

struct backlog_counts caller_dropped(struct caller *caller)
{
    return backlog_counts(&caller->calls);
}
