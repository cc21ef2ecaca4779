/* SPDX-License-Identifier: MIT */
/* NdisMDeregisterMiniportDriver: the miniport is deregistered once. Here twice. */
#include "miniport.h"

static VOID Unload(VOID)
{
    NdisMDeregisterMiniportDriver(Driver);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Unload = Unload;
}
