/* SPDX-License-Identifier: MIT */
/* Irql_NetBuffer_Function: functions for NET_BUFFERs are called up to DISPATCH_LEVEL. Here one
 * is called with the interrupt's lock held.
 */
#include "miniport.h"

static VOID DeviceIrql(VOID)
{
    NdisGetPoolFromNetBufferList(Adapter.Receive);
}

static VOID Halt(VOID)
{
    AtDeviceIrql();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->DeviceIrql = DeviceIrql;
    Hooks->Halt = Halt;
}
