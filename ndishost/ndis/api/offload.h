/* SPDX-License-Identifier: MIT */
/*
 * offload.h: task offload of checksums over IPv4 (network/offloading-checksum-tasks). The miniport says what it can do
 * and what is on. By out-of-band data the protocol asks for checksums, and is told results.
 *   offload_set(adapter, attributes, caller);  offload_indicated(adapter, indication, caller);
 *   request = offload_request(adapter, frame, length);  data = offload_leave(request, frame, length, room);
 *   offload_check(adapter, nbl, caller);
 */
#ifndef NDISHOST_OFFLOAD_H
#define NDISHOST_OFFLOAD_H

#include "ndis/api/miniport.h"

/* The attributes that NdisMSetMiniportAttributes got. */
NDIS_STATUS offload_set(struct ndis_adapter *adapter,
                        const NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES *attributes,
                        const void *caller);
/* NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG: the configuration has changed. */
void offload_indicated(struct ndis_adapter *adapter, const NDIS_STATUS_INDICATION *indication,
                       const void *caller);

/* The out-of-band data of a send of that frame, untagged, or NULL: the protocol computes by itself. */
PVOID offload_request(struct ndis_adapter *adapter, const void *frame, uint32_t length);
/* The frame with its checksums left to the miniport, as `request` says, in `room`, or the frame itself. */
const void *offload_leave(PVOID request, const void *frame, uint32_t length, uint8_t *room);

/* Rule "ChecksumOffload": are the results of a list's frames true, and was the offload on? */
void offload_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller);

#endif
