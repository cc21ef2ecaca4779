/* SPDX-License-Identifier: MIT */
/* Pool as drivers call it. Paged pool is never paged out here, and so is nonpaged pool too; touching it
 * at a raised IRQL goes unnoticed, allocating and freeing it there does not. */
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_KIND  "pool"
#define NO_TAG      0x656E6F4Eu /* "None" */
#define PAGED       1u          /* the low bit of a POOL_TYPE */
#define QUOTA_FAILS 8u          /* POOL_QUOTA_FAIL_INSTEAD_OF_RAISE */

/* Of paged pool at APC_LEVEL at most. */
static unsigned highest_irql(POOL_TYPE type)
{
    return type & PAGED ? APC_LEVEL : DISPATCH_LEVEL;
}

static PVOID allocate(SIZE_T bytes, ULONG tag, const void *caller)
{
    if (rules_enabled) {
        if (tag == 0)
            rule_violation("PoolTag", caller, "allocates %zu bytes of pool without a tag",
                           (size_t)bytes);
        if (bytes == 0)
            rule_violation("PoolSize", caller, "allocates 0 bytes of pool");
    }
    return nt_pool_alloc_shared(TRACK_KIND, bytes, tag, caller);
}

PVOID NTAPI ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    HOST_CALL_VARYING(highest_irql(PoolType));
    HOST_ALLOCATES();
    return allocate(NumberOfBytes, NO_TAG, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExAllocatePool);

PVOID NTAPI ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    HOST_CALL_VARYING(highest_irql(PoolType));
    HOST_ALLOCATES();
    return allocate(NumberOfBytes, Tag, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExAllocatePoolWithTag);

PVOID NTAPI ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    PVOID p;

    HOST_CALL_VARYING(highest_irql(PoolType));
    HOST_ALLOCATES();
    p = allocate(NumberOfBytes, Tag, RULE_CALLER);
    if (!p && !(PoolType & QUOTA_FAILS))
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    return p;
}
HOST_EXPORT("ntoskrnl.exe", ExAllocatePoolWithQuotaTag);

PVOID NTAPI ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                          EX_POOL_PRIORITY Priority)
{
    (void)Priority; /* all pool is special pool already */
    HOST_CALL_VARYING(highest_irql(PoolType));
    HOST_ALLOCATES();
    return allocate(NumberOfBytes, Tag, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExAllocatePoolWithTagPriority);

VOID NTAPI ExFreePool(PVOID P)
{
    HOST_CALL(DISPATCH_LEVEL);
    nt_pool_free(TRACK_KIND, P, 0, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExFreePool);

VOID NTAPI ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    HOST_CALL(DISPATCH_LEVEL);
    nt_pool_free(TRACK_KIND, P, Tag, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", ExFreePoolWithTag);
