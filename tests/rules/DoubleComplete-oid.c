/* SPDX-License-Identifier: MIT */
/* DoubleComplete: an OID request is completed in one way. Here by a call and by the status
 * returned.
 */
#include "miniport.h"

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    NdisMOidRequestComplete(Adapter.Handle, Request, NDIS_STATUS_NOT_SUPPORTED);
    return NDIS_STATUS_NOT_SUPPORTED;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Oid = Oid;
}
