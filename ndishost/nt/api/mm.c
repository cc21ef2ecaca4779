/* SPDX-License-Identifier: MIT */
/* Memory that is not pool: contiguous memory, device memory, addresses, and what pages in and out. */
#include <sys/uio.h>
#include <unistd.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/io.h"
#include "nt/machine/phys.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_CONTIGUOUS "contiguous memory"
#define TRACK_IO_SPACE   "I/O space mapping"

static struct nt_io_hooks hooks;

void nt_io_hooks(const struct nt_io_hooks *given)
{
    hooks = *given;
}

/* ---- Contiguous memory ---- */

static PVOID allocate_contiguous(SIZE_T bytes, PHYSICAL_ADDRESS highest, const void *caller)
{
    unsigned flags = PHYS_CONTIGUOUS;
    void *p;

    if ((uint64_t)highest.QuadPart < PHYS_HOLE_END)
        flags |= PHYS_BELOW_4G;
    if (nt_allocation_fails())
        return NULL;
    p = phys_alloc(bytes, flags, NULL);
    if (p)
        track_add(TRACK_CONTIGUOUS, p, bytes, caller);
    return p;
}

PVOID NTAPI MmAllocateContiguousMemory(SIZE_T NumberOfBytes,
                                       PHYSICAL_ADDRESS HighestAcceptableAddress)
{
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    return allocate_contiguous(NumberOfBytes, HighestAcceptableAddress, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", MmAllocateContiguousMemory);

PVOID NTAPI MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes,
                                                   PHYSICAL_ADDRESS LowestAcceptableAddress,
                                                   PHYSICAL_ADDRESS HighestAcceptableAddress,
                                                   PHYSICAL_ADDRESS BoundaryAddressMultiple,
                                                   MEMORY_CACHING_TYPE CacheType)
{
    (void)LowestAcceptableAddress;
    (void)BoundaryAddressMultiple;
    (void)CacheType;
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    return allocate_contiguous(NumberOfBytes, HighestAcceptableAddress, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", MmAllocateContiguousMemorySpecifyCache);

static void free_contiguous(PVOID p, const void *caller)
{
    if (!track_remove(TRACK_CONTIGUOUS, p, caller))
        rule_violation_object("PoolFree", p, caller,
                              "frees %p, which is not contiguous memory or was already freed", p);
    else
        phys_free(p);
}

VOID NTAPI MmFreeContiguousMemory(PVOID BaseAddress)
{
    HOST_CALL(DISPATCH_LEVEL);
    free_contiguous(BaseAddress, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", MmFreeContiguousMemory);

VOID NTAPI MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes,
                                              MEMORY_CACHING_TYPE CacheType)
{
    (void)NumberOfBytes;
    (void)CacheType;
    HOST_CALL(DISPATCH_LEVEL);
    free_contiguous(BaseAddress, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", MmFreeContiguousMemorySpecifyCache);

/* ---- Device memory ---- */

PVOID NTAPI MmMapIoSpace(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes,
                         MEMORY_CACHING_TYPE CacheType)
{
    void *va;

    (void)CacheType;
    HOST_CALL(DISPATCH_LEVEL);
    HOST_ALLOCATES();
    if (!hooks.map || nt_allocation_fails())
        return NULL;
    va = hooks.map((uint64_t)PhysicalAddress.QuadPart, NumberOfBytes);
    if (va)
        track_add(TRACK_IO_SPACE, va, NumberOfBytes, RULE_CALLER);
    return va;
}
HOST_EXPORT("ntoskrnl.exe", MmMapIoSpace);

VOID NTAPI MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    (void)NumberOfBytes;
    HOST_CALL(DISPATCH_LEVEL);
    if (!track_remove(TRACK_IO_SPACE, BaseAddress, RULE_CALLER))
        rule_violation_object("UnmapIoSpace", BaseAddress, RULE_CALLER,
                              "unmaps I/O space %p, which is not mapped", BaseAddress);
    else
        hooks.unmap(BaseAddress);
}
HOST_EXPORT("ntoskrnl.exe", MmUnmapIoSpace);

/* ---- Addresses ---- */

LARGE_INTEGER_RETURN NTAPI MmGetPhysicalAddress(PVOID BaseAddress)
{
    uint64_t pa;

    HOST_CALL(RULE_ANY_IRQL);
    return phys_address(BaseAddress, &pa) ? (LONGLONG)pa : 0;
}
HOST_EXPORT("ntoskrnl.exe", MmGetPhysicalAddress);

BOOLEAN NTAPI MmIsAddressValid(PVOID VirtualAddress)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {VirtualAddress, 1};

    HOST_CALL(DISPATCH_LEVEL);
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 1;
}
HOST_EXPORT("ntoskrnl.exe", MmIsAddressValid);

/* ---- Paging: everything is always resident ---- */

PVOID NTAPI MmLockPagableDataSection(PVOID AddressWithinSection)
{
    HOST_CALL(APC_LEVEL);
    return AddressWithinSection;
}
HOST_EXPORT("ntoskrnl.exe", MmLockPagableDataSection);

VOID NTAPI MmLockPagableSectionByHandle(PVOID ImageSectionHandle)
{
    (void)ImageSectionHandle;
    HOST_CALL(APC_LEVEL);
}
HOST_EXPORT("ntoskrnl.exe", MmLockPagableSectionByHandle);

VOID NTAPI MmUnlockPagableImageSection(PVOID ImageSectionHandle)
{
    (void)ImageSectionHandle;
    HOST_CALL(APC_LEVEL);
}
HOST_EXPORT("ntoskrnl.exe", MmUnlockPagableImageSection);

PVOID NTAPI MmPageEntireDriver(PVOID AddressWithinSection)
{
    HOST_CALL(APC_LEVEL);
    return AddressWithinSection;
}
HOST_EXPORT("ntoskrnl.exe", MmPageEntireDriver);

VOID NTAPI MmResetDriverPaging(PVOID AddressWithinSection)
{
    (void)AddressWithinSection;
    HOST_CALL(APC_LEVEL);
}
HOST_EXPORT("ntoskrnl.exe", MmResetDriverPaging);

/* ---- The system ---- */

PVOID NTAPI MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName)
{
    char name[128];
    unsigned length = SystemRoutineName->Length / 2u;
    const void *address;

    HOST_CALL(PASSIVE_LEVEL);
    if (length >= sizeof name)
        return NULL;
    for (unsigned i = 0; i < length; i++) {
        if (SystemRoutineName->Buffer[i] > 0x7F)
            return NULL;
        name[i] = (char)SystemRoutineName->Buffer[i];
    }
    name[length] = 0;
    address = host_export_find("ntoskrnl.exe", name);
    return (PVOID)(uintptr_t)(address ? address : host_export_find("HAL.dll", name));
}
HOST_EXPORT("ntoskrnl.exe", MmGetSystemRoutineAddress);

LOGICAL NTAPI MmIsDriverVerifying(PDRIVER_OBJECT DriverObject)
{
    (void)DriverObject;
    HOST_CALL(APC_LEVEL);
    return rules_enabled;
}
HOST_EXPORT("ntoskrnl.exe", MmIsDriverVerifying);

LONG NTAPI MmQuerySystemSize(VOID)
{
    return 2; /* MmLargeSystem */
}
HOST_EXPORT("ntoskrnl.exe", MmQuerySystemSize);
