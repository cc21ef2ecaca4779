/* SPDX-License-Identifier: MIT */
/* SendStatus: a send fails for a reason that there is. Here for low power, in D0. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_LOW_POWER_STATE, CompleteFlags);
}

/* control: power d3; power d0; send */
VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
