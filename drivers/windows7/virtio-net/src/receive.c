/* SPDX-License-Identifier: MIT */
#include "receive.h"
#include "adapter.h"
#include "event_log.h"
#include "pause.h"
#include "state.h"
#include "fault.h"

/* A list's MiniportReserved: the buffer it belongs to. */
#define AEROVNET_LIST_BUFFER(_List) \
    (*(PAEROVNET_BUFFER *)&NET_BUFFER_LIST_MINIPORT_RESERVED(_List)[0])

/* Lists that one poll indicates at most, whatever the size of the ring: the first of them still are in
 * the cache when the stack looks at them. */
#define AEROVNET_POLL_MAX 64

/* A short ring gives up to half of its buffers to a poll, until it comes to so many lists: each poll
 * costs the same, for few lists too. */
#define AEROVNET_POLL_MIN          32

#define AEROVNET_BUFFERS_PER_BLOCK (AEROVNET_BLOCK_BYTES / AEROVNET_BUFFER_STRIDE)

/* Makes a buffer spare. The lock is held. */
static VOID AerovnetSpare(PAEROVNET_RECEIVE Receive, PAEROVNET_BUFFER Buffer)
{
    AEROVNET_ASSERT_LOCK_HELD(&Receive->Queue.Lock);
    Buffer->Next = Receive->Spare;
    Receive->Spare = Buffer;
}

VOID AerovnetReceiveFill(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;
    PAEROVNET_BUFFER Buffer;
    struct virtq_sg Piece;
    ULONG Free;

    AEROVNET_ASSERT_LOCK_HELD(&Receive->Queue.Lock);
    Piece.len = Adapter->HeaderLength + AEROVNET_WIRE_MAX;
    virtq_begin_adding(&Receive->Queue.Ring);
    Free = virtq_free_count(&Receive->Queue.Ring); /* asking virtq_add once too often costs more */
    for (Buffer = Receive->Spare; Free != 0 && Buffer != NULL; Buffer = Buffer->Next, Free--) {
        Piece.addr = Buffer->Address;
        if (virtq_add_next(&Receive->Queue.Ring, &Piece, 0, 1, NULL, Buffer) != VIRTQ_OK)
            break;
    }
    Receive->Spare = Buffer;
}

/* An adapter of a VLAN gets the frames of that VLAN and no others (network/oid-gen-mac-options,
 * NDIS_MAC_OPTION_8021Q_VLAN). */
static BOOLEAN AerovnetVlanWanted(PAEROVNET_ADAPTER Adapter, USHORT Tag)
{
    ULONG VlanId = Adapter->VlanId; /* once: an OID request may change it */

    return VlanId == 0 || !(Adapter->TagMode & AEROVNET_TAG_VLAN) ||
           VlanId == (ULONG)(Tag & AEROVNET_TAG_VLAN_MASK);
}

/* Is this destination asked for? */
static BOOLEAN AerovnetAddressWanted(PAEROVNET_ADAPTER Adapter, const UCHAR *Frame,
                                     AEROVNET_KIND Kind)
{
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;
    ULONG i;

    switch (Kind) {
    case AerovnetDirected:
        return (Receive->PacketFilter & NDIS_PACKET_TYPE_DIRECTED) &&
               AerovnetAddressEqual(Frame, Adapter->CurrentAddress);
    case AerovnetBroadcast:
        return (Receive->PacketFilter & NDIS_PACKET_TYPE_BROADCAST) != 0;
    default:
        if (Receive->PacketFilter & NDIS_PACKET_TYPE_ALL_MULTICAST)
            return TRUE;
        if (!(Receive->PacketFilter & NDIS_PACKET_TYPE_MULTICAST))
            return FALSE;
        for (i = 0; i < Receive->MulticastCount; i++)
            if (AerovnetAddressEqual(Frame, Receive->Multicast[i]))
                return TRUE;
        return FALSE;
    }
}

/* Is this frame asked for (OID_GEN_CURRENT_PACKET_FILTER, OID_802_3_MULTICAST_LIST)? The device
 * does not filter, because VIRTIO_NET_F_CTRL_VQ is not negotiated. The lock is held. */
static BOOLEAN AerovnetWanted(PAEROVNET_ADAPTER Adapter, const UCHAR *Frame, AEROVNET_KIND Kind,
                              USHORT Tag)
{
    if (AerovnetAddressWanted(Adapter, Frame, Kind) && AerovnetVlanWanted(Adapter, Tag))
        return TRUE;
    /* Promiscuous: of every VLAN, as the OID's page says. */
    return (Adapter->Receive.PacketFilter & NDIS_PACKET_TYPE_PROMISCUOUS) != 0;
}

