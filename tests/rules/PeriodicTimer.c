/* SPDX-License-Identifier: MIT */
/* PeriodicTimer: a periodic timer is cancelled at PASSIVE_LEVEL. Here at DISPATCH_LEVEL. */
#include "miniport.h"

static NDIS_STATUS Initialize(VOID)
{
    LARGE_INTEGER Due;
    KIRQL Irql;

    Due.QuadPart = -100000000;
    NdisSetTimerObject(Adapter.Timer, Due, 10000, NULL);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisCancelTimerObject(Adapter.Timer);
    KeLowerIrql(Irql);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
