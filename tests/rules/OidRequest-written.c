/* SPDX-License-Identifier: MIT */
/* OidRequest: BytesWritten is all that was written. Here more was. */
#include "miniport.h"

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    NdisZeroMemory(Request->DATA.QUERY_INFORMATION.InformationBuffer, 8);
    Request->DATA.QUERY_INFORMATION.BytesWritten = 4;
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Oid = Oid;
}
