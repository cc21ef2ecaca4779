/* SPDX-License-Identifier: MIT */
/* NdisAllocateMemoryWithTagPriority: memory is freed by the end of MiniportHaltEx. Here it is
 * forgotten.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    Adapter.Memory = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
