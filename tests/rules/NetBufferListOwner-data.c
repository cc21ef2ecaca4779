/* SPDX-License-Identifier: MIT */
/* NetBufferListOwner: a frame is its sender's again when its list is completed. Here its first byte
 * changes after.
 */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER Buffer = NET_BUFFER_LIST_FIRST_NB(List);
    PMDL Mdl = NET_BUFFER_CURRENT_MDL(Buffer);
    PUCHAR Frame = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);

    if (Frame != NULL)
        Frame += NET_BUFFER_CURRENT_MDL_OFFSET(Buffer);
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
    if (Frame != NULL)
        Frame[0] ^= 1;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
