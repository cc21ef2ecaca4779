/* SPDX-License-Identifier: MIT */
/* Run-down protection: the owner of an object waits until nobody uses it any more, and then gives the record to the
 * next object.
 * control: send */
#include "shape.h"

static EX_RUNDOWN_REF Ref;
static LONG Using, Done;

/* At DISPATCH_LEVEL, while Halt waits. */
static VOID Timer(VOID)
{
    CHECK(Using == 1);
    Done = 1;
    CHECK(!ExAcquireRundownProtection(&Ref)); /* the owner waits */
    ExReleaseRundownProtection(&Ref);
}

static NDIS_STATUS Initialize(VOID)
{
    ExInitializeRundownProtection(&Ref);
    CHECK(ExAcquireRundownProtection(&Ref));
    CHECK(ExAcquireRundownProtectionEx(&Ref, 3));
    ExReleaseRundownProtectionEx(&Ref, 3);
    return NDIS_STATUS_SUCCESS;
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    CHECK(ExAcquireRundownProtection(&Ref));
    ExReleaseRundownProtection(&Ref);
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

static VOID Halt(VOID)
{
    Using = 1;
    SetTimer(50);
    ExWaitForRundownProtectionRelease(&Ref);
    CHECK(Done == 1);
    CHECK(!ExAcquireRundownProtection(&Ref));
    ExWaitForRundownProtectionRelease(&Ref); /* again: at once */
    ExRundownCompleted(&Ref);
    ExReInitializeRundownProtection(&Ref);
    CHECK(ExAcquireRundownProtection(&Ref));
    ExReleaseRundownProtection(&Ref);
    ExWaitForRundownProtectionRelease(&Ref);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Send = Send;
    Hooks->Halt = Halt;
    Hooks->Timer = Timer;
}
