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
    {L"*ReceiveBuffers", AEROVNET_KEYWORD_AT(Receive.BuffersWanted), 16, AEROVNET_BUFFERS_MAX, 1,
     AEROVNET_BUFFERS_MAX},
    {L"*TransmitBuffers", AEROVNET_KEYWORD_AT(Transmit.SlotsWanted), 16, AEROVNET_RING_MAX, 1,
     AEROVNET_RING_MAX},
    {L"*PriorityVLANTag", AEROVNET_KEYWORD_AT(TagMode), 0, AEROVNET_TAG_BOTH, 1, AEROVNET_TAG_BOTH},
    {L"VlanId", AEROVNET_KEYWORD_AT(VlanId), 0, AEROVNET_VLAN_MAX, 1, 0},
    {L"HeaderLength", AEROVNET_KEYWORD_AT(HeaderLength), AEROVNET_HEADER_MIN, AEROVNET_HEADER_MAX,
     2, AEROVNET_HEADER_MAX},
    {L"EventIdx", AEROVNET_KEYWORD_AT(EventIdx), 0, 1, 1, 0},
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

/* ---- The made address, of an adapter whose device has none ---- */

#define AEROVNET_ADDRESS_DIGITS (2 * AEROVNET_ADDRESS_LENGTH)
#define AEROVNET_HASH_START     0xCBF29CE484222325ULL

/* Where it is kept: 12 hexadecimal digits, as in NetworkAddress. */
static const WCHAR AerovnetMadeAddress[] = L"MadeAddress";

