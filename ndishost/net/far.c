/* SPDX-License-Identifier: MIT */
#include "net/far.h"

#include <string.h>
#include <time.h>

#define JOIN_SECONDS 3
#define RETRY_NS     10000000L
#define BURST        32 /* numbers taken from the flow at a time */

void far_address(const struct net_ports *ports, uint8_t address[6])
{
    static const uint8_t station[6] = {0x02, 'a', 'v', 'n', 'e', 't'};

    memcpy(address, ports->has_far_mac ? ports->far_mac : station, 6);
    if (!memcmp(ports->mac, address, 6))
        address[5] ^= 1;
}

/* True when the frame is on the wire; false when the run ended first. far_send fails while the link
 * is down: then it is tried again. */
static bool send_one(struct far *far, uint64_t number)
{
    const struct timespec moment = {.tv_nsec = RETRY_NS};
    uint8_t frame[NET_JUMBO_MAX];
    uint32_t tag = flow_tag(far->flow, number);
    unsigned size = flow_fill(far->flow, number, frame);
    size_t wire = numbered_wire_size(size);

    if (tag != TAG_NONE) {
        wire = size < NUMBERED_WIRE - TAG_BYTES ? NUMBERED_WIRE - TAG_BYTES : size;
        wire = tag_insert(frame, frame, wire, tag);
    }

    while (far->ports->far_send(far->ports->context, frame, wire)) {
        if (flow_stopping(far->flow))
            return false;
        if (far->ports->step)
            far->ports->step(far->ports->context);
        else
            nanosleep(&moment, NULL);
    }
    return true;
}

/* Sends what the flow gives out of `want` frames. */
static bool send_some(struct far *far, unsigned want)
{
    uint64_t first;
    unsigned count = flow_issue(far->flow, want, &first);

    for (unsigned i = 0; i < count; i++) {
        if (!send_one(far, first + i)) {
            flow_withdraw(far->flow, count - i);
            return false;
        }
    }
    return count != 0;
}

static void *far_thread(void *argument)
{
    struct far *far = argument;

    while (send_some(far, BURST))
        ;
    return NULL;
}

bool far_burst(struct far *far, struct net_ports *ports, struct flow *flow, unsigned count)
{
    far->ports = ports;
    far->flow = flow;
    return send_some(far, count);
}

int far_start(struct far *far, struct net_ports *ports, struct flow *flow)
{
    int error;

    far->ports = ports;
    far->flow = flow;
    error = pthread_create(&far->thread, NULL, far_thread, far);
    far->running = !error;
    return error;
}

bool far_join(struct far *far)
{
    struct timespec until;

    if (!far->running)
        return true;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += JOIN_SECONDS;
    far->running = pthread_timedjoin_np(far->thread, NULL, &until) != 0;
    return !far->running;
}
