/* SPDX-License-Identifier: MIT */
/*
 * NT's function-like macros, for a driver: each in the form that Microsoft's headers give it.
 *
 * Some of them cannot stand wherever a function call can: their body is a block or a bare statement.
 * Others evaluate an argument twice. mingw-w64 and the host declare
 * some of them as functions, or in a form that forgives more. tests/abi/macros.tsv has the forms of
 * Windows 7's WDK, and tests/abi/macros.py holds every name here to it.
 *
 * Included by ndis.h after ntddk.h, for drivers only: a program that stands in for Windows defines
 * the functions of these names.
 */

#ifndef NDIS_MINGW_MACROS_H
#define NDIS_MINGW_MACROS_H

/* ---- Where mingw-w64 differs, and for the host's ntddk.h as well ---- */

/* Alignment and pages */
#undef ALIGN_UP_POINTER_BY
#define ALIGN_UP_POINTER_BY(Address, Alignment) \
    ((PVOID)(((ULONG_PTR)(Address) + (Alignment)-1) & ~((ULONG_PTR)(Alignment)-1)))
#undef ADDRESS_AND_SIZE_TO_SPAN_PAGES
#define ADDRESS_AND_SIZE_TO_SPAN_PAGES(Va, Size) \
    ((ULONG)(((Size) >> PAGE_SHIFT) +            \
             ((BYTE_OFFSET(Va) + BYTE_OFFSET(Size) + PAGE_SIZE - 1) >> PAGE_SHIFT)))

/* The language */
#undef UNREFERENCED_PARAMETER
#define UNREFERENCED_PARAMETER(Parameter) ((void)(Parameter))
#undef DECLARE_HANDLE
#define DECLARE_HANDLE(Name) \
    struct Name##__ {        \
        int unused;          \
    };                       \
    typedef struct Name##__ *Name
#undef PAGED_CODE
#define PAGED_CODE() ((void)0);

/* Bits, and 64-bit arithmetic that x86 has as functions */
#undef EX_INIT_BITS
#define EX_INIT_BITS(Flags, Bit) (*(Flags) |= (Bit))
#if defined(_X86_)
#undef Int64ShllMod32
#undef Int64ShraMod32
#undef Int64ShrlMod32
FORCEINLINE ULONGLONG Int64ShllMod32(ULONGLONG Value, ULONG ShiftCount)
{
    return Value << (ShiftCount & 31);
}
FORCEINLINE LONGLONG Int64ShraMod32(LONGLONG Value, ULONG ShiftCount)
{
    return Value >> (ShiftCount & 31);
}
FORCEINLINE ULONGLONG Int64ShrlMod32(ULONGLONG Value, ULONG ShiftCount)
{
    return Value >> (ShiftCount & 31);
}
#endif

/* Numbers at any address, on x64 */
#if !defined(_X86_)
#ifndef UNALIGNED
#define UNALIGNED
#endif
#undef RtlRetrieveUlong
#define RtlRetrieveUlong(Destination, Source) \
    (*(PULONG)(Destination) = *(ULONG UNALIGNED *)(Source))
#undef RtlRetrieveUshort
#define RtlRetrieveUshort(Destination, Source) \
    (*(PUSHORT)(Destination) = *(USHORT UNALIGNED *)(Source))
#undef RtlStoreUlong
#define RtlStoreUlong(Address, Value) (*(ULONG UNALIGNED *)(Address) = (ULONG)(Value))
#undef RtlStoreUlonglong
#define RtlStoreUlonglong(Address, Value) (*(ULONGLONG UNALIGNED *)(Address) = (Value))
#undef RtlStoreUshort
#define RtlStoreUshort(Address, Value) (*(USHORT UNALIGNED *)(Address) = (USHORT)(Value))
#endif

/* Lists, pool, zones */
#undef InitializeListHead32
#define InitializeListHead32(ListHead) (ListHead)->Flink = (ListHead)->Blink = PtrToUlong(ListHead)
#undef ExFreePool
#define ExFreePool(P) ExFreePoolWithTag((P), 0)
#undef ExAllocateFromZone
#define ExAllocateFromZone(Zone)       \
    (PVOID)((Zone)->FreeList.Next);    \
    if ((Zone)->FreeList.Next != NULL) \
    (Zone)->FreeList.Next = (Zone)->FreeList.Next->Next
#undef ExFreeToZone
#define ExFreeToZone(Zone, Block)                                 \
    (((PSINGLE_LIST_ENTRY)(Block))->Next = (Zone)->FreeList.Next, \
     (Zone)->FreeList.Next = (PSINGLE_LIST_ENTRY)(Block), (Zone)->FreeList.Next->Next)

/* MDLs */
#undef MmPrepareMdlForReuse
#define MmPrepareMdlForReuse(Mdl)                             \
    if (((Mdl)->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED) != 0) \
    MmUnmapLockedPages((Mdl)->MappedSystemVa, (Mdl))

/* Executive work, callbacks, power */
#undef ExInitializeWorkItem
#define ExInitializeWorkItem(Item, Routine, Context) \
    (Item)->WorkerRoutine = (Routine);               \
    (Item)->Parameter = (Context);                   \
    (Item)->List.Flink = NULL
#undef KeInitializeCallbackRecord
#define KeInitializeCallbackRecord(CallbackRecord) ((CallbackRecord)->State = BufferEmpty)
#undef PoSetDeviceBusy
#define PoSetDeviceBusy(IdlePointer) *(IdlePointer) = 0

