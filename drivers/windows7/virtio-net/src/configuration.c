/* SPDX-License-Identifier: MIT */
/*
 * The keywords of the adapter's registry key, as aerovnet.inf declares them. AerovnetKeywords is
 * the table of the numbers: a keyword is one row. A value that is missing is its default; one that
 * is out of range is too, and is written to the event log.
 */
#include "configuration.h"
#include "adapter.h"
#include "event_log.h"

typedef struct _AEROVNET_KEYWORD {
    PCWSTR Name;
    ULONG Offset; /* of a ULONG in AEROVNET_ADAPTER */
    ULONG Minimum;
    ULONG Maximum;
    ULONG Step;
    ULONG Default;
} AEROVNET_KEYWORD;

#define AEROVNET_KEYWORD_AT(_Member) FIELD_OFFSET(AEROVNET_ADAPTER, _Member)

/* Numbered from 1 in the event log. The same numbers stand in aerovnet.inf. */
static const AEROVNET_KEYWORD AerovnetKeywords[] = {
    {L"*ReceiveBuffers", AEROVNET_KEYWORD_AT(Receive.BuffersWanted), 16, AEROVNET_RING_MAX, 1,
     AEROVNET_RING_MAX},
    {L"*TransmitBuffers", AEROVNET_KEYWORD_AT(Transmit.SlotsWanted), 16, AEROVNET_RING_MAX, 1,
     AEROVNET_RING_MAX},
    {L"*PriorityVLANTag", AEROVNET_KEYWORD_AT(TagMode), 0, AEROVNET_TAG_BOTH, 1, AEROVNET_TAG_BOTH},
    {L"VlanId", AEROVNET_KEYWORD_AT(VlanId), 0, AEROVNET_VLAN_MAX, 1, 0},
    {L"HeaderLength", AEROVNET_KEYWORD_AT(HeaderLength), AEROVNET_HEADER_MIN, AEROVNET_HEADER_MAX,
     2, AEROVNET_HEADER_MAX},
};

#define AEROVNET_KEYWORD_COUNT (sizeof(AerovnetKeywords) / sizeof(AerovnetKeywords[0]))

static ULONG AerovnetReadKeyword(PAEROVNET_ADAPTER Adapter, NDIS_HANDLE Configuration, ULONG Number)
{
    const AEROVNET_KEYWORD *Keyword = &AerovnetKeywords[Number];
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_STRING Name;
    NDIS_STATUS Status;
    ULONG Value;

    NdisInitUnicodeString(&Name, Keyword->Name);
    NdisReadConfiguration(&Status, &Parameter, Configuration, &Name, NdisParameterInteger);
    if (Status != NDIS_STATUS_SUCCESS)
        return Keyword->Default;
    Value = Parameter->ParameterData.IntegerData;
    if (Parameter->ParameterType != NdisParameterInteger || Value < Keyword->Minimum ||
        Value > Keyword->Maximum || (Value - Keyword->Minimum) % Keyword->Step != 0) {
        AerovnetLog(Adapter, AEROVNET_EVENT_KEYWORD, Number + 1, Value);
        return Keyword->Default;
    }
    return Value;
}

/* NetworkAddress replaces the device's own address if it is a station's. */
static VOID AerovnetReadAddress(PAEROVNET_ADAPTER Adapter, NDIS_HANDLE Configuration)
{
    NDIS_STATUS Status;
    PVOID Address;
    PUCHAR Bytes;
    UINT Length;

    NdisReadNetworkAddress(&Status, &Address, &Length, Configuration);
    if (Status != NDIS_STATUS_SUCCESS)
        return;
    Bytes = Address;
    if (Length == AEROVNET_ADDRESS_LENGTH && AerovnetAddressIsStation(Bytes))
        NdisMoveMemory(Adapter->CurrentAddress, Bytes, AEROVNET_ADDRESS_LENGTH);
    else
        AerovnetLog(Adapter, AEROVNET_EVENT_NETWORK_ADDRESS, Length, Length > 0 ? Bytes[0] : 0);
}

VOID AerovnetReadConfiguration(PAEROVNET_ADAPTER Adapter)
{
    NDIS_CONFIGURATION_OBJECT Object;
    NDIS_HANDLE Configuration = NULL;
    ULONG i;

    AEROVNET_ASSERT_PASSIVE();
    NdisMoveMemory(Adapter->CurrentAddress, Adapter->PermanentAddress, AEROVNET_ADDRESS_LENGTH);
    NdisZeroMemory(&Object, sizeof(Object));
    Object.Header.Type = NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT;
    Object.Header.Revision = NDIS_CONFIGURATION_OBJECT_REVISION_1;
    Object.Header.Size = NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1;
    Object.NdisHandle = Adapter->MiniportHandle;
    if (NdisOpenConfigurationEx(&Object, &Configuration) != NDIS_STATUS_SUCCESS)
        Configuration = NULL;
    for (i = 0; i < AEROVNET_KEYWORD_COUNT; i++)
        *(PULONG)((PUCHAR)Adapter + AerovnetKeywords[i].Offset) =
            Configuration != NULL ? AerovnetReadKeyword(Adapter, Configuration, i)
                                  : AerovnetKeywords[i].Default;
    if (Configuration == NULL)
        return;
    AerovnetReadAddress(Adapter, Configuration);
    NdisCloseConfiguration(Configuration);
}
