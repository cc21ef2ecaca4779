/* SPDX-License-Identifier: MIT */
/* SendStatus: a send is completed with a final status. Here with NDIS_STATUS_PENDING. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_PENDING, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
