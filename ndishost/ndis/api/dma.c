/* SPDX-License-Identifier: MIT */
/* Scatter/gather DMA: lists of physical pieces for NET_BUFFERs, built from their MDLs' pages. */
#include "ndis/api/dma.h"
#include "ndis/api/net_buffer_data.h"

#include <stdlib.h>
#include <string.h>
#include "nt/machine/dma_map.h"
#include "nt/machine/late.h"
#include "nt/machine/phys.h"
#include "nt/api/pool.h"

#define LIST_SIZE(elements) \
    (offsetof(SCATTER_GATHER_LIST, Elements) + (elements) * sizeof(SCATTER_GATHER_ELEMENT))
#define FOUR_GIB 0x100000000ull

/* NDIS's own memory for a list: from the channel's free list, so that none is allocated a frame. */
struct sg_storage {
    struct sg_storage *next;
    const void *freed_by; /* with the rules on, while nobody has it: it holds poison then */
    unsigned elements;    /* room */
    SCATTER_GATHER_LIST list;
};

/* Memory below 4 GiB that stands in for a frame's, where the device cannot reach the frame. */
struct bounce {
    struct bounce *next;
    uint8_t *va;
    uint64_t pa;
    size_t size;
};

/* ---- Lists that were freed ---- */

/* A list that was freed leads nowhere, and who writes to it in NDIS's memory leaves a trace. */
#define POISON 0xDB

static void list_poison(struct sg_record *record, const void *caller)
{
    struct sg_storage *storage = record->storage;

    memset(record->list, POISON, LIST_SIZE(record->list->NumberOfElements));
    if (!storage)
        return;
    memset(&storage->list, POISON, LIST_SIZE(storage->elements));
    storage->freed_by = caller;
}

static void check_poison(struct sg_storage *storage)
{
    const uint8_t *byte = (const uint8_t *)&storage->list;
    size_t i, size = LIST_SIZE(storage->elements);

    if (!storage->freed_by)
        return;
    for (i = 0; i < size && byte[i] == POISON; i++)
        ;
    if (i < size)
        rule_violation("NdisMFreeNetBufferSGList", storage->freed_by,
                       "the driver wrote to offset %zu of the scatter/gather list %p after it "
                       "freed the list, from here",
                       i, (void *)&storage->list);
    storage->freed_by = NULL;
}

/* ---- Registration ---- */

/* The elements that MaximumPhysicalMapping bytes can come to. */
static unsigned elements_usual(const struct dma_channel *dma)
{
    return (unsigned)BYTES_TO_PAGES(dma->description.MaximumPhysicalMapping) + 1;
}

static KDEFERRED_ROUTINE late_run;

