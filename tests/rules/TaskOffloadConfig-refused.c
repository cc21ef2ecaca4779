/* SPDX-License-Identifier: MIT */
/* TaskOffloadConfig: the driver accepts an encapsulation that one of its offloads has. Here it refuses Ethernet.
 * says: OID_OFFLOAD_ENCAPSULATION for Ethernet failed with 0xC000000D
 */
#include "offload.h"

static MINIPORT_OID_REQUEST Refuse;
static NDIS_STATUS NTAPI Refuse(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    if (OidRequest->RequestType == NdisRequestSetInformation &&
        OidRequest->DATA.SET_INFORMATION.Oid == OID_OFFLOAD_ENCAPSULATION)
        return NDIS_STATUS_INVALID_PARAMETER;
    return OffloadOid(MiniportAdapterContext, OidRequest);
}

static VOID Entry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    OffloadEntry(Characteristics);
    Characteristics->OidRequestHandler = Refuse;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = Entry;
    Hooks->Initialize = SetOffloads;
}
