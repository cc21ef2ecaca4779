/* SPDX-License-Identifier: MIT */
/*
 * OID requests. AEROVNET_OIDS is the table. Each OID is one row, with a function for a query and
 * one for a set. The list of supported OIDs is generated from the same rows, so the two always
 * agree.
 */
#include "oid.h"
#include "aerovnet_version.h"
#include "adapter.h"
#include "device.h"

#define AEROVNET_VENDOR_DESCRIPTION "aerovnet virtio-net adapter"

/* The reply to a query: `Length` bytes at `Data`. `Data` may point to the union. */
typedef struct _AEROVNET_REPLY {
    const VOID *Data;
    ULONG Length;
    BOOLEAN Counter; /* 64 bits; a caller with a 4-byte buffer gets the low 32 */
    union {
        ULONG Number;
        ULONG64 Wide;
        NDIS_STATISTICS_INFO Statistics;
        NDIS_INTERRUPT_MODERATION_PARAMETERS Moderation;
        NDIS_PM_PARAMETERS Power;
        AEROVNET_COUNTERS Counters;
    } u;
} AEROVNET_REPLY, *PAEROVNET_REPLY;

typedef VOID (*AEROVNET_QUERY)(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply);
/* `Data` has at least the row's SetLength bytes. A failure returns an NDIS_STATUS that the OID's
 * page documents. */
typedef NDIS_STATUS (*AEROVNET_SET)(PAEROVNET_ADAPTER Adapter, const VOID *Data, ULONG Length);

typedef struct _AEROVNET_OID_ROW {
    NDIS_OID Oid;
    ULONG Number;         /* the reply if both Query and Set are NULL */
    AEROVNET_QUERY Query; /* NULL with a Set: the OID cannot be queried */
    AEROVNET_SET Set;
    ULONG SetLength;
} AEROVNET_OID_ROW;

static VOID AerovnetReplyNumber(PAEROVNET_REPLY Reply, ULONG Number)
{
    Reply->u.Number = Number;
    Reply->Data = &Reply->u;
    Reply->Length = sizeof(ULONG);
}

static VOID AerovnetReplyCounter(PAEROVNET_REPLY Reply, ULONG64 Value)
{
    Reply->u.Wide = Value;
    Reply->Data = &Reply->u;
    Reply->Length = sizeof(ULONG64);
    Reply->Counter = TRUE;
}

/* Copies the counters under the queue's lock, so that the values in one reply are consistent. */
static VOID AerovnetReadTraffic(PAEROVNET_QUEUE Queue, const AEROVNET_TRAFFIC *Traffic,
                                AEROVNET_TRAFFIC *Copy)
{
    NdisAcquireSpinLock(&Queue->Lock);
    *Copy = *Traffic;
    NdisReleaseSpinLock(&Queue->Lock);
}

static VOID AerovnetReadSent(PAEROVNET_ADAPTER Adapter, AEROVNET_TRAFFIC *Copy)
{
    AerovnetReadTraffic(&Adapter->Transmit.Queue, &Adapter->Transmit.Traffic, Copy);
}

static VOID AerovnetReadReceived(PAEROVNET_ADAPTER Adapter, AEROVNET_TRAFFIC *Copy)
{
    AerovnetReadTraffic(&Adapter->Receive.Queue, &Adapter->Receive.Traffic, Copy);
}

static ULONG64 AerovnetFrames(const AEROVNET_TRAFFIC *Traffic)
{
    return Traffic->Frames[AerovnetDirected] + Traffic->Frames[AerovnetMulticast] +
           Traffic->Frames[AerovnetBroadcast];
}

static VOID AerovnetQuerySupported(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    UNREFERENCED_PARAMETER(Adapter);
    Reply->Data = AerovnetSupportedOids;
    Reply->Length = AerovnetSupportedOidsLength;
}

static VOID AerovnetQueryDescription(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    static const CHAR Description[] = AEROVNET_VENDOR_DESCRIPTION;

    UNREFERENCED_PARAMETER(Adapter);
    Reply->Data = Description;
    Reply->Length = sizeof(Description);
}

