/* SPDX-License-Identifier: MIT */
/* Irql_SendRcv_Function: frames are indicated up to DISPATCH_LEVEL. Here they are with the interrupt's lock held,
 * so that MiniportReturnNetBufferLists would run there, too.
 */
#include "miniport.h"

static VOID DeviceIrql(VOID)
{
    Indicate(0);
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    AtDeviceIrql();
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->DeviceIrql = DeviceIrql;
    Hooks->Send = Send;
}
