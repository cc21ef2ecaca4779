/* SPDX-License-Identifier: MIT */
/* Memory that the driver and its device share: contiguous, page by page, guarded. */
#include "ndis/api/dma.h"

#include <stdlib.h>
#include <string.h>
#include "nt/machine/dma_map.h"
#include "nt/machine/phys.h"
#include "nt/api/pool.h"
#include "nt/api/work.h"

#define SHARED_FILL \
    0xA5 /* fresh shared memory is not zero, and the rest of the last page stays so */

struct shared_memory {
    struct shared_memory *next;
    uint8_t *va;
    uint64_t pa;
    size_t length;
    bool cached;
    struct dma_mapping *mapping; /* with the rules on */
};

static size_t whole_pages(size_t length)
{
    return (length + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
}

static struct shared_memory *allocate(struct ndis_adapter *adapter, size_t length, bool cached)
{
    unsigned flags = PHYS_CONTIGUOUS | PHYS_GUARD;
    struct shared_memory *block;

    if (!length || nt_allocation_fails() || !(block = malloc(sizeof(*block))))
        return NULL;
    if (!adapter->dma || !adapter->dma->wide)
        flags |= PHYS_BELOW_4G;
    block->length = length;
    block->cached = cached;
    block->va = phys_alloc(whole_pages(length), flags, &block->pa);
    if (!block->va) {
        free(block);
        return NULL;
    }
    memset(block->va, SHARED_FILL, whole_pages(length));
    block->mapping = NULL;
    if (rules_enabled)
        block->mapping = dma_map_new("shared memory", block->va, DMA_MAP_READ | DMA_MAP_WRITE,
                                     whole_pages(length) / PAGE_SIZE);
    if (block->mapping)
        dma_map_add(block->mapping, block->pa, length);
    pthread_mutex_lock(&adapter->lock);
    block->next = adapter->shared_memory;
    adapter->shared_memory = block;
    pthread_mutex_unlock(&adapter->lock);
    return block;
}

static struct shared_memory *take_out(struct ndis_adapter *adapter, const void *va)
{
    struct shared_memory **at, *block = NULL;

    pthread_mutex_lock(&adapter->lock);
    for (at = &adapter->shared_memory; *at; at = &(*at)->next)
        if ((*at)->va == va) {
            block = *at;
            *at = block->next;
            break;
        }
    pthread_mutex_unlock(&adapter->lock);
    return block;
}

static void release(struct shared_memory *block)
{
    dma_map_free(block->mapping);
    phys_free(block->va);
    free(block);
}

static void check_edge(const struct shared_memory *block, const void *caller)
{
    size_t i;

    for (i = block->length; i < whole_pages(block->length); i++)
        if (block->va[i] != SHARED_FILL) {
            rule_violation_object("PoolOverrun", block->va, caller,
                                  "shared memory of %zu bytes at %p was written to at offset %zu",
                                  block->length, (void *)block->va, i);
            return;
        }
}

void shared_memory_release(struct ndis_adapter *adapter)
{
    while (adapter->shared_memory) {
        struct shared_memory *block = adapter->shared_memory;

        adapter->shared_memory = block->next;
        release(block);
    }
}

VOID NTAPI NdisMAllocateSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length,
                                     BOOLEAN Cached, PVOID *VirtualAddress,
                                     PNDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    struct shared_memory *block;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *VirtualAddress = NULL;
    PhysicalAddress->QuadPart = 0;
    if (!adapter)
        return;
    adapter_claims_hardware(adapter, "NdisMAllocateSharedMemory", __func__, RULE_CALLER);
    if (!adapter->dma || !adapter->dma->registered)
        rule_violation("NdisMAllocateSharedMemory", RULE_CALLER,
                       "called before NdisMRegisterScatterGatherDma");
    block = allocate(adapter, Length, Cached);
    if (!block)
        return;
    track_add("shared memory", block->va, Length, RULE_CALLER);
    *VirtualAddress = block->va;
    PhysicalAddress->QuadPart = (LONGLONG)block->pa;
}
HOST_EXPORT("NDIS.SYS", NdisMAllocateSharedMemory);

VOID NTAPI NdisMFreeSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
                                 PVOID VirtualAddress, NDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    struct shared_memory *block;

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return;
    if (adapter->in_shutdown)
        rule_violation_object("NdisMFreeSharedMemory", VirtualAddress, RULE_CALLER,
                              "called from MiniportShutdownEx");
    block = take_out(adapter, VirtualAddress);
    if (!block) {
        rule_violation_object("NdisMFreeSharedMemory", VirtualAddress, RULE_CALLER,
                              "%p is not shared memory", VirtualAddress);
        return;
    }
    if (block->length != Length || block->cached != (Cached != FALSE) ||
        block->pa != (uint64_t)PhysicalAddress.QuadPart)
        rule_violation_object(
            "NdisMFreeSharedMemory", VirtualAddress, RULE_CALLER,
            "%p was allocated with %zu bytes, Cached %d, physical 0x%llx; it is freed "
            "with %lu bytes, Cached %d, physical 0x%llx",
            VirtualAddress, block->length, block->cached, (unsigned long long)block->pa,
            (unsigned long)Length, Cached, (unsigned long long)PhysicalAddress.QuadPart);
    check_edge(block, RULE_CALLER);
    track_remove("shared memory", VirtualAddress, RULE_CALLER);
    release(block);
}
HOST_EXPORT("NDIS.SYS", NdisMFreeSharedMemory);

