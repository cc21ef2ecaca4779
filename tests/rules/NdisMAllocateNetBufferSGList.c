/* SPDX-License-Identifier: MIT */
/* NdisMAllocateNetBufferSGList: a NET_BUFFER has one scatter/gather list at a time. Here a
 * second is asked for.
 */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);

    Map(NetBuffer);
    Map(NetBuffer);
    Unmap(NetBuffer, Adapter.Sg);
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
