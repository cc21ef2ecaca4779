/* SPDX-License-Identifier: MIT */
/* WorkItemFree: a work item that is freed is one. Here it is none. */
#include "miniport.h"

static VOID Halt(VOID)
{
    IoFreeWorkItem((PIO_WORKITEM)Adapter.Memory);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
