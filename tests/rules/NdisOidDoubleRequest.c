/* SPDX-License-Identifier: MIT */
/* NdisOidDoubleRequest: the OID request that is completed is the one that is pending. Here it is
 * another.
 */
#include "miniport.h"

static NDIS_OID_REQUEST Other;

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    Other = *Request;
    NdisMOidRequestComplete(Adapter.Handle, &Other, NDIS_STATUS_NOT_SUPPORTED);
    return NDIS_STATUS_NOT_SUPPORTED;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Oid = Oid;
}
