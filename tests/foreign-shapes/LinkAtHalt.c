/* SPDX-License-Identifier: MIT */
/* MiniportHaltEx takes the link down, and says so. The report has the link that there was before. Nor has it
 * interrupts, DPCs, DMA or features of a driver that has none.
 * bus: virtual
 * says: adapter:   02:52:75:6c:65:01, link up
 * control: sleep 10
 * says: NDIS:      16 OID requests
 */
#include "shape.h"
#include "miniport_forms.h"

static VOID Halt(VOID)
{
    NDIS_STATUS_INDICATION Indication;
    NDIS_LINK_STATE State;

    NdisZeroMemory(&State, sizeof(State));
    State.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    State.Header.Revision = NDIS_LINK_STATE_REVISION_1;
    State.Header.Size = NDIS_SIZEOF_LINK_STATE_REVISION_1;
    State.MediaConnectState = MediaConnectStateDisconnected;
    State.MediaDuplexState = MediaDuplexStateUnknown;
    State.XmitLinkSpeed = State.RcvLinkSpeed = NDIS_LINK_SPEED_UNKNOWN;
    FormIndication(&Indication, Adapter.Handle, NDIS_STATUS_LINK_STATE, &State, sizeof(State));
    NdisMIndicateStatusEx(Adapter.Handle, &Indication);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