static VOID AerovnetQueryBufferSpaceOut(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AerovnetReplyNumber(Reply, Adapter->Transmit.SlotCount * AEROVNET_FRAME_MAX);
}

static VOID AerovnetQueryBufferSpaceIn(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AerovnetReplyNumber(Reply, Adapter->Receive.BufferCount * AEROVNET_FRAME_MAX);
}

static VOID AerovnetQueryMtu(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AerovnetReplyNumber(Reply, Adapter->Mtu);
}

static VOID AerovnetQueryTotalSize(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AerovnetReplyNumber(Reply, AEROVNET_ETHERNET_HEADER + Adapter->Mtu);
}

static VOID AerovnetQueryLookahead(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AerovnetReplyNumber(Reply, Adapter->Lookahead);
}

static NDIS_STATUS AerovnetSetLookahead(PAEROVNET_ADAPTER Adapter, const VOID *Data, ULONG Length)
{
    const ULONG *Number = Data;

    UNREFERENCED_PARAMETER(Length);
    if (*Number > Adapter->Mtu)
        return NDIS_STATUS_INVALID_DATA;
    Adapter->Lookahead = *Number;
    return NDIS_STATUS_SUCCESS;
}

static VOID AerovnetQueryFilter(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AerovnetReplyNumber(Reply, Adapter->Receive.PacketFilter);
}

static NDIS_STATUS AerovnetSetFilter(PAEROVNET_ADAPTER Adapter, const VOID *Data, ULONG Length)
{
    const ULONG *Filter = Data;

    UNREFERENCED_PARAMETER(Length);
    if (*Filter & ~(ULONG)AEROVNET_PACKET_FILTERS)
        return NDIS_STATUS_NOT_SUPPORTED;
    NdisAcquireSpinLock(&Adapter->Receive.Queue.Lock);
    Adapter->Receive.PacketFilter = *Filter;
    NdisReleaseSpinLock(&Adapter->Receive.Queue.Lock);
    return NDIS_STATUS_SUCCESS;
}

static VOID AerovnetQueryPermanent(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    Reply->Data = Adapter->PermanentAddress;
    Reply->Length = AEROVNET_ADDRESS_LENGTH;
}

static VOID AerovnetQueryCurrent(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    Reply->Data = Adapter->CurrentAddress;
    Reply->Length = AEROVNET_ADDRESS_LENGTH;
}

static VOID AerovnetQueryMulticast(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    Reply->Length = Adapter->Receive.MulticastCount * AEROVNET_ADDRESS_LENGTH;
    Reply->Data = Adapter->Receive.Multicast;
}

static NDIS_STATUS AerovnetSetMulticast(PAEROVNET_ADAPTER Adapter, const VOID *Data, ULONG Length)
{
    if (Length % AEROVNET_ADDRESS_LENGTH != 0)
        return NDIS_STATUS_INVALID_LENGTH;
    if (Length > sizeof(Adapter->Receive.Multicast))
        return NDIS_STATUS_MULTICAST_FULL;
    NdisAcquireSpinLock(&Adapter->Receive.Queue.Lock);
    NdisMoveMemory(Adapter->Receive.Multicast, Data, Length);
    Adapter->Receive.MulticastCount = Length / AEROVNET_ADDRESS_LENGTH;
    NdisReleaseSpinLock(&Adapter->Receive.Queue.Lock);
    return NDIS_STATUS_SUCCESS;
}

static VOID AerovnetQueryXmitOk(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AEROVNET_TRAFFIC Sent;

    AerovnetReadSent(Adapter, &Sent);
    AerovnetReplyCounter(Reply, AerovnetFrames(&Sent));
}

static VOID AerovnetQueryRcvOk(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AEROVNET_TRAFFIC Received;

    AerovnetReadReceived(Adapter, &Received);
    AerovnetReplyCounter(Reply, AerovnetFrames(&Received));
}

