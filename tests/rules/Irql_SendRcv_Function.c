/* SPDX-License-Identifier: MIT */
/* Irql_SendRcv_Function: a send is completed up to DISPATCH_LEVEL. Here it is with the
 * interrupt's lock held.
 */
#include "miniport.h"

static PNET_BUFFER_LIST Sent;

static VOID DeviceIrql(VOID)
{
    Complete(Sent, NDIS_STATUS_FAILURE, 0);
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    UNREFERENCED_PARAMETER(CompleteFlags);
    Sent = List;
    AtDeviceIrql();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->DeviceIrql = DeviceIrql;
    Hooks->Send = Send;
}
