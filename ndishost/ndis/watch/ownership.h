/* SPDX-License-Identifier: MIT */
/*
 * ownership.h: who touches a NET_BUFFER_LIST that is not his is found by what he leaves in it. What
 * the miniport has completed is filled with poison, and looked at before it is used again; the frames
 * that it has completed must stay as they were, and what it has indicated has to come back so.
 *   poison_buffer(nbl, nb, frame, length); ... poison_list(nbl);   completed
 *   poison_end_buffer(nb); ... poison_end_list(nbl);    to be sent again: as if new
 *   indicated_remember(nbl);                            indicated
 *   indicated_compare(nbl);                             to be returned
 * Rule "NetBufferListOwner". A poisoned pointer that is followed leads nowhere, and faults.
 */
#ifndef NDISHOST_OWNERSHIP_H
#define NDISHOST_OWNERSHIP_H

#include "ndis/api/net_buffer_pool.h"

/* `frame`: the memory that has its data, and what lies around them; it stays until poison_end_buffer. */
void poison_buffer(NET_BUFFER_LIST *nbl, NET_BUFFER *nb, const void *frame, size_t length);
void poison_list(NET_BUFFER_LIST *nbl);
void poison_end_buffer(NET_BUFFER *nb);
void poison_end_list(NET_BUFFER_LIST *nbl);
void indicated_remember(NET_BUFFER_LIST *nbl);
void indicated_compare(NET_BUFFER_LIST *nbl);

#endif
