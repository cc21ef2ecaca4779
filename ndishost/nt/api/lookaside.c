/* SPDX-License-Identifier: MIT */
/* Lookaside lists. Drivers take from them and give to them with inline functions of their own, by the
 * members of the structure: so it is filled in as Windows fills it. */
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_KIND "lookaside list"
#define DEPTH_MAX  256

/* With rules on nothing is kept for the next time: each entry comes fresh from special pool, which
 * sees who writes to it after it was freed. That is what Driver Verifier does too. */
static USHORT depth(void)
{
    return rules_enabled ? 0 : DEPTH_MAX;
}

static void initialize(GENERAL_LOOKASIDE *list, POOL_TYPE type, PALLOCATE_FUNCTION allocate,
                       PFREE_FUNCTION release, ULONG flags, SIZE_T size, ULONG tag,
                       const void *caller)
{
    memset(list, 0, sizeof *list);
#if defined(_AMD64_)
    list->ListHead.HeaderX64.HeaderType = 1;
#endif
    list->Depth = depth();
    list->MaximumDepth = DEPTH_MAX;
    list->Type = type | flags;
    list->Tag = tag;
    list->Size = (ULONG)size;
    list->Allocate = allocate ? allocate : ExAllocatePoolWithTag;
    list->Free = release ? release : ExFreePool;
    track_add(TRACK_KIND, list, 0, caller);
}

static PSLIST_ENTRY pop(GENERAL_LOOKASIDE *list)
{
#if defined(_AMD64_)
    return ExpInterlockedPopEntrySList(&list->ListHead);
#else
    return InterlockedPopEntrySList(&list->ListHead);
#endif
}

static void delete_list(GENERAL_LOOKASIDE *list, const void *caller)
{
    PVOID entry;

    if (!track_remove(TRACK_KIND, list, caller)) {
        rule_violation_object("LookasideDelete", list, caller,
                              "deletes %p, which is not a lookaside list or was already deleted",
                              (void *)list);
        return;
    }
    while ((entry = pop(list)))
        list->Free(entry);
}

VOID NTAPI ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside,
                                           PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free,
                                           ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth)
{
    (void)Depth; /* reserved */
    HOST_CALL(DISPATCH_LEVEL);
    initialize(&Lookaside->L, NonPagedPool, Allocate, Free, Flags, Size, Tag, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExInitializeNPagedLookasideList);

VOID NTAPI ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
    HOST_CALL(DISPATCH_LEVEL);
    delete_list(&Lookaside->L, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExDeleteNPagedLookasideList);

VOID NTAPI ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside,
                                          PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free,
                                          ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth)
{
    (void)Depth;
    HOST_CALL(APC_LEVEL);
    initialize(&Lookaside->L, PagedPool, Allocate, Free, Flags, Size, Tag, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExInitializePagedLookasideList);

VOID NTAPI ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
    HOST_CALL(APC_LEVEL);
    delete_list(&Lookaside->L, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExDeletePagedLookasideList);

#if defined(_X86_)
PVOID NTAPI ExAllocateFromPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
    GENERAL_LOOKASIDE *list = &Lookaside->L;
    PVOID entry = pop(list);

    HOST_CALL(APC_LEVEL);
    HOST_ALLOCATES();
    list->TotalAllocates++;
    if (!entry) {
        list->AllocateMisses++;
        entry = list->Allocate(list->Type, list->Size, list->Tag);
    }
    return entry;
}
HOST_EXPORT("ntoskrnl.exe", ExAllocateFromPagedLookasideList);

VOID NTAPI ExFreeToPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry)
{
    GENERAL_LOOKASIDE *list = &Lookaside->L;

    HOST_CALL(APC_LEVEL);
    list->TotalFrees++;
    if (list->ListHead.Depth >= list->Depth) {
        list->FreeMisses++;
        list->Free(Entry);
    } else {
        InterlockedPushEntrySList(&list->ListHead, Entry);
    }
}
HOST_EXPORT("ntoskrnl.exe", ExFreeToPagedLookasideList);
#endif
