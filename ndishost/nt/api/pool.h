/* SPDX-License-Identifier: MIT */
/*
 * pool.h: special pool: every allocation lies against a guard page, in scattered physical memory, is
 * filled with a pattern, checked when freed, and unmapped then.
 *   p = nt_pool_alloc("memory", bytes, tag, RULE_CALLER);  nt_pool_free("memory", p, tag, RULE_CALLER);
 * `kind` is the kind of rules.h's leak accounting (a constant); NULL: the host's own memory, which is
 * not accounted for and for which no failure is injected.
 */
#ifndef NDISHOST_POOL_H
#define NDISHOST_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NT_POOL_FILL 0xC5 /* what fresh memory holds: never zero by luck */
#define NT_POOL_EDGE 0xE9 /* between the block and its page's ends; checked on free */

/* NULL when out of memory or when a failure was ordered. 16-aligned; a length that is not a multiple of
 * 16 leaves up to 15 bytes before the guard page: those are checked on free. Any IRQL <=
 * DISPATCH_LEVEL is the caller's to check. */
void *nt_pool_alloc(const char *kind, size_t bytes, uint32_t tag, const void *caller);
/* The same, for what adapters of a driver may share: no adapter has to have freed it when it is halted. */
void *nt_pool_alloc_shared(const char *kind, size_t bytes, uint32_t tag, const void *caller);
/* Rules "PoolFree" (not an allocation, freed before, or freed as another kind), "PoolTag",
 * "PoolOverrun", "PoolUnderrun". tag 0: any. */
void nt_pool_free(const char *kind, void *p, uint32_t tag, const void *caller);
/* The length asked for; 0 if p is not an allocation. */
size_t nt_pool_size(const void *p);

/* The n-th allocation from now fails, once (0: none will). n < 0: the |n|-th and all after it. */
void nt_fail_allocation(long n);
/* Asked once by every allocator that can fail (pool asks itself): true when this one is to fail, by its
 * number or because nt_fail_call ordered it. */
bool nt_allocation_fails(void);
/* The n-th time from now that the exported function of that name asks whether it is to fail, or allocates, it
 * does, once (n < 0: the |n|-th and all after it). NULL: none does. Rules must be on. `name` is one of
 * host_fail_name's. */
void nt_fail_call(const char *name, long n);
/* For exported functions that fail without allocating anything (HOST_FAILS); `name` is __func__. */
bool nt_call_fails(const char *name);
/* How often the last order of nt_fail_call or nt_fail_allocation was carried out; and how often all were. */
unsigned long nt_calls_failed(void);
unsigned long nt_failures(void);
/* Allocations asked for since the last nt_fail_allocation: how far n has to go. */
unsigned long nt_allocations(void);

#endif
