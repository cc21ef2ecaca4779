/* SPDX-License-Identifier: MIT */
/* NdisMFreeNetBufferSGList: a list is freed with its own NET_BUFFER. Here with another. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);

    Map(NetBuffer);
    Unmap(NET_BUFFER_LIST_FIRST_NB(Adapter.Receive), Adapter.Sg);
    Unmap(NetBuffer, Adapter.Sg);
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
