/* SPDX-License-Identifier: MIT */
/* DpcQueued: no DPC is queued when the driver is gone. Here one queues itself again and again. */
#include "miniport.h"

static KDPC Dpc;

static VOID NTAPI Again(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    KeInsertQueueDpc(This, NULL, NULL);
}

static VOID Unload(VOID)
{
    KeInitializeDpc(&Dpc, Again, NULL);
    KeInsertQueueDpc(&Dpc, NULL, NULL);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Unload = Unload;
}
