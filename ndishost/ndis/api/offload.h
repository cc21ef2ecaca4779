/* SPDX-License-Identifier: MIT */
/*
 * offload.h: task offload of checksums over IPv4 and IPv6 (network/task-offload). The miniport says what it can do and
 * what is on. The protocol asks for that only; results of received frames are compared with the truth.
 *   offload_set(adapter, attributes, caller);  offload_indicated(adapter, indication, caller);
 *   offload_oid_begin(adapter, oid, handler);  ... the request ...;  offload_oid_end(adapter, oid, status, ...);
 *   request = offload_request(adapter, frame, length);  data = offload_leave(request, frame, length, room);
 *   offload_check(adapter, nbl, caller);
 */
#ifndef NDISHOST_OFFLOAD_H
#define NDISHOST_OFFLOAD_H

#include "ndis/api/miniport.h"

/* What a miniport may do for the protocol; a bit for each in struct offload's `on`. */
enum offload_kind {
    OFFLOAD_SEND_IP,
    OFFLOAD_SEND_TCP4,
    OFFLOAD_SEND_UDP4,
    OFFLOAD_SEND_TCP6,
    OFFLOAD_SEND_UDP6,
    OFFLOAD_RECEIVE_IP,
    OFFLOAD_RECEIVE_TCP4,
    OFFLOAD_RECEIVE_UDP4,
    OFFLOAD_RECEIVE_TCP6,
    OFFLOAD_RECEIVE_UDP6,
    OFFLOAD_LSO1,
    OFFLOAD_LSO2_IPV4,
    OFFLOAD_LSO2_IPV6,
    OFFLOAD_KINDS
};

/* NdisMSetMiniportAttributes. Any of the two configurations may be NULL: none. */
NDIS_STATUS offload_set(struct ndis_adapter *adapter,
                        const NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES *attributes,
                        const void *caller);
/* NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG, or NDIS_STATUS_TASK_OFFLOAD_HARDWARE_CAPABILITIES. */
void offload_indicated(struct ndis_adapter *adapter, const NDIS_STATUS_INDICATION *indication,
                       const void *caller);
/* Copies of what the miniport has said; false: it has said nothing. */
bool offload_config(struct ndis_adapter *adapter, NDIS_OFFLOAD *config);
bool offload_hardware(struct ndis_adapter *adapter, NDIS_OFFLOAD *hardware);
/* Does the hardware do any offload for Ethernet? */
bool offload_possible(struct ndis_adapter *adapter);
/* Fills in what OID_OFFLOAD_ENCAPSULATION sets for Ethernet, of both versions of IP. */
void offload_form_encapsulation(NDIS_OFFLOAD_ENCAPSULATION *encapsulation, bool on);
/* What OID_OFFLOAD_ENCAPSULATION has set; false: nothing yet. */
bool offload_encapsulation(struct ndis_adapter *adapter, NDIS_OFFLOAD_ENCAPSULATION *set);

/* Around each set request that goes to the miniport: rule "TaskOffloadConfig" for the two OIDs after which the
 * miniport has to say what its configuration is. `handler` is the driver's function. The thread that sends OIDs. */
void offload_oid_begin(struct ndis_adapter *adapter, NDIS_OID oid, const void *handler);
void offload_oid_end(struct ndis_adapter *adapter, NDIS_OID oid, NDIS_STATUS status,
                     const void *buffer, ULONG length, const void *handler);
/* Before MiniportHaltEx: the indication that was due has not come. */
void offload_end(struct ndis_adapter *adapter, const void *handler);

/* What is left to the miniport in this frame: the value of TcpIpChecksumNetBufferListInfo. NULL: nothing. */
PVOID offload_request(struct ndis_adapter *adapter, const void *frame, uint32_t length);
/* The frame as a protocol gives it with that request: itself, or its copy in `room`, NET_JUMBO_MAX bytes. */
const void *offload_leave(PVOID request, const void *frame, uint32_t length, uint8_t *room);

/* Rule "ChecksumOffload": are the results of a list's frames true, and was the offload on? */
void offload_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller);

#endif
