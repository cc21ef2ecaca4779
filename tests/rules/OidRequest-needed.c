/* SPDX-License-Identifier: MIT */
/* OidRequest: a buffer that is too short is told how many bytes are needed. Here none. */
#include "miniport.h"

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    Request->DATA.QUERY_INFORMATION.BytesNeeded = 0;
    return NDIS_STATUS_BUFFER_TOO_SHORT;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Oid = Oid;
}
