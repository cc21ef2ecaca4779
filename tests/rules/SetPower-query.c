/* SPDX-License-Identifier: MIT */
/* SetPower: OID_PNP_QUERY_POWER succeeds. Here the miniport does not know it. */
#include "miniport.h"

static NDIS_STATUS NTAPI Request(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    if (OidRequest->DATA.QUERY_INFORMATION.Oid == OID_PNP_QUERY_POWER)
        return NDIS_STATUS_NOT_SUPPORTED;
    return MiniportOid(MiniportAdapterContext, OidRequest);
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->OidRequestHandler = Request;
}

/* control: power d0 */
VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
}
