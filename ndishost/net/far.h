/* SPDX-License-Identifier: MIT */
/*
 * far.h: the station at the far end of the wire, as gen and echo play it: a thread that puts the frames
 * of a flow on the wire, one after another.
 *   far_start(&far, ports, &flow);  ...  flow_stop(&flow);  far_join(&far);
 */
#ifndef NDISHOST_NET_FAR_H
#define NDISHOST_NET_FAR_H

#include <pthread.h>
#include "net/flow.h"

struct far {
    struct net_ports *ports;
    struct flow *flow;
    pthread_t thread;
    bool running;
};

/* The station's address: its own, or a locally administered one; never the adapter's. */
void far_address(const struct net_ports *ports, uint8_t address[6]);

/* 0, or the errno of pthread_create. */
int far_start(struct far *far, struct net_ports *ports, struct flow *flow);
/* Instead of a thread: puts `count` frames at most on the wire of a device in lockstep. false: none is left to
 * send, or the flow stops. */
bool far_burst(struct far *far, struct net_ports *ports, struct flow *flow, unsigned count);
/* Waits for the thread, for some seconds: a wire that blocks for ever must not hold up the end of the
 * run. False: it is still in far_send. May be called again, once the wire is closed. */
bool far_join(struct far *far);

#endif
