/* SPDX-License-Identifier: MIT */
/* NdisAllocateMemoryWithTagPriority: what DriverEntry allocates MiniportDriverUnload frees.
 * Here it does not.
 */
#include "miniport.h"

static VOID Registered(VOID)
{
    NdisAllocateMemoryWithTagPriority(Driver, 40, TAG, NormalPoolPriority);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
}