/* Does a tag stand after the addresses? A frame that is too short for one may have an old frame's bytes
 * there. */
VIRTIO_INLINE BOOLEAN AerovnetHasTag(const UCHAR *Frame)
{
    return Frame[AEROVNET_ADDRESSES_LENGTH] == 0x81 && Frame[AEROVNET_ADDRESSES_LENGTH + 1] == 0;
}

/* Takes the tag out of a frame that has one, with `Payload` bytes behind its Ethernet header: the addresses
 * move up to the rest. Returns how many bytes the frame begins later: 0, if it is too short for a tag. */
static ULONG AerovnetTakeTag(PUCHAR Frame, ULONG Payload, PUSHORT Tag)
{
    UCHAR Addresses[AEROVNET_ADDRESSES_LENGTH];
    const UCHAR *Value = Frame + AEROVNET_ADDRESSES_LENGTH + 2;

    if (Payload < AEROVNET_TAG_LENGTH)
        return 0;
    *Tag = (USHORT)(Value[0] << 8 | Value[1]);
    NdisMoveMemory(Addresses, Frame, sizeof(Addresses)); /* for memory that does not overlap */
    NdisMoveMemory(Frame + AEROVNET_TAG_LENGTH, Addresses, sizeof(Addresses));
    return AEROVNET_TAG_LENGTH;
}

/* What NDIS is told of a tag, as far as *PriorityVLANTag allows (network/enumeration-keywords). */
static PVOID AerovnetTagInfo(PAEROVNET_ADAPTER Adapter, USHORT Tag)
{
    NDIS_NET_BUFFER_LIST_8021Q_INFO Info;

    Info.Value = NULL;
    if (Adapter->TagMode != 0)
        Info.TagHeader.CanonicalFormatId = Tag >> AEROVNET_TAG_FORMAT_SHIFT & 1;
    if (Adapter->TagMode & AEROVNET_TAG_PRIORITY)
        Info.TagHeader.UserPriority = Tag >> AEROVNET_TAG_PRIORITY_SHIFT;
    if (Adapter->TagMode & AEROVNET_TAG_VLAN)
        Info.TagHeader.VlanId = Tag & AEROVNET_TAG_VLAN_MASK;
    return Info.Value;
}

/* Does the header say that the frame is from a UDP tunnel, to be cut into segments? That was never
 * agreed on, and such a frame must not be taken (virtio 1.4, 5.1.6.4.2). */
static BOOLEAN AerovnetIsTunnelled(const UCHAR *Header)
{
    return (Header[AEROVNET_HEADER_GSO] &
            (VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 | VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6)) != 0;
}

/* Clears what a NIC can say of a received frame (ddi/nblinfo) and this one does not: drivers above may
 * have left something there when the list was last returned. The tag is written apart. */
static VOID AerovnetClearInfo(PNET_BUFFER_LIST List)
{
    NET_BUFFER_LIST_INFO(List, TcpIpChecksumNetBufferListInfo) = NULL;
    NET_BUFFER_LIST_INFO(List, IPsecOffloadV2NetBufferListInfo) = NULL;
    NET_BUFFER_LIST_INFO(List, NetBufferListFrameType) = NULL;
    NET_BUFFER_LIST_INFO(List, NetBufferListHashValue) = NULL;
    NET_BUFFER_LIST_INFO(List, NetBufferListHashInfo) = NULL;
    NET_BUFFER_LIST_INFO(List, NetBufferListFilteringInfo) = NULL;
}

/* Looks at a used buffer; TRUE if it is to be indicated. A tag is always taken out of the frame. `Payload`
 * bytes are used after the Ethernet header: a huge number, if not even that is there. The lock is held. */
