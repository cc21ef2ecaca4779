/* SPDX-License-Identifier: MIT */
/* Interlocked numbers and lists. Those with a spin lock take it as Windows does, at whatever IRQL: so a
 * driver that takes the same lock itself meanwhile deadlocks here too, and is told. */
#include <pthread.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/irql.h"
#include "nt/machine/lock.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

/* These functions run with interrupts off on Windows: nothing on this processor comes between. */
static void begin(PKSPIN_LOCK lock, const void *caller)
{
    nt_lock_acquire(lock, NT_LOCK_INTERRUPT, caller);
}

static void end(PKSPIN_LOCK lock, const void *caller)
{
    nt_lock_release(lock, NT_LOCK_INTERRUPT, 0, caller);
}

/* ---- Lists with a spin lock ---- */

static PLIST_ENTRY insert(PLIST_ENTRY head, PLIST_ENTRY entry, PKSPIN_LOCK lock, bool first,
                          const void *caller)
{
    PLIST_ENTRY before;

    begin(lock, caller);
    before = IsListEmpty(head) ? NULL : first ? head->Flink : head->Blink;
    if (first)
        InsertHeadList(head, entry);
    else
        InsertTailList(head, entry);
    end(lock, caller);
    return before;
}

static PLIST_ENTRY remove_first(PLIST_ENTRY head, PKSPIN_LOCK lock, const void *caller)
{
    PLIST_ENTRY entry;

    begin(lock, caller);
    entry = IsListEmpty(head) ? NULL : RemoveHeadList(head);
    end(lock, caller);
    return entry;
}

static PSINGLE_LIST_ENTRY push(PSINGLE_LIST_ENTRY head, PSINGLE_LIST_ENTRY entry, PKSPIN_LOCK lock,
                               const void *caller)
{
    PSINGLE_LIST_ENTRY before;

    begin(lock, caller);
    before = head->Next;
    entry->Next = before;
    head->Next = entry;
    end(lock, caller);
    return before;
}

static PSINGLE_LIST_ENTRY pop(PSINGLE_LIST_ENTRY head, PKSPIN_LOCK lock, const void *caller)
{
    PSINGLE_LIST_ENTRY entry;

    begin(lock, caller);
    entry = head->Next;
    if (entry)
        head->Next = entry->Next;
    end(lock, caller);
    return entry;
}

PLIST_ENTRY NTAPI ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                              PKSPIN_LOCK Lock)
{
    return insert(ListHead, ListEntry, Lock, true, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedInsertHeadList);

PLIST_ENTRY NTAPI ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                              PKSPIN_LOCK Lock)
{
    return insert(ListHead, ListEntry, Lock, false, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedInsertTailList);

PLIST_ENTRY NTAPI ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    return remove_first(ListHead, Lock, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedRemoveHeadList);

PSINGLE_LIST_ENTRY NTAPI ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    return pop(ListHead, Lock, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedPopEntryList);

PSINGLE_LIST_ENTRY NTAPI ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead,
                                                    PSINGLE_LIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    return push(ListHead, ListEntry, Lock, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedPushEntryList);

/* ---- Numbers with a spin lock: the processor's own instructions do ---- */

ULONG NTAPI ExInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock)
{
    (void)Lock;
    return __atomic_fetch_add(Addend, Increment, __ATOMIC_SEQ_CST);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedAddUlong);

LARGE_INTEGER_RETURN NTAPI ExInterlockedAddLargeInteger(PLARGE_INTEGER Addend,
                                                        LARGE_INTEGER Increment, PKSPIN_LOCK Lock)
{
    LONGLONG before;

    begin(Lock, RULE_CALLER);
    before = Addend->QuadPart;
    Addend->QuadPart = before + Increment.QuadPart;
    end(Lock, RULE_CALLER);
    return before;
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedAddLargeInteger);

/* ---- Sequenced lists ---- */

/* The header is the driver's memory and has Windows' form, but is changed under locks of the host's,
 * one of these by the header's address. */
#define SLIST_LOCKS 16
static pthread_mutex_t slist_locks[SLIST_LOCKS] = {[0 ... SLIST_LOCKS - 1] =
                                                       PTHREAD_MUTEX_INITIALIZER};

