/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings.
 *
 * Allocate with a tag and the adapter's handle, free with both; everything is freed by the end of
 * Halt. Lengths are bytes. Documentation: ddi/ndis (NdisAllocateMemoryWithTagPriority and on).
 */

#ifndef NDIS_MINGW_MEMORY_H
#define NDIS_MINGW_MEMORY_H

NDISAPI PVOID NTAPI NdisAllocateMemoryWithTagPriority(NDIS_HANDLE NdisHandle, UINT Length,
                                                      ULONG Tag, EX_POOL_PRIORITY Priority);
NDISAPI VOID NTAPI NdisFreeMemoryWithTagPriority(NDIS_HANDLE NdisHandle, PVOID VirtualAddress,
                                                 ULONG Tag);
NDISAPI NDIS_STATUS NTAPI NdisAllocateMemoryWithTag(PVOID *VirtualAddress, UINT Length, ULONG Tag);
NDISAPI VOID NTAPI NdisFreeMemoryWithTag(PVOID VirtualAddress, ULONG Tag);
NDISAPI VOID NTAPI NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags);

#define NdisMoveMemory(Destination, Source, Length) RtlCopyMemory((Destination), (Source), (Length))
#define NdisZeroMemory(Destination, Length)         RtlZeroMemory((Destination), (Length))
#define NdisFillMemory(Destination, Length, Fill)   RtlFillMemory((Destination), (Length), (Fill))
#define NdisEqualMemory(Source1, Source2, Length)   RtlEqualMemory((Source1), (Source2), (Length))
#define NdisRetrieveUlong(Destination, Source)      RtlRetrieveUlong((Destination), (Source))
#define NdisStoreUlong(Destination, Value)          RtlStoreUlong((Destination), (Value))
#define NdisZeroMappedMemory(Destination, Length)   RtlZeroMemory((Destination), (Length))

/* Lookaside lists: DISPATCH_LEVEL or below */
#define NdisInitializeNPagedLookasideList(Lookaside, Allocate, Free, Flags, Size, Tag, Depth) \
    ExInitializeNPagedLookasideList((Lookaside), (Allocate), (Free), (Flags), (Size), (Tag),  \
                                    (Depth))
#define NdisDeleteNPagedLookasideList(_L)       ExDeleteNPagedLookasideList(_L)
#define NdisAllocateFromNPagedLookasideList(_L) ExAllocateFromNPagedLookasideList(_L)
#define NdisFreeToNPagedLookasideList(_L, _E)   ExFreeToNPagedLookasideList((_L), (_E))

/* Strings: PASSIVE_LEVEL, unless only initialised */
NDISAPI VOID NTAPI NdisInitAnsiString(PNDIS_ANSI_STRING DestinationString, PCSTR SourceString);
NDISAPI VOID NTAPI NdisInitUnicodeString(PNDIS_STRING DestinationString, PCWSTR SourceString);
NDISAPI NDIS_STATUS NTAPI NdisAnsiStringToUnicodeString(PNDIS_STRING DestinationString,
                                                        PNDIS_ANSI_STRING SourceString);
NDISAPI NDIS_STATUS NTAPI NdisUnicodeStringToAnsiString(PNDIS_ANSI_STRING DestinationString,
                                                        PNDIS_STRING SourceString);
NDISAPI NDIS_STATUS NTAPI NdisUpcaseUnicodeString(PUNICODE_STRING DestinationString,
                                                  PUNICODE_STRING SourceString);
NDISAPI BOOLEAN NTAPI NdisEqualString(PNDIS_STRING String1, PNDIS_STRING String2,
                                      BOOLEAN CaseInsensitive);
NDISAPI VOID NTAPI NdisInitializeString(PNDIS_STRING Destination, PUCHAR Source);
#ifdef NDIS_MINIPORT_DRIVER
#define NdisInitAnsiString(_Destination, _Source)    RtlInitAnsiString((_Destination), (_Source))
#define NdisInitUnicodeString(_Destination, _Source) RtlInitUnicodeString((_Destination), (_Source))
#define NdisAnsiStringToUnicodeString(_Destination, _Source) \
    RtlAnsiStringToUnicodeString((_Destination), (_Source), FALSE)
#define NdisUnicodeStringToAnsiString(_Destination, _Source) \
    RtlUnicodeStringToAnsiString((_Destination), (_Source), FALSE)
#define NdisUpcaseUnicodeString(_Destination, _Source) \
    RtlUpcaseUnicodeString((_Destination), (_Source), FALSE)
#define NdisEqualString(_String1, _String2, _CaseInsensitive) \
    RtlEqualUnicodeString((_String1), (_String2), (_CaseInsensitive))
#endif
#define NdisFreeString(String) NdisFreeMemory((String).Buffer, (String).MaximumLength, 0)
#define NdisEqualUnicodeString(_String1, _String2, _CaseInsensitive) \
    RtlEqualUnicodeString((_String1), (_String2), (_CaseInsensitive))

#endif
