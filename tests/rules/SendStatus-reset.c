/* SPDX-License-Identifier: MIT */
/* SendStatus: a send fails for a reason that there is. Here for a reset, which it cannot have. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_RESET_IN_PROGRESS, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
