/* SPDX-License-Identifier: MIT */
/* NetBufferListSource: SourceHandle of an indicated list is the adapter's handle. Here NULL. */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    InterlockedIncrement(&Adapter.Indicated);
    Adapter.Receive->SourceHandle = NULL;
    NdisMIndicateReceiveNetBufferLists(Adapter.Handle, Adapter.Receive, 0, 1, 0);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
