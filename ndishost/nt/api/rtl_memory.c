/* SPDX-License-Identifier: MIT */
/* The run-time library's functions on memory. */
#include <stdint.h>
#include <ntddk.h>
#include "loader/exports.h"

/* Drivers may pass NULL with no bytes, and C does not allow that: each function looks at the length first. */

VOID NTAPI RtlMoveMemory(PVOID Destination, CONST VOID *Source, SIZE_T Length)
{
    if (Length)
        memmove(Destination, Source, Length);
}
HOST_EXPORT("ntoskrnl.exe", RtlMoveMemory);

VOID NTAPI RtlZeroMemory(PVOID Destination, SIZE_T Length)
{
    if (Length)
        memset(Destination, 0, Length);
}
HOST_EXPORT("ntoskrnl.exe", RtlZeroMemory);

VOID NTAPI RtlFillMemory(PVOID Destination, SIZE_T Length, UCHAR Fill)
{
    if (Length)
        memset(Destination, Fill, Length);
}
HOST_EXPORT("ntoskrnl.exe", RtlFillMemory);

/* How many bytes are the same before the first that differs. */
SIZE_T NTAPI RtlCompareMemory(CONST VOID *Source1, CONST VOID *Source2, SIZE_T Length)
{
    const uint8_t *a = Source1, *b = Source2;
    SIZE_T i = 0;

    while (i < Length && a[i] == b[i])
        i++;
    return i;
}
HOST_EXPORT("ntoskrnl.exe", RtlCompareMemory);

/* The C library's own names. Drivers get them in Windows' calling convention, so they are not Linux's. */
static void *__cdecl nt_memcpy(void *to, const void *from, size_t length)
{
    return length ? memmove(to, from, length)
                  : to; /* Windows' memcpy does overlaps right as well */
}

static const void *__cdecl nt_memchr(const void *p, int value, size_t length)
{
    return memchr(p, value, length);
}
HOST_EXPORT_AS("ntoskrnl.exe", "memchr", memchr, nt_memchr);

#if defined(_AMD64_)
VOID NTAPI RtlCopyMemory(PVOID Destination, CONST VOID *Source, SIZE_T Length)
{
    nt_memcpy(Destination, Source, Length);
}
HOST_EXPORT("ntoskrnl.exe", RtlCopyMemory);

VOID NTAPI RtlCopyMemoryNonTemporal(PVOID Destination, CONST VOID *Source, SIZE_T Length)
{
    nt_memcpy(Destination, Source, Length);
}
HOST_EXPORT("ntoskrnl.exe", RtlCopyMemoryNonTemporal);
#else
HOST_EXPORT_AS("ntoskrnl.exe", "memcpy", memcpy, nt_memcpy);
HOST_EXPORT_AS("ntoskrnl.exe", "memmove", memmove, nt_memcpy);

static void *__cdecl nt_memset(void *to, int value, size_t length)
{
    return length ? memset(to, value, length) : to;
}
HOST_EXPORT_AS("ntoskrnl.exe", "memset", memset, nt_memset);

VOID NTAPI RtlFillMemoryUlong(PVOID Destination, SIZE_T Length, ULONG Pattern)
{
    for (SIZE_T i = 0; i + sizeof Pattern <= Length; i += sizeof Pattern)
        memcpy((uint8_t *)Destination + i, &Pattern, sizeof Pattern);
}
HOST_EXPORT("ntoskrnl.exe", RtlFillMemoryUlong);

USHORT FASTCALL RtlUshortByteSwap(USHORT Source)
{
    return __builtin_bswap16(Source);
}
HOST_EXPORT("ntoskrnl.exe", RtlUshortByteSwap);

ULONG FASTCALL RtlUlongByteSwap(ULONG Source)
{
    return __builtin_bswap32(Source);
}
HOST_EXPORT("ntoskrnl.exe", RtlUlongByteSwap);

ULONGLONG FASTCALL RtlUlonglongByteSwap(ULONGLONG Source)
{
    return __builtin_bswap64(Source);
}
HOST_EXPORT("ntoskrnl.exe", RtlUlonglongByteSwap);
#endif