NDIS_STATUS NTAPI NdisMRegisterScatterGatherDma(NDIS_HANDLE MiniportAdapterHandle,
                                                PNDIS_SG_DMA_DESCRIPTION DmaDescription,
                                                PNDIS_HANDLE NdisMiniportDmaHandle)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    struct dma_channel *dma;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *NdisMiniportDmaHandle = NULL;
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    adapter_claims_hardware(adapter, "NdisMRegisterScatterGatherDma", __func__, RULE_CALLER);
    if (adapter->bus->no_device)
        return NDIS_STATUS_NOT_SUPPORTED; /* no bus, hence no DMA adapter object */
    if (!(adapter->registration.AttributeFlags & NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER)) {
        rule_violation(
            "NdisMRegisterScatterGatherDma", RULE_CALLER,
            "set NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER in the registration attributes first");
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    if (!header_valid(&DmaDescription->Header, NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION,
                      NDIS_SG_DMA_DESCRIPTION_REVISION_1,
                      NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1) ||
        !DmaDescription->MaximumPhysicalMapping) {
        rule_violation("NdisObjectHeader", RULE_CALLER,
                       "NdisMRegisterScatterGatherDma: description of type 0x%02x revision %u size "
                       "%u, MaximumPhysicalMapping %lu",
                       DmaDescription->Header.Type, DmaDescription->Header.Revision,
                       DmaDescription->Header.Size,
                       (unsigned long)DmaDescription->MaximumPhysicalMapping);
        return NDIS_STATUS_BAD_VERSION;
    }
    if (!DmaDescription->ProcessSGListHandler) {
        rule_violation("NdisMRegisterScatterGatherDma", RULE_CALLER,
                       "the driver has no MiniportProcessSGList: ProcessSGListHandler of "
                       "NDIS_SG_DMA_DESCRIPTION is NULL; see https://learn.microsoft.com/"
                       "windows-hardware/drivers/ddi/ndis/nc-ndis-miniport_process_sg_list");
        return NDIS_STATUS_BAD_VERSION;
    }
    if (adapter->dma && adapter->dma->registered) {
        rule_violation_object("NdisMRegisterScatterGatherDma", adapter->dma, RULE_CALLER,
                              "%s already has a DMA channel, %p; deregister it first",
                              adapter->name, (void *)adapter->dma);
        return NDIS_STATUS_FAILURE;
    }
    if (nt_allocation_fails() || !(dma = calloc(1, sizeof(*dma))))
        return NDIS_STATUS_RESOURCES;
    dma->handle.kind = HANDLE_DMA;
    dma->adapter = adapter;
    dma->description = *DmaDescription;
    dma->wide = (DmaDescription->Flags & NDIS_SG_DMA_64_BIT_ADDRESS) != 0;
    dma->registered = true;
    dma->registers_free = adapter->map_registers;
    pthread_mutex_init(&dma->lock, NULL);
    random_seed(&dma->random, adapter->seed ^ 0x646D61);
    KeInitializeDpc(&dma->late_dpc, late_run, dma);
    KeInitializeTimer(&dma->late_timer);
    DmaDescription->ScatterGatherListSize = (ULONG)LIST_SIZE(elements_usual(dma));
    dma->next = adapter->dma;
    adapter->dma = dma;
    track_add("DMA channel", dma, sizeof(*dma), RULE_CALLER);
    *NdisMiniportDmaHandle = dma;
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisMRegisterScatterGatherDma);

VOID NTAPI NdisMDeregisterScatterGatherDma(NDIS_HANDLE NdisMiniportDmaHandle)
{
    struct dma_channel *dma =
        handle_check(NdisMiniportDmaHandle, HANDLE_DMA, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    if (!dma)
        return;
    if (!dma->registered) {
        rule_violation_object("NdisMDeregisterScatterGatherDma", dma, RULE_CALLER,
                              "deregistered twice");
        return;
    }
    if (atomic_load(&dma->outstanding))
        rule_violation_object("NdisMDeregisterScatterGatherDma", dma, RULE_CALLER,
                              "the driver has not freed %u scatter/gather lists",
                              atomic_load(&dma->outstanding));
    dma->registered = false;
    track_remove("DMA channel", dma, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisMDeregisterScatterGatherDma);

/* Channels stay until the adapter goes, so that a late use is named instead of followed. */
void dma_release(struct ndis_adapter *adapter)
{
    while (adapter->dma) {
        struct dma_channel *dma = adapter->dma;

        adapter->dma = dma->next;
        KeCancelTimer(&dma->late_timer);
        while (dma->storage) {
            struct sg_storage *storage = dma->storage;

            dma->storage = storage->next;
            check_poison(storage);
            free(storage);
        }
        while (dma->bounces) {
            struct bounce *bounce = dma->bounces;

            dma->bounces = bounce->next;
            phys_free(bounce->va);
            free(bounce);
        }
        free(dma);
    }
}

/* ---- Lists ---- */

/* A list under construction: counts all elements, writes those that there is room for. */
struct walk {
    SCATTER_GATHER_ELEMENT *elements;
    unsigned room, count;
    uint64_t end; /* the physical address after the last element */
    bool high;    /* some byte lies at 4 GiB or above */
};

static void walk_piece(struct walk *walk, uint64_t pa, ULONG length)
{
    if (pa + length > FOUR_GIB)
        walk->high = true;
    if (walk->count && walk->end == pa) {
        if (walk->count <= walk->room)
            walk->elements[walk->count - 1].Length += length;
    } else {
        if (walk->count < walk->room) {
            walk->elements[walk->count].Address.QuadPart = (LONGLONG)pa;
            walk->elements[walk->count].Length = length;
            walk->elements[walk->count].Reserved = 0;
        }
        walk->count++;
    }
    walk->end = pa + length;
}

/* The pages of `length` bytes from the very beginning of `mdl`, and of what hangs on it. */
static void walk_chain(struct walk *walk, const MDL *mdl, size_t length)
{
    for (; mdl && length; mdl = mdl->Next) {
        const PFN_NUMBER *page = (const PFN_NUMBER *)(mdl + 1);
        size_t offset = mdl->ByteOffset;
        size_t here = mdl->ByteCount < length ? mdl->ByteCount : length;

        length -= here;
        while (here) {
            size_t piece = PAGE_SIZE - offset < here ? PAGE_SIZE - offset : here;

            walk_piece(walk, (uint64_t)*page++ * PAGE_SIZE + offset, (ULONG)piece);
            here -= piece;
            offset = 0;
        }
    }
}

/* Storage of NDIS's own for `elements`; usual sizes come from the channel's free list. */
static struct sg_storage *storage_get(struct dma_channel *dma, unsigned elements)
{
    struct sg_storage **at, *storage = NULL;

    if (elements < elements_usual(dma))
        elements = elements_usual(dma);
    pthread_mutex_lock(&dma->lock);
    for (at = &dma->storage; *at; at = &(*at)->next)
        if ((*at)->elements >= elements) {
            storage = *at;
            *at = storage->next;
            break;
        }
    pthread_mutex_unlock(&dma->lock);
    if (storage) {
        check_poison(storage);
        return storage;
    }
    if (nt_allocation_fails())
        return NULL;
    storage = malloc(sizeof(*storage) + elements * sizeof(SCATTER_GATHER_ELEMENT));
    if (storage) {
        storage->elements = elements;
        storage->freed_by = NULL;
    }
    return storage;
}

static void storage_put(struct dma_channel *dma, struct sg_storage *storage)
{
    pthread_mutex_lock(&dma->lock);
    storage->next = dma->storage;
    dma->storage = storage;
    pthread_mutex_unlock(&dma->lock);
}

static struct bounce *bounce_get(struct dma_channel *dma, size_t size)
{
    struct bounce **at, *bounce = NULL;

    if (size < dma->description.MaximumPhysicalMapping)
        size = dma->description.MaximumPhysicalMapping;
    pthread_mutex_lock(&dma->lock);
    for (at = &dma->bounces; *at; at = &(*at)->next)
        if ((*at)->size >= size) {
            bounce = *at;
            *at = bounce->next;
            break;
        }
    pthread_mutex_unlock(&dma->lock);
    if (bounce || !(bounce = calloc(1, sizeof(*bounce))))
        return bounce;
    bounce->size = size;
    bounce->va = phys_alloc(size, PHYS_CONTIGUOUS | PHYS_BELOW_4G, &bounce->pa);
    if (!bounce->va) {
        free(bounce);
        return NULL;
    }
    return bounce;
}

/* Copies between a chain's first `length` bytes and a double buffer. */
static void bounce_copy(struct bounce *bounce, MDL *mdl, size_t length, bool to_device)
{
    size_t done = 0;

    for (; mdl && done < length; mdl = mdl->Next) {
        size_t here = mdl->ByteCount < length - done ? mdl->ByteCount : length - done;

        if (to_device)
            memcpy(bounce->va + done, mdl_address(mdl), here);
        else
            memcpy(mdl_address(mdl), bounce->va + done, here);
        done += here;
    }
}

/* The list covers what lies before the data in CurrentMdl too: a driver has to skip
 * CurrentMdlOffset. */
static size_t mapped_length(const NET_BUFFER *nb)
{
    return (size_t)NET_BUFFER_CURRENT_MDL_OFFSET(nb) + NET_BUFFER_DATA_LENGTH(nb);
}

/* Makes the list, in the driver's buffer if it is large enough, else in NDIS's own. */
static NDIS_STATUS list_build(struct dma_channel *dma, NET_BUFFER *nb, struct sg_record *record,
                              void *buffer, size_t buffer_size)
{
    struct walk walk;
    SCATTER_GATHER_LIST *list = buffer;

    memset(&walk, 0, sizeof(walk));
    if (buffer && buffer_size > LIST_SIZE(0)) {
        walk.elements = list->Elements;
        walk.room = (unsigned)((buffer_size - LIST_SIZE(0)) / sizeof(SCATTER_GATHER_ELEMENT));
    }
    walk_chain(&walk, NET_BUFFER_CURRENT_MDL(nb), mapped_length(nb));
    if (!dma->wide && walk.high) {
        record->bounce = bounce_get(dma, mapped_length(nb));
        if (!record->bounce)
            return NDIS_STATUS_RESOURCES;
        if (record->write_to_device)
            bounce_copy(record->bounce, NET_BUFFER_CURRENT_MDL(nb), mapped_length(nb), true);
    }
    if (walk.count > walk.room || !buffer) {
        struct sg_storage *storage = storage_get(dma, walk.count);

        if (!storage)
            return NDIS_STATUS_RESOURCES;
        record->storage = storage;
        list = &storage->list;
        memset(&walk, 0, sizeof(walk));
        walk.elements = list->Elements;
        walk.room = storage->elements;
        walk_chain(&walk, NET_BUFFER_CURRENT_MDL(nb), mapped_length(nb));
    }
    if (record->bounce) {
        walk.count = 1;
        list->Elements[0].Address.QuadPart = (LONGLONG)record->bounce->pa;
        list->Elements[0].Length = (ULONG)mapped_length(nb);
        list->Elements[0].Reserved = 0;
    }
    list->NumberOfElements = walk.count;
    list->Reserved = 0;
    record->list = list;
    return NDIS_STATUS_SUCCESS;
}

/* From now on the device may touch what the list names. */
static void record_map(NET_BUFFER *nb, struct sg_record *record)
{
    const SCATTER_GATHER_LIST *list = record->list;
    size_t pages = 0;
    ULONG i;

    for (i = 0; i < list->NumberOfElements; i++)
        pages += list->Elements[i].Length / PAGE_SIZE + 2;
    record->mapping =
        dma_map_new("SG list", nb, record->write_to_device ? DMA_MAP_READ : DMA_MAP_WRITE, pages);
    for (i = 0; i < list->NumberOfElements && record->mapping; i++)
        dma_map_add(record->mapping, (uint64_t)list->Elements[i].Address.QuadPart,
                    list->Elements[i].Length);
}

static void record_clear(struct dma_channel *dma, struct sg_record *record)
{
    dma_map_free(record->mapping);
    record->mapping = NULL;
    if (record->storage)
        storage_put(dma, record->storage);
    if (record->bounce) {
        pthread_mutex_lock(&dma->lock);
        record->bounce->next = dma->bounces;
        dma->bounces = record->bounce;
        pthread_mutex_unlock(&dma->lock);
    }
    record->storage = NULL;
    record->bounce = NULL;
    record->list = NULL;
}

/* MiniportProcessSGList, whose call has begun. The record may be gone (freed, sent again) when it returns. */
static void deliver(struct dma_channel *dma, struct sg_record *record, struct callback call)
{
    atomic_store_explicit(&record->delivered, true, memory_order_release);
    dma->description.ProcessSGListHandler(&dma->adapter->physical_device, NULL, record->list,
                                          record->context);
    callback_end(&call);
}

/* The lock is held. */
static void queue_append(struct sg_record **first, struct sg_record **last,
                         struct sg_record *record)
{
    record->next = NULL;
    if (*first)
        (*last)->next = record;
    else
        *first = record;
    *last = record;
}

static struct sg_record *queue_pop(struct sg_record **first)
{
    struct sg_record *record = *first;

    if (record)
        *first = record->next;
    return record;
}

/* Map registers for the list, one an element. false: it has to wait for its turn, and
 * MiniportProcessSGList is called when others have freed enough (ns-wdm-_dma_operations,
 * GetScatterGatherList: requests wait in a queue). */
static bool registers_take(struct dma_channel *dma, struct sg_record *record)
{
    bool taken;

    if (!dma->adapter->map_registers)
        return true;
    record->registers = record->list->NumberOfElements;
    pthread_mutex_lock(&dma->lock);
    taken = !dma->wait_first && dma->registers_free >= record->registers;
    if (taken)
        dma->registers_free -= record->registers;
    else
        queue_append(&dma->wait_first, &dma->wait_last, record);
    pthread_mutex_unlock(&dma->lock);
    if (!taken)
        COUNT(dma->adapter, sg_lists_short, 1);
    return taken;
}

/* Gives them back, and serves those that wait, from the DPC. */
static void registers_give(struct dma_channel *dma, struct sg_record *record)
{
    struct sg_record *next;
    bool served = false;

    if (!dma->adapter->map_registers)
        return;
    pthread_mutex_lock(&dma->lock);
    dma->registers_free += record->registers;
    while ((next = dma->wait_first) && dma->registers_free >= next->registers) {
        queue_pop(&dma->wait_first);
        dma->registers_free -= next->registers;
        queue_append(&dma->late_first, &dma->late_last, next);
        served = true;
    }
    pthread_mutex_unlock(&dma->lock);
    if (served)
        KeInsertQueueDpc(&dma->late_dpc, NULL, NULL);
}

/* Keeps the list for the DPC if chance, or an order, will have it; Windows calls back late when it must wait. */
static bool deliver_late(struct dma_channel *dma, struct sg_record *record)
{
    LARGE_INTEGER due = {.QuadPart = -(LONGLONG)nt_late(LATE_SG)};
    bool late, set;

    if (!(dma->adapter->liberties & LIBERTY_SG_LATE) && !due.QuadPart)
        return false;
    pthread_mutex_lock(&dma->lock);
    late = due.QuadPart || random_chance(&dma->random, 1, 16);
    if (late)
        queue_append(&dma->late_first, &dma->late_last, record);
    set = due.QuadPart && !dma->late_timer_set;
    if (set)
        dma->late_timer_set = true;
    pthread_mutex_unlock(&dma->lock);
    if (set)
        KeSetTimer(&dma->late_timer, due, &dma->late_dpc);
    else if (late && !due.QuadPart)
        KeInsertQueueDpc(&dma->late_dpc, NULL, NULL);
    return late;
}

static VOID NTAPI late_run(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                           PVOID SystemArgument2)
{
    struct dma_channel *dma = DeferredContext;

    (void)Dpc;
    (void)SystemArgument1;
    (void)SystemArgument2;
    while (!atomic_load(&dma->adapter->crashed)) {
        struct sg_record *record;

        pthread_mutex_lock(&dma->lock);
        dma->late_timer_set = false;
        record = queue_pop(&dma->late_first);
        pthread_mutex_unlock(&dma->lock);
        if (!record)
            return;
        COUNT(dma->adapter, sg_lists_late, 1);
        deliver(dma, record, callback_begin("MiniportProcessSGList"));
    }
}

/* A channel that can be used, and a NET_BUFFER of ours; else a violation. */
static struct dma_channel *channel_for(NDIS_HANDLE handle, NET_BUFFER *nb, const char *function,
                                       const void *caller)
{
    struct dma_channel *dma = handle_check(handle, HANDLE_DMA, function, caller);

    if (!dma || !rules_enabled)
        return dma;
    if (!dma->registered) {
        rule_violation_object("NdisMDeregisterScatterGatherDma", dma, caller,
                              "%s with a DMA channel that was deregistered", function);
        return NULL;
    }
    if (nb_of(nb)->magic != NB_MAGIC) {
        rule_violation("NdisHandle", caller, "%s was given %p, which is not a NET_BUFFER of NDIS",
                       function, (void *)nb);
        return NULL;
    }
    return dma;
}

NDIS_STATUS NTAPI NdisMAllocateNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle,
                                               PNET_BUFFER NetBuffer, PVOID Context, ULONG Flags,
                                               PVOID ScatterGatherListBuffer,
                                               ULONG ScatterGatherListBufferSize)
{
    struct dma_channel *dma = channel_for(NdisMiniportDmaHandle, NetBuffer, __func__, RULE_CALLER);
    struct sg_record *record;
    NDIS_STATUS status;

    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    if (!dma)
        return NDIS_STATUS_FAILURE;
    if (HOST_FAILS())
        return NDIS_STATUS_RESOURCES;
    record = &nb_of(NetBuffer)->sg;
    if (rules_enabled && record->list) {
        rule_violation_object(
            "NdisMAllocateNetBufferSGList", NetBuffer, RULE_CALLER,
            "the NET_BUFFER %p already has a scatter/gather list; free that one first",
            (void *)NetBuffer);
        return NDIS_STATUS_FAILURE;
    }
    record->dma = dma;
    record->mapping = NULL;
    record->context = Context;
    record->write_to_device = (Flags & NDIS_SG_LIST_WRITE_TO_DEVICE) != 0;
    atomic_store_explicit(&record->delivered, false, memory_order_relaxed);
    status =
        list_build(dma, NetBuffer, record, ScatterGatherListBuffer, ScatterGatherListBufferSize);
    if (status != NDIS_STATUS_SUCCESS) {
        record_clear(dma, record);
        return status;
    }
    if (dma->adapter->map_registers &&
        record->list->NumberOfElements > dma->adapter->map_registers) {
        COUNT(dma->adapter, sg_lists_short, 1);
        record_clear(dma, record);
        return NDIS_STATUS_RESOURCES; /* it could wait for ever */
    }
    COUNT(dma->adapter, sg_lists, 1);
    atomic_fetch_add_explicit(&dma->outstanding, 1, memory_order_relaxed);
    if (rules_enabled) {
        track_add("SG list", NetBuffer, record->list->NumberOfElements, RULE_CALLER);
        record_map(NetBuffer, record);
    }
    NET_BUFFER_SCATTER_GATHER_LIST(NetBuffer) = record->list;
    if (registers_take(dma, record) && !deliver_late(dma, record))
        deliver(dma, record, callback_begin_inside("MiniportProcessSGList"));
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisMAllocateNetBufferSGList);

/* Is this the NET_BUFFER's list, and has it been delivered? */
static bool free_valid(const struct dma_channel *dma, const struct sg_record *record,
                       const SCATTER_GATHER_LIST *list, NET_BUFFER *nb, const void *caller)
{
    if (!record->list || record->list != list || record->dma != dma) {
        rule_violation_object("NdisMFreeNetBufferSGList", nb, caller,
                              "%p is not the scatter/gather list of the NET_BUFFER %p, which is %p",
                              (const void *)list, (void *)nb, (void *)record->list);
        return false;
    }
    if (!atomic_load_explicit(&record->delivered, memory_order_acquire)) {
        rule_violation_object("NdisMFreeNetBufferSGList", nb, caller,
                              "the driver frees the list before MiniportProcessSGList got it");
        return false;
    }
    return true;
}

VOID NTAPI NdisMFreeNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PSCATTER_GATHER_LIST pSGL,
                                    PNET_BUFFER NetBuffer)
{
    struct dma_channel *dma = channel_for(NdisMiniportDmaHandle, NetBuffer, __func__, RULE_CALLER);
    struct sg_record *record;

    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    if (!dma)
        return;
    record = &nb_of(NetBuffer)->sg;
    if (rules_enabled && !free_valid(dma, record, pSGL, NetBuffer, RULE_CALLER))
        return;
    if (record->bounce && !record->write_to_device)
        bounce_copy(record->bounce, NET_BUFFER_CURRENT_MDL(NetBuffer), mapped_length(NetBuffer),
                    false);
    NET_BUFFER_SCATTER_GATHER_LIST(NetBuffer) = NULL;
    if (rules_enabled) {
        track_remove("SG list", NetBuffer, RULE_CALLER);
        list_poison(record, RULE_CALLER);
    }
    record_clear(dma, record);
    registers_give(dma, record);
    atomic_fetch_sub_explicit(&dma->outstanding, 1, memory_order_relaxed);
}
HOST_EXPORT("NDIS.SYS", NdisMFreeNetBufferSGList);

