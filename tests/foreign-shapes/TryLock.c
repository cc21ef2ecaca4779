/* SPDX-License-Identifier: MIT */
/* A spin lock of KeTryToAcquireSpinLockAtDpcLevel may be released by KeReleaseSpinLock, with the IRQL from before the
 * driver raised it.
 * control: send
 * arch: x64
 */
#include "shape.h"

static KSPIN_LOCK Lock;

static NDIS_STATUS Initialize(VOID)
{
    KIRQL Before;

    KeInitializeSpinLock(&Lock);
    KeRaiseIrql(DISPATCH_LEVEL, &Before);
    CHECK(KeTryToAcquireSpinLockAtDpcLevel(&Lock));
    CHECK(!KeTryToAcquireSpinLockAtDpcLevel(&Lock));
    KeReleaseSpinLock(&Lock, Before);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    KeRaiseIrql(DISPATCH_LEVEL, &Before);
    CHECK(KeTryToAcquireSpinLockAtDpcLevel(&Lock));
    KeReleaseSpinLockFromDpcLevel(&Lock);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeLowerIrql(Before);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
}
