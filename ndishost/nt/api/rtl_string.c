/* SPDX-License-Identifier: MIT */
/* Counted strings. Characters above 0x7F are Latin-1 here, as in code page 1252's common part. */
#include <stdbool.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_KIND "string"
#define STRING_TAG 0x69745352u /* "RStr" */
#define BYTES_MAX  0xFFFEu

static size_t wide_length(PCWSTR text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

static WCHAR upcase(WCHAR c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 0xE0 && c <= 0xFE && c != 0xF7))
        return (WCHAR)(c - 0x20);
    return c == 0xFF ? 0x178 : c;
}

/* ---- Naming text as a counted string ---- */

VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    size_t bytes = SourceString ? 2 * wide_length(SourceString) : 0;

    if (bytes > BYTES_MAX - 2)
        bytes = BYTES_MAX - 2;
    DestinationString->Length = (USHORT)bytes;
    DestinationString->MaximumLength = (USHORT)(SourceString ? bytes + 2 : 0);
    DestinationString->Buffer = (PWCH)(ULONG_PTR)SourceString;
}
HOST_EXPORT("ntoskrnl.exe", RtlInitUnicodeString);

VOID NTAPI RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString)
{
    size_t bytes = SourceString ? strlen(SourceString) : 0;

    if (bytes > BYTES_MAX)
        bytes = BYTES_MAX;
    DestinationString->Length = (USHORT)bytes;
    DestinationString->MaximumLength = (USHORT)(SourceString ? bytes + 1 : 0);
    DestinationString->Buffer = (PCHAR)(ULONG_PTR)SourceString;
}
HOST_EXPORT("ntoskrnl.exe", RtlInitAnsiString);

VOID NTAPI RtlInitString(PSTRING DestinationString, PCSZ SourceString)
{
    RtlInitAnsiString(DestinationString, SourceString);
}
HOST_EXPORT("ntoskrnl.exe", RtlInitString);

/* ---- Between ANSI and Unicode ---- */

/* Gives `string`'s buffer room for `bytes`, from pool or what it has. */
static NTSTATUS make_room(PCHAR *buffer, USHORT *maximum, size_t bytes, BOOLEAN allocate,
                          const void *caller)
{
    if (bytes > BYTES_MAX)
        return STATUS_INVALID_PARAMETER_2;
    if (!allocate)
        return bytes <= *maximum ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
    *buffer = nt_pool_alloc(TRACK_KIND, bytes, STRING_TAG, caller);
    if (!*buffer)
        return STATUS_NO_MEMORY;
    *maximum = (USHORT)bytes;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString,
                                            PCANSI_STRING SourceString,
                                            BOOLEAN AllocateDestinationString)
{
    PCHAR buffer = (PCHAR)DestinationString->Buffer;
    NTSTATUS status;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    status = make_room(&buffer, &DestinationString->MaximumLength, 2u * SourceString->Length + 2,
                       AllocateDestinationString, RULE_CALLER);
    if (!NT_SUCCESS(status))
        return status;
    DestinationString->Buffer = (PWCH)(PVOID)buffer;
    DestinationString->Length = (USHORT)(2 * SourceString->Length);
    for (unsigned i = 0; i < SourceString->Length; i++)
        DestinationString->Buffer[i] = (UCHAR)SourceString->Buffer[i];
    DestinationString->Buffer[SourceString->Length] = 0;
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", RtlAnsiStringToUnicodeString);

NTSTATUS NTAPI RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString,
                                            PCUNICODE_STRING SourceString,
                                            BOOLEAN AllocateDestinationString)
{
    unsigned count = SourceString->Length / 2u;
    NTSTATUS status;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    status = make_room(&DestinationString->Buffer, &DestinationString->MaximumLength, count + 1,
                       AllocateDestinationString, RULE_CALLER);
    if (!NT_SUCCESS(status))
        return status;
    DestinationString->Length = (USHORT)count;
    for (unsigned i = 0; i < count; i++) {
        WCHAR c = SourceString->Buffer[i];

        DestinationString->Buffer[i] = (CHAR)(c <= 0xFF ? c : '?');
    }
    DestinationString->Buffer[count] = 0;
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", RtlUnicodeStringToAnsiString);

VOID NTAPI RtlFreeUnicodeString(PUNICODE_STRING UnicodeString)
{
    HOST_CALL(APC_LEVEL);
    if (UnicodeString->Buffer)
        nt_pool_free(TRACK_KIND, UnicodeString->Buffer, STRING_TAG, RULE_CALLER);
    memset(UnicodeString, 0, sizeof *UnicodeString);
}
HOST_EXPORT("ntoskrnl.exe", RtlFreeUnicodeString);

VOID NTAPI RtlFreeAnsiString(PANSI_STRING AnsiString)
{
    HOST_CALL(APC_LEVEL);
    if (AnsiString->Buffer)
        nt_pool_free(TRACK_KIND, AnsiString->Buffer, STRING_TAG, RULE_CALLER);
    memset(AnsiString, 0, sizeof *AnsiString);
}
HOST_EXPORT("ntoskrnl.exe", RtlFreeAnsiString);

/* ---- Copying, appending, comparing ---- */

/* A NUL follows where it fits, as on Windows. */
static void terminate(PUNICODE_STRING string)
{
    if (string->Length + 2u <= string->MaximumLength)
        string->Buffer[string->Length / 2] = 0;
}

VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
    USHORT length = SourceString ? SourceString->Length : 0;

    if (length > DestinationString->MaximumLength)
        length = DestinationString->MaximumLength & 0xFFFE;
    if (length)
        memmove(DestinationString->Buffer, SourceString->Buffer, length);
    DestinationString->Length = length;
    terminate(DestinationString);
}
HOST_EXPORT("ntoskrnl.exe", RtlCopyUnicodeString);

NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    if (Source->Length + Destination->Length > Destination->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    memmove((PCHAR)Destination->Buffer + Destination->Length, Source->Buffer, Source->Length);
    Destination->Length = (USHORT)(Destination->Length + Source->Length);
    terminate(Destination);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", RtlAppendUnicodeStringToString);

NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
    UNICODE_STRING string;

    if (!Source)
        return STATUS_SUCCESS;
    RtlInitUnicodeString(&string, Source);
    return RtlAppendUnicodeStringToString(Destination, &string);
}
HOST_EXPORT("ntoskrnl.exe", RtlAppendUnicodeToString);

static LONG compare(PCUNICODE_STRING String1, PCUNICODE_STRING String2, bool caseless)
{
    unsigned shorter = (String1->Length < String2->Length ? String1->Length : String2->Length) / 2u;

    for (unsigned i = 0; i < shorter; i++) {
        WCHAR a = String1->Buffer[i], b = String2->Buffer[i];

        if (caseless) {
            a = upcase(a);
            b = upcase(b);
        }
        if (a != b)
            return a - b;
    }
    return String1->Length - String2->Length;
}

LONG NTAPI RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
                                   BOOLEAN CaseInSensitive)
{
    HOST_CALL(PASSIVE_LEVEL);
    return compare(String1, String2, CaseInSensitive);
}
HOST_EXPORT("ntoskrnl.exe", RtlCompareUnicodeString);

BOOLEAN NTAPI RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
                                    BOOLEAN CaseInSensitive)
{
    HOST_CALL(PASSIVE_LEVEL);
    return String1->Length == String2->Length && compare(String1, String2, CaseInSensitive) == 0;
}
HOST_EXPORT("ntoskrnl.exe", RtlEqualUnicodeString);

BOOLEAN NTAPI RtlEqualString(CONST STRING *String1, CONST STRING *String2, BOOLEAN CaseInSensitive)
{
    HOST_CALL(PASSIVE_LEVEL);
    if (String1->Length != String2->Length)
        return FALSE;
    for (unsigned i = 0; i < String1->Length; i++) {
        WCHAR a = (UCHAR)String1->Buffer[i], b = (UCHAR)String2->Buffer[i];

        if (a != b && !(CaseInSensitive && upcase(a) == upcase(b)))
            return FALSE;
    }
    return TRUE;
}
HOST_EXPORT("ntoskrnl.exe", RtlEqualString);

WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR SourceCharacter)
{
    HOST_CALL(APC_LEVEL);
    return upcase(SourceCharacter);
}
HOST_EXPORT("ntoskrnl.exe", RtlUpcaseUnicodeChar);

NTSTATUS NTAPI RtlUpcaseUnicodeString(PUNICODE_STRING DestinationString,
                                      PCUNICODE_STRING SourceString,
                                      BOOLEAN AllocateDestinationString)
{
    PCHAR buffer = (PCHAR)DestinationString->Buffer;
    NTSTATUS status;

    HOST_CALL(APC_LEVEL);
    HOST_ALLOCATES();
    status = make_room(&buffer, &DestinationString->MaximumLength, SourceString->Length,
                       AllocateDestinationString, RULE_CALLER);
    if (!NT_SUCCESS(status))
        return status;
    DestinationString->Buffer = (PWCH)(PVOID)buffer;
    DestinationString->Length = SourceString->Length;
    for (unsigned i = 0; i < SourceString->Length / 2u; i++)
        DestinationString->Buffer[i] = upcase(SourceString->Buffer[i]);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", RtlUpcaseUnicodeString);

/* ---- Numbers and GUIDs ---- */

NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String)
{
    WCHAR digits[33];
    unsigned at = 33, bytes;

    HOST_CALL(PASSIVE_LEVEL);
    if (Base == 0)
        Base = 10;
    if (Base != 2 && Base != 8 && Base != 10 && Base != 16)
        return STATUS_INVALID_PARAMETER;
    do {
        digits[--at] = (WCHAR) "0123456789ABCDEF"[Value % Base];
        Value /= Base;
    } while (Value);
    bytes = 2 * (33 - at);
    if (bytes > String->MaximumLength)
        return STATUS_BUFFER_OVERFLOW;
    memcpy(String->Buffer, &digits[at], bytes);
    String->Length = (USHORT)bytes;
    terminate(String);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", RtlIntegerToUnicodeString);

static int digit(WCHAR c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Base 0: by the prefix 0x, 0o or 0b, decimal without. */
NTSTATUS NTAPI RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value)
{
    const WCHAR *p = String->Buffer, *end = p + String->Length / 2;
    bool negative = false;
    ULONG value = 0;

    HOST_CALL(PASSIVE_LEVEL);
    while (p < end && *p <= ' ')
        p++;
    if (p < end && (*p == '-' || *p == '+'))
        negative = *p++ == '-';
    if (Base == 0) {
        Base = 10;
        if (end - p >= 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'o' || p[1] == 'b')) {
            Base = p[1] == 'x' ? 16 : p[1] == 'o' ? 8 : 2;
            p += 2;
        }
    }
    if (Base != 2 && Base != 8 && Base != 10 && Base != 16)
        return STATUS_INVALID_PARAMETER;
    for (; p < end && (ULONG)digit(*p) < Base; p++)
        value = value * Base + (ULONG)digit(*p);
    *Value = negative ? 0 - value : value;
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", RtlUnicodeStringToInteger);
