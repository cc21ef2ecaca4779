/* SPDX-License-Identifier: MIT */
/* CloseHandle: a handle that is closed is open. Here it is not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    ZwClose((HANDLE)(ULONG_PTR)0x44);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
