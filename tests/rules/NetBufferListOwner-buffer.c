/* SPDX-License-Identifier: MIT */
/* NetBufferListOwner: a NET_BUFFER is NDIS's again when its list is completed. Here it is
 * written to.
 */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);

    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    NET_BUFFER_MINIPORT_RESERVED(NetBuffer)[0] = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
