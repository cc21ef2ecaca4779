/* SPDX-License-Identifier: MIT */
/* SetPower: OID_PNP_SET_POWER succeeds. Here it does not, when the adapter is to wake. */
#include "miniport.h"

static NDIS_STATUS NTAPI Request(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    if (OidRequest->DATA.SET_INFORMATION.Oid == OID_PNP_SET_POWER &&
        *(PNDIS_DEVICE_POWER_STATE)OidRequest->DATA.SET_INFORMATION.InformationBuffer ==
            NdisDeviceStateD0)
        return NDIS_STATUS_NOT_ACCEPTED;
    return MiniportOid(MiniportAdapterContext, OidRequest);
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->OidRequestHandler = Request;
}

/* control: power d2; power d0 */
VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
}
