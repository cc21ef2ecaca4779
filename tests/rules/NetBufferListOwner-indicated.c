/* SPDX-License-Identifier: MIT */
/* NetBufferListOwner: a frame is NDIS's from the indication to the return. Here it changes
 * between.
 * ndishost-options: --shape random
 * control: send; send; send; send; send; send; send; send; send; send; send; send
 */
#include "miniport.h"

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    if (Adapter.Indicated == 0)
        Indicate(0);
    Adapter.Shared[20]++; /* as a device would that has got the buffer back too early */
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
