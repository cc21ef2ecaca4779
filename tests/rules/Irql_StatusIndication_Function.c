/* SPDX-License-Identifier: MIT */
/* Irql_StatusIndication_Function: status is indicated up to DISPATCH_LEVEL. Here it is with
 * the interrupt's lock held.
 */
#include "miniport.h"

static VOID DeviceIrql(VOID)
{
    IndicateLink(Adapter.Handle);
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
