/* SPDX-License-Identifier: MIT */
/* MdlMemory: an MDL describes memory that a device can reach. Here it describes the stack. */
#include "miniport.h"

static VOID Halt(VOID)
{
    UCHAR Bytes[64];
    PMDL Mdl;

    Mdl = NdisAllocateMdl(Adapter.Handle, Bytes, sizeof(Bytes));
    NdisFreeMdl(Mdl);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
