/* SPDX-License-Identifier: MIT */
/* NdisMNetPnPEventInOIDRequest: NdisMNetPnPEvent is not called from an OID request. Here it is. */
#include "miniport.h"

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    NET_PNP_EVENT_NOTIFICATION Event;

    UNREFERENCED_PARAMETER(Request);
    NdisZeroMemory(&Event, sizeof(Event));
    Event.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Event.Header.Revision = 1;
    Event.Header.Size = NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1;
    NdisMNetPnPEvent(Adapter.Handle, &Event);
    return NDIS_STATUS_NOT_SUPPORTED;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Oid = Oid;
}
