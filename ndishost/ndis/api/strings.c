/* SPDX-License-Identifier: MIT */
/* NDIS's names for the string functions of ntoskrnl. */
#include "ndis/api/miniport.h"

#include <string.h>
#include "nt/api/pool.h"

#define STRING_TAG 0x7453444E /* "NDSt" */

VOID NTAPI NdisInitAnsiString(PNDIS_ANSI_STRING DestinationString, PCSTR SourceString)
{
    HOST_CALL(RULE_ANY_IRQL);
    RtlInitAnsiString(DestinationString, SourceString);
}
HOST_EXPORT("NDIS.SYS", NdisInitAnsiString);

VOID NTAPI NdisInitUnicodeString(PNDIS_STRING DestinationString, PCWSTR SourceString)
{
    HOST_CALL(RULE_ANY_IRQL);
    RtlInitUnicodeString(DestinationString, SourceString);
}
HOST_EXPORT("NDIS.SYS", NdisInitUnicodeString);

NDIS_STATUS NTAPI NdisAnsiStringToUnicodeString(PNDIS_STRING DestinationString,
                                                PNDIS_ANSI_STRING SourceString)
{
    HOST_CALL(PASSIVE_LEVEL);
    return RtlAnsiStringToUnicodeString(DestinationString, SourceString, FALSE);
}
HOST_EXPORT("NDIS.SYS", NdisAnsiStringToUnicodeString);

NDIS_STATUS NTAPI NdisUnicodeStringToAnsiString(PNDIS_ANSI_STRING DestinationString,
                                                PNDIS_STRING SourceString)
{
    HOST_CALL(PASSIVE_LEVEL);
    return RtlUnicodeStringToAnsiString(DestinationString, SourceString, FALSE);
}
HOST_EXPORT("NDIS.SYS", NdisUnicodeStringToAnsiString);

NDIS_STATUS NTAPI NdisUpcaseUnicodeString(PUNICODE_STRING DestinationString,
                                          PUNICODE_STRING SourceString)
{
    HOST_CALL(PASSIVE_LEVEL);
    return RtlUpcaseUnicodeString(DestinationString, SourceString, FALSE);
}
HOST_EXPORT("NDIS.SYS", NdisUpcaseUnicodeString);

BOOLEAN NTAPI NdisEqualString(PNDIS_STRING String1, PNDIS_STRING String2, BOOLEAN CaseInsensitive)
{
    HOST_CALL(PASSIVE_LEVEL);
    return RtlEqualUnicodeString(String1, String2, CaseInsensitive);
}
HOST_EXPORT("NDIS.SYS", NdisEqualString);

/* A string in memory that NdisFreeString or NdisFreeMemory frees. false when out of memory. */
static bool make_string(PNDIS_STRING string, const char *text, const void *caller)
{
    size_t length = strlen(text), i;

    string->Length = (USHORT)(length * sizeof(WCHAR));
    string->MaximumLength = (USHORT)((length + 1) * sizeof(WCHAR));
    string->Buffer = nt_pool_alloc("memory", string->MaximumLength, STRING_TAG, caller);
    if (!string->Buffer) {
        string->Length = string->MaximumLength = 0;
        return false;
    }
    for (i = 0; i <= length; i++)
        string->Buffer[i] = (unsigned char)text[i];
    return true;
}

VOID NTAPI NdisInitializeString(PNDIS_STRING Destination, PUCHAR Source)
{
    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    make_string(Destination, (const char *)Source, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisInitializeString);

/* The driver frees the buffer with NdisFreeMemory. */
NDIS_STATUS NTAPI NdisMQueryAdapterInstanceName(PNDIS_STRING pAdapterInstanceName,
                                                NDIS_HANDLE MiniportHandle)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportHandle, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    if (!make_string(pAdapterInstanceName, adapter->name, RULE_CALLER))
        return NDIS_STATUS_RESOURCES;
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisMQueryAdapterInstanceName);
