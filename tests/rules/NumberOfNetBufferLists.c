/* SPDX-License-Identifier: MIT */
/* NumberOfNetBufferLists: NumberOfNetBufferLists counts the chain. Here it is one more. */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    InterlockedIncrement(&Adapter.Indicated);
    Adapter.Receive->SourceHandle = Adapter.Handle;
    NdisMIndicateReceiveNetBufferLists(Adapter.Handle, Adapter.Receive, 0, 2, 0);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