static BOOLEAN AerovnetAccept(PAEROVNET_ADAPTER Adapter, PAEROVNET_BUFFER Buffer, ULONG Payload)
{
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;
    PNET_BUFFER_LIST List = Buffer->NetBufferList;
    PUCHAR Frame = Buffer->Frame;
    ULONG Length;
    PNET_BUFFER NetBuffer;
    AEROVNET_KIND Kind;
    ULONG Offset = 0;
    USHORT Tag = 0;

    AEROVNET_ASSERT_LOCK_HELD(&Receive->Queue.Lock);
    if (AerovnetHasTag(Frame)) {
        Offset = AerovnetTakeTag(Frame, Payload, &Tag);
        Frame += Offset;
        Payload -= Offset;
    }
    /* One comparison for both ends. The network, too, has frames that are too short or too long. */
    if (Payload > AEROVNET_MTU || VIRTIO_DEVICE_LIES(AerovnetIsTunnelled(Buffer->Header))) {
        Receive->Traffic.Errors++;
        return FALSE;
    }
    if (!Receive->Open) {
        Receive->WhilePaused++;
        Receive->Traffic.Discards++;
        return FALSE;
    }
    Kind = AerovnetAddressKind(Frame);
    if (!AerovnetWanted(Adapter, Frame, Kind, Tag)) {
        Receive->Filtered++;
        return FALSE;
    }
    Length = AEROVNET_ETHERNET_HEADER + Payload;
    Receive->Traffic.Frames[Kind]++;
    Receive->Traffic.Bytes[Kind] += Length;

    NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);
    NET_BUFFER_DATA_OFFSET(NetBuffer) = Offset;
    NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer) = Offset;
    NET_BUFFER_DATA_LENGTH(NetBuffer) = Length;
    NET_BUFFER_LIST_INFO(List, Ieee8021QNetBufferListInfo) =
        Offset != 0 ? AerovnetTagInfo(Adapter, Tag) : NULL;
    AerovnetClearInfo(List);
    NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
    return TRUE;
}

/* Takes lists back that were indicated, and returns how many. DISPATCH_LEVEL: whoever is between
 * publishing and notifying is waited for before a reset, and must not be preempted there. */
static LONG AerovnetTakeBack(PAEROVNET_ADAPTER Adapter, PNET_BUFFER_LIST Lists)
{
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;
    PAEROVNET_BUFFER Buffer, Spare;
    PNET_BUFFER_LIST List;
    BOOLEAN Notify = FALSE;
    LONG Count = 0;

    NdisDprAcquireSpinLock(&Receive->Queue.Lock);
    Spare = Receive->Spare;
    for (List = Lists; List != NULL; List = NET_BUFFER_LIST_NEXT_NBL(List)) {
        Buffer = AEROVNET_LIST_BUFFER(List);
        Buffer->Next = Spare;
        Spare = Buffer;
        Count++;
    }
    Receive->Spare = Spare;
    if (Receive->Queue.Live) {
        AerovnetReceiveFill(Adapter);
        Notify = AerovnetPublish(&Receive->Queue);
    }
    NdisDprReleaseSpinLock(&Receive->Queue.Lock);
    if (Notify)
        AerovnetNotify(Adapter, &Receive->Queue);
    return Count;
}

VOID NTAPI AerovnetReturnNetBufferLists(NDIS_HANDLE MiniportAdapterContext,
                                        PNET_BUFFER_LIST NetBufferLists, ULONG ReturnFlags)
{
    PAEROVNET_ADAPTER Adapter = MiniportAdapterContext;
    BOOLEAN AtDispatch = NDIS_TEST_RETURN_AT_DISPATCH_LEVEL(ReturnFlags) != 0;
    KIRQL OldIrql = DISPATCH_LEVEL;
    LONG Count;

    if (!AtDispatch)
        KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    Count = AerovnetTakeBack(Adapter, NetBufferLists);
    if (!AtDispatch)
        KeLowerIrql(OldIrql);
    AerovnetRelease(Adapter, Count);
}

/* Hands up `Count` lists. They are counted in Outstanding, and one more for the call itself. */
static VOID AerovnetIndicate(PAEROVNET_ADAPTER Adapter, PNET_BUFFER_LIST Lists, ULONG Count,
                             BOOLEAN FewLeft)
{
    ULONG Flags = NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL;

    if (FewLeft)
        Flags |= NDIS_RECEIVE_FLAGS_RESOURCES;
    NdisMIndicateReceiveNetBufferLists(Adapter->MiniportHandle, Lists, NDIS_DEFAULT_PORT_NUMBER,
                                       Count, Flags);
    if (FewLeft)
        AerovnetRelease(Adapter, AerovnetTakeBack(Adapter, Lists));
    AerovnetRelease(Adapter, 1);
}

