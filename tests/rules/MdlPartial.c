/* SPDX-License-Identifier: MIT */
/* MdlPartial: a partial MDL lies within its source. Here it is longer. */
#include "miniport.h"

static VOID Halt(VOID)
{
    PMDL Source, Target;

    Source = IoAllocateMdl(Adapter.Memory, 64, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(Source);
    Target = IoAllocateMdl(Adapter.Memory, MEMORY_BYTES, FALSE, FALSE, NULL);
    IoBuildPartialMdl(Source, Target, Adapter.Memory, MEMORY_BYTES);
    IoFreeMdl(Target);
    IoFreeMdl(Source);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
