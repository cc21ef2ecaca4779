/* SPDX-License-Identifier: MIT */
/* Pools of NET_BUFFER_LISTs and NET_BUFFERs, and what drivers allocate from them. */
#include "ndis/api/net_buffer_pool.h"
#include "ndis/api/net_buffer_data.h"

#include <stdio.h>
#include <string.h>
#include "nt/machine/clock.h"
#include "nt/api/pool.h"
#include "nt/machine/probe.h"

/* What both kinds of pool have. */
struct pool {
    struct handle handle;
    ULONG tag;
    ULONG data_size;
    atomic_uint count; /* lists or buffers that are out */
};

struct nbl_pool {
    struct pool common; /* first */
    UCHAR protocol_id;
    bool with_net_buffer;
    USHORT context_size;
};

struct nb_pool {
    struct pool common; /* first */
};

const char *nbl_owner_name(enum nbl_owner owner)
{
    switch (owner) {
    case NBL_FREE:
        return "free";
    case NBL_WITH_DRIVER:
        return "the driver's, not indicated";
    case NBL_INDICATED:
        return "indicated and not returned yet";
    case NBL_WITH_PROTOCOL:
        return "the protocol's, not sent";
    case NBL_WITH_MINIPORT:
        return "sent and not completed yet";
    }
    return "not a NET_BUFFER_LIST";
}

NET_BUFFER_LIST *nbl_initialize(void *block, struct nbl_pool *pool, enum nbl_owner owner)
{
    struct nbl_header *header = block;
    NET_BUFFER_LIST *nbl = (NET_BUFFER_LIST *)(header + 1);

    memset(header, 0, sizeof(*header));
    memset(nbl, 0, sizeof(*nbl));
    memset(nbl + 1, NBL_POISON, NBL_TRUE_SIZE - sizeof(*nbl));
    header->magic = NBL_MAGIC;
    header->pool = pool;
    atomic_store(&header->owner, owner);
    nbl->NdisPoolHandle = pool;
    return nbl;
}

void nbl_note(NET_BUFFER_LIST *nbl, const char *what, const void *caller, uint64_t time)
{
    struct nbl_header *header = nbl_of(nbl);
    struct nbl_event *event;

    if (!rules_enabled)
        return;
    event = &header->event[atomic_fetch_add(&header->events, 1) % NBL_EVENTS];
    *event = (struct nbl_event){what, caller, time};
}

size_t nbl_history(const void *object, char *buf, size_t size)
{
    struct nbl_header header;
    size_t used = 0;
    unsigned i;

    if (probe_copy(&header, (const char *)object - sizeof(header), sizeof(header)) !=
            sizeof(header) ||
        header.magic != NBL_MAGIC)
        return 0;
    i = header.events > NBL_EVENTS ? header.events - NBL_EVENTS : 0;
    for (; i < header.events && used < size; i++) {
        const struct nbl_event *event = &header.event[i % NBL_EVENTS];
        char by[160];
        int n = snprintf(buf + used, size - used, "NET_BUFFER_LIST %p: %s%s%s at %u.%06u s\n",
                         object, event->what, event->caller ? " by " : "",
                         event->caller ? image_symbol(event->caller, by, sizeof(by)) : "",
                         (unsigned)(event->time / NT_SECOND),
                         (unsigned)(event->time % NT_SECOND / NT_MICROSECOND));

        used += n > 0 ? (size_t)n : 0;
    }
    return used < size ? used : size - 1;
}

bool nbl_tail_intact(const NET_BUFFER_LIST *nbl)
{
    const uint8_t *tail = (const uint8_t *)(nbl + 1);
    size_t i;

    for (i = 0; i < NBL_TRUE_SIZE - sizeof(*nbl); i++)
        if (tail[i] != NBL_POISON)
            return false;
    return true;
}

NET_BUFFER *nb_initialize(void *block, struct nb_pool *pool)
{
    struct nb_header *header = block;
    NET_BUFFER *nb = (NET_BUFFER *)(header + 1);

    memset(header, 0, sizeof(*header));
    memset(nb, 0, sizeof(*nb));
    header->magic = NB_MAGIC;
    header->pool = pool;
    nb->NdisPoolHandle = pool;
    return nb;
}

/* ---- Pools ---- */

