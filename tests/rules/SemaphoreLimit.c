/* SPDX-License-Identifier: MIT */
/* SemaphoreLimit: a semaphore is not released over its limit. Here it is. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KSEMAPHORE Semaphore;

    KeInitializeSemaphore(&Semaphore, 1, 1);
    KeReleaseSemaphore(&Semaphore, 0, 1, FALSE);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
