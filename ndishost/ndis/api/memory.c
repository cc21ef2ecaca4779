/* SPDX-License-Identifier: MIT */
/* NDIS memory, and generic objects. */
#include "ndis/api/miniport.h"

#include <string.h>
#include "nt/api/pool.h"

#define OLD_TAG     0x6D4D444E /* "NDMm": of the calls that have none */
#define MEMORY_KIND "memory"

/* Without an adapter's handle it may be of all adapters: one may halt before another has freed it. */
static void *allocate(NDIS_HANDLE handle, size_t length, ULONG tag, const char *function,
                      const void *caller)
{
    const struct handle *whose = handle;

    if (!tag)
        rule_violation("NdisAllocateMemoryWithTagPriority", caller, "%s of %zu bytes without a tag",
                       function, length);
    return whose && whose->kind == HANDLE_ADAPTER
               ? nt_pool_alloc(MEMORY_KIND, length, tag, caller)
               : nt_pool_alloc_shared(MEMORY_KIND, length, tag, caller);
}

PVOID NTAPI NdisAllocateMemoryWithTagPriority(NDIS_HANDLE NdisHandle, UINT Length, ULONG Tag,
                                              EX_POOL_PRIORITY Priority)
{
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    (void)Priority;
    if (!handle_driver_or_adapter(NdisHandle, __func__, RULE_CALLER))
        NdisHandle = NULL;
    return allocate(NdisHandle, Length, Tag, __func__, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisAllocateMemoryWithTagPriority);

VOID NTAPI NdisFreeMemoryWithTagPriority(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, ULONG Tag)
{
    HOST_CALL(DISPATCH_LEVEL);
    handle_driver_or_adapter(NdisHandle, __func__, RULE_CALLER);
    nt_pool_free(MEMORY_KIND, VirtualAddress, Tag, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeMemoryWithTagPriority);

NDIS_STATUS NTAPI NdisAllocateMemoryWithTag(PVOID *VirtualAddress, UINT Length, ULONG Tag)
{
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    *VirtualAddress = allocate(NULL, Length, Tag, __func__, RULE_CALLER);
    return *VirtualAddress ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateMemoryWithTag);

VOID NTAPI NdisFreeMemoryWithTag(PVOID VirtualAddress, ULONG Tag)
{
    HOST_CALL(DISPATCH_LEVEL);
    nt_pool_free(MEMORY_KIND, VirtualAddress, Tag, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeMemoryWithTag);

NDIS_STATUS NTAPI NdisAllocateMemory(PVOID *VirtualAddress, UINT Length, UINT MemoryFlags,
                                     NDIS_PHYSICAL_ADDRESS HighestAcceptableAddress)
{
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    (void)HighestAcceptableAddress;
    *VirtualAddress =
        MemoryFlags ? NULL : nt_pool_alloc_shared(MEMORY_KIND, Length, OLD_TAG, RULE_CALLER);
    return *VirtualAddress ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateMemory);

/* Length may be 0, and is the whole block's otherwise (ddi/ndis/nf-ndis-ndisfreememory). */
VOID NTAPI NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags)
{
    size_t size = nt_pool_size(VirtualAddress);

    HOST_CALL(DISPATCH_LEVEL);
    (void)MemoryFlags;
    if (Length && size && Length != size)
        rule_violation_object(
            "NdisFreeMemory", VirtualAddress, RULE_CALLER,
            "the driver frees %p with a length of %u bytes; its allocation has %zu", VirtualAddress,
            Length, size);
    nt_pool_free(MEMORY_KIND, VirtualAddress, 0, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeMemory);

NDIS_HANDLE NTAPI NdisAllocateGenericObject(PDRIVER_OBJECT DriverObject, ULONG Tag, USHORT Size)
{
    size_t size = sizeof(NDIS_GENERIC_OBJECT) + Size;
    NDIS_GENERIC_OBJECT *object;

    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    object = nt_pool_alloc("generic object", size, Tag, RULE_CALLER);
    if (!object)
        return NULL;
    memset(object, 0, size);
    object->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    object->Header.Revision = NDIS_OBJECT_REVISION_1;
    object->Header.Size = (USHORT)size;
    object->Caller = (PVOID)RULE_CALLER;
    object->DriverObject = DriverObject;
    return object;
}
HOST_EXPORT("NDIS.SYS", NdisAllocateGenericObject);

VOID NTAPI NdisFreeGenericObject(PNDIS_GENERIC_OBJECT NdisObject)
{
    HOST_CALL(DISPATCH_LEVEL);
    nt_pool_free("generic object", NdisObject, 0, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisFreeGenericObject);
