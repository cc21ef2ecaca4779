/* SPDX-License-Identifier: MIT */
/* NdisMIndicateReceiveNetBufferLists: lists of the driver's own are indicated. Here one that was
 * sent.
 */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    NdisMIndicateReceiveNetBufferLists(Adapter.Handle, List, 0, 0, 0);
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
