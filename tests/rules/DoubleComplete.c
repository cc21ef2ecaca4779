/* SPDX-License-Identifier: MIT */
/* DoubleComplete: a NET_BUFFER_LIST that was sent is completed once. Here twice. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    NdisMSendNetBufferListsComplete(Adapter.Handle, List, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
