/* SPDX-License-Identifier: MIT */
/* Assertion: assertions hold. Here one does not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    RtlAssert((PVOID) "1 == 2", (PVOID)__FILE__, __LINE__, NULL);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