/* A new one of `size` bytes, which begins with a struct pool; the rest is zeros. */
static void *pool_create(size_t size, enum handle_kind kind, ULONG tag, ULONG data_size,
                         const char *function, const void *caller)
{
    struct pool *pool = nt_pool_alloc("pool", size, tag, caller);

    if (!pool)
        return NULL;
    if (!tag)
        rule_violation("NdisAllocateMemoryWithTagPriority", caller, "%s without a pool tag",
                       function);
    memset(pool, 0, size);
    pool->handle.kind = kind;
    pool->tag = tag;
    pool->data_size = data_size;
    return pool;
}

/* `rule` is the function's name; NULL: there was no such pool. */
static void pool_free(struct pool *pool, const char *what, const char *rule, const void *caller)
{
    if (!pool)
        return;
    if (atomic_load(&pool->count)) {
        rule_violation_object(rule, pool, caller, "the driver has not freed %u %s of the pool",
                              atomic_load(&pool->count), what);
        return;
    }
    pool->handle.kind = HANDLE_FREED;
    nt_pool_free("pool", pool, pool->tag, caller);
}

NDIS_HANDLE NTAPI NdisAllocateNetBufferListPool(NDIS_HANDLE NdisHandle,
                                                PNET_BUFFER_LIST_POOL_PARAMETERS Parameters)
{
    struct nbl_pool *pool;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    handle_driver_or_adapter(NdisHandle, __func__, RULE_CALLER);
    if (!header_valid(&Parameters->Header, NDIS_OBJECT_TYPE_DEFAULT,
                      NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
                      NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1) ||
        (Parameters->DataSize && !Parameters->fAllocateNetBuffer) ||
        Parameters->ContextSize % MEMORY_ALLOCATION_ALIGNMENT) {
        rule_violation("NdisObjectHeader", RULE_CALLER,
                       "NdisAllocateNetBufferListPool: parameters of type 0x%02x revision %u size "
                       "%u, ContextSize %u, DataSize %lu",
                       Parameters->Header.Type, Parameters->Header.Revision,
                       Parameters->Header.Size, Parameters->ContextSize,
                       (unsigned long)Parameters->DataSize);
        return NULL;
    }
    pool = pool_create(sizeof(*pool), HANDLE_NBL_POOL, Parameters->PoolTag, Parameters->DataSize,
                       __func__, RULE_CALLER);
    if (!pool)
        return NULL;
    pool->protocol_id = Parameters->ProtocolId;
    pool->with_net_buffer = Parameters->fAllocateNetBuffer;
    pool->context_size = Parameters->ContextSize;
    return pool;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateNetBufferListPool);

