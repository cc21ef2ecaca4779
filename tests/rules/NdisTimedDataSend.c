/* SPDX-License-Identifier: MIT */
/* NdisTimedDataSend: a send is completed within 30 seconds. Here the first after 45, none else.
 * ndishost-options: --time-scale 25 --net gen:dir=tx,rate=500
 * control: sleep 2000
 */
#include "miniport.h"

static PNET_BUFFER_LIST First;

static VOID Timer(VOID)
{
    Complete(First, NDIS_STATUS_FAILURE, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    if (First != NULL) {
        Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
        return;
    }
    First = List;
    SetTimer(45000);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Timer = Timer;
    Hooks->Send = Send;
}
