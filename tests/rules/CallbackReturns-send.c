/* SPDX-License-Identifier: MIT */
/* CallbackReturns: each call of the driver returns. Here MiniportSendNetBufferLists spins for ever.
 * ndishost-options: --hang 2
 */
#include "miniport.h"

static volatile LONG Free;

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    while (!Free)
        ;
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Send = Send;
}
