/* SPDX-License-Identifier: MIT */
/* NDIS's names for the string functions of ntoskrnl. */
#include "ndis/miniport.h"

#include <string.h>
#include "nt/pool.h"

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

/* Allocates what NdisFreeString frees. */
VOID NTAPI NdisInitializeString(PNDIS_STRING Destination, PUCHAR Source)
{
    size_t length = strlen((const char *)Source), i;

    HOST_CALL(PASSIVE_LEVEL);
    Destination->Length = (USHORT)(length * sizeof(WCHAR));
    Destination->MaximumLength = (USHORT)((length + 1) * sizeof(WCHAR));
    Destination->Buffer =
        nt_pool_alloc("memory", Destination->MaximumLength, 0x7453444E /* "NDSt" */, RULE_CALLER);
    if (!Destination->Buffer) {
        Destination->Length = Destination->MaximumLength = 0;
        return;
    }
    for (i = 0; i <= length; i++)
        Destination->Buffer[i] = Source[i];
}
HOST_EXPORT("NDIS.SYS", NdisInitializeString);
