/* SPDX-License-Identifier: MIT */
/* RundownProtection: who releases run-down protection has acquired it. Here it is released twice. */
#include "miniport.h"

static EX_RUNDOWN_REF Ref;

static VOID Halt(VOID)
{
    ExInitializeRundownProtection(&Ref);
    if (ExAcquireRundownProtection(&Ref))
        ExReleaseRundownProtection(&Ref);
    ExReleaseRundownProtection(&Ref);
    ExWaitForRundownProtectionRelease(&Ref);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
