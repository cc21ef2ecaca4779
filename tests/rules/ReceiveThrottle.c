/* SPDX-License-Identifier: MIT */
/* ReceiveThrottle: MoreNblsPending is for a DPC that had a limit. Here it had none.
 * control: sleep 20
 */
#include "miniport.h"

static VOID Dpc(PVOID Context, PNDIS_RECEIVE_THROTTLE_PARAMETERS Throttle)
{
    UNREFERENCED_PARAMETER(Context);
    Throttle->MoreNblsPending = TRUE;
}

static NDIS_STATUS Restart(VOID)
{
    QueueDpc(NULL);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Dpc = Dpc;
    Hooks->Restart = Restart;
}