static VOID AerovnetQueryXmitError(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AEROVNET_TRAFFIC Sent;

    AerovnetReadSent(Adapter, &Sent);
    AerovnetReplyCounter(Reply, Sent.Errors);
}

static VOID AerovnetQueryRcvError(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AEROVNET_TRAFFIC Received;

    AerovnetReadReceived(Adapter, &Received);
    AerovnetReplyCounter(Reply, Received.Errors);
}

static VOID AerovnetQueryStatistics(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    NDIS_STATISTICS_INFO *Info = &Reply->u.Statistics;
    AEROVNET_TRAFFIC Sent, Received;

    AerovnetReadSent(Adapter, &Sent);
    AerovnetReadReceived(Adapter, &Received);
    NdisZeroMemory(Info, sizeof(*Info));
    Info->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Info->Header.Revision = NDIS_STATISTICS_INFO_REVISION_1;
    Info->Header.Size = NDIS_SIZEOF_STATISTICS_INFO_REVISION_1;
    Info->SupportedStatistics = AEROVNET_STATISTICS_VALID;
    Info->ifInDiscards = Received.Discards;
    Info->ifInErrors = Received.Errors;
    Info->ifHCInUcastPkts = Received.Frames[AerovnetDirected];
    Info->ifHCInMulticastPkts = Received.Frames[AerovnetMulticast];
    Info->ifHCInBroadcastPkts = Received.Frames[AerovnetBroadcast];
    Info->ifHCInUcastOctets = Received.Bytes[AerovnetDirected];
    Info->ifHCInMulticastOctets = Received.Bytes[AerovnetMulticast];
    Info->ifHCInBroadcastOctets = Received.Bytes[AerovnetBroadcast];
    Info->ifHCInOctets =
        Info->ifHCInUcastOctets + Info->ifHCInMulticastOctets + Info->ifHCInBroadcastOctets;
    Info->ifOutDiscards = Sent.Discards;
    Info->ifOutErrors = Sent.Errors;
    Info->ifHCOutUcastPkts = Sent.Frames[AerovnetDirected];
    Info->ifHCOutMulticastPkts = Sent.Frames[AerovnetMulticast];
    Info->ifHCOutBroadcastPkts = Sent.Frames[AerovnetBroadcast];
    Info->ifHCOutUcastOctets = Sent.Bytes[AerovnetDirected];
    Info->ifHCOutMulticastOctets = Sent.Bytes[AerovnetMulticast];
    Info->ifHCOutBroadcastOctets = Sent.Bytes[AerovnetBroadcast];
    Info->ifHCOutOctets =
        Info->ifHCOutUcastOctets + Info->ifHCOutMulticastOctets + Info->ifHCOutBroadcastOctets;
    Reply->Data = Info;
    Reply->Length = NDIS_SIZEOF_STATISTICS_INFO_REVISION_1;
}

static VOID AerovnetQueryModeration(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    NDIS_INTERRUPT_MODERATION_PARAMETERS *Moderation = &Reply->u.Moderation;

    UNREFERENCED_PARAMETER(Adapter);
    NdisZeroMemory(Moderation, sizeof(*Moderation));
    Moderation->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Moderation->Header.Revision = NDIS_INTERRUPT_MODERATION_PARAMETERS_REVISION_1;
    Moderation->Header.Size = NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1;
    Moderation->InterruptModeration = NdisInterruptModerationNotSupported;
    Reply->Data = Moderation;
    Reply->Length = NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1;
}

/* The page of the OID requires this status of a driver without interrupt
 * moderation. */
static NDIS_STATUS AerovnetSetModeration(PAEROVNET_ADAPTER Adapter, const VOID *Data, ULONG Length)
{
    UNREFERENCED_PARAMETER(Adapter);
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(Length);
    return NDIS_STATUS_INVALID_DATA;
}

/* The speed, duplex mode and flow control of a virtio link are fixed. A request succeeds if each
 * parameter is auto-negotiated or has the link's own value. */
