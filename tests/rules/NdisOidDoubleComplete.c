/* SPDX-License-Identifier: MIT */
/* NdisOidDoubleComplete: NdisMOidRequestComplete is called once for a request. Here twice. */
#include "miniport.h"

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    NdisMOidRequestComplete(Adapter.Handle, Request, NDIS_STATUS_NOT_SUPPORTED);
    NdisMOidRequestComplete(Adapter.Handle, Request, NDIS_STATUS_NOT_SUPPORTED);
    return NDIS_STATUS_PENDING;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Oid = Oid;
}
