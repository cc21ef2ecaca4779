/* SPDX-License-Identifier: MIT */
/* NetBufferListOwner: a list is indicated when it is the driver's. Here it follows itself in the
 * chain.
 */
#include "miniport.h"

static NDIS_STATUS Restart(VOID)
{
    InterlockedIncrement(&Adapter.Indicated);
    Adapter.Receive->SourceHandle = Adapter.Handle;
    NET_BUFFER_LIST_NEXT_NBL(Adapter.Receive) = Adapter.Receive;
    NdisMIndicateReceiveNetBufferLists(Adapter.Handle, Adapter.Receive, 0, 1, 0);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Restart = Restart;
}