static NDIS_STATUS AerovnetSetLinkParameters(PAEROVNET_ADAPTER Adapter, const VOID *Data,
                                             ULONG Length)
{
    const NDIS_LINK_PARAMETERS *Link = Data;
    ULONG Auto = Link->AutoNegotiationFlags;

    UNREFERENCED_PARAMETER(Adapter);
    UNREFERENCED_PARAMETER(Length);
    if (Link->Header.Type != NDIS_OBJECT_TYPE_DEFAULT ||
        Link->Header.Revision < NDIS_LINK_PARAMETERS_REVISION_1 ||
        Link->Header.Size < NDIS_SIZEOF_LINK_PARAMETERS_REVISION_1)
        return NDIS_STATUS_INVALID_DATA;
    if ((!(Auto & NDIS_LINK_STATE_XMIT_LINK_SPEED_AUTO_NEGOTIATED) &&
         Link->XmitLinkSpeed != AEROVNET_LINK_SPEED) ||
        (!(Auto & NDIS_LINK_STATE_RCV_LINK_SPEED_AUTO_NEGOTIATED) &&
         Link->RcvLinkSpeed != AEROVNET_LINK_SPEED) ||
        (!(Auto & NDIS_LINK_STATE_DUPLEX_AUTO_NEGOTIATED) &&
         Link->MediaDuplexState != MediaDuplexStateFull) ||
        (!(Auto & NDIS_LINK_STATE_PAUSE_FUNCTIONS_AUTO_NEGOTIATED) &&
         Link->PauseFunctions != NdisPauseFunctionsUnsupported))
        return NDIS_STATUS_INVALID_DATA;
    return NDIS_STATUS_SUCCESS;
}

ULONG AerovnetMacOptions(const AEROVNET_ADAPTER *Adapter)
{
    ULONG Options = NDIS_MAC_OPTION_COPY_LOOKAHEAD_DATA | NDIS_MAC_OPTION_TRANSFERS_NOT_PEND |
                    NDIS_MAC_OPTION_NO_LOOPBACK;

    /* A driver that sets the VLAN flag must set the priority flag too (network/oid-gen-mac-options).
     * If *PriorityVLANTag disables priorities, the driver sends priority 0. */
    if (Adapter->TagMode != 0)
        Options |= NDIS_MAC_OPTION_8021P_PRIORITY;
    if (Adapter->TagMode & AEROVNET_TAG_VLAN)
        Options |= NDIS_MAC_OPTION_8021Q_VLAN;
    return Options;
}

static VOID AerovnetQueryMacOptions(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AerovnetReplyNumber(Reply, AerovnetMacOptions(Adapter));
}

/* With VLANs disabled the VLAN ID is 0, whatever the keyword VlanId says. */
static VOID AerovnetQueryVlan(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AerovnetReplyNumber(Reply, Adapter->TagMode & AEROVNET_TAG_VLAN ? Adapter->VlanId : 0);
}

static NDIS_STATUS AerovnetSetVlan(PAEROVNET_ADAPTER Adapter, const VOID *Data, ULONG Length)
{
    const ULONG *Number = Data;

    UNREFERENCED_PARAMETER(Length);
    if (!(Adapter->TagMode & AEROVNET_TAG_VLAN))
        return NDIS_STATUS_NOT_SUPPORTED;
    if (*Number > AEROVNET_VLAN_MAX)
        return NDIS_STATUS_INVALID_DATA;
    Adapter->VlanId = *Number;
    return NDIS_STATUS_SUCCESS;
}

/* Must always succeed: the driver promises that the OID_PNP_SET_POWER that follows succeeds
 * (network/oid-pnp-query-power). The buffer holds the requested state; the reply is empty. */
static VOID AerovnetQueryPower(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    UNREFERENCED_PARAMETER(Adapter);
    Reply->Data = NULL;
    Reply->Length = 0;
}

