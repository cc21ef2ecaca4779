/* SPDX-License-Identifier: MIT */
/* TraceUnregister: a trace provider that is unregistered was registered. Here it was not. */
#include "miniport.h"

static VOID Halt(VOID)
{
    EtwUnregister((REGHANDLE)0x123);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
