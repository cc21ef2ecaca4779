/* SPDX-License-Identifier: MIT */
/* RundownProtection: run-down protection is initialised again only after the old object was run down. Here it was
 * not. */
#include "miniport.h"

static EX_RUNDOWN_REF Ref;

static VOID Halt(VOID)
{
    ExInitializeRundownProtection(&Ref);
    ExReInitializeRundownProtection(&Ref);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
