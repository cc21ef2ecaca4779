/* SPDX-License-Identifier: MIT */
/* NdisMFreeSharedMemory: shared memory is freed once. Here twice. */
#include "miniport.h"

static VOID Halt(VOID)
{
    NdisMFreeSharedMemory(Adapter.Handle, SHARED_BYTES, TRUE, Adapter.Shared, Adapter.SharedPa);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
