/* SPDX-License-Identifier: MIT */
/* NdisMFreeNetBufferSGList: a scatter/gather list is freed before its send is completed. Here
 * after.
 */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);

    Map(NetBuffer);
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    Unmap(NetBuffer, Adapter.Sg);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
