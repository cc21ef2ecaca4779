/* SPDX-License-Identifier: MIT */
/* NdisMFreeNetBufferSGList: a scatter/gather list is freed once. Here twice. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);

    Map(NetBuffer);
    Unmap(NetBuffer, Adapter.Sg);
    Unmap(NetBuffer, Adapter.Sg);
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
