/* SPDX-License-Identifier: MIT */
/* Memory descriptor lists. The host has one address space, so a "mapping" is the address itself. */
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/phys.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_KIND "MDL"
#define MDL_TAG    0x206C644Du /* "Mdl " */
/* MDL.Size is 16 bits; larger buffers need several MDLs. */
#define PAGES_MAX ((0x7FFF - sizeof(MDL)) / sizeof(PFN_NUMBER))

static PMDL allocate(const char *kind, PVOID va, SIZE_T length, const void *caller)
{
    SIZE_T pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(va, length);
    PMDL mdl;

    if (pages > PAGES_MAX)
        return NULL;
    mdl = nt_pool_alloc(kind, sizeof *mdl + pages * sizeof(PFN_NUMBER), MDL_TAG, caller);
    if (mdl) {
        mdl->Next = NULL;
        mdl->Process = NULL;
        mdl->MappedSystemVa = NULL;
        MmInitializeMdl(mdl, va, length);
    }
    return mdl;
}

PMDL NTAPI IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer,
                         BOOLEAN ChargeQuota, PIRP Irp)
{
    PMDL mdl, last;

    (void)ChargeQuota;
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    mdl = allocate(TRACK_KIND, VirtualAddress, Length, RULE_CALLER);
    if (!mdl || !Irp)
        return mdl;
    if (!SecondaryBuffer || !Irp->MdlAddress) {
        Irp->MdlAddress = mdl;
    } else {
        for (last = Irp->MdlAddress; last->Next; last = last->Next)
            ;
        last->Next = mdl;
    }
    return mdl;
}
HOST_EXPORT("ntoskrnl.exe", IoAllocateMdl);

VOID NTAPI IoFreeMdl(PMDL Mdl)
{
    HOST_CALL(DISPATCH_LEVEL);
    if (rules_enabled && track_exists(TRACK_KIND, Mdl) && (Mdl->MdlFlags & MDL_PAGES_LOCKED))
        rule_violation_object("MdlFree", Mdl, RULE_CALLER,
                              "frees MDL %p while its pages are locked (MmUnlockPages)",
                              (void *)Mdl);
    nt_pool_free(TRACK_KIND, Mdl, MDL_TAG, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoFreeMdl);

/* Writes the page frame numbers; reports the first page that is not physical memory. */
static void translate(PMDL mdl, const void *caller)
{
    PPFN_NUMBER pfn = MmGetMdlPfnArray(mdl);
    ULONG pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), mdl->ByteCount);
    bool told = false;

    for (ULONG i = 0; i < pages; i++) {
        uint8_t *page = (uint8_t *)mdl->StartVa + (SIZE_T)i * PAGE_SIZE;
        uint64_t pa = 0;

        if (!phys_address(page, &pa) && !told) {
            told = true;
            rule_violation("MdlMemory", caller,
                           "describes %p by an MDL, but a device cannot access that memory (use "
                           "pool or shared memory, not a stack or the driver's own data)",
                           (void *)page);
        }
        pfn[i] = (PFN_NUMBER)(pa / PAGE_SIZE);
    }
}

VOID NTAPI MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList)
{
    HOST_CALL(DISPATCH_LEVEL);
    translate(MemoryDescriptorList, RULE_CALLER);
    MemoryDescriptorList->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    MemoryDescriptorList->MappedSystemVa = MmGetMdlVirtualAddress(MemoryDescriptorList);
}
HOST_EXPORT("ntoskrnl.exe", MmBuildMdlForNonPagedPool);

VOID NTAPI MmProbeAndLockPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
                               LOCK_OPERATION Operation)
{
    (void)AccessMode;
    HOST_CALL(DISPATCH_LEVEL);
    translate(MemoryDescriptorList, RULE_CALLER);
    MemoryDescriptorList->MdlFlags |=
        MDL_PAGES_LOCKED | (Operation == IoReadAccess ? 0 : MDL_WRITE_OPERATION);
}
HOST_EXPORT("ntoskrnl.exe", MmProbeAndLockPages);

VOID NTAPI MmUnlockPages(PMDL MemoryDescriptorList)
{
    HOST_CALL(DISPATCH_LEVEL);
    if (rules_enabled && !(MemoryDescriptorList->MdlFlags & MDL_PAGES_LOCKED))
        rule_violation_object("MdlLocked", MemoryDescriptorList, RULE_CALLER,
                              "unlocks the pages of MDL %p, which are not locked",
                              (void *)MemoryDescriptorList);
    MemoryDescriptorList->MdlFlags &=
        ~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION | MDL_MAPPED_TO_SYSTEM_VA);
}
HOST_EXPORT("ntoskrnl.exe", MmUnlockPages);

PVOID NTAPI MmMapLockedPagesSpecifyCache(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
                                         MEMORY_CACHING_TYPE CacheType, PVOID RequestedAddress,
                                         ULONG BugCheckOnFailure, MM_PAGE_PRIORITY Priority)
{
    PMDL mdl = MemoryDescriptorList;

    (void)AccessMode;
    (void)CacheType;
    (void)RequestedAddress;
    (void)Priority;
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (rules_enabled &&
        !(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_PARTIAL | MDL_SOURCE_IS_NONPAGED_POOL)))
        rule_violation_object("MdlLocked", mdl, RULE_CALLER,
                              "maps MDL %p, whose pages are not locked", (void *)mdl);
    if (!BugCheckOnFailure && nt_allocation_fails())
        return NULL;
    mdl->MappedSystemVa = MmGetMdlVirtualAddress(mdl);
    mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    return mdl->MappedSystemVa;
}
HOST_EXPORT("ntoskrnl.exe", MmMapLockedPagesSpecifyCache);

