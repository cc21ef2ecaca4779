/* SPDX-License-Identifier: MIT */
/* DpcInitialized: a DPC that is queued was initialised. Here only its routine is there. */
#include "miniport.h"

static KDPC Dpc;

static VOID NTAPI Nothing(PKDPC This, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(This);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
}

static VOID Halt(VOID)
{
    Dpc.DeferredRoutine = Nothing;
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    KeFlushQueuedDpcs();
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
