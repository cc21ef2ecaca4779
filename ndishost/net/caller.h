/* SPDX-License-Identifier: MIT */
/*
 * caller.h: the near side calls. A second station at the far end answers with the same frame, its
 * addresses swapped. The near side checks every answer. This is echo, the other way round.
 *   caller_init(&caller, &options);  caller_start(&caller, ports);
 *   if (caller_near_receive(&caller, ...)) it was an answer;  so for near_sent and far_receive
 *   caller_stop(&caller);  flow_verdict(&caller.flow, ...);  caller_destroy(&caller)
 */
#ifndef NDISHOST_NET_CALLER_H
#define NDISHOST_NET_CALLER_H

#include "net/backlog.h"
#include "net/flow.h"
#include "net/near_sender.h"

#define CALLER_COOKIE (1ull << 62) /* is in the cookies of its frames */
#define CALLER_BATCH  32

struct caller {
    struct net_ports *ports;
    struct flow flow;
    struct near_sender near;
    uint8_t station[6]; /* constant after caller_start */
    pthread_t sender, answerer;
    bool sender_running, answerer_running;
    _Atomic bool started;
    struct backlog calls; /* on the station's side, to be answered */
};

/* 0, or -1 when there is no memory. The flow's way and account are set here. */
int caller_init(struct caller *caller, const struct flow_options *options);
void caller_destroy(struct caller *caller);
/* 0, or the errno of pthread_create. */
int caller_start(struct caller *caller, struct net_ports *ports);
/* From the net end's callbacks. True: it was the caller's. */
bool caller_near_receive(struct caller *caller, const void *frame, size_t length, uint32_t tag);
bool caller_near_sent(struct caller *caller, uint64_t cookie, int32_t status);
bool caller_far_receive(struct caller *caller, const void *frame, size_t length);
/* Stops calling; what is under way is answered still. */
void caller_stop(struct caller *caller);
/* What became of calls at the station but for answers. Of those dropped for want of room none was
 * waited for any more: the others the flow misses. */
struct backlog_counts caller_dropped(struct caller *caller);

#endif
