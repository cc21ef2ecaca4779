/* SPDX-License-Identifier: MIT */
/*
 * receive_scale.h: receive-side scaling (network/introduction-to-receive-side-scaling): what the protocol sets, and
 * whether what the miniport says of a frame's hash is true.
 *   receive_scale_set(adapter, capabilities, caller);     its capabilities
 *   receive_scale_form(adapter, change, room, &length);   ... OID_GEN_RECEIVE_SCALE_PARAMETERS ...
 *   receive_scale_oid_begin(adapter, buffer, length);  ...;  receive_scale_oid_end(adapter, status, ...);
 *   receive_scale_check(adapter, nbl, caller);
 */
#ifndef NDISHOST_RECEIVE_SCALE_H
#define NDISHOST_RECEIVE_SCALE_H

#include "ndis/api/miniport.h"

/* The general attributes' RecvScaleCapabilities; NULL: the miniport has no RSS. */
void receive_scale_set(struct ndis_adapter *adapter,
                       const NDIS_RECEIVE_SCALE_CAPABILITIES *capabilities, const void *caller);

/* What the next OID_GEN_RECEIVE_SCALE_PARAMETERS is to do. */
enum receive_scale_change {
    RECEIVE_SCALE_OFF,
    RECEIVE_SCALE_ON,    /* all types of hash that the miniport has, a key, a table */
    RECEIVE_SCALE_TABLE, /* another indirection table, and all else unchanged */
    RECEIVE_SCALE_KEY    /* another key */
};
#define RECEIVE_SCALE_ROOM 1024
/* Fills in the buffer of the request; returns its length, 0: the miniport has no RSS. */
ULONG receive_scale_form(struct ndis_adapter *adapter, enum receive_scale_change change,
                         uint8_t room[RECEIVE_SCALE_ROOM]);
/* The request goes to the miniport; it is complete. Rule "ReceiveScale": the miniport has to accept it. Any thread. */
void receive_scale_oid_begin(struct ndis_adapter *adapter, const void *buffer, ULONG length);
void receive_scale_oid_end(struct ndis_adapter *adapter, NDIS_STATUS status, const void *buffer,
                           ULONG length, const void *handler);
/* The answer to a query, which NDIS gives itself: the parameters that were set last; 0: none. */
ULONG receive_scale_parameters(struct ndis_adapter *adapter, uint8_t room[RECEIVE_SCALE_ROOM]);

/* Rule "ReceiveHash": is the hash of a list that has one of a type that was asked for, and right? After a change the
 * frames under way may have what was set before. */
void receive_scale_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller);

#endif
