/* SPDX-License-Identifier: MIT */
/* GlitchFree: a DPC is at work for far less than three seconds. Here it divides 1.4 billion times. */
#include "miniport.h"

static volatile ULONG Value = 0xFFFFFFFF, Divisor = 3;

static VOID Dpc(PVOID Context, PNDIS_RECEIVE_THROTTLE_PARAMETERS Throttle)
{
    ULONG i;

    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Throttle);
    for (i = 0; i < 1400000000; i++)
        Value = Value / Divisor + 0x80000000;
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
