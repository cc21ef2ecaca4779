/* SPDX-License-Identifier: MIT */
/*
 * caller.h: the near side calls, a second station at the far end answers with the same frame, its
 * addresses swapped, and the near side checks every answer: what echo does, the other way round.
 *   caller_init(&caller, &options);  caller_start(&caller, ports);
 *   if (caller_near_receive(&caller, ...)) it was an answer;  so for near_sent and far_receive
 *   caller_stop(&caller);  flow_verdict(&caller.flow, ...);  caller_destroy(&caller)
 */
#ifndef NDISHOST_NET_CALLER_H
#define NDISHOST_NET_CALLER_H

#include "net/flow.h"
#include "net/near_sender.h"

#define CALLER_COOKIE (1ull << 62) /* is in the cookies of its frames */
#define CALLER_BATCH  32

/* A frame on the wire, to be answered. */
struct caller_slot {
    size_t length;
    uint8_t frame[NET_FRAME_MAX];
};

struct caller {
    struct net_ports *ports;
    struct flow flow;
    struct near_sender near;
    uint8_t station[6]; /* constant after caller_start */
    pthread_t sender, answerer;
    bool sender_running, answerer_running;
    _Atomic bool started;
    struct caller_slot *slots;
    unsigned slots_total;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    /* Guarded by lock. The slots between tail and head are to be answered. */
    bool stopping;
    uint64_t head, tail, no_room;
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
/* Calls that found no room at the station: none, as the window is no larger. */
uint64_t caller_dropped(struct caller *caller);

#endif
