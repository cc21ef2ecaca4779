/* SPDX-License-Identifier: MIT */
/* OidRequest: a query of a number that succeeds has the number. Here nothing. */
#include "miniport.h"

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    UNREFERENCED_PARAMETER(Request);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Oid = Oid;
}
