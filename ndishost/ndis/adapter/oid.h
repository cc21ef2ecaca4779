/* SPDX-License-Identifier: MIT */
/*
 * oid.h: OID requests to a miniport, one at a time an adapter, as NDIS serialises them; and those
 * that NDIS answers itself from what the miniport said at initialization.
 *   status = oid_request(adapter, ADAPTER_OID_QUERY, oid, buf, sizeof buf, &done, &needed);
 */
#ifndef NDISHOST_OID_H
#define NDISHOST_OID_H

#include "ndis/adapter/adapter.h"
#include "ndis/api/miniport.h"
#include "ndis/api/receive_scale.h"

int oid_create(struct ndis_adapter *adapter);
void oid_destroy(struct ndis_adapter *adapter);

/* Straight to MiniportOidRequest, waited for. PASSIVE_LEVEL. */
NDIS_STATUS oid_request(struct ndis_adapter *adapter, enum adapter_oid_kind kind, NDIS_OID oid,
                        void *buffer, ULONG length, ULONG *done, ULONG *needed);

/* true: NDIS answers this query itself, and *status is its answer. */
bool oid_answer(struct ndis_adapter *adapter, NDIS_OID oid, void *buffer, ULONG length, ULONG *done,
                ULONG *needed, NDIS_STATUS *status);

/* Is it in the miniport's SupportedOidList? */
bool oid_supported(const struct ndis_adapter *adapter, NDIS_OID oid);

/* What NDIS and the protocols ask and set when an adapter has come up. */
void oid_bind_queries(struct ndis_adapter *adapter);
NDIS_STATUS oid_bind_filters(struct ndis_adapter *adapter);
/* Sets receive-side scaling; NDIS_STATUS_NOT_SUPPORTED if the miniport has none. */
NDIS_STATUS oid_receive_scale(struct ndis_adapter *adapter, enum receive_scale_change change);

/* "OID_GEN_STATISTICS" for a number, or NULL; and the number for a name, with or without "OID_". */
const char *oid_name(NDIS_OID oid);
bool oid_number(const char *name, NDIS_OID *oid);

#endif
