/* SPDX-License-Identifier: MIT */
/* MutexOwner: a mutex is released by its owner. Here nobody owns it. */
#include "miniport.h"

static VOID Halt(VOID)
{
    KMUTEX Mutex;

    KeInitializeMutex(&Mutex, 0);
    KeReleaseMutex(&Mutex, FALSE);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
