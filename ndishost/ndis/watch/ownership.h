/* SPDX-License-Identifier: MIT */
/*
 * ownership.h: finds drivers that write to a NET_BUFFER_LIST that they do not own. NDIS fills a list
 * that the miniport completed with poison, and checks the poison before it uses the list again. The
 * frames of completed sends, and indicated lists until their return, must not change.
 *   poison_buffer(nbl, nb, frame, length); ... poison_list(nbl);   completed
 *   poison_end_buffer(nb); ... poison_end_list(nbl);    about to be sent again: zeroed
 *   indicated_remember(nbl);                            indicated
 *   indicated_compare(nbl);                             about to be returned
 * The rule is "NetBufferListOwner". A driver that follows a poisoned pointer faults.
 */
#ifndef NDISHOST_OWNERSHIP_H
#define NDISHOST_OWNERSHIP_H

#include "ndis/api/net_buffer_pool.h"

/* `frame`: the memory that holds the data, with its surroundings. It must stay until
 * poison_end_buffer. */
void poison_buffer(NET_BUFFER_LIST *nbl, NET_BUFFER *nb, const void *frame, size_t length);
void poison_list(NET_BUFFER_LIST *nbl);
void poison_end_buffer(NET_BUFFER *nb);
void poison_end_list(NET_BUFFER_LIST *nbl);
void indicated_remember(NET_BUFFER_LIST *nbl);
void indicated_compare(NET_BUFFER_LIST *nbl);

#endif