/* ---- Asynchronously ---- */

struct asynchronous {
    struct ndis_adapter *adapter;
    ULONG length;
    bool cached;
    void *context;
    const void *caller;
};

/* The second time that the call may fail: it is completed without memory then. */
static void allocate_later(void *context)
{
    struct asynchronous *request = context;
    struct ndis_adapter *adapter = request->adapter;
    struct nt_thread *self = nt_self();
    struct shared_memory *block;
    NDIS_PHYSICAL_ADDRESS pa;
    struct callback call;

    self->call = "NdisMAllocateSharedMemoryAsync";
    self->caller = request->caller;
    block = allocate(adapter, request->length, request->cached);
    pa.QuadPart = block ? (LONGLONG)block->pa : 0;
    if (block)
        track_add("shared memory", block->va, request->length, request->caller);
    call = callback_begin("MiniportSharedMemoryAllocateComplete");
    adapter->dma->description.SharedMemAllocateCompleteHandler(
        adapter->context, block ? block->va : NULL, &pa, request->length, request->context);
    callback_end(&call);
    free(request);
}

static NDIS_STATUS allocate_asynchronously(struct ndis_adapter *adapter, ULONG length, bool cached,
                                           void *context, const void *caller)
{
    struct asynchronous *request;

    if (!adapter->dma || !adapter->dma->description.SharedMemAllocateCompleteHandler) {
        rule_violation("NdisMAllocateSharedMemoryAsync", caller,
                       "the driver registered no SharedMemAllocateCompleteHandler");
        return NDIS_STATUS_FAILURE;
    }
    if (nt_allocation_fails() || !(request = malloc(sizeof(*request))))
        return NDIS_STATUS_FAILURE;
    request->adapter = adapter;
    request->length = length;
    request->cached = cached;
    request->context = context;
    request->caller = caller;
    if (!nt_work_queue(allocate_later, request)) {
        free(request);
        return NDIS_STATUS_FAILURE;
    }
    return NDIS_STATUS_PENDING;
}

NDIS_STATUS NTAPI NdisMAllocateSharedMemoryAsync(NDIS_HANDLE MiniportAdapterHandle, ULONG Length,
                                                 BOOLEAN Cached, PVOID Context)
{
    struct handle *handle = MiniportAdapterHandle;
    struct ndis_adapter *adapter;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    /* Windows 7 has one export for both: the adapter's handle of old, the DMA handle of NDIS 6. */
    if (handle && handle->kind == HANDLE_DMA)
        return allocate_asynchronously(((struct dma_channel *)MiniportAdapterHandle)->adapter,
                                       Length, Cached, Context, RULE_CALLER);
    adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    return allocate_asynchronously(adapter, Length, Cached, Context, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisMAllocateSharedMemoryAsync);

/* ---- NDIS 6.20's own form, of virtual machine queues ---- */

NDIS_STATUS NTAPI NdisAllocateSharedMemory(NDIS_HANDLE NdisHandle,
                                           PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
                                           PNDIS_HANDLE pAllocationHandle)
{
    struct ndis_adapter *adapter = handle_adapter(NdisHandle, __func__, RULE_CALLER);
    struct shared_memory *block;
    SCATTER_GATHER_LIST *list = SharedMemoryParameters->SGListBuffer;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *pAllocationHandle = NULL;
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    if (!list || SharedMemoryParameters->SGListBufferLength <
                     offsetof(SCATTER_GATHER_LIST, Elements) + sizeof(SCATTER_GATHER_ELEMENT))
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    block = allocate(adapter, SharedMemoryParameters->Length, true);
    if (!block)
        return NDIS_STATUS_RESOURCES;
    list->NumberOfElements = 1;
    list->Elements[0].Address.QuadPart = (LONGLONG)block->pa;
    list->Elements[0].Length = (ULONG)block->length;
    SharedMemoryParameters->VirtualAddress = block->va;
    SharedMemoryParameters->SharedMemoryHandle = block->va;
    *pAllocationHandle = block->va;
    track_add("shared memory", block->va, block->length, RULE_CALLER);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateSharedMemory);

VOID NTAPI NdisFreeSharedMemory(NDIS_HANDLE NdisHandle, NDIS_HANDLE AllocationHandle)
{
    struct ndis_adapter *adapter = handle_adapter(NdisHandle, __func__, RULE_CALLER);
    struct shared_memory *block;

    HOST_CALL(PASSIVE_LEVEL);
    block = adapter ? take_out(adapter, AllocationHandle) : NULL;
    if (!block) {
        rule_violation_object("NdisFreeSharedMemory", AllocationHandle, RULE_CALLER,
                              "%p is not shared memory", AllocationHandle);
        return;
    }
    check_edge(block, RULE_CALLER);
    track_remove("shared memory", block->va, RULE_CALLER);
    release(block);
}
HOST_EXPORT("NDIS.SYS", NdisFreeSharedMemory);

ULONG NTAPI NdisGetSharedDataAlignment(VOID)
{
    HOST_CALL(DISPATCH_LEVEL);
    return 64; /* a cache line */
}
HOST_EXPORT("NDIS.SYS", NdisGetSharedDataAlignment);
