/* SPDX-License-Identifier: MIT */
/* KeTickCount as a variable, which x86 drivers read: it has the time that KeQueryTickCount tells.
 * arch: x86
 */
#include "shape.h"

static NDIS_STATUS Initialize(VOID)
{
    LARGE_INTEGER Now, Then;
    ULONG Seen;

    KeQueryTickCount(&Then);
    WaitMilliseconds(50);
    Seen = *(volatile ULONG *)(ULONG_PTR)&KeTickCount;
    CHECK(Seen > Then.LowPart);
    WaitMilliseconds(50);
    KeQueryTickCount(&Now);
    CHECK(Seen < Now.LowPart);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
