/* SPDX-License-Identifier: MIT */
/*
 * cable.h: two adapters between which their driver passes frames (--bus virtual:cable): each is the far end of
 * the other. What a network end sends at one adapter is seen where the other adapter indicates it.
 *   cable_attach(adapter, net, error, size)    a new adapter; the second one completes the pair
 *   adapter->net                               is a network end that stands between NDIS and the real one
 * Which frame is whose follows from the two ends:
 *   none at one adapter    the end at the other has both: its far side sends and receives at the adapter of none
 *   tap at both            each receives at its own adapter what the other sends
 *   gen at both            each checks, at the other adapter, what it sends
 * The two ends start when both adapters run, and stop together. A pause, a reset or another filter of either
 * adapter excuses the frames under way of both.
 */
#ifndef NDISHOST_CABLE_H
#define NDISHOST_CABLE_H

#include "ndis/api/miniport.h"

/* Puts `net`, which becomes the cable's, behind adapter->net. 0, or -1 with a line in error; what is to be
 * closed is adapter->net in either case. */
int cable_attach(struct ndis_adapter *adapter, struct net *net, char *error, size_t error_size);

/* Is the far end there? An adapter without a cable has one, or needs none. */
bool cable_complete(const struct ndis_adapter *adapter);

/* The other adapter, when its network end is `none`: it has nothing more to do when this one has not. */
struct ndis_adapter *cable_idle_adapter(const struct ndis_adapter *adapter);

/* Sends a frame at the other adapter. As adapter_wire_send. */
int cable_send(struct ndis_adapter *adapter, const void *frame, size_t length,
               unsigned milliseconds);

#endif
