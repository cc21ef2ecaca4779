/* SPDX-License-Identifier: MIT */
/*
 * large.h: large TCP packets for the miniport to segment. A packet is made of numbered frames in a row, which are its
 * segments: so the far end knows each byte of them, and a miniport that segments nothing may get the same frames.
 *   large_open(&large, ports, &flow, segments);
 *   n = large_pack(&large, first, count, &room, &packet);    0: frame `first` goes out alone
 *   frame = large_arrived(&large, frame, length, copy);      at the far end: rule "LargeSendOffload"
 *   large_close(&large);
 */
#ifndef NDISHOST_NET_LARGE_H
#define NDISHOST_NET_LARGE_H

#include "net/flow.h"

#define LARGE_SEGMENTS 40 /* the most: their data are less than 64 KiB */

struct large {
    struct net_ports *ports;
    struct flow *flow;
    unsigned segments;     /* frames of a group; 0: no large packets are made */
    _Atomic uint8_t *went; /* how the latest FLOW_RING frames went: 0 alone, or flags of large.c */
    _Atomic uint64_t packets, frames;
};

/* 0, or -1 when out of memory. The flow's frames are in groups of `segments`. */
int large_open(struct large *large, struct net_ports *ports, struct flow *flow, unsigned segments);
void large_close(struct large *large);

/* Makes a packet of frames from `first` on, `count` at most, in `room`, which has NUMBERED_JUMBO bytes for each of them.
 * Returns how many it has; 0: the miniport is not to segment this one. One sender a flow. */
unsigned large_pack(struct large *large, uint64_t first, unsigned count, uint8_t *room,
                    struct net_large *packet);

/* The frames of a packet's cookie: the first, and how many. Of a frame alone the cookie is its number. */
uint64_t large_first(uint64_t cookie);
unsigned large_count(uint64_t cookie);

/* Is a frame that arrived a segment as it has to be? Returns the frame to account for: itself, or `copy`, which has room
 * for NET_JUMBO_MAX bytes, without what a miniport may add. */
const uint8_t *large_arrived(struct large *large, const uint8_t *frame, size_t length,
                             uint8_t *copy);

#endif