static pthread_mutex_t *slist_lock(PSLIST_HEADER head)
{
    pthread_mutex_t *lock = &slist_locks[(ULONG_PTR)head / sizeof *head % SLIST_LOCKS];

    pthread_mutex_lock(lock);
    return lock;
}

#if defined(_AMD64_)
static PSLIST_ENTRY slist_first(const SLIST_HEADER *head)
{
    return (PSLIST_ENTRY)(ULONG_PTR)((ULONGLONG)head->HeaderX64.NextEntry << 4);
}

static void slist_set(PSLIST_HEADER head, PSLIST_ENTRY first, unsigned depth)
{
    head->HeaderX64.NextEntry = (ULONG_PTR)first >> 4;
    head->HeaderX64.HeaderType = 1;
    head->HeaderX64.Depth = depth;
    head->HeaderX64.Sequence++;
}

static unsigned slist_depth(const SLIST_HEADER *head)
{
    return (unsigned)head->HeaderX64.Depth;
}
#else
static PSLIST_ENTRY slist_first(const SLIST_HEADER *head)
{
    return head->Next.Next;
}

static void slist_set(PSLIST_HEADER head, PSLIST_ENTRY first, unsigned depth)
{
    head->Next.Next = first;
    head->Depth = (USHORT)depth;
    head->Sequence++;
}

static unsigned slist_depth(const SLIST_HEADER *head)
{
    return head->Depth;
}
#endif

static PSLIST_ENTRY slist_push(PSLIST_HEADER head, PSLIST_ENTRY entry, const void *caller)
{
    pthread_mutex_t *lock;
    PSLIST_ENTRY before;

    if (rules_enabled && (ULONG_PTR)entry % MEMORY_ALLOCATION_ALIGNMENT)
        rule_violation("SListAlignment", caller, "pushes entry %p, which is not %d-aligned",
                       (void *)entry, MEMORY_ALLOCATION_ALIGNMENT);
    lock = slist_lock(head);
    before = slist_first(head);
    entry->Next = before;
    slist_set(head, entry, slist_depth(head) + 1);
    pthread_mutex_unlock(lock);
    return before;
}

static PSLIST_ENTRY slist_pop(PSLIST_HEADER head)
{
    pthread_mutex_t *lock = slist_lock(head);
    PSLIST_ENTRY entry = slist_first(head);

    if (entry)
        slist_set(head, entry->Next, slist_depth(head) - 1);
    pthread_mutex_unlock(lock);
    return entry;
}

static PSLIST_ENTRY slist_flush(PSLIST_HEADER head)
{
    pthread_mutex_t *lock = slist_lock(head);
    PSLIST_ENTRY first = slist_first(head);

    slist_set(head, NULL, 0);
    pthread_mutex_unlock(lock);
    return first;
}

#if defined(_AMD64_)
VOID NTAPI InitializeSListHead(PSLIST_HEADER SListHead)
{
    if (rules_enabled && (ULONG_PTR)SListHead % MEMORY_ALLOCATION_ALIGNMENT)
        rule_violation("SListAlignment", RULE_CALLER,
                       "initialises list header %p, which is not 16-aligned", (void *)SListHead);
    memset(SListHead, 0, sizeof *SListHead);
    SListHead->HeaderX64.HeaderType = 1;
}
HOST_EXPORT("ntoskrnl.exe", InitializeSListHead);

PSLIST_ENTRY NTAPI ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    return slist_pop(ListHead);
}
HOST_EXPORT("ntoskrnl.exe", ExpInterlockedPopEntrySList);

PSLIST_ENTRY NTAPI ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
    return slist_push(ListHead, ListEntry, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExpInterlockedPushEntrySList);

PSLIST_ENTRY NTAPI ExpInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    return slist_flush(ListHead);
}
HOST_EXPORT("ntoskrnl.exe", ExpInterlockedFlushSList);

USHORT NTAPI ExQueryDepthSList(PSLIST_HEADER SListHead)
{
    HOST_CALL(DISPATCH_LEVEL);
    return (USHORT)slist_depth(SListHead);
}
HOST_EXPORT("ntoskrnl.exe", ExQueryDepthSList);
#else
PSLIST_ENTRY FASTCALL InterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    return slist_pop(ListHead);
}
HOST_EXPORT("ntoskrnl.exe", InterlockedPopEntrySList);

