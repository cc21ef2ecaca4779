/* SPDX-License-Identifier: MIT */
/* PageFault: no memory is accessed that is not there. Here freed memory is read. */
#include "miniport.h"

static volatile UCHAR Dump;

static VOID Halt(VOID)
{
    PUCHAR volatile Memory;

    Memory = NdisAllocateMemoryWithTagPriority(Adapter.Handle, 40, TAG, NormalPoolPriority);
    NdisFreeMemoryWithTagPriority(Adapter.Handle, Memory, TAG);
    Dump = Memory[0];
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
