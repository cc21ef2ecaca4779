/* SPDX-License-Identifier: MIT */
/* DpcTarget: a DPC is targeted at a processor that there is. Here it is at number 40. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KDPC Dpc;

    KeInitializeDpc(&Dpc, NULL, NULL);
    KeSetTargetProcessorDpc(&Dpc, 40);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
