/* SPDX-License-Identifier: MIT */
/* NdisMFreeSharedMemory: shared memory is freed as it was allocated. Here with another length. */
#include "miniport.h"

static VOID Halt(VOID)
{
    NdisMFreeSharedMemory(Adapter.Handle, SHARED_BYTES - 1, TRUE, Adapter.Shared, Adapter.SharedPa);
    Adapter.Shared = NULL;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