PSLIST_ENTRY FASTCALL InterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
    return slist_push(ListHead, ListEntry, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", InterlockedPushEntrySList);

PSLIST_ENTRY FASTCALL ExInterlockedPopEntrySList(PSLIST_HEADER ListHead, PKSPIN_LOCK Lock)
{
    (void)Lock;
    return slist_pop(ListHead);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedPopEntrySList);

PSLIST_ENTRY FASTCALL ExInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry,
                                                  PKSPIN_LOCK Lock)
{
    (void)Lock;
    return slist_push(ListHead, ListEntry, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedPushEntrySList);

PSLIST_ENTRY FASTCALL ExInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    return slist_flush(ListHead);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedFlushSList);
#endif

/* ---- x86: functions where x64 has instructions ---- */

#if defined(_X86_)
LONG FASTCALL InterlockedIncrement(LONG volatile *Addend)
{
    return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}
HOST_EXPORT("ntoskrnl.exe", InterlockedIncrement);

LONG FASTCALL InterlockedDecrement(LONG volatile *Addend)
{
    return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);
}
HOST_EXPORT("ntoskrnl.exe", InterlockedDecrement);

LONG FASTCALL InterlockedExchange(LONG volatile *Target, LONG Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}
HOST_EXPORT("ntoskrnl.exe", InterlockedExchange);

LONG FASTCALL InterlockedExchangeAdd(LONG volatile *Addend, LONG Value)
{
    return __atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);
}
HOST_EXPORT("ntoskrnl.exe", InterlockedExchangeAdd);

LONG FASTCALL InterlockedCompareExchange(LONG volatile *Destination, LONG ExChange, LONG Comperand)
{
    __atomic_compare_exchange_n(Destination, &Comperand, ExChange, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return Comperand;
}
HOST_EXPORT("ntoskrnl.exe", InterlockedCompareExchange);

PLIST_ENTRY FASTCALL ExfInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                                  PKSPIN_LOCK Lock)
{
    return insert(ListHead, ListEntry, Lock, true, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExfInterlockedInsertHeadList);

PLIST_ENTRY FASTCALL ExfInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                                  PKSPIN_LOCK Lock)
{
    return insert(ListHead, ListEntry, Lock, false, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExfInterlockedInsertTailList);

PLIST_ENTRY FASTCALL ExfInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    return remove_first(ListHead, Lock, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExfInterlockedRemoveHeadList);

PSINGLE_LIST_ENTRY FASTCALL ExfInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead,
                                                       PKSPIN_LOCK Lock)
{
    return pop(ListHead, Lock, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExfInterlockedPopEntryList);

PSINGLE_LIST_ENTRY FASTCALL ExfInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead,
                                                        PSINGLE_LIST_ENTRY ListEntry,
                                                        PKSPIN_LOCK Lock)
{
    return push(ListHead, ListEntry, Lock, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExfInterlockedPushEntryList);

ULONG FASTCALL ExfInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock)
{
    (void)Lock;
    return __atomic_fetch_add(Addend, Increment, __ATOMIC_SEQ_CST);
}
HOST_EXPORT("ntoskrnl.exe", ExfInterlockedAddUlong);

VOID FASTCALL ExInterlockedAddLargeStatistic(PLARGE_INTEGER Addend, ULONG Increment)
{
    __sync_fetch_and_add(&Addend->QuadPart, (LONGLONG)Increment);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedAddLargeStatistic);

static LONGLONG compare_exchange64(LONGLONG volatile *destination, PLONGLONG exchange,
                                   PLONGLONG comperand)
{
    return __sync_val_compare_and_swap(destination, *comperand, *exchange);
}

LONGLONG FASTCALL ExInterlockedCompareExchange64(LONGLONG volatile *Destination, PLONGLONG Exchange,
                                                 PLONGLONG Comperand, PKSPIN_LOCK Lock)
{
    (void)Lock;
    return compare_exchange64(Destination, Exchange, Comperand);
}
HOST_EXPORT("ntoskrnl.exe", ExInterlockedCompareExchange64);

LONGLONG FASTCALL ExfInterlockedCompareExchange64(LONGLONG volatile *Destination,
                                                  PLONGLONG Exchange, PLONGLONG Comperand)
{
    return compare_exchange64(Destination, Exchange, Comperand);
}
HOST_EXPORT("ntoskrnl.exe", ExfInterlockedCompareExchange64);
#endif
