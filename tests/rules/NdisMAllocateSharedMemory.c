/* SPDX-License-Identifier: MIT */
/* NdisMAllocateSharedMemory: shared memory is allocated after DMA was registered. Here before. */
#include "miniport.h"

static VOID Early(VOID)
{
    PHYSICAL_ADDRESS Pa;
    PVOID Va;

    NdisMAllocateSharedMemory(Adapter.Handle, PAGE_SIZE, TRUE, &Va, &Pa);
    if (Va != NULL)
        NdisMFreeSharedMemory(Adapter.Handle, PAGE_SIZE, TRUE, Va, Pa);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Early = Early;
}
