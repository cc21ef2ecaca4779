/* SPDX-License-Identifier: MIT */
/* MdlLocked: the pages of an MDL that are unlocked were locked. Here they were not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    PMDL Mdl;

    Mdl = IoAllocateMdl(Adapter.Memory, MEMORY_BYTES, FALSE, FALSE, NULL);
    MmUnlockPages(Mdl);
    IoFreeMdl(Mdl);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