static NDIS_STATUS AerovnetSetPower(PAEROVNET_ADAPTER Adapter, const VOID *Data, ULONG Length)
{
    const NDIS_DEVICE_POWER_STATE *State = Data;

    UNREFERENCED_PARAMETER(Length);
    switch (*State) {
    case NdisDeviceStateD0:
        AerovnetDeviceWake(Adapter);
        return NDIS_STATUS_SUCCESS;
    case NdisDeviceStateD1:
    case NdisDeviceStateD2:
    case NdisDeviceStateD3:
        AerovnetDeviceSleep(Adapter);
        return NDIS_STATUS_SUCCESS;
    default:
        return NDIS_STATUS_INVALID_DATA;
    }
}

/* The adapter reports no wake-up capability, so no wake-up parameter is ever enabled. */
static VOID AerovnetQueryPowerParameters(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    NDIS_PM_PARAMETERS *Power = &Reply->u.Power;

    UNREFERENCED_PARAMETER(Adapter);
    NdisZeroMemory(Power, sizeof(*Power));
    Power->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Power->Header.Revision = NDIS_PM_PARAMETERS_REVISION_1;
    Power->Header.Size = NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_1;
    Reply->Data = Power;
    Reply->Length = NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_1;
}

static NDIS_STATUS AerovnetSetPowerParameters(PAEROVNET_ADAPTER Adapter, const VOID *Data,
                                              ULONG Length)
{
    const NDIS_PM_PARAMETERS *Power = Data;

    UNREFERENCED_PARAMETER(Adapter);
    UNREFERENCED_PARAMETER(Length);
    if (Power->EnabledWoLPacketPatterns != 0 || Power->EnabledProtocolOffloads != 0 ||
        Power->WakeUpFlags != 0)
        return NDIS_STATUS_INVALID_PARAMETER;
    return NDIS_STATUS_SUCCESS;
}

/* The device drops a frame that finds no receive buffer, and does not report how many it dropped. */
static VOID AerovnetQueryNoBuffer(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    UNREFERENCED_PARAMETER(Adapter);
    AerovnetReplyCounter(Reply, 0);
}

static VOID AerovnetQueryCounters(PAEROVNET_ADAPTER Adapter, PAEROVNET_REPLY Reply)
{
    AEROVNET_COUNTERS *Counters = &Reply->u.Counters;
    PAEROVNET_TRANSMIT Transmit = &Adapter->Transmit;
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;

    NdisZeroMemory(Counters, sizeof(*Counters));
    Counters->Version = AEROVNET_COUNTERS_VERSION;
    Counters->Length = sizeof(*Counters);
    Counters->Interrupts = AerovnetCounterRead(&Adapter->Interrupts);
    Counters->SharedInterrupts = AerovnetCounterRead(&Adapter->SharedInterrupts);
    Counters->Dpcs = AerovnetCounterRead(&Adapter->Dpcs);
    Counters->DpcsRequeued = AerovnetCounterRead(&Adapter->DpcsRequeued);
    Counters->LinkChanges = (ULONG)Adapter->LinkChanges;
    Counters->DeviceErrors = (ULONG)Adapter->DeviceErrors;
    Counters->Resets = AerovnetCounterRead(&Adapter->Resets);
    Counters->MemoryBytes = Adapter->MemoryBytes;

    NdisAcquireSpinLock(&Transmit->Queue.Lock);
    Counters->FeaturesOffered = Adapter->FeaturesOffered;
    Counters->FeaturesNegotiated = Adapter->FeaturesNegotiated;
    Counters->TxNotifications = Transmit->Queue.Notifications;
    Counters->TxFrames = AerovnetFrames(&Transmit->Traffic);
    Counters->TxCopied = Transmit->FramesCopied;
    Counters->TxIndirect = Transmit->FramesIndirect;
    Counters->TxRingFull = Transmit->RingFull;
    Counters->TxMapFailures = Transmit->MapFailures;
    Counters->TxQueueSize = Transmit->Queue.Size;
    Counters->TxBuffers = Transmit->SlotCount;
    NdisReleaseSpinLock(&Transmit->Queue.Lock);

    NdisAcquireSpinLock(&Receive->Queue.Lock);
    Counters->RxNotifications = Receive->Queue.Notifications;
    Counters->RxFrames = AerovnetFrames(&Receive->Traffic);
    Counters->RxFiltered = Receive->Filtered;
    Counters->RxWhilePaused = Receive->WhilePaused;
    Counters->RxMalformed = Receive->Traffic.Errors;
    Counters->RxIndications = Receive->Indications;
    Counters->RxLowResources = Receive->LowResources;
    Counters->RxQueueSize = Receive->Queue.Size;
    Counters->RxBuffers = Receive->BufferCount;
    NdisReleaseSpinLock(&Receive->Queue.Lock);

    Reply->Data = Counters;
    Reply->Length = sizeof(*Counters);
}