ULONG AerovnetReceivePoll(PAEROVNET_ADAPTER Adapter, ULONG Budget, PBOOLEAN More)
{
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;
    PNET_BUFFER_LIST Lists = NULL;
    PNET_BUFFER_LIST *Tail = &Lists;
    ULONG Headers = Adapter->HeaderLength + AEROVNET_ETHERNET_HEADER;
    PVOID Cookie;
    virtio_u32 Used;
    ULONG Taken = 0;
    ULONG Refused = 0; /* of those: not in Lists */
    ULONG Count;
    BOOLEAN FewLeft = FALSE;
    BOOLEAN Notify = FALSE;
    int Result = VIRTQ_EMPTY;
    ULONG Epoch = 0;

    *More = FALSE;
    if (Budget > Receive->PollMax)
        Budget = Receive->PollMax;
    NdisDprAcquireSpinLock(&Receive->Queue.Lock);
    if (Receive->Queue.Live) {
        virtq_disable_interrupts(&Receive->Queue.Ring);
        while (Taken < Budget &&
               (Result = virtq_get(&Receive->Queue.Ring, &Cookie, &Used)) == VIRTQ_OK) {
            Taken++;
            if (AerovnetAccept(Adapter, Cookie, Used - Headers)) {
                *Tail = ((PAEROVNET_BUFFER)Cookie)->NetBufferList;
                Tail = &NET_BUFFER_LIST_NEXT_NBL(*Tail);
            } else {
                AerovnetSpare(Receive, Cookie);
                Refused++;
            }
        }
        *Tail = NULL;
        if (Taken != 0) { /* what is not posted has no room otherwise */
            *More = Taken == Receive->PollMax && virtq_has_used(&Receive->Queue.Ring);
            AerovnetReceiveFill(Adapter);
            Notify = AerovnetPublish(&Receive->Queue);
        }
        FewLeft = virtq_outstanding(&Receive->Queue.Ring) < Receive->LowWater;
        if (Result < VIRTQ_EMPTY) /* live: no other incarnation begins meanwhile */
            Epoch = AerovnetStateEpoch(&Adapter->State);
    }
    Count = Taken - Refused;
    if (Count != 0) {
        InterlockedExchangeAdd(&Adapter->Outstanding, (LONG)Count + 1);
        Receive->Indications++;
        Receive->LowResources += FewLeft;
    }
    NdisDprReleaseSpinLock(&Receive->Queue.Lock);

    if (Notify)
        AerovnetNotify(Adapter, &Receive->Queue);
    if (Result < VIRTQ_EMPTY)
        AerovnetDeviceFailed(Adapter, Epoch, AEROVNET_EVENT_DEVICE_BROKE_QUEUE,
                             AEROVNET_RECEIVE_QUEUE, (ULONG)Result);
    if (Count != 0)
        AerovnetIndicate(Adapter, Lists, Count, FewLeft);
    return Taken;
}

VOID AerovnetReceiveStop(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;
    PAEROVNET_BUFFER Buffer;

    AEROVNET_ASSERT_PASSIVE();
    NdisAcquireSpinLock(&Receive->Queue.Lock);
    while ((Buffer = virtq_detach(&Receive->Queue.Ring)) != NULL)
        AerovnetSpare(Receive, Buffer);
    virtq_reset(&Receive->Queue.Ring);
    NdisReleaseSpinLock(&Receive->Queue.Lock);
}

VOID AerovnetReceiveFit(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;
    ULONG Posted =
        Receive->BufferCount < Receive->Queue.Size ? Receive->BufferCount : Receive->Queue.Size;

    AEROVNET_ASSERT_PASSIVE();
    Receive->LowWater = Posted < 8 ? 1 : Posted / 8;
    Receive->PollMax = Posted / 4;
    if (Receive->PollMax > AEROVNET_POLL_MAX)
        Receive->PollMax = AEROVNET_POLL_MAX;
    if (Receive->PollMax < AEROVNET_POLL_MIN)
        Receive->PollMax = Posted / 2 < AEROVNET_POLL_MIN ? Posted / 2 : AEROVNET_POLL_MIN;
    if (Receive->PollMax == 0)
        Receive->PollMax = 1;
}

VOID AerovnetReceiveOpen(PAEROVNET_ADAPTER Adapter, BOOLEAN Open)
{
    NdisAcquireSpinLock(&Adapter->Receive.Queue.Lock);
    Adapter->Receive.Open = Open;
    NdisReleaseSpinLock(&Adapter->Receive.Queue.Lock);
}

/* Builds buffer number `Number` in its place of the shared memory. */
static BOOLEAN AerovnetBufferInit(PAEROVNET_ADAPTER Adapter, ULONG Number)
{
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;
    PAEROVNET_BUFFER Buffer = &Receive->Buffers[Number];
    PAEROVNET_SHARED Shared = &Receive->Shared[Number / AEROVNET_BUFFERS_PER_BLOCK];
    ULONG Offset =
        Number % AEROVNET_BUFFERS_PER_BLOCK * AEROVNET_BUFFER_STRIDE + AEROVNET_BUFFER_OFFSET;

    Offset += AEROVNET_HEADER_MAX;
    Buffer->Address = (virtio_u64)Shared->Pa.QuadPart + Offset - Adapter->HeaderLength;
    Buffer->Frame = Shared->Va + Offset;
    Buffer->Header = Buffer->Frame - Adapter->HeaderLength;
    Buffer->Mdl = NdisAllocateMdl(Adapter->MiniportHandle, Buffer->Frame, AEROVNET_WIRE_MAX);
    if (Buffer->Mdl == NULL)
        return FALSE;
    Buffer->NetBufferList =
        NdisAllocateNetBufferAndNetBufferList(Receive->Pool, 0, 0, Buffer->Mdl, 0, 0);
    if (Buffer->NetBufferList == NULL)
        return FALSE;
    Buffer->NetBufferList->SourceHandle = Adapter->MiniportHandle;
    AEROVNET_LIST_BUFFER(Buffer->NetBufferList) = Buffer;
    Buffer->Next = Receive->Spare;
    Receive->Spare = Buffer;
    return TRUE;
}

