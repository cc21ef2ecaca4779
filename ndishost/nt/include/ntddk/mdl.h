/* SPDX-License-Identifier: MIT */
/*
 * Memory descriptor lists: a buffer's pages, named for DMA and for mapping.
 *
 * The page frame numbers follow the MDL; MappedSystemVa is valid when MdlFlags say so.
 * Documentation: ddi/wdm/ns-wdm-_mdl and the Mm macros named here.
 */

#ifndef NDISHOST_NTDDK_MDL_H
#define NDISHOST_NTDDK_MDL_H

typedef struct _MDL MDL, *PMDL;
struct _MDL {
    PMDL Next;
    CSHORT Size;
    CSHORT MdlFlags;
    PEPROCESS Process;
    PVOID MappedSystemVa;
    PVOID StartVa;
    ULONG ByteCount;
    ULONG ByteOffset;
};

#define MDL_MAPPED_TO_SYSTEM_VA     1
#define MDL_PAGES_LOCKED            2
#define MDL_SOURCE_IS_NONPAGED_POOL 4
#define MDL_ALLOCATED_FIXED_SIZE    8
#define MDL_PARTIAL                 0x10
#define MDL_PARTIAL_HAS_BEEN_MAPPED 0x20
#define MDL_IO_PAGE_READ            0x40
#define MDL_WRITE_OPERATION         0x80
#define MDL_PARENT_MAPPED_SYSTEM_VA 0x100
#define MDL_FREE_EXTRA_PTES         0x200
#define MDL_DESCRIBES_AWE           0x400
#define MDL_IO_SPACE                0x800
#define MDL_NETWORK_HEADER          0x1000
#define MDL_MAPPING_CAN_FAIL        0x2000
#define MDL_ALLOCATED_MUST_SUCCEED  0x4000
#define MDL_INTERNAL                0x8000

typedef enum _MEMORY_CACHING_TYPE {
    MmNonCached = 0,
    MmCached = 1,
    MmWriteCombined = 2,
    MmHardwareCoherentCached = 3,
    MmNonCachedUnordered = 4,
    MmUSWCCached = 5,
    MmMaximumCacheType = 6
} MEMORY_CACHING_TYPE;

typedef enum _MM_PAGE_PRIORITY {
    LowPagePriority = 0,
    NormalPagePriority = 16,
    HighPagePriority = 32
} MM_PAGE_PRIORITY;

#define MmGetMdlByteCount(_Mdl)      ((_Mdl)->ByteCount)
#define MmGetMdlByteOffset(_Mdl)     ((_Mdl)->ByteOffset)
#define MmGetMdlBaseVa(_Mdl)         ((_Mdl)->StartVa)
#define MmGetMdlVirtualAddress(_Mdl) ((PVOID)((PCHAR)(_Mdl)->StartVa + (_Mdl)->ByteOffset))
#define MmGetMdlPfnArray(_Mdl)       ((PPFN_NUMBER)((_Mdl) + 1))
#define MmGetSystemAddressForMdlSafe(_Mdl, _Priority)                             \
    (((_Mdl)->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) \
         ? (_Mdl)->MappedSystemVa                                                 \
         : MmMapLockedPagesSpecifyCache((_Mdl), KernelMode, MmCached, NULL, FALSE, (_Priority)))
#define MmInitializeMdl(_Mdl, _BaseVa, _Length)                                                    \
    {                                                                                              \
        (_Mdl)->Next = NULL;                                                                       \
        (_Mdl)->Size = (CSHORT)(sizeof(MDL) + sizeof(PFN_NUMBER) * ADDRESS_AND_SIZE_TO_SPAN_PAGES( \
                                                                       (_BaseVa), (_Length)));     \
        (_Mdl)->MdlFlags = 0;                                                                      \
        (_Mdl)->StartVa = PAGE_ALIGN(_BaseVa);                                                     \
        (_Mdl)->ByteOffset = BYTE_OFFSET(_BaseVa);                                                 \
        (_Mdl)->ByteCount = (ULONG)(_Length);                                                      \
    }

#endif
