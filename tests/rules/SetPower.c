/* SPDX-License-Identifier: MIT */
/* SetPower: OID_PNP_SET_POWER succeeds. Here it does not, when it is to sleep. */
#include "miniport.h"

static NDIS_STATUS NTAPI Request(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    if (OidRequest->DATA.SET_INFORMATION.Oid == OID_PNP_SET_POWER)
        return NDIS_STATUS_FAILURE;
    return MiniportOid(MiniportAdapterContext, OidRequest);
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->OidRequestHandler = Request;
}

/* control: power d3 */
VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
}
