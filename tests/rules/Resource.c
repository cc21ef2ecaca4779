/* SPDX-License-Identifier: MIT */
/* Resource: an executive resource is released by who holds it. Here nobody holds it. */
#include "miniport.h"

static ERESOURCE Resource;

static VOID Halt(VOID)
{
    ExInitializeResourceLite(&Resource);
    KeEnterCriticalRegion();
    ExReleaseResourceLite(&Resource);
    KeLeaveCriticalRegion();
    ExDeleteResourceLite(&Resource);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Halt = Halt;
}
