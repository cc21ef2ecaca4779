/* SPDX-License-Identifier: MIT */
/* MdlMapped: the pages of an MDL that are unmapped were mapped. Here they were not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    PMDL Mdl;

    Mdl = IoAllocateMdl(Adapter.Memory, MEMORY_BYTES, FALSE, FALSE, NULL);
    MmProbeAndLockPages(Mdl, KernelMode, IoModifyAccess);
    MmUnmapLockedPages(Adapter.Memory, Mdl);
    MmUnlockPages(Mdl);
    IoFreeMdl(Mdl);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
