/* SPDX-License-Identifier: MIT */
/* NetBufferListOwner: a list is NDIS's again when it is completed. Here it is written to after. */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
