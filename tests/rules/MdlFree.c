/* SPDX-License-Identifier: MIT */
/* MdlFree: an MDL is freed when its pages are unlocked. Here they are locked. */
#include "miniport.h"

static VOID Halt(VOID)
{
    PMDL Mdl;

    Mdl = IoAllocateMdl(Adapter.Memory, MEMORY_BYTES, FALSE, FALSE, NULL);
    MmProbeAndLockPages(Mdl, KernelMode, IoModifyAccess);
    IoFreeMdl(Mdl);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
