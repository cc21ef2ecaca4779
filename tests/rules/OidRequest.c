/* SPDX-License-Identifier: MIT */
/* OidRequest: BytesWritten is at most the buffer's length. Here it is more. */
#include "miniport.h"

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    Request->DATA.QUERY_INFORMATION.BytesWritten =
        Request->DATA.QUERY_INFORMATION.InformationBufferLength + 1;
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Oid = Oid;
}
