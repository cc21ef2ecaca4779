/* SPDX-License-Identifier: MIT */
/* PortNumber: lists are indicated on a port that there is. Here on port 5. */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    InterlockedIncrement(&Adapter.Indicated);
    Adapter.Receive->SourceHandle = Adapter.Handle;
    NdisMIndicateReceiveNetBufferLists(Adapter.Handle, Adapter.Receive, 5, 1, 0);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