ULONG NTAPI NdisMGetDmaAlignment(NDIS_HANDLE MiniportAdapterHandle)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    if (adapter && !adapter->dma)
        rule_violation("NdisMGetDmaAlignment", RULE_CALLER,
                       "called before NdisMRegisterScatterGatherDma");
    return 1; /* DMA on these machines has no demands of its own */
}
HOST_EXPORT("NDIS.SYS", NdisMGetDmaAlignment);

/* ---- Lists for buffers outside a NET_BUFFER ---- */

NDIS_STATUS NTAPI NdisBuildScatterGatherList(NDIS_HANDLE NdisHandle,
                                             PNDIS_SCATTER_GATHER_LIST_PARAMETERS SGListParameters)
{
    struct ndis_adapter *adapter = handle_adapter(NdisHandle, __func__, RULE_CALLER);
    SCATTER_GATHER_LIST *list = SGListParameters->ScatterGatherListBuffer;
    size_t skip = (size_t)((char *)SGListParameters->CurrentVa -
                           (char *)MmGetMdlVirtualAddress(SGListParameters->Mdl));
    struct walk walk;

    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    if (!adapter || !adapter->dma || skip)
        return NDIS_STATUS_NOT_SUPPORTED;
    if (HOST_FAILS())
        return NDIS_STATUS_RESOURCES;
    memset(&walk, 0, sizeof(walk));
    if (list && SGListParameters->ScatterGatherListBufferSize > LIST_SIZE(0)) {
        walk.elements = list->Elements;
        walk.room = (unsigned)((SGListParameters->ScatterGatherListBufferSize - LIST_SIZE(0)) /
                               sizeof(SCATTER_GATHER_ELEMENT));
    }
    walk_chain(&walk, SGListParameters->Mdl, SGListParameters->Length);
    SGListParameters->ScatterGatherListBufferSizeNeeded = (ULONG)LIST_SIZE(walk.count);
    if (!list || !walk.room || walk.count > walk.room)
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    if (walk.high && !adapter->dma->wide)
        return NDIS_STATUS_RESOURCES; /* no double buffering here */
    list->NumberOfElements = walk.count;
    list->Reserved = 0;
    track_add("SG list", list, walk.count, RULE_CALLER);
    SGListParameters->ProcessSGListHandler(&adapter->physical_device, NULL, list,
                                           SGListParameters->Context);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisBuildScatterGatherList);

VOID NTAPI NdisFreeScatterGatherList(NDIS_HANDLE NdisHandle,
                                     PSCATTER_GATHER_LIST ScatterGatherListBuffer,
                                     BOOLEAN WriteToDevice)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, DISPATCH_LEVEL);
    (void)WriteToDevice;
    if (handle_adapter(NdisHandle, __func__, RULE_CALLER) &&
        !track_remove("SG list", ScatterGatherListBuffer, RULE_CALLER))
        rule_violation_object("NdisFreeScatterGatherList", ScatterGatherListBuffer, RULE_CALLER,
                              "%p is not a scatter/gather list that the kernel built",
                              (void *)ScatterGatherListBuffer);
}
HOST_EXPORT("NDIS.SYS", NdisFreeScatterGatherList);
