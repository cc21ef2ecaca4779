/* SPDX-License-Identifier: MIT */
/* Init_NdisAllocateIoWorkItem: MiniportHaltEx frees the work item. Here it does not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    Adapter.WorkItem = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
