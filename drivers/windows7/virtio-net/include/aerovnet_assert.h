/* SPDX-License-Identifier: MIT */
/*
 * aerovnet_assert.h: what a function demands of its caller, checked in a debug build (DBG=1).
 * In a release build the assertions are empty and cost nothing.
 *
 *   AEROVNET_ASSERT_PASSIVE();                  the IRQL is PASSIVE_LEVEL
 *   AEROVNET_ASSERT_LOCK_HELD(&Queue->Lock);    somebody holds the lock
 *
 * A failed assertion calls RtlAssert: it stops in a kernel debugger, and ndishost reports the rule
 * Assertion.
 */
#ifndef AEROVNET_ASSERT_H
#define AEROVNET_ASSERT_H

#if DBG

#define AEROVNET_ASSERT(_Condition) \
    ((_Condition) ? (VOID)0 : RtlAssert((PVOID) #_Condition, (PVOID)__FILE__, __LINE__, NULL))
#define AEROVNET_ASSERT_PASSIVE() AEROVNET_ASSERT(KeGetCurrentIrql() == PASSIVE_LEVEL)
/* A kernel for one processor raises the IRQL and leaves the lock's word alone. The IRQL itself is not
 * asked for: where a flag has told it, that is against the rules (Flags_Irql). */
#define AEROVNET_ASSERT_LOCK_HELD(_Lock) \
    AEROVNET_ASSERT(KeQueryActiveProcessors() == 1 || !KeTestSpinLock(&(_Lock)->SpinLock))

#else

#define AEROVNET_ASSERT_PASSIVE()        ((VOID)0)
#define AEROVNET_ASSERT_LOCK_HELD(_Lock) ((VOID)0)

#endif

#endif
