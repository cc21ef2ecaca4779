/* SPDX-License-Identifier: MIT */
/* NdisMFreeNetBufferSGList: a scatter/gather list is NDIS's again when it is freed. Here it is
 * written to after.
 */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);
    PSCATTER_GATHER_LIST Sg;

    Map(NetBuffer);
    Sg = Adapter.Sg;
    Unmap(NetBuffer, Sg);
    Sg->NumberOfElements = 0;
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
