/* SPDX-License-Identifier: MIT */
/*
 * large_send.h: TCP packets that the miniport is to segment (network/offloading-the-segmentation-of-large-tcp-packets).
 * Each is in a list of its own with one NET_BUFFER. The completed list has to say what became of it.
 *   sends = large_sends_create(liberties);
 *   chain = large_sends_build(sends, packets, count, &random, &taken);  ... send ...
 *   if (large_sends_own(sends, nbl)) cookie = large_sends_complete(sends, nbl, &status);
 */
#ifndef NDISHOST_LARGE_SEND_H
#define NDISHOST_LARGE_SEND_H

#include "ndis/api/net_buffer_pool.h"

#define LARGE_IN_FLIGHT 64 /* at most */

struct large_sends;

/* NULL when out of memory. */
struct large_sends *large_sends_create(unsigned liberties);
/* NULL is allowed. None is in flight. */
void large_sends_destroy(struct large_sends *sends);
unsigned large_sends_in_flight(struct large_sends *sends);

/* What the adapter's current configuration allows: net_ports.large_limits. */
bool large_limits(struct ndis_adapter *adapter, unsigned version, bool v6, bool options,
                  uint32_t *most, uint32_t *least);

/* Makes a chain of as many packets as there is room for; NULL when there is none. */
NET_BUFFER_LIST *large_sends_build(struct large_sends *sends, const struct net_large *packets,
                                   unsigned count, struct random *random, unsigned *taken);
bool large_sends_own(const struct large_sends *sends, const NET_BUFFER_LIST *nbl);
/* The list is back from the miniport: rule "LargeSendOffload". Returns the packet's cookie. */
uint64_t large_sends_complete(struct large_sends *sends, NET_BUFFER_LIST *nbl, NDIS_STATUS *status);

#endif