VOID NTAPI NdisFreeNetBufferListPool(NDIS_HANDLE PoolHandle)
{
    struct pool *pool = handle_check(PoolHandle, HANDLE_NBL_POOL, __func__, RULE_CALLER);

    HOST_CALL(DISPATCH_LEVEL);
    pool_free(pool, "NET_BUFFER_LISTs", __func__, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeNetBufferListPool);

NDIS_HANDLE NTAPI NdisAllocateNetBufferPool(NDIS_HANDLE NdisHandle,
                                            PNET_BUFFER_POOL_PARAMETERS Parameters)
{
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    handle_driver_or_adapter(NdisHandle, __func__, RULE_CALLER);
    if (!header_check(&Parameters->Header, NDIS_OBJECT_TYPE_DEFAULT,
                      NET_BUFFER_POOL_PARAMETERS_REVISION_1, sizeof(NET_BUFFER_POOL_PARAMETERS),
                      __func__, RULE_CALLER))
        return NULL;
    return pool_create(sizeof(struct nb_pool), HANDLE_NB_POOL, Parameters->PoolTag,
                       Parameters->DataSize, __func__, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisAllocateNetBufferPool);

VOID NTAPI NdisFreeNetBufferPool(NDIS_HANDLE PoolHandle)
{
    struct pool *pool = handle_check(PoolHandle, HANDLE_NB_POOL, __func__, RULE_CALLER);

    HOST_CALL(DISPATCH_LEVEL);
    pool_free(pool, "NET_BUFFERs", __func__, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeNetBufferPool);

NDIS_HANDLE NTAPI NdisGetPoolFromNetBufferList(PNET_BUFFER_LIST NetBufferList)
{
    HOST_CALL(DISPATCH_LEVEL);
    return NetBufferList->NdisPoolHandle;
}
HOST_EXPORT("NDIS.SYS", NdisGetPoolFromNetBufferList);

NDIS_HANDLE NTAPI NdisGetPoolFromNetBuffer(PNET_BUFFER NetBuffer)
{
    HOST_CALL(DISPATCH_LEVEL);
    return NetBuffer->NdisPoolHandle;
}
HOST_EXPORT("NDIS.SYS", NdisGetPoolFromNetBuffer);

/* ---- Contexts of NET_BUFFER_LISTs ---- */

#define CONTEXT_HEADER offsetof(NET_BUFFER_LIST_CONTEXT, ContextData)
#define CONTEXT_TAG    0x7843444E /* "NDCx" */

static void context_push(NET_BUFFER_LIST *nbl, NET_BUFFER_LIST_CONTEXT *context, unsigned used,
                         unsigned spare)
{
    memset(context, 0, CONTEXT_HEADER + used + spare);
    context->Size = (USHORT)(used + spare);
    context->Offset = (USHORT)spare;
    context->Next = nbl->Context;
    nbl->Context = context;
}

NDIS_STATUS NTAPI NdisAllocateNetBufferListContext(PNET_BUFFER_LIST NetBufferList,
                                                   USHORT ContextSize, USHORT ContextBackFill,
                                                   ULONG PoolTag)
{
    NET_BUFFER_LIST_CONTEXT *context = NetBufferList->Context;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (ContextSize % sizeof(void *) || ContextBackFill % sizeof(void *))
        return NDIS_STATUS_FAILURE;
    if (context && context->Offset >= ContextSize) {
        context->Offset -= ContextSize;
        return NDIS_STATUS_SUCCESS;
    }
    context = nt_pool_alloc("NET_BUFFER_LIST context",
                            CONTEXT_HEADER + (size_t)ContextSize + ContextBackFill,
                            PoolTag ? PoolTag : CONTEXT_TAG, RULE_CALLER);
    if (!context)
        return NDIS_STATUS_RESOURCES;
    context_push(NetBufferList, context, ContextSize, ContextBackFill);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateNetBufferListContext);

VOID NTAPI NdisFreeNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize)
{
    NET_BUFFER_LIST_CONTEXT *context = NetBufferList->Context;

    HOST_CALL(DISPATCH_LEVEL);
    if (!context || context->Size - context->Offset < ContextSize) {
        rule_violation_object("NetBufferListContext", NetBufferList, RULE_CALLER,
                              "NdisFreeNetBufferListContext of %u bytes, of which %d are in use",
                              ContextSize, context ? context->Size - context->Offset : 0);
        return;
    }
    context->Offset += ContextSize;
    if (context->Offset == context->Size && nt_pool_size(context)) {
        NetBufferList->Context = context->Next;
        nt_pool_free("NET_BUFFER_LIST context", context, 0, RULE_CALLER);
    }
}
HOST_EXPORT("NDIS.SYS", NdisFreeNetBufferListContext);

/* ---- Lists and buffers ---- */

/* One allocation: [list][context][buffer]; the data and its MDL are another. */
static NET_BUFFER_LIST *list_allocate(struct nbl_pool *pool, unsigned context_size,
                                      unsigned context_spare, const void *caller)
{
    size_t context = context_size + context_spare;
    size_t context_block = context ? (CONTEXT_HEADER + context + 15) & ~(size_t)15 : 0;
    size_t size = NBL_BLOCK_SIZE + context_block + (pool->with_net_buffer ? NB_BLOCK_SIZE : 0);
    char *block;
    NET_BUFFER_LIST *nbl;

    block = nt_pool_alloc("NET_BUFFER_LIST", size, pool->common.tag, caller);
    if (!block)
        return NULL;
    nbl = nbl_initialize(block, pool, NBL_WITH_DRIVER);
    if (rules_enabled)
        nbl_note(nbl, "allocated", caller, nt_clock_now());
    if (context)
        context_push(nbl, (NET_BUFFER_LIST_CONTEXT *)(block + NBL_BLOCK_SIZE), context_size,
                     context_spare);
    if (pool->with_net_buffer) {
        NET_BUFFER *nb = nb_initialize(block + NBL_BLOCK_SIZE + context_block, NULL);

        nb_of(nb)->with_list = true;
        NET_BUFFER_LIST_FIRST_NB(nbl) = nb;
    }
    atomic_fetch_add(&pool->common.count, 1);
    return nbl;
}

/* MDL and data for a NET_BUFFER that comes with them. */
static bool data_attach(NET_BUFFER *nb, ULONG size, ULONG tag)
{
    void *data = nt_pool_alloc(NULL, size, tag, NULL);
    MDL *mdl = data ? IoAllocateMdl(data, size, FALSE, FALSE, NULL) : NULL;

    if (!mdl) {
        if (data)
            nt_pool_free(NULL, data, tag, NULL);
        return false;
    }
    MmBuildMdlForNonPagedPool(mdl);
    nb_set_data(nb, mdl, 0, 0);
    nb_of(nb)->with_data = true;
    return true;
}

static void data_detach(NET_BUFFER *nb, ULONG tag)
{
    MDL *mdl = NET_BUFFER_FIRST_MDL(nb);
    void *data = mdl_address(mdl);

    IoFreeMdl(mdl);
    nt_pool_free(NULL, data, tag, NULL);
}

/* Returns the pool of a handle if the call may use it. */
static struct nbl_pool *list_pool(NDIS_HANDLE handle, const char *function, const void *caller)
{
    return handle_check(handle, HANDLE_NBL_POOL, function, caller);
}

PNET_BUFFER_LIST NTAPI NdisAllocateNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize,
                                                 USHORT ContextBackFill)
{
    struct nbl_pool *pool = list_pool(PoolHandle, __func__, RULE_CALLER);
    NET_BUFFER_LIST *nbl;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (!pool)
        return NULL;
    if (ContextSize % MEMORY_ALLOCATION_ALIGNMENT || ContextBackFill % MEMORY_ALLOCATION_ALIGNMENT)
        rule_violation("NetBufferListContext", RULE_CALLER,
                       "%s: ContextSize %u and ContextBackFill %u must be multiples of %u",
                       __func__, ContextSize, ContextBackFill,
                       (unsigned)MEMORY_ALLOCATION_ALIGNMENT);
    nbl = list_allocate(pool, ContextSize,
                        ContextSize || ContextBackFill ? ContextBackFill : pool->context_size,
                        RULE_CALLER);
    if (nbl && pool->common.data_size &&
        !data_attach(NET_BUFFER_LIST_FIRST_NB(nbl), pool->common.data_size, pool->common.tag)) {
        NdisFreeNetBufferList(nbl);
        return NULL;
    }
    return nbl;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateNetBufferList);

PNET_BUFFER_LIST
NTAPI NdisAllocateNetBufferAndNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize,
                                            USHORT ContextBackFill, PMDL MdlChain, ULONG DataOffset,
                                            SIZE_T DataLength)
{
    struct nbl_pool *pool = list_pool(PoolHandle, __func__, RULE_CALLER);
    NET_BUFFER_LIST *nbl;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (!pool)
        return NULL;
    if (!pool->with_net_buffer || pool->common.data_size) {
        rule_violation_object(
            "NetBufferListPool", pool, RULE_CALLER,
            "%s on a pool with fAllocateNetBuffer %d and DataSize %lu (TRUE and 0 are "
            "needed)",
            __func__, pool->with_net_buffer, (unsigned long)pool->common.data_size);
        return NULL;
    }
    if (!MdlChain && (DataOffset || DataLength))
        rule_violation("NetBufferData", RULE_CALLER,
                       "%s: no MDL, but DataOffset %lu and DataLength %lu", __func__,
                       (unsigned long)DataOffset, (unsigned long)DataLength);
    nbl = list_allocate(pool, ContextSize,
                        ContextSize || ContextBackFill ? ContextBackFill : pool->context_size,
                        RULE_CALLER);
    if (nbl)
        nb_set_data(NET_BUFFER_LIST_FIRST_NB(nbl), MdlChain, DataOffset, (ULONG)DataLength);
    return nbl;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateNetBufferAndNetBufferList);

