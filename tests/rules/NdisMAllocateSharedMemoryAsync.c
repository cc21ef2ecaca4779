/* SPDX-License-Identifier: MIT */
/* NdisMAllocateSharedMemoryAsync: asynchronous allocation wants its handler. Here there is none
 * yet.
 */
#include "miniport.h"

static VOID Early(VOID)
{
    NdisMAllocateSharedMemoryAsync(Adapter.Handle, PAGE_SIZE, TRUE, NULL);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Early = Early;
}
