/* SPDX-License-Identifier: MIT */
/* cancel.h: sends and OID requests that are cancelled. */
#ifndef NDISHOST_CANCEL_H
#define NDISHOST_CANCEL_H

#include "ndis/api/miniport.h"

/* MiniportCancelOidRequest, for a request that is pending or is not. PASSIVE_LEVEL. */
void cancel_oid_request(struct ndis_adapter *adapter, void *request_id);

#endif
