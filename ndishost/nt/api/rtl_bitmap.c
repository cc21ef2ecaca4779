/* SPDX-License-Identifier: MIT */
/*
 * Bitmaps (ddi/wdm, RtlInitializeBitMap and on) and the lowest and highest bit of a number. A bit's number counts from
 * the lowest bit of the first ULONG. Any IRQL: the host's memory is all resident. The driver's locks protect them.
 */
#include <stdbool.h>
#include <ntddk.h>
#include "loader/exports.h"

#define NONE      0xFFFFFFFFu
#define WORD_BITS 32u

static bool bit(const RTL_BITMAP *map, ULONG index)
{
    return map->Buffer[index / WORD_BITS] >> index % WORD_BITS & 1;
}

static void put(RTL_BITMAP *map, ULONG index, bool set)
{
    ULONG mask = (ULONG)1 << index % WORD_BITS;

    if (set)
        map->Buffer[index / WORD_BITS] |= mask;
    else
        map->Buffer[index / WORD_BITS] &= ~mask;
}

/* The part of a range that is in the map: a driver's mistake does not reach the host. */
static ULONG room(const RTL_BITMAP *map, ULONG start, ULONG length)
{
    if (start >= map->SizeOfBitMap)
        return 0;
    return length < map->SizeOfBitMap - start ? length : map->SizeOfBitMap - start;
}

static void fill(RTL_BITMAP *map, ULONG start, ULONG length, bool set)
{
    ULONG end = start + room(map, start, length);

    while (start < end) {
        if (start % WORD_BITS == 0 && end - start >= WORD_BITS) {
            map->Buffer[start / WORD_BITS] = set ? 0xFFFFFFFFu : 0;
            start += WORD_BITS;
        } else {
            put(map, start++, set);
        }
    }
}

static bool all(const RTL_BITMAP *map, ULONG start, ULONG length, bool set)
{
    ULONG i;

    if (length == 0 || room(map, start, length) < length)
        return false;
    for (i = 0; i < length; i++)
        if (bit(map, start + i) != set)
            return false;
    return true;
}

/* The first run of `length` bits that begins in [start, end) and ends in the map, or NONE. */
static ULONG find_from(const RTL_BITMAP *map, ULONG start, ULONG end, ULONG length, bool set)
{
    ULONG run = 0, i;

    for (i = start; i < map->SizeOfBitMap && i - run < end; i++) {
        run = bit(map, i) == set ? run + 1 : 0;
        if (run == length)
            return i + 1 - length;
    }
    return NONE;
}

/* From the hint to the end, then from the start. */
static ULONG find(const RTL_BITMAP *map, ULONG length, ULONG hint, bool set)
{
    ULONG found;

    if (hint >= map->SizeOfBitMap)
        hint = 0;
    if (length == 0)
        return hint;
    found = find_from(map, hint, map->SizeOfBitMap, length, set);
    return found == NONE ? find_from(map, 0, hint, length, set) : found;
}

VOID NTAPI RtlInitializeBitMap(PRTL_BITMAP BitMapHeader, PULONG BitMapBuffer, ULONG SizeOfBitMap)
{
    BitMapHeader->SizeOfBitMap = SizeOfBitMap;
    BitMapHeader->Buffer = BitMapBuffer;
}
HOST_EXPORT("ntoskrnl.exe", RtlInitializeBitMap);

VOID NTAPI RtlClearAllBits(PRTL_BITMAP BitMapHeader)
{
    fill(BitMapHeader, 0, BitMapHeader->SizeOfBitMap, false);
}
HOST_EXPORT("ntoskrnl.exe", RtlClearAllBits);

VOID NTAPI RtlSetAllBits(PRTL_BITMAP BitMapHeader)
{
    fill(BitMapHeader, 0, BitMapHeader->SizeOfBitMap, true);
}
HOST_EXPORT("ntoskrnl.exe", RtlSetAllBits);

VOID NTAPI RtlClearBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    fill(BitMapHeader, BitNumber, 1, false);
}
HOST_EXPORT("ntoskrnl.exe", RtlClearBit);

VOID NTAPI RtlSetBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    fill(BitMapHeader, BitNumber, 1, true);
}
HOST_EXPORT("ntoskrnl.exe", RtlSetBit);

BOOLEAN NTAPI RtlTestBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    return room(BitMapHeader, BitNumber, 1) && bit(BitMapHeader, BitNumber);
}
HOST_EXPORT("ntoskrnl.exe", RtlTestBit);

VOID NTAPI RtlClearBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToClear)
{
    fill(BitMapHeader, StartingIndex, NumberToClear, false);
}
HOST_EXPORT("ntoskrnl.exe", RtlClearBits);

VOID NTAPI RtlSetBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToSet)
{
    fill(BitMapHeader, StartingIndex, NumberToSet, true);
}
HOST_EXPORT("ntoskrnl.exe", RtlSetBits);

BOOLEAN NTAPI RtlAreBitsClear(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return all(BitMapHeader, StartingIndex, Length, false);
}
HOST_EXPORT("ntoskrnl.exe", RtlAreBitsClear);

BOOLEAN NTAPI RtlAreBitsSet(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return all(BitMapHeader, StartingIndex, Length, true);
}
HOST_EXPORT("ntoskrnl.exe", RtlAreBitsSet);

ULONG NTAPI RtlNumberOfSetBits(PRTL_BITMAP BitMapHeader)
{
    ULONG count = 0, i;

    for (i = 0; i < BitMapHeader->SizeOfBitMap; i++)
        count += bit(BitMapHeader, i);
    return count;
}
HOST_EXPORT("ntoskrnl.exe", RtlNumberOfSetBits);

ULONG NTAPI RtlNumberOfClearBits(PRTL_BITMAP BitMapHeader)
{
    return BitMapHeader->SizeOfBitMap - RtlNumberOfSetBits(BitMapHeader);
}
HOST_EXPORT("ntoskrnl.exe", RtlNumberOfClearBits);

ULONG NTAPI RtlFindClearBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    return find(BitMapHeader, NumberToFind, HintIndex, false);
}
HOST_EXPORT("ntoskrnl.exe", RtlFindClearBits);

ULONG NTAPI RtlFindSetBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    return find(BitMapHeader, NumberToFind, HintIndex, true);
}
HOST_EXPORT("ntoskrnl.exe", RtlFindSetBits);

ULONG NTAPI RtlFindClearBitsAndSet(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    ULONG found = find(BitMapHeader, NumberToFind, HintIndex, false);

    if (found != NONE)
        fill(BitMapHeader, found, NumberToFind, true);
    return found;
}
HOST_EXPORT("ntoskrnl.exe", RtlFindClearBitsAndSet);

ULONG NTAPI RtlFindSetBitsAndClear(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    ULONG found = find(BitMapHeader, NumberToFind, HintIndex, true);

    if (found != NONE)
        fill(BitMapHeader, found, NumberToFind, false);
    return found;
}
HOST_EXPORT("ntoskrnl.exe", RtlFindSetBitsAndClear);

CCHAR NTAPI RtlFindLeastSignificantBit(ULONGLONG Set)
{
    return (CCHAR)(__builtin_ffsll((long long)Set) - 1);
}
HOST_EXPORT("ntoskrnl.exe", RtlFindLeastSignificantBit);

CCHAR NTAPI RtlFindMostSignificantBit(ULONGLONG Set)
{
    return (CCHAR)(Set ? 63 - __builtin_clzll(Set) : -1);
}
HOST_EXPORT("ntoskrnl.exe", RtlFindMostSignificantBit);
