/* SPDX-License-Identifier: MIT */
/* NdisMSendNetBufferListsComplete: what is completed was sent. Here a receive list is completed. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(Adapter.Receive, NDIS_STATUS_FAILURE, CompleteFlags);
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