/* Time */
#undef KeQueryTickCount
#if defined(_X86_)
#define KeQueryTickCount(CurrentCount)                               \
    {                                                                \
        do {                                                         \
            (CurrentCount)->HighPart = KeTickCount.High1Time;        \
            (CurrentCount)->LowPart = KeTickCount.LowPart;           \
        } while ((CurrentCount)->HighPart != KeTickCount.High2Time); \
    }
#elif defined(_WIN32)
#define KeQueryTickCount(CurrentCount) \
    (*(PLONGLONG)(CurrentCount) = *(volatile LONGLONG *)SharedTickCount)
#undef KeQuerySystemTime
#define KeQuerySystemTime(CurrentTime) \
    (*(PLONGLONG)(CurrentTime) = *(volatile LONGLONG *)SharedSystemTime)
#endif

/* Fast calls that have a second name: not the name of a function, as an alias would be */
#undef IoCallDriver
#define IoCallDriver(DeviceObject, Irp) IofCallDriver((DeviceObject), (Irp))
#undef IoCompleteRequest
#define IoCompleteRequest(Irp, PriorityBoost) IofCompleteRequest((Irp), (PriorityBoost))
#undef IoDeassignArcName
#define IoDeassignArcName(ArcName) IoDeleteSymbolicLink(ArcName)
#undef ObReferenceObject
#define ObReferenceObject(Object) ObfReferenceObject(Object)
#undef ObReferenceObjectWithTag
#define ObReferenceObjectWithTag(Object, Tag) ObfReferenceObjectWithTag((Object), (Tag))
#undef ObDereferenceObject
#define ObDereferenceObject(Object) ObfDereferenceObject(Object)
#undef ObDereferenceObjectWithTag
#define ObDereferenceObjectWithTag(Object, Tag) ObfDereferenceObjectWithTag((Object), (Tag))

/* ---- Where only the host's ntddk.h differs: it declares what Windows exports ---- */

#ifndef _WIN32

#define ARGUMENT_PRESENT(Argument) ((ULONG_PTR)(Argument) != 0)

#undef RtlCopyMemory
#define RtlCopyMemory(Destination, Source, Length) memcpy((Destination), (Source), (Length))
#undef RtlMoveMemory
#define RtlMoveMemory(Destination, Source, Length) memmove((Destination), (Source), (Length))
#undef RtlFillMemory
#define RtlFillMemory(Destination, Length, Fill) memset((Destination), (Fill), (Length))
#undef RtlZeroMemory
#define RtlZeroMemory(Destination, Length) memset((Destination), 0, (Length))

#if defined(_X86_)
#define KeRaiseIrql(NewIrql, OldIrql)           *(OldIrql) = KfRaiseIrql(NewIrql)
#define KeLowerIrql(NewIrql)                    KfLowerIrql(NewIrql)
#define KeAcquireSpinLock(SpinLock, OldIrql)    *(OldIrql) = KfAcquireSpinLock(SpinLock)
#define KeReleaseSpinLock(SpinLock, NewIrql)    KfReleaseSpinLock((SpinLock), (NewIrql))
#define KeAcquireSpinLockAtDpcLevel(SpinLock)   KefAcquireSpinLockAtDpcLevel(SpinLock)
#define KeReleaseSpinLockFromDpcLevel(SpinLock) KefReleaseSpinLockFromDpcLevel(SpinLock)
#define RtlUshortByteSwap(Source)               __builtin_bswap16(Source)
#define RtlUlongByteSwap(Source)                __builtin_bswap32(Source)
#define RtlUlonglongByteSwap(Source)            __builtin_bswap64(Source)
#define ExInterlockedAddLargeStatistic(Addend, Increment) \
    ExInterlockedAddLargeStatistic((Addend), (Increment))
#define ExInterlockedCompareExchange64(Destination, Exchange, Comperand, Lock) \
    ExfInterlockedCompareExchange64((Destination), (Exchange), (Comperand))
#undef RtlRetrieveUlong
#define RtlRetrieveUlong(Destination, Source)               \
    if (((ULONG_PTR)(Source) & (sizeof(ULONG) - 1)) == 0) { \
        *(PULONG)(Destination) = *(PULONG)(Source);         \
    } else {                                                \
        memcpy((Destination), (Source), sizeof(ULONG));     \
    }
#undef RtlStoreUlong
#define RtlStoreUlong(Address, Value)                             \
    if (((ULONG_PTR)(Address) & (sizeof(ULONG) - 1)) == 0) {      \
        *(PULONG)(Address) = (ULONG)(Value);                      \
    } else {                                                      \
        ((PUSHORT)(Address))[0] = (USHORT)(Value);                \
        ((PUSHORT)(Address))[1] = (USHORT)((ULONG)(Value) >> 16); \
    }
#define ExInterlockedPopEntrySList(ListHead, Lock) InterlockedPopEntrySList(ListHead)
#define ExInterlockedPushEntrySList(ListHead, ListEntry, Lock) \
    InterlockedPushEntrySList((ListHead), (ListEntry))
#else
FORCEINLINE VOID KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
    *SpinLock = 0;
}
#define KeAcquireSpinLock(SpinLock, OldIrql) *(OldIrql) = KeAcquireSpinLockRaiseToDpc(SpinLock)
#endif
#endif

#endif