static BOOLEAN AerovnetCreatePool(PAEROVNET_ADAPTER Adapter)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters;

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    Parameters.Header.Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    Parameters.Header.Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
    Parameters.ProtocolId = NDIS_PROTOCOL_ID_DEFAULT;
    Parameters.fAllocateNetBuffer = TRUE;
    Parameters.PoolTag = AEROVNET_POOL_TAG;
    Adapter->Receive.Pool = NdisAllocateNetBufferListPool(Adapter->MiniportHandle, &Parameters);
    return Adapter->Receive.Pool != NULL;
}

NDIS_STATUS AerovnetReceiveAllocate(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;
    enum virtio_pci_status Transport;
    NDIS_STATUS Status;
    ULONG Size, i;

    AEROVNET_ASSERT_PASSIVE();
    Receive->Spare = NULL;
    Transport = AerovnetQueueSize(Adapter, &Receive->Queue, AEROVNET_RECEIVE_QUEUE);
    if (Transport != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Transport, AEROVNET_RECEIVE_QUEUE);
    Status = AerovnetQueueAllocate(Adapter, &Receive->Queue);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    Size = (ULONG)Receive->Queue.Size + AEROVNET_SPARE_MAX;
    if (Size > Receive->BuffersWanted)
        Size = Receive->BuffersWanted;
    Receive->BufferCount = Size;
    AerovnetReceiveFit(Adapter);
    Receive->SharedCount = (Size + AEROVNET_BUFFERS_PER_BLOCK - 1) / AEROVNET_BUFFERS_PER_BLOCK;
    Receive->Buffers =
        AerovnetAllocate(Adapter, Size * sizeof(AEROVNET_BUFFER), AEROVNET_MEMORY_RECEIVE);
    Receive->Shared = AerovnetAllocate(Adapter, Receive->SharedCount * sizeof(AEROVNET_SHARED),
                                       AEROVNET_MEMORY_RECEIVE);
    if (Receive->Buffers == NULL || Receive->Shared == NULL)
        goto Fail;
    for (i = 0; i < Receive->SharedCount; i++)
        if (!AerovnetAllocateShared(Adapter, &Receive->Shared[i], AEROVNET_BLOCK_BYTES,
                                    AEROVNET_MEMORY_RECEIVE))
            goto Fail;
    if (!AerovnetCreatePool(Adapter))
        goto FailSilent;
    for (i = 0; i < Size; i++)
        if (!AerovnetBufferInit(Adapter, i))
            goto FailSilent;
    return NDIS_STATUS_SUCCESS;

FailSilent:
    AerovnetLog(Adapter, AEROVNET_EVENT_OUT_OF_MEMORY, Size, AEROVNET_MEMORY_LISTS);
Fail:
    AerovnetReceiveFree(Adapter);
    return NDIS_STATUS_RESOURCES;
}

VOID AerovnetReceiveFree(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_RECEIVE Receive = &Adapter->Receive;
    ULONG i;

    AEROVNET_ASSERT_PASSIVE();
    for (i = 0; Receive->Buffers != NULL && i < Receive->BufferCount; i++) {
        if (Receive->Buffers[i].NetBufferList != NULL)
            NdisFreeNetBufferList(Receive->Buffers[i].NetBufferList);
        if (Receive->Buffers[i].Mdl != NULL)
            NdisFreeMdl(Receive->Buffers[i].Mdl);
    }
    if (Receive->Pool != NULL)
        NdisFreeNetBufferListPool(Receive->Pool);
    for (i = 0; Receive->Shared != NULL && i < Receive->SharedCount; i++)
        AerovnetFreeShared(Adapter, &Receive->Shared[i]);
    AerovnetFree(Receive->Shared);
    AerovnetFree(Receive->Buffers);
    AerovnetQueueFree(Adapter, &Receive->Queue);
}
