/* SPDX-License-Identifier: MIT */
/*
 * lock.h: spin locks that know their owner: the same ones behind KeAcquireSpinLock, NdisAcquireSpinLock
 * and the interrupt lock.
 *   old = nt_lock_acquire(&lock, NT_LOCK_RAISED, caller);  nt_lock_release(&lock, NT_LOCK_RAISED, old, caller);
 * The lock is one pointer-sized word, 0 when free, whatever the driver calls it.
 */
#ifndef NDISHOST_LOCK_H
#define NDISHOST_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "nt/machine/irql.h"

/* Takes the lock: NT_LOCK_RAISED and NT_LOCK_QUEUED raise to DISPATCH_LEVEL first. Returns the IRQL
 * before. Rules: "SpinLock" and "SpinLockDpr" (this thread has it already; the second take then does nothing),
 * "SpinLockWord" (the word holds what no lock of ours would). A wait of over 5 s is reported with the
 * owner ("SpinLockTimeout") and goes on. */
unsigned nt_lock_acquire(volatile void *lock, enum nt_lock_way way, const void *caller);
/* false: somebody has it; nothing has changed. */
bool nt_lock_try(volatile void *lock, enum nt_lock_way way, const void *caller);
/* Gives it back; NT_LOCK_RAISED and NT_LOCK_QUEUED set the IRQL to old_irql after. Rules:
 * "SpinLockRelease" (not held, or by another thread), "SpinLockDprRelease" (taken the other way, and not tried),
 * "SpinLockIrql" (old_irql is not what acquire returned). */
void nt_lock_release(volatile void *lock, enum nt_lock_way way, unsigned old_irql,
                     const void *caller);
/* Frees a lock that a callback kept, so that one fault is not many; not the memory of one that went. */
void nt_lock_abandon(volatile void *lock);
/* Is it held by the calling thread? */
bool nt_lock_held(const volatile void *lock);

#endif
