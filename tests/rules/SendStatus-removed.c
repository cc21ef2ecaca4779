/* SPDX-License-Identifier: MIT */
/* SendStatus: a send fails for a reason that there is. Here because of a removal, of what is there. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_ADAPTER_REMOVED, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