#define AEROVNET_DRIVER_VERSION 0x0614 /* NDIS 6.20 */
#define AEROVNET_VENDOR_VERSION \
    ((AEROVNET_VERSION_MAJOR << 16) | (AEROVNET_VERSION_MINOR << 8) | AEROVNET_VERSION_PATCH)
#define AEROVNET_VENDOR_ID 0xFFFFFF /* no IEEE code: oid-gen-vendor-id */

/* OID, constant reply, query function, set function, minimum length of a set in bytes */
#define AEROVNET_OIDS(ROW)                                                               \
    ROW(OID_GEN_SUPPORTED_LIST, 0, AerovnetQuerySupported, NULL, 0)                      \
    ROW(OID_GEN_HARDWARE_STATUS, NdisHardwareStatusReady, NULL, NULL, 0)                 \
    ROW(OID_GEN_MEDIA_SUPPORTED, NdisMedium802_3, NULL, NULL, 0)                         \
    ROW(OID_GEN_MEDIA_IN_USE, NdisMedium802_3, NULL, NULL, 0)                            \
    ROW(OID_GEN_PHYSICAL_MEDIUM, NdisPhysicalMedium802_3, NULL, NULL, 0)                 \
    ROW(OID_GEN_MAXIMUM_LOOKAHEAD, 0, AerovnetQueryMtu, NULL, 0)                         \
    ROW(OID_GEN_CURRENT_LOOKAHEAD, 0, AerovnetQueryLookahead, AerovnetSetLookahead, 4)   \
    ROW(OID_GEN_MAXIMUM_FRAME_SIZE, 0, AerovnetQueryMtu, NULL, 0)                        \
    ROW(OID_GEN_MAXIMUM_TOTAL_SIZE, 0, AerovnetQueryTotalSize, NULL, 0)                  \
    ROW(OID_GEN_TRANSMIT_BLOCK_SIZE, AEROVNET_FRAME_MAX, NULL, NULL, 0)                  \
    ROW(OID_GEN_RECEIVE_BLOCK_SIZE, AEROVNET_FRAME_MAX, NULL, NULL, 0)                   \
    ROW(OID_GEN_TRANSMIT_BUFFER_SPACE, 0, AerovnetQueryBufferSpaceOut, NULL, 0)          \
    ROW(OID_GEN_RECEIVE_BUFFER_SPACE, 0, AerovnetQueryBufferSpaceIn, NULL, 0)            \
    ROW(OID_GEN_VENDOR_ID, AEROVNET_VENDOR_ID, NULL, NULL, 0)                            \
    ROW(OID_GEN_VENDOR_DESCRIPTION, 0, AerovnetQueryDescription, NULL, 0)                \
    ROW(OID_GEN_VENDOR_DRIVER_VERSION, AEROVNET_VENDOR_VERSION, NULL, NULL, 0)           \
    ROW(OID_GEN_DRIVER_VERSION, AEROVNET_DRIVER_VERSION, NULL, NULL, 0)                  \
    ROW(OID_GEN_MAC_OPTIONS, 0, AerovnetQueryMacOptions, NULL, 0)                        \
    ROW(OID_GEN_VLAN_ID, 0, AerovnetQueryVlan, AerovnetSetVlan, 4)                       \
    ROW(OID_GEN_CURRENT_PACKET_FILTER, 0, AerovnetQueryFilter, AerovnetSetFilter, 4)     \
    ROW(OID_GEN_LINK_PARAMETERS, 0, NULL, AerovnetSetLinkParameters,                     \
        NDIS_SIZEOF_LINK_PARAMETERS_REVISION_1)                                          \
    ROW(OID_GEN_INTERRUPT_MODERATION, 0, AerovnetQueryModeration, AerovnetSetModeration, \
        NDIS_SIZEOF_INTERRUPT_MODERATION_PARAMETERS_REVISION_1)                          \
    ROW(OID_GEN_STATISTICS, 0, AerovnetQueryStatistics, NULL, 0)                         \
    ROW(OID_GEN_XMIT_OK, 0, AerovnetQueryXmitOk, NULL, 0)                                \
    ROW(OID_GEN_RCV_OK, 0, AerovnetQueryRcvOk, NULL, 0)                                  \
    ROW(OID_GEN_XMIT_ERROR, 0, AerovnetQueryXmitError, NULL, 0)                          \
    ROW(OID_GEN_RCV_ERROR, 0, AerovnetQueryRcvError, NULL, 0)                            \
    ROW(OID_GEN_RCV_NO_BUFFER, 0, AerovnetQueryNoBuffer, NULL, 0)                        \
    ROW(OID_802_3_PERMANENT_ADDRESS, 0, AerovnetQueryPermanent, NULL, 0)                 \
    ROW(OID_802_3_CURRENT_ADDRESS, 0, AerovnetQueryCurrent, NULL, 0)                     \
    ROW(OID_802_3_MULTICAST_LIST, 0, AerovnetQueryMulticast, AerovnetSetMulticast, 0)    \
    ROW(OID_802_3_MAXIMUM_LIST_SIZE, AEROVNET_MULTICAST_MAX, NULL, NULL, 0)              \
    ROW(OID_802_3_RCV_ERROR_ALIGNMENT, 0, NULL, NULL, 0)                                 \
    ROW(OID_802_3_XMIT_ONE_COLLISION, 0, NULL, NULL, 0)                                  \
    ROW(OID_802_3_XMIT_MORE_COLLISIONS, 0, NULL, NULL, 0)                                \
    ROW(OID_PNP_QUERY_POWER, 0, AerovnetQueryPower, NULL, 0)                             \
    ROW(OID_PNP_SET_POWER, 0, NULL, AerovnetSetPower, 4)                                 \
    ROW(OID_PM_PARAMETERS, 0, AerovnetQueryPowerParameters, AerovnetSetPowerParameters,  \
        NDIS_SIZEOF_NDIS_PM_PARAMETERS_REVISION_1)                                       \
    ROW(OID_AEROVNET_COUNTERS, 0, AerovnetQueryCounters, NULL, 0)

