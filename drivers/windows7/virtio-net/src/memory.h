/* SPDX-License-Identifier: MIT */
/*
 * memory.h: pool memory, and memory that the device sees. Both are zeroed, and counted in
 * MemoryBytes. An allocation that fails is written to the event log.
 */
#ifndef AEROVNET_MEMORY_H
#define AEROVNET_MEMORY_H

#include "aerovnet.h"

/* What an allocation was for: the second number of AEROVNET_EVENT_OUT_OF_MEMORY. */
#define AEROVNET_MEMORY_ADAPTER   1
#define AEROVNET_MEMORY_WORK_ITEM 2
#define AEROVNET_MEMORY_RING      3
#define AEROVNET_MEMORY_RECEIVE   4
#define AEROVNET_MEMORY_TRANSMIT  5
#define AEROVNET_MEMORY_LISTS     6

/* Memory that the device sees, and that NDIS allocated. */
typedef struct _AEROVNET_SHARED {
    PUCHAR Va;
    NDIS_PHYSICAL_ADDRESS Pa;
    ULONG Length; /* bytes */
} AEROVNET_SHARED, *PAEROVNET_SHARED;

/* Returns `Length` bytes, or NULL when there is no memory. `Which` is AEROVNET_MEMORY_XXX. In
 * Initialize. */
_IRQL_requires_(PASSIVE_LEVEL)
_Must_inspect_result_ PVOID AerovnetAllocate(_In_ PAEROVNET_ADAPTER Adapter, _In_ ULONG Length,
                                             _In_ ULONG Which);
/* NULL is allowed. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetFree(_In_opt_ PVOID Memory);

/* Returns FALSE when there is no memory. `Which` is AEROVNET_MEMORY_XXX. In Initialize. */
_IRQL_requires_(PASSIVE_LEVEL)
_Must_inspect_result_ BOOLEAN AerovnetAllocateShared(_In_ PAEROVNET_ADAPTER Adapter,
                                                     _Inout_ PAEROVNET_SHARED Shared,
                                                     _In_ ULONG Length, _In_ ULONG Which);
/* A block that was never allocated is allowed. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetFreeShared(_In_ PAEROVNET_ADAPTER Adapter, _Inout_ PAEROVNET_SHARED Shared);

#endif
