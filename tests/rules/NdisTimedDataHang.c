/* SPDX-License-Identifier: MIT */
/* NdisTimedDataHang: while sends are pending some are completed within 22 seconds. Here
 * after 26.
 * ndishost-options: --time-scale 10
 */
#include "miniport.h"

static PNET_BUFFER_LIST Pending;

static VOID Timer(VOID)
{
    Complete(Pending, NDIS_STATUS_FAILURE, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    UNREFERENCED_PARAMETER(CompleteFlags);
    Pending = List;
    SetTimer(26000);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Timer = Timer;
    Hooks->Send = Send;
}