#define AEROVNET_OID_AS_ROW(_Oid, _Number, _Query, _Set, _SetLength) \
    {_Oid, _Number, _Query, _Set, _SetLength},
#define AEROVNET_OID_AS_LIST(_Oid, _Number, _Query, _Set, _SetLength) _Oid,

static const AEROVNET_OID_ROW AerovnetOidTable[] = {AEROVNET_OIDS(AEROVNET_OID_AS_ROW)};
const NDIS_OID AerovnetSupportedOids[] = {AEROVNET_OIDS(AEROVNET_OID_AS_LIST)};
const ULONG AerovnetSupportedOidsLength = sizeof(AerovnetSupportedOids);

static const AEROVNET_OID_ROW *AerovnetFindOid(NDIS_OID Oid)
{
    ULONG i;

    for (i = 0; i < sizeof(AerovnetOidTable) / sizeof(AerovnetOidTable[0]); i++)
        if (AerovnetOidTable[i].Oid == Oid)
            return &AerovnetOidTable[i];
    return NULL;
}

/* Copies a reply to the caller's buffer. A counter is truncated to 32 bits for a buffer of 4 to 7
 * bytes; BytesNeeded then reports all 8. */
static NDIS_STATUS AerovnetAnswer(const AEROVNET_REPLY *Reply, PVOID Buffer, ULONG Length,
                                  PUINT Written, PUINT Needed)
{
    ULONG Copy = Reply->Length;

    *Written = 0;
    *Needed = Reply->Length;
    if (Reply->Counter && Length >= sizeof(ULONG) && Length < sizeof(ULONG64))
        Copy = sizeof(ULONG);
    if (Length < Copy)
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    if (Copy != 0)
        NdisMoveMemory(Buffer, Reply->Data, Copy);
    *Written = Copy;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS AerovnetQueryOid(PAEROVNET_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    const AEROVNET_OID_ROW *Row = AerovnetFindOid(Request->DATA.QUERY_INFORMATION.Oid);
    AEROVNET_REPLY Reply;

    Request->DATA.QUERY_INFORMATION.BytesWritten = 0;
    Request->DATA.QUERY_INFORMATION.BytesNeeded = 0;
    if (Row == NULL || (Row->Query == NULL && Row->Set != NULL))
        return NDIS_STATUS_NOT_SUPPORTED;
    Reply.Counter = FALSE;
    if (Row->Query == NULL)
        AerovnetReplyNumber(&Reply, Row->Number);
    else
        Row->Query(Adapter, &Reply);
    return AerovnetAnswer(&Reply, Request->DATA.QUERY_INFORMATION.InformationBuffer,
                          Request->DATA.QUERY_INFORMATION.InformationBufferLength,
                          &Request->DATA.QUERY_INFORMATION.BytesWritten,
                          &Request->DATA.QUERY_INFORMATION.BytesNeeded);
}

static NDIS_STATUS AerovnetSetOid(PAEROVNET_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
    const AEROVNET_OID_ROW *Row = AerovnetFindOid(Request->DATA.SET_INFORMATION.Oid);
    ULONG Length = Request->DATA.SET_INFORMATION.InformationBufferLength;
    NDIS_STATUS Status;

    Request->DATA.SET_INFORMATION.BytesRead = 0;
    Request->DATA.SET_INFORMATION.BytesNeeded = 0;
    if (Row == NULL || Row->Set == NULL)
        return NDIS_STATUS_NOT_SUPPORTED;
    if (Length < Row->SetLength) {
        Request->DATA.SET_INFORMATION.BytesNeeded = Row->SetLength;
        return NDIS_STATUS_INVALID_LENGTH;
    }
    Status = Row->Set(Adapter, Request->DATA.SET_INFORMATION.InformationBuffer, Length);
    if (Status == NDIS_STATUS_SUCCESS)
        Request->DATA.SET_INFORMATION.BytesRead = Row->SetLength != 0 ? Row->SetLength : Length;
    else if (Status == NDIS_STATUS_MULTICAST_FULL)
        Request->DATA.SET_INFORMATION.BytesNeeded = sizeof(Adapter->Receive.Multicast);
    return Status;
}

NDIS_STATUS NTAPI AerovnetOidRequest(NDIS_HANDLE MiniportAdapterContext,
                                     PNDIS_OID_REQUEST NdisRequest)
{
    PAEROVNET_ADAPTER Adapter = MiniportAdapterContext;

    switch (NdisRequest->RequestType) {
    case NdisRequestQueryInformation:
    case NdisRequestQueryStatistics:
        return AerovnetQueryOid(Adapter, NdisRequest);
    case NdisRequestSetInformation:
        return AerovnetSetOid(Adapter, NdisRequest);
    default:
        return NDIS_STATUS_NOT_SUPPORTED;
    }
}

/* AerovnetOidRequest completes every request before it returns, so none is pending here. */
VOID NTAPI AerovnetCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RequestId);
}
