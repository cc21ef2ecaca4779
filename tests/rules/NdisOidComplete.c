/* SPDX-License-Identifier: MIT */
/* NdisOidComplete: an OID request is completed with a final status. Here with
 * NDIS_STATUS_PENDING.
 */
#include "miniport.h"

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    NdisMOidRequestComplete(Adapter.Handle, Request, NDIS_STATUS_PENDING);
    return NDIS_STATUS_PENDING;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Oid = Oid;
}
