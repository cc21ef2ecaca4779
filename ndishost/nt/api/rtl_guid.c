/* SPDX-License-Identifier: MIT */
/* GUIDs as text, and new ones. */
#include <stdint.h>
#include <sys/random.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TEXT_LENGTH 38 /* {00112233-4455-6677-8899-AABBCCDDEEFF} */
#define STRING_TAG  0x69745352u
/* Where the digits of each byte stand; the first three members are little-endian numbers. */
static const uint8_t places[16] = {7, 5, 3, 1, 12, 10, 17, 15, 20, 22, 25, 27, 29, 31, 33, 35};

NTSTATUS NTAPI RtlStringFromGUID(const GUID *Guid, PUNICODE_STRING GuidString)
{
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t *bytes = (const uint8_t *)Guid;
    PWCH text;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    text = nt_pool_alloc("string", 2 * (TEXT_LENGTH + 1), STRING_TAG, RULE_CALLER);
    if (!text)
        return STATUS_NO_MEMORY;
    for (int i = 0; i < TEXT_LENGTH; i++)
        text[i] = '-';
    text[0] = '{';
    text[TEXT_LENGTH - 1] = '}';
    text[TEXT_LENGTH] = 0;
    for (int i = 0; i < 16; i++) {
        text[places[i]] = (WCHAR)digits[bytes[i] >> 4];
        text[places[i] + 1] = (WCHAR)digits[bytes[i] & 15];
    }
    *GuidString = (UNICODE_STRING){2 * TEXT_LENGTH, 2 * (TEXT_LENGTH + 1), text};
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", RtlStringFromGUID);

static int digit(WCHAR c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

NTSTATUS NTAPI RtlGUIDFromString(PCUNICODE_STRING GuidString, GUID *Guid)
{
    static const uint8_t hyphens[] = {9, 14, 19, 24};
    const WCHAR *text = GuidString->Buffer;
    uint8_t bytes[16];

    HOST_CALL(PASSIVE_LEVEL);
    if (GuidString->Length < 2 * TEXT_LENGTH || text[0] != '{' || text[TEXT_LENGTH - 1] != '}')
        return STATUS_INVALID_PARAMETER;
    for (int i = 0; i < 4; i++)
        if (text[hyphens[i]] != '-')
            return STATUS_INVALID_PARAMETER;
    for (int i = 0; i < 16; i++) {
        int high = digit(text[places[i]]), low = digit(text[places[i] + 1]);

        if (high < 0 || low < 0)
            return STATUS_INVALID_PARAMETER;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(Guid, bytes, sizeof bytes);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", RtlGUIDFromString);

NTSTATUS NTAPI ExUuidCreate(GUID *Uuid)
{
    HOST_CALL(PASSIVE_LEVEL);
    if (HOST_FAILS())
        return STATUS_RETRY;
    if (getrandom(Uuid, sizeof *Uuid, 0) != sizeof *Uuid)
        return STATUS_UNSUCCESSFUL;
    /* Version 4: random; variant 1. */
    Uuid->Data3 = (USHORT)((Uuid->Data3 & 0x0FFF) | 0x4000);
    Uuid->Data4[0] = (UCHAR)((Uuid->Data4[0] & 0x3F) | 0x80);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", ExUuidCreate);
