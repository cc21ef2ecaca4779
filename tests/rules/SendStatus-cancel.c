/* SPDX-License-Identifier: MIT */
/* SendStatus: a send fails for a reason that there is. Here it was cancelled, which nobody did. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_SEND_ABORTED, CompleteFlags);
}

/* control: cancel 1; cancel 2; send */
VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
