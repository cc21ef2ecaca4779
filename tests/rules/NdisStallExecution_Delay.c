/* SPDX-License-Identifier: MIT */
/* NdisStallExecution_Delay: a processor is stalled for 50 microseconds at most. Here it is for
 * 51.
 */
#include "miniport.h"

static VOID Halt(VOID)
{
    NdisStallExecution(51);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
