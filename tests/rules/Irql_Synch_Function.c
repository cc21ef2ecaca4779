/* SPDX-License-Identifier: MIT */
/* Irql_Synch_Function: events are reset up to DISPATCH_LEVEL. Here one is with the interrupt's
 * lock held.
 */
#include "miniport.h"

static VOID DeviceIrql(VOID)
{
    NDIS_EVENT Event;

    NdisInitializeEvent(&Event);
    NdisResetEvent(&Event);
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