/* FNV-1a. */
static ULONG64 AerovnetHash(ULONG64 Hash, const VOID *Data, ULONG Length)
{
    const UCHAR *Bytes = Data;
    ULONG i;

    for (i = 0; i < Length; i++)
        /* The analyzer cannot see that KeQueryPerformanceCounter fills all bytes of its result.
         * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
        Hash = (Hash ^ Bytes[i]) * 0x100000001B3ULL;
    return Hash;
}

/* 46 bits of the hash, the upper ones, as a station's address that is locally administered. */
static VOID AerovnetAddressOf(ULONG64 Hash, PUCHAR Address)
{
    ULONG i;

    for (i = 0; i < AEROVNET_ADDRESS_LENGTH; i++)
        Address[i] = (UCHAR)(Hash >> (56 - 8 * i));
    Address[0] = (UCHAR)((Address[0] & ~AEROVNET_ADDRESS_GROUP) | AEROVNET_ADDRESS_LOCAL);
}

/* A value that is a string, or NULL. It is valid until the configuration is closed. */
static PNDIS_STRING AerovnetReadString(NDIS_HANDLE Configuration, PCWSTR Name)
{
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_STRING Keyword;
    NDIS_STATUS Status;

    NdisInitUnicodeString(&Keyword, Name);
    NdisReadConfiguration(&Status, &Parameter, Configuration, &Keyword, NdisParameterString);
    if (Status != NDIS_STATUS_SUCCESS || Parameter->ParameterType != NdisParameterString)
        return NULL;
    return &Parameter->ParameterData.StringData;
}

/* The value of a hexadecimal digit; 16 of anything else. */
static ULONG AerovnetDigit(WCHAR Character)
{
    if (Character >= '0' && Character <= '9')
        return Character - '0';
    Character |= 'a' ^ 'A';
    return Character >= 'a' && Character <= 'f' ? (ULONG)(Character - 'a' + 10) : 16;
}

/* The address that an earlier start has kept. FALSE: there is none, or it is damaged. */
static BOOLEAN AerovnetReadMadeAddress(NDIS_HANDLE Configuration, PUCHAR Address)
{
    PNDIS_STRING Kept = AerovnetReadString(Configuration, AerovnetMadeAddress);
    ULONG i, High, Low;

    if (Kept == NULL || Kept->Length != AEROVNET_ADDRESS_DIGITS * sizeof(WCHAR))
        return FALSE;
    for (i = 0; i < AEROVNET_ADDRESS_LENGTH; i++) {
        High = AerovnetDigit(Kept->Buffer[2 * i]);
        Low = AerovnetDigit(Kept->Buffer[2 * i + 1]);
        if (High > 15 || Low > 15)
            return FALSE;
        Address[i] = (UCHAR)(High << 4 | Low);
    }
    return (Address[0] & (AEROVNET_ADDRESS_LOCAL | AEROVNET_ADDRESS_GROUP)) ==
           AEROVNET_ADDRESS_LOCAL;
}

static NDIS_STATUS AerovnetKeepMadeAddress(NDIS_HANDLE Configuration, const UCHAR *Address)
{
    static const CHAR Digits[] = "0123456789ABCDEF";
    NDIS_CONFIGURATION_PARAMETER Parameter;
    WCHAR Text[AEROVNET_ADDRESS_DIGITS + 1];
    NDIS_STRING Keyword;
    NDIS_STATUS Status;
    ULONG i;

    for (i = 0; i < AEROVNET_ADDRESS_LENGTH; i++) {
        Text[2 * i] = (WCHAR)Digits[Address[i] >> 4];
        Text[2 * i + 1] = (WCHAR)Digits[Address[i] & 15];
    }
    Text[AEROVNET_ADDRESS_DIGITS] = 0;
    NdisInitUnicodeString(&Keyword, AerovnetMadeAddress);
    Parameter.ParameterType = NdisParameterString;
    NdisInitUnicodeString(&Parameter.ParameterData.StringData, Text);
    NdisWriteConfiguration(&Status, Configuration, &Keyword, &Parameter);
    return Status;
}

/* Windows gives every adapter a GUID when it is installed, and has it in the same key. The GUID alone
 * would tell adapters and machines apart, but for copies of one disk; these differ in when they
 * start. An address that cannot be kept follows from the GUID alone, so that it stays. Without a GUID
 * it is a new one at each start: two stations with one address are worse. */
static VOID AerovnetMakeAddress(PAEROVNET_ADAPTER Adapter, NDIS_HANDLE Configuration)
{
    NDIS_STATUS Status = NDIS_STATUS_FAILURE;
    ULONG64 Hash = AEROVNET_HASH_START;
    PNDIS_STRING Instance = NULL;
    LARGE_INTEGER Times[2];

    if (Configuration != NULL && AerovnetReadMadeAddress(Configuration, Adapter->PermanentAddress))
        return;
    NdisGetCurrentSystemTime(&Times[0]);
    Times[1] = KeQueryPerformanceCounter(NULL);
    Hash = AerovnetHash(Hash, Times, sizeof(Times));
    if (Configuration != NULL)
        Instance = AerovnetReadString(Configuration, L"NetCfgInstanceId");
    if (Instance != NULL)
        Hash = AerovnetHash(Hash, Instance->Buffer, Instance->Length);
    AerovnetAddressOf(Hash, Adapter->PermanentAddress);
    if (Configuration != NULL)
        Status = AerovnetKeepMadeAddress(Configuration, Adapter->PermanentAddress);
    if (Status == NDIS_STATUS_SUCCESS)
        return;
    AerovnetLog(Adapter, AEROVNET_EVENT_ADDRESS_NOT_KEPT, (ULONG)Status, Instance != NULL);
    if (Instance != NULL)
        AerovnetAddressOf(AerovnetHash(AEROVNET_HASH_START, Instance->Buffer, Instance->Length),
                          Adapter->PermanentAddress);
}

/* ---- All of it ---- */

/* NULL: it cannot be opened. */
static NDIS_HANDLE AerovnetOpenConfiguration(PAEROVNET_ADAPTER Adapter)
{
    NDIS_CONFIGURATION_OBJECT Object;
    NDIS_HANDLE Configuration = NULL;

    AEROVNET_ASSERT_PASSIVE();
    NdisZeroMemory(&Object, sizeof(Object));
    Object.Header.Type = NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT;
    Object.Header.Revision = NDIS_CONFIGURATION_OBJECT_REVISION_1;
    Object.Header.Size = NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1;
    Object.NdisHandle = Adapter->MiniportHandle;
    if (NdisOpenConfigurationEx(&Object, &Configuration) != NDIS_STATUS_SUCCESS)
        return NULL;
    return Configuration;
}

VOID AerovnetReadConfiguration(PAEROVNET_ADAPTER Adapter)
{
    NDIS_HANDLE Configuration = AerovnetOpenConfiguration(Adapter);
    ULONG i;

    for (i = 0; i < AEROVNET_KEYWORD_COUNT; i++)
        *(PULONG)((PUCHAR)Adapter + AerovnetKeywords[i].Offset) =
            Configuration != NULL ? AerovnetReadKeyword(Adapter, Configuration, i)
                                  : AerovnetKeywords[i].Default;
    if (Configuration != NULL)
        NdisCloseConfiguration(Configuration);
}

VOID AerovnetChooseAddress(PAEROVNET_ADAPTER Adapter)
{
    NDIS_HANDLE Configuration = AerovnetOpenConfiguration(Adapter);

    /* A device whose own address cannot be a station's is treated as one without an address. */
    if (!AerovnetAddressIsStation(Adapter->PermanentAddress))
        AerovnetMakeAddress(Adapter, Configuration);
    NdisMoveMemory(Adapter->CurrentAddress, Adapter->PermanentAddress, AEROVNET_ADDRESS_LENGTH);
    if (Configuration == NULL)
        return;
    AerovnetReadAddress(Adapter, Configuration);
    NdisCloseConfiguration(Configuration);
}