VOID NTAPI NdisFreeNetBufferList(PNET_BUFFER_LIST NetBufferList)
{
    struct nbl_header *header = nbl_of(NetBufferList);
    unsigned owner = NBL_WITH_DRIVER;
    struct nbl_pool *pool = header->pool;
    NET_BUFFER *nb;

    HOST_CALL(DISPATCH_LEVEL);
    if (header->magic != NBL_MAGIC || !pool ||
        !atomic_compare_exchange_strong(&header->owner, &owner, NBL_FREE)) {
        rule_violation_object("NetBufferListOwner", NetBufferList, RULE_CALLER,
                              "NdisFreeNetBufferList of %p, which is %s", (void *)NetBufferList,
                              header->magic == NBL_MAGIC ? nbl_owner_name(owner)
                                                         : "not a NET_BUFFER_LIST");
        return;
    }
    if (!nbl_tail_intact(NetBufferList))
        rule_violation_object(
            "NetBufferListSize", NetBufferList, RULE_CALLER,
            "the driver wrote past the end of the NET_BUFFER_LIST %p, into NDIS's data",
            (void *)NetBufferList);
    for (nb = NET_BUFFER_LIST_FIRST_NB(NetBufferList); nb; nb = NET_BUFFER_NEXT_NB(nb))
        if (nb_of(nb)->magic == NB_MAGIC && nb_of(nb)->with_list && nb_of(nb)->with_data)
            data_detach(nb, pool->common.tag);
    atomic_fetch_sub(&pool->common.count, 1);
    nt_pool_free("NET_BUFFER_LIST", header, pool->common.tag, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeNetBufferList);

static NET_BUFFER *buffer_allocate(struct nb_pool *pool, const void *caller)
{
    void *block = nt_pool_alloc("NET_BUFFER", NB_BLOCK_SIZE, pool->common.tag, caller);

    if (!block)
        return NULL;
    atomic_fetch_add(&pool->common.count, 1);
    return nb_initialize(block, pool);
}

PNET_BUFFER NTAPI NdisAllocateNetBuffer(NDIS_HANDLE PoolHandle, PMDL MdlChain, ULONG DataOffset,
                                        SIZE_T DataLength)
{
    struct nb_pool *pool = handle_check(PoolHandle, HANDLE_NB_POOL, __func__, RULE_CALLER);
    NET_BUFFER *nb;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (!pool)
        return NULL;
    if (!MdlChain && (DataOffset || DataLength))
        rule_violation("NetBufferData", RULE_CALLER,
                       "%s: no MDL, but DataOffset %lu and DataLength %lu", __func__,
                       (unsigned long)DataOffset, (unsigned long)DataLength);
    nb = buffer_allocate(pool, RULE_CALLER);
    if (nb)
        nb_set_data(nb, MdlChain, DataOffset, (ULONG)DataLength);
    return nb;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateNetBuffer);

PNET_BUFFER NTAPI NdisAllocateNetBufferMdlAndData(NDIS_HANDLE PoolHandle)
{
    struct nb_pool *pool = handle_check(PoolHandle, HANDLE_NB_POOL, __func__, RULE_CALLER);
    NET_BUFFER *nb;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (!pool || !pool->common.data_size)
        return NULL;
    nb = buffer_allocate(pool, RULE_CALLER);
    if (nb && !data_attach(nb, pool->common.data_size, pool->common.tag)) {
        NdisFreeNetBuffer(nb);
        return NULL;
    }
    return nb;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateNetBufferMdlAndData);

VOID NTAPI NdisFreeNetBuffer(PNET_BUFFER NetBuffer)
{
    struct nb_header *header = nb_of(NetBuffer);
    struct nb_pool *pool = header->pool;

    HOST_CALL(DISPATCH_LEVEL);
    if (header->magic != NB_MAGIC || !pool) {
        rule_violation_object("NetBufferOwner", NetBuffer, RULE_CALLER,
                              "NdisFreeNetBuffer of %p, which %s", (void *)NetBuffer,
                              header->magic != NB_MAGIC ? "is not a NET_BUFFER"
                              : header->with_list       ? "belongs to its NET_BUFFER_LIST"
                                                        : "is not the driver's");
        return;
    }
    if (header->sg.list)
        rule_violation_object("NdisMFreeNetBufferSGList", NetBuffer, RULE_CALLER,
                              "NdisFreeNetBuffer of %p, which still has a scatter/gather list",
                              (void *)NetBuffer);
    if (header->with_data)
        data_detach(NetBuffer, pool->common.tag);
    header->magic = 0;
    atomic_fetch_sub(&pool->common.count, 1);
    nt_pool_free("NET_BUFFER", header, pool->common.tag, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeNetBuffer);

/* ---- MDLs ---- */

PMDL NTAPI NdisAllocateMdl(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, UINT Length)
{
    MDL *mdl;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    handle_driver_or_adapter(NdisHandle, __func__, RULE_CALLER);
    mdl = IoAllocateMdl(VirtualAddress, Length, FALSE, FALSE, NULL);
    if (mdl)
        MmBuildMdlForNonPagedPool(mdl);
    return mdl;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateMdl);

VOID NTAPI NdisFreeMdl(PMDL Mdl)
{
    HOST_CALL(DISPATCH_LEVEL);
    IoFreeMdl(Mdl);
}
HOST_EXPORT("NDIS.SYS", NdisFreeMdl);
