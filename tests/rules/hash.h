/* SPDX-License-Identifier: MIT */
/*
 * hash.h: a miniport with receive-side scaling: it hashes what the model's device receives as the protocol says.
 *   HashHooks(Hooks);
 *   Spoil = Function;     changes the hash of a list
 */
#ifndef RULES_HASH_H
#define RULES_HASH_H

#include "receive.h"

#define KEY_BYTES 40
#define TOEPLITZ  1 /* NdisHashFunctionToeplitz */
#define TYPE_TCP  (NDIS_HASH_TCP_IPV4 | NDIS_HASH_TCP_IPV6)

static UCHAR Key[KEY_BYTES];
static ULONG Types, Requests, Hashed[4]; /* lists: IPv4, TCP over it, IPv6, TCP over it */
static VOID (*Spoil)(PNET_BUFFER_LIST List);

static ULONG Toeplitz(const UCHAR *Input, ULONG Length)
{
    ULONG Hash = 0, Bit;

    for (Bit = 0; Bit < 8 * Length; Bit++) {
        ULONG Window = 0, i;

        if ((Input[Bit / 8] >> (7 - Bit % 8) & 1) == 0)
            continue;
        for (i = Bit; i < Bit + 32; i++)
            Window = Window << 1 | (Key[i / 8 % KEY_BYTES] >> (7 - i % 8) & 1);
        Hash ^= Window;
    }
    return Hash;
}

static VOID Hash(PNET_BUFFER_LIST List, const UCHAR *Header, PUCHAR Frame, ULONG Length)
{
    BOOLEAN V6 = Frame[12] == 0x86 && Frame[13] == 0xDD, V4 = Frame[12] == 8 && Frame[13] == 0;
    ULONG Addresses = V6 ? 32 : 8, Type;
    BOOLEAN Tcp = (V6 ? Frame[20] : Frame[23]) == 6;
    UCHAR Input[36];

    UNREFERENCED_PARAMETER(Header);
    UNREFERENCED_PARAMETER(Length);
    if ((!V4 && !V6) || Types == 0)
        return;
    NdisMoveMemory(Input, Frame + (V6 ? 22 : 26), Addresses);
    NdisMoveMemory(Input + Addresses, Frame + (V6 ? 54 : 34), 4);
    Type = V6 ? (Tcp ? NDIS_HASH_TCP_IPV6 : NDIS_HASH_IPV6)
              : (Tcp ? NDIS_HASH_TCP_IPV4 : NDIS_HASH_IPV4);
    if ((Types & Type) == 0)
        return;
    Hashed[2 * V6 + Tcp]++;
    NdisAcquireSpinLock(&Adapter.Lock); /* the key may change */
    NET_BUFFER_LIST_SET_HASH_TYPE(List, Type);
    NET_BUFFER_LIST_SET_HASH_FUNCTION(List, TOEPLITZ);
    NET_BUFFER_LIST_SET_HASH_VALUE(List, Toeplitz(Input, Addresses + (Tcp ? 4 : 0)));
    NdisReleaseSpinLock(&Adapter.Lock);
    if (Spoil != NULL)
        Spoil(List);
}

static MINIPORT_OID_REQUEST HashOid;
static NDIS_STATUS NTAPI HashOid(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    const NDIS_RECEIVE_SCALE_PARAMETERS *Set = OidRequest->DATA.SET_INFORMATION.InformationBuffer;

    if (OidRequest->RequestType != NdisRequestSetInformation ||
        OidRequest->DATA.SET_INFORMATION.Oid != OID_GEN_RECEIVE_SCALE_PARAMETERS)
        return MiniportOid(MiniportAdapterContext, OidRequest);
    OidRequest->DATA.SET_INFORMATION.BytesRead =
        OidRequest->DATA.SET_INFORMATION.InformationBufferLength;
    Requests++;
    if ((Set->Flags & NDIS_RSS_PARAM_FLAG_DISABLE_RSS) ||
        (Set->HashInformation & NDIS_HASH_FUNCTION_MASK) == 0) {
        Types = 0;
        return NDIS_STATUS_SUCCESS;
    }
    if (!(Set->Flags & NDIS_RSS_PARAM_FLAG_HASH_INFO_UNCHANGED))
        Types = Set->HashInformation & NDIS_HASH_TYPE_MASK;
    NdisAcquireSpinLock(&Adapter.Lock);
    if (!(Set->Flags & NDIS_RSS_PARAM_FLAG_HASH_KEY_UNCHANGED))
        NdisMoveMemory(Key, (PUCHAR)Set + Set->HashSecretKeyOffset, KEY_BYTES);
    NdisReleaseSpinLock(&Adapter.Lock);
    return NDIS_STATUS_SUCCESS;
}

static VOID HashEntry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    Characteristics->OidRequestHandler = HashOid;
}

static VOID HashGeneral(PNDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes)
{
    static NDIS_RECEIVE_SCALE_CAPABILITIES Capabilities;

    Capabilities.Header.Type = NDIS_OBJECT_TYPE_RSS_CAPABILITIES;
    Capabilities.Header.Revision = NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_1;
    Capabilities.Header.Size = NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1;
    Capabilities.CapabilitiesFlags = NDIS_RSS_CAPS_CLASSIFICATION_AT_DPC |
                                     NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4 |
                                     NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6 | TOEPLITZ;
    Capabilities.NumberOfInterruptMessages = 1;
    Capabilities.NumberOfReceiveQueues = 1;
    Attributes->RecvScaleCapabilities = &Capabilities;
}

static NDIS_STATUS HashInitialize(VOID)
{
    VirtioStart();
    ReceiveStart(2048);
    return NDIS_STATUS_SUCCESS;
}

static __inline VOID HashHooks(HOOKS *Hooks)
{
    Received = Hash;
    ReceiveHooks(Hooks);
    Hooks->Entry = HashEntry;
    Hooks->General = HashGeneral;
    Hooks->Initialize = HashInitialize;
    Hooks->Halt = ReceiveStop;
}

#endif
