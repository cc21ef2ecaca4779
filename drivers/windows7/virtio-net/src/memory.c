/* SPDX-License-Identifier: MIT */
#include "memory.h"
#include "adapter.h"
#include "event_log.h"

PVOID AerovnetAllocate(PAEROVNET_ADAPTER Adapter, ULONG Length, ULONG Which)
{
    PVOID Memory = NdisAllocateMemoryWithTagPriority(Adapter->MiniportHandle, Length,
                                                     AEROVNET_POOL_TAG, NormalPoolPriority);

    AEROVNET_ASSERT_PASSIVE();
    if (Memory == NULL) {
        AerovnetLog(Adapter, AEROVNET_EVENT_OUT_OF_MEMORY, Length, Which);
        return NULL;
    }
    NdisZeroMemory(Memory, Length);
    Adapter->MemoryBytes += Length;
    return Memory;
}

VOID AerovnetFree(PVOID Memory)
{
    if (Memory != NULL)
        NdisFreeMemory(Memory, 0, 0);
}

BOOLEAN AerovnetAllocateShared(PAEROVNET_ADAPTER Adapter, PAEROVNET_SHARED Shared, ULONG Length,
                               ULONG Which)
{
    PVOID Va = NULL;

    AEROVNET_ASSERT_PASSIVE();
    NdisMAllocateSharedMemory(Adapter->MiniportHandle, Length, TRUE, &Va, &Shared->Pa);
    if (Va == NULL) {
        AerovnetLog(Adapter, AEROVNET_EVENT_OUT_OF_MEMORY, Length, Which);
        return FALSE;
    }
    NdisZeroMemory(Va, Length);
    Shared->Va = Va;
    Shared->Length = Length;
    Adapter->MemoryBytes += Length;
    return TRUE;
}

VOID AerovnetFreeShared(PAEROVNET_ADAPTER Adapter, PAEROVNET_SHARED Shared)
{
    AEROVNET_ASSERT_PASSIVE();
    if (Shared->Va != NULL)
        NdisMFreeSharedMemory(Adapter->MiniportHandle, Shared->Length, TRUE, Shared->Va,
                              Shared->Pa);
    Shared->Va = NULL;
}
