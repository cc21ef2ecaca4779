/* SPDX-License-Identifier: MIT */
/* NdisMMapIoSpace: registers are mapped after the registration attributes are set. Here before. */
#include "miniport.h"

static VOID Early(VOID)
{
    PVOID Va;

    NdisMMapIoSpace(&Va, Adapter.Handle, FindResource(CmResourceTypeMemory)->u.Memory.Start, 16);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Early = Early;
}
