/* SPDX-License-Identifier: MIT */
/*
 * lock_order.h: in which order spin locks are taken. Two orders of the same locks are a deadlock that
 * waits for its moment, seen here without it: rule "DeadlockOrder".
 *   lock_order_take(lock, caller);  ... before the calling thread waits for the lock ...
 *   lock_order_forget(memory, size);  ... when the memory that holds locks is freed ...
 */
#ifndef NDISHOST_LOCK_ORDER_H
#define NDISHOST_LOCK_ORDER_H

#include <stddef.h>

/* The calling thread, which holds what nt_self() says, is about to wait for one more. */
void lock_order_take(const volatile void *lock, const void *caller);
/* Locks in this memory are no more; others may come to be there. */
void lock_order_forget(const volatile void *memory, size_t size);

#endif
