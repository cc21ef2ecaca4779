/* SPDX-License-Identifier: MIT */
/* InvalidInstruction: every instruction exists. Here one does not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    __asm__ volatile("ud2");
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
