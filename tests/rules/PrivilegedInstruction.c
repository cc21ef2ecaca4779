/* SPDX-License-Identifier: MIT */
/* PrivilegedInstruction: interrupts are not disabled by an instruction. Here they are. */
#include "miniport.h"

static VOID Halt(VOID)
{
    __asm__ volatile("cli");
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