PVOID NTAPI MmMapLockedPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode)
{
    (void)AccessMode;
    HOST_CALL(DISPATCH_LEVEL);
    MemoryDescriptorList->MappedSystemVa = MmGetMdlVirtualAddress(MemoryDescriptorList);
    MemoryDescriptorList->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    return MemoryDescriptorList->MappedSystemVa;
}
HOST_EXPORT("ntoskrnl.exe", MmMapLockedPages);

VOID NTAPI MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList)
{
    HOST_CALL(DISPATCH_LEVEL);
    if (rules_enabled && (!(MemoryDescriptorList->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) ||
                          BaseAddress != MemoryDescriptorList->MappedSystemVa))
        rule_violation_object("MdlMapped", MemoryDescriptorList, RULE_CALLER,
                              "unmaps %p of MDL %p, which is not mapped there", BaseAddress,
                              (void *)MemoryDescriptorList);
    MemoryDescriptorList->MdlFlags &= ~MDL_MAPPED_TO_SYSTEM_VA;
}
HOST_EXPORT("ntoskrnl.exe", MmUnmapLockedPages);

VOID NTAPI IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length)
{
    uint8_t *source = MmGetMdlVirtualAddress(SourceMdl), *target = VirtualAddress;
    ULONG offset = (ULONG)(target - source);
    ULONG pages;

    HOST_CALL(DISPATCH_LEVEL);
    if (Length == 0)
        Length = SourceMdl->ByteCount - offset;
    pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(target, Length);
    if (target < source || offset > SourceMdl->ByteCount ||
        Length > SourceMdl->ByteCount - offset ||
        sizeof(MDL) + pages * sizeof(PFN_NUMBER) > (SIZE_T)TargetMdl->Size) {
        rule_violation(
            "MdlPartial", RULE_CALLER,
            "builds a partial MDL of %u bytes at offset %d of %u bytes, or of more pages "
            "than the target has room for",
            (unsigned)Length, (int)offset, (unsigned)SourceMdl->ByteCount);
        return;
    }
    TargetMdl->StartVa = PAGE_ALIGN(target);
    TargetMdl->ByteOffset = BYTE_OFFSET(target);
    TargetMdl->ByteCount = Length;
    TargetMdl->MdlFlags =
        (CSHORT)((SourceMdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL) | MDL_PARTIAL);
    TargetMdl->MappedSystemVa = target;
    memcpy(MmGetMdlPfnArray(TargetMdl),
           MmGetMdlPfnArray(SourceMdl) +
               ((uint8_t *)TargetMdl->StartVa - (uint8_t *)SourceMdl->StartVa) / PAGE_SIZE,
           pages * sizeof(PFN_NUMBER));
}
HOST_EXPORT("ntoskrnl.exe", IoBuildPartialMdl);

SIZE_T NTAPI MmSizeOfMdl(PVOID Base, SIZE_T Length)
{
    return sizeof(MDL) + ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, Length) * sizeof(PFN_NUMBER);
}
HOST_EXPORT("ntoskrnl.exe", MmSizeOfMdl);

/* ---- Pages that nothing maps until the driver does ---- */

PMDL NTAPI MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
                                   PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes,
                                   MEMORY_CACHING_TYPE CacheType, ULONG Flags)
{
    unsigned flags = PHYS_SCATTERED;
    PMDL mdl;
    void *pages;

    (void)LowAddress;
    (void)SkipBytes;
    (void)CacheType;
    (void)Flags;
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if ((uint64_t)HighAddress.QuadPart < PHYS_HOLE_END)
        flags |= PHYS_BELOW_4G;
    if (TotalBytes == 0 || nt_allocation_fails())
        return NULL;
    pages = phys_alloc(TotalBytes, flags, NULL);
    mdl = pages ? allocate("pool", pages, ROUND_TO_PAGES(TotalBytes), RULE_CALLER) : NULL;
    if (!mdl) {
        if (pages)
            phys_free(pages);
        return NULL;
    }
    translate(mdl, RULE_CALLER);
    mdl->MdlFlags |= MDL_PAGES_LOCKED;
    track_add("MDL pages", mdl, mdl->ByteCount, RULE_CALLER);
    return mdl;
}
HOST_EXPORT("ntoskrnl.exe", MmAllocatePagesForMdlEx);

PMDL NTAPI MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress,
                                 PHYSICAL_ADDRESS SkipBytes, SIZE_T TotalBytes)
{
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    return MmAllocatePagesForMdlEx(LowAddress, HighAddress, SkipBytes, TotalBytes, MmCached, 0);
}
HOST_EXPORT("ntoskrnl.exe", MmAllocatePagesForMdl);

/* The MDL itself is freed by the driver, with ExFreePool. */
VOID NTAPI MmFreePagesFromMdl(PMDL MemoryDescriptorList)
{
    HOST_CALL(DISPATCH_LEVEL);
    if (!track_remove("MDL pages", MemoryDescriptorList, RULE_CALLER)) {
        rule_violation_object("MdlFree", MemoryDescriptorList, RULE_CALLER,
                              "frees the pages of MDL %p, which has no pages",
                              (void *)MemoryDescriptorList);
        return;
    }
    phys_free(MemoryDescriptorList->StartVa);
    MemoryDescriptorList->MdlFlags &= ~(MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA);
}
HOST_EXPORT("ntoskrnl.exe", MmFreePagesFromMdl);
