/* SPDX-License-Identifier: MIT */
/* NdisOidComplete: an OID request ends with success or a failure. Here with an indication. */
#include "miniport.h"

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    UNREFERENCED_PARAMETER(Request);
    return NDIS_STATUS_MEDIA_CONNECT;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Oid = Oid;
}
