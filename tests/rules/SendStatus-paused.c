/* SPDX-License-Identifier: MIT */
/* SendStatus: a send fails for a reason that there is. Here for a pause, while it runs. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_PAUSED, CompleteFlags);
}

/* control: pause; restart; send */
VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
