/* SPDX-License-Identifier: MIT */
/* NetBufferListOwner: a list's MDLs are NDIS's again when it is completed. Here one is cut short
 * after.
 */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PMDL Mdl = NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(List));

    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    Mdl->ByteCount = 14;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
