/* SPDX-License-Identifier: MIT */
/* Frames that are completed to their sender, and which failures are lawful. */
#include <inttypes.h>
#include "net/flow_states.h"
#include "net/near_sender.h"

/* A send may fail without a link a little before the loss of the link is indicated. */
#define EARLY_NS                  FLOW_NS_PER_S

#define STATUS_REQUEST_ABORTED    0xC001000Cu
#define STATUS_RESET_IN_PROGRESS  0xC001000Du
#define STATUS_ADAPTER_REMOVED    0xC0010018u
#define STATUS_SEND_ABORTED       0xC023000Cu
#define STATUS_MEDIA_DISCONNECTED 0xC023001Fu

/* While the way was closed (paused, asleep, being reset, removed) a send may fail as it likes. At
 * any other time only for what a miniport may know before the host does: its device is gone, or
 * must be reset; or because it was cancelled. That there was such a reason the host's NDIS sees to
 * (ndis/watch/send_status.c). */
static bool excusing(const struct flow *flow, uint64_t number, int32_t status)
{
    if (!flow_open(flow) || number < flow->excused_upto)
        return true;
    switch ((uint32_t)status) {
    case STATUS_REQUEST_ABORTED:
    case STATUS_RESET_IN_PROGRESS:
    case STATUS_ADAPTER_REMOVED:
    case STATUS_SEND_ABORTED:
        return true;
    }
    return false;
}

static void blame(struct flow *flow, uint64_t number, uint64_t count, uint32_t status)
{
    char text[64];

    flow->faults.failed += count;
    flow_note(flow, "the miniport completed frame %" PRIu64 " with %s", number,
              near_status_text((int32_t)status, text, sizeof text));
}

void flow_judge_early(struct flow *flow, bool excused)
{
    if (!flow->early.count)
        return;
    if (excused && flow_now_ns() - flow->early.since_ns < EARLY_NS)
        flow->failed_excused += flow->early.count;
    else
        blame(flow, flow->early.first, flow->early.count, STATUS_MEDIA_DISCONNECTED);
    flow->early.count = 0;
}

static void count_failure(struct flow *flow, uint64_t number, int32_t status)
{
    if (excusing(flow, number, status)) {
        flow->failed_excused++;
    } else if ((uint32_t)status != STATUS_MEDIA_DISCONNECTED) {
        blame(flow, number, 1, (uint32_t)status);
    } else {
        if (flow->early.count && flow_now_ns() - flow->early.since_ns >= EARLY_NS)
            flow_judge_early(flow, false);
        if (!flow->early.count++) {
            flow->early.first = number;
            flow->early.since_ns = flow_now_ns();
        }
    }
}

static void set_returned(struct flow *flow, uint64_t number, int32_t status)
{
    uint8_t *state = flow_state_of(flow, number);

    *state |= FLOW_RETURNED;
    if (status)
        *state = (uint8_t)((*state | FLOW_FAILED) & ~FLOW_EXCUSED);
}

void flow_failed(struct flow *flow, uint64_t number, int32_t status)
{
    pthread_mutex_lock(&flow->lock);
    count_failure(flow, number, status);
    if (flow_in_ring(flow, number))
        set_returned(flow, number, status);
    flow_settle(flow);
    pthread_mutex_unlock(&flow->lock);
}

void flow_completed(struct flow *flow, uint64_t number, int32_t status)
{
    pthread_mutex_lock(&flow->lock);
    if (number >= flow->issued || !flow->outstanding ||
        (flow_in_ring(flow, number) && *flow_state_of(flow, number) & FLOW_RETURNED)) {
        flow->faults.returned_twice++;
        flow_note(flow, "the miniport completed frame %" PRIu64 "%s", number,
                  number < flow->issued ? " a second time" : ", which was never sent");
    } else {
        flow->outstanding--;
        flow->completed++;
        if (status)
            count_failure(flow, number, status);
        if (flow_in_ring(flow, number))
            set_returned(flow, number, status);
        flow_settle(flow);
    }
    pthread_mutex_unlock(&flow->lock);
}
