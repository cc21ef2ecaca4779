/* SPDX-License-Identifier: MIT */
/* FastMutex: a fast mutex is taken by who does not hold it. Here it is taken again. */
#include "miniport.h"

static VOID Halt(VOID)
{
    FAST_MUTEX Mutex;

    ExInitializeFastMutex(&Mutex);
    ExAcquireFastMutex(&Mutex);
    ExAcquireFastMutex(&Mutex);
    ExReleaseFastMutex(&Mutex);
    KeLowerIrql(PASSIVE_LEVEL);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
