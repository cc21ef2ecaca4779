/* SPDX-License-Identifier: MIT */
/*
 * protocol.h: the protocol driver that the host plays above a miniport: makes NET_BUFFER_LISTs of a
 * network end's frames, in shapes drawn from the seed, and takes apart what the miniport indicates.
 *   protocol = protocol_create(adapter, seed, liberties, hold);  protocol_send(...);  protocol_receive(...);
 *   protocol_drain(...);  protocol_destroy(protocol);
 */
#ifndef NDISHOST_PROTOCOL_H
#define NDISHOST_PROTOCOL_H

#include "ndis/api/net_buffer_pool.h"
#include "ndis/protocol/hold.h"

#define PROTOCOL_IN_FLIGHT 1024 /* frames sent and not completed, at most */

/* NULL when out of memory, with a line in error. */
struct protocol *protocol_create(struct ndis_adapter *adapter, uint64_t seed, unsigned liberties,
                                 const struct hold *hold, char *error, size_t error_size);
void protocol_destroy(struct protocol *protocol);

/* net_ports.near_send. PASSIVE_LEVEL or DISPATCH_LEVEL. */
unsigned protocol_send(struct protocol *protocol, const struct net_frame *frames, unsigned count);
/* net_ports.near_send_large. */
unsigned protocol_send_large(struct protocol *protocol, const struct net_large *packets,
                             unsigned count);
/* Sends one frame of no network end, and waits. -1: not taken, or not complete by the deadline. */
int protocol_send_one(struct protocol *protocol, const void *frame, uint32_t length,
                      uint64_t deadline, NDIS_STATUS *status);
/* Sends lists that are not the protocol's own, each NBL_WITH_PROTOCOL. `back` is called for every
 * one that the miniport completes, and from then on it is the caller's. One caller at a time; the
 * next when all are back. PASSIVE_LEVEL; at DISPATCH_LEVEL the miniport is called if `raise`. */
void protocol_send_foreign(struct protocol *protocol, NET_BUFFER_LIST *chain, bool raise,
                           void (*back)(void *context, NET_BUFFER_LIST *nbl), void *context);
/* 802.1Q out of band for all frames of a list: a TCI, or TAG_NONE. */
void protocol_set_tag(NET_BUFFER_LIST *nbl, uint32_t tag);
/* The chain is back from the miniport: near_sent for every frame. Called by
 * NdisMSendNetBufferListsComplete when it knows that each list was the miniport's. */
void protocol_send_complete(struct protocol *protocol, NET_BUFFER_LIST *chain);
/* Frames that the miniport has not completed. */
unsigned protocol_in_flight(struct protocol *protocol);

/* What the miniport indicated. With `resources` the lists stay the miniport's; without, they are
 * returned before the call ends or later, from another thread. */
void protocol_receive(struct protocol *protocol, NET_BUFFER_LIST *chain, unsigned count,
                      bool resources, bool dispatch_level);
/* Lists that the protocol holds on to. */
unsigned protocol_held(struct protocol *protocol);

/* The cancel id with this number, 1 to CANCEL_IDS, which lists are marked with in turn; its number,
 * 0 when the id is not the protocol's; and the lists marked with it that are with the miniport. */
void *protocol_cancel_id(unsigned number);
unsigned protocol_cancel_number(const void *cancel_id);
unsigned protocol_outstanding(struct protocol *protocol, const void *cancel_id);

#endif
