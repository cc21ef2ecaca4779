/* SPDX-License-Identifier: MIT */
/* Cache-aware run-down protection, in memory of Windows and of the driver. */
#include "shape.h"

static PEX_RUNDOWN_REF_CACHE_AWARE Refs[2];
static LONG Released;

static VOID Work(VOID)
{
    WaitMilliseconds(20);
    CHECK(!ExAcquireRundownProtectionCacheAware(Refs[0])); /* Check waits */
    Released = 1;
    ExReleaseRundownProtectionCacheAwareEx(Refs[0], 3);
}

static VOID Check(PEX_RUNDOWN_REF_CACHE_AWARE Ref, BOOLEAN Waits)
{
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    CHECK(ExAcquireRundownProtectionCacheAware(Ref));
    CHECK(ExAcquireRundownProtectionCacheAwareEx(Ref, 3));
    ExReleaseRundownProtectionCacheAware(Ref);
    KeLowerIrql(Irql);
    if (Waits)
        QueueWork();
    else
        ExReleaseRundownProtectionCacheAwareEx(Ref, 3);
    ExWaitForRundownProtectionReleaseCacheAware(Ref);
    CHECK(Released == Waits);
    CHECK(!ExAcquireRundownProtectionCacheAware(Ref));
    ExRundownCompletedCacheAware(Ref);
    CHECK(!ExAcquireRundownProtectionCacheAwareEx(Ref, 2));
    ExReInitializeRundownProtectionCacheAware(Ref);
    CHECK(ExAcquireRundownProtectionCacheAware(Ref));
    ExReleaseRundownProtectionCacheAware(Ref);
    Released = 0;
}

static NDIS_STATUS Initialize(VOID)
{
    SIZE_T Size = ExSizeOfRundownProtectionCacheAware();

    CHECK(Size >= sizeof(PVOID));
    Refs[0] = ExAllocateCacheAwareRundownProtection(NonPagedPool, TAG);
    Refs[1] = (PVOID)ExAllocatePoolWithTag(NonPagedPool, Size, TAG);
    CHECK(Refs[0] != NULL && Refs[1] != NULL);
    if (Refs[0] == NULL || Refs[1] == NULL)
        return NDIS_STATUS_RESOURCES;
    ExInitializeRundownProtectionCacheAware(Refs[1], Size);
    Check(Refs[0], TRUE);
    Check(Refs[1], FALSE);
    ExFreeCacheAwareRundownProtection(Refs[0]);
    ExFreePoolWithTag(Refs[1], TAG);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Work = Work;
}
