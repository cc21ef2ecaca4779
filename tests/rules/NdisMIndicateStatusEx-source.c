/* SPDX-License-Identifier: MIT */
/* NdisMIndicateStatusEx: SourceHandle of a status indication is the adapter's handle. Here NULL. */
#include "miniport.h"
#include "miniport_forms.h"

static NDIS_STATUS Restart(VOID)
{
    NDIS_STATUS_INDICATION Indication;

    FormIndication(&Indication, NULL, NDIS_STATUS_MEDIA_SPECIFIC_INDICATION, NULL, 0);
    NdisMIndicateStatusEx(Adapter.Handle, &Indication);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
