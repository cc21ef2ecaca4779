/* SPDX-License-Identifier: MIT */
/*
 * filter.h: what the packet filter, the multicast list and the VLAN of an adapter ask for, as they
 * were last set with success; and that a network end hears of each change.
 *   filter_changing(adapter, oid);  ... the OID is set ...
 *   filter_changed(adapter, oid, status, buffer, length);
 *   filter_accepts(adapter, destination)     net_ports.near_accepts
 */
#ifndef NDISHOST_FILTER_H
#define NDISHOST_FILTER_H

#include "ndis/api/miniport.h"

/* Both do nothing for an OID that sets no filter. */
void filter_changing(struct ndis_adapter *adapter, NDIS_OID oid);
void filter_changed(struct ndis_adapter *adapter, NDIS_OID oid, NDIS_STATUS status,
                    const void *buffer, ULONG length);

/* Is the miniport to indicate a frame with that destination, and that tag on the wire? Any
 * thread. */
bool filter_accepts(void *adapter, const uint8_t destination[6], uint32_t tag);

#endif
