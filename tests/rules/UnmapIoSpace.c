/* SPDX-License-Identifier: MIT */
/* UnmapIoSpace: I/O space that is unmapped was mapped. Here it was not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    MmUnmapIoSpace(Adapter.Memory, 16);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
