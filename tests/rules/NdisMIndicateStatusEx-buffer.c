/* SPDX-License-Identifier: MIT */
/* NdisMIndicateStatusEx: NDIS_STATUS_LINK_STATE has an NDIS_LINK_STATE. Here it has nothing. */
#include "miniport.h"
#include "miniport_forms.h"

static NDIS_STATUS Restart(VOID)
{
    NDIS_STATUS_INDICATION Indication;

    FormIndication(&Indication, Adapter.Handle, NDIS_STATUS_LINK_STATE, NULL, 0);
    NdisMIndicateStatusEx(Adapter.Handle, &Indication);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
