/* SPDX-License-Identifier: MIT */
/* No rule: the correct miniport as it is, with a frame up and its list back. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);

    Map(NetBuffer);
    Unmap(NetBuffer, Adapter.Sg);
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    Indicate(0);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
