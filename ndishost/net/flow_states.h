/* SPDX-License-Identifier: MIT */
/*
 * flow_states.h: what flow.c (sending and the end), flow_returns.c (coming back), flow_arrivals.c and
 * flow_account.c (the verdict) share: the states of single frames. Everything here is called with the
 * flow's lock held. After each change of a state comes flow_settle().
 */
#ifndef NDISHOST_NET_FLOW_STATES_H
#define NDISHOST_NET_FLOW_STATES_H

#include "net/flow.h"

#define FLOW_NS_PER_S 1000000000ull

/* What is known of a frame. */
enum {
    FLOW_ARRIVED = 1,
    FLOW_RETURNED = 2,  /* near_sent came */
    FLOW_FAILED = 4,    /* ... with a failure */
    FLOW_EXCUSED = 8,   /* was under way while there was no way: link down, paused */
    FLOW_UNWANTED = 16, /* is not to arrive: the packet filter does not ask for it */
    FLOW_LENT =
        32 /* arrived while it was excused: the frame may have been a later one of the same content */
};
#define FLOW_RESOLVED (FLOW_ARRIVED | FLOW_FAILED | FLOW_EXCUSED | FLOW_UNWANTED)

static inline uint8_t *flow_state_of(struct flow *flow, uint64_t number)
{
    return &flow->ring[number % FLOW_RING];
}

/* Is the frame one whose state is still in the ring? */
static inline bool flow_in_ring(const struct flow *flow, uint64_t number)
{
    return number < flow->issued && number >= flow->retired;
}

/* May frames get through? */
static inline bool flow_open(const struct flow *flow)
{
    return !flow->link_down && !flow->paused;
}

/* Whom frame `number` is for. */
enum flow_kind flow_kind(const struct flow *flow, uint64_t number);
/* Writes frame `number` as it arrives; returns its size. */
unsigned flow_fill_expected(const struct flow *flow, uint64_t number, uint8_t *frame);

/* Frame `number` has not arrived: takes the arrival of an earlier excused one of the same content. */
void flow_take_lent(struct flow *flow, uint64_t number);

/* Keeps a line for the verdict, if it is one of the first. */
void flow_note(struct flow *flow, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Moves on over what is settled, wakes the sender, stops the clock when all is home. */
void flow_settle(struct flow *flow);

/* The link is going down: failures without a link, a moment before, are then not faults. `excused`
 * false: it did not go down in time, so they are faults. */
void flow_judge_early(struct flow *flow, bool excused);

uint64_t flow_now_ns(void);

#endif
