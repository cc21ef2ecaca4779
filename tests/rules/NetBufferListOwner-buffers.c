/* SPDX-License-Identifier: MIT */
/* NetBufferListOwner: a sent list keeps its NET_BUFFERs. Here they are taken out. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    NET_BUFFER_LIST_FIRST_NB(List) = NULL;
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
