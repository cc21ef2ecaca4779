/* SPDX-License-Identifier: MIT */
/* NdisHandle: a handle that was released is not used. Here a timer that was freed is set. */
#include "miniport.h"

static VOID Halt(VOID)
{
    NDIS_HANDLE Timer = Adapter.Timer;

    NdisFreeTimerObject(Timer);
    NdisCancelTimerObject(Timer);
    Adapter.Timer = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
