/* SPDX-License-Identifier: MIT */
/*
 * segment.h: a miniport that segments large TCP packets by itself, for a device that cannot, and what a faulty one
 * does in its place.
 *   Hooks->Send = SegmentSend;  SegmentHooks(Hooks);
 *   Spoil = Function;      changes the headers of a segment before its checksums are computed
 *   SpoilLate = Function;  after it
 */
#ifndef RULES_SEGMENT_H
#define RULES_SEGMENT_H

#include "offload.h"
#include "virtio.h"

#define SEND_OFFSET 4096 /* in the shared memory */
#define NET_HEADER  12
#define FRAME_MAX   1514
#define PACKET_MAX  65600

typedef NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO LARGE_INFO;
typedef VOID SPOIL(PUCHAR Frame, ULONG Tcp, ULONG Segment, BOOLEAN Last);

static SPOIL *Spoil, *SpoilLate;
static ULONG MssMore;                      /* so many bytes more a segment than the MSS */
static ULONG Large[2][2], Alone, Segments; /* packets by version of LSO and IP; frames; segments */
static ULONG LongestData;
static UCHAR Packet[PACKET_MAX], Frame[FRAME_MAX + 100];

static VOID PutShort(PUCHAR At, ULONG Value)
{
    At[0] = (UCHAR)(Value >> 8);
    At[1] = (UCHAR)Value;
}

static ULONG GetShort(const UCHAR *At)
{
    return (ULONG)At[0] << 8 | At[1];
}

static ULONG Add(ULONG Sum, const UCHAR *Data, ULONG Length)
{
    ULONG i;

    for (i = 0; i < Length; i++)
        Sum += i % 2 ? Data[i] : (ULONG)Data[i] << 8;
    while (Sum >> 16)
        Sum = (Sum & 0xFFFF) + (Sum >> 16);
    return Sum;
}

/* The device gets one frame; this waits until it is done with it. */
static VOID Wire(const UCHAR *Data, ULONG Length)
{
    PUCHAR Header = Adapter.Shared + SEND_OFFSET;
    ULONG i;

    NdisZeroMemory(Header, NET_HEADER);
    NdisMoveMemory(Header + NET_HEADER, Data, Length);
    VirtioSend((ULONGLONG)Adapter.SharedPa.QuadPart + SEND_OFFSET, NET_HEADER + Length, 0);
    for (i = 0; i < 500000; i++) {
        if (*(volatile USHORT *)(Rings + VIRTIO_QUEUE + 512 + 2) == Offered)
            return;
        KeStallExecutionProcessor(10);
    }
    DbgPrint("shape: mistake at line %d: the device sends nothing\n", __LINE__);
}

/* The segment in Frame, whose headers are the packet's. */
static VOID SetHeaders(ULONG Tcp, ULONG Length, ULONG Segment, ULONG Done, BOOLEAN Last)
{
    BOOLEAN V6 = Frame[12] == 0x86;
    ULONG Sequence = (GetShort(Frame + Tcp + 4) << 16 | GetShort(Frame + Tcp + 6)) + Done;

    PutShort(Frame + Tcp + 4, Sequence >> 16);
    PutShort(Frame + Tcp + 6, Sequence);
    if (!Last)
        Frame[Tcp + 13] &= (UCHAR)~0x09; /* FIN, PSH */
    if (Segment != 0)
        Frame[Tcp + 13] &= 0x7F; /* CWR */
    if (V6) {
        PutShort(Frame + 18, Length - 54);
        return;
    }
    PutShort(Frame + 16, Length - 14);
    PutShort(Frame + 18, (GetShort(Frame + 18) + Segment) & 0x7FFF);
}

static VOID SetSums(ULONG Tcp, ULONG Length)
{
    ULONG Sum = Add(GetShort(Frame + Tcp + 16) + Length - Tcp, NULL, 0);

    PutShort(Frame + Tcp + 16, 0);
    PutShort(Frame + Tcp + 16, ~Add(Sum, Frame + Tcp, Length - Tcp));
    if (Frame[12] == 0x86)
        return;
    PutShort(Frame + 24, 0);
    PutShort(Frame + 24, ~Add(0, Frame + 14, Tcp - 14));
}

/* Returns the bytes of data. */
static ULONG SegmentPacket(ULONG Length, ULONG Tcp, ULONG Mss)
{
    ULONG Headers = Tcp + (Packet[Tcp + 12] >> 4) * 4, Done = 0, Segment;

    Mss += MssMore;
    for (Segment = 0; Headers + Done < Length; Segment++) {
        ULONG Data = Length - Headers - Done < Mss ? Length - Headers - Done : Mss;
        BOOLEAN Last = Headers + Done + Data == Length;

        NdisMoveMemory(Frame, Packet, Headers);
        NdisMoveMemory(Frame + Headers, Packet + Headers + Done, Data);
        SetHeaders(Tcp, Headers + Data, Segment, Done, Last);
        if (Spoil != NULL)
            Spoil(Frame, Tcp, Segment, Last);
        SetSums(Tcp, Headers + Data);
        if (SpoilLate != NULL)
            SpoilLate(Frame, Tcp, Segment, Last);
        Wire(Frame, Headers + Data);
        Done += Data;
        Segments++;
    }
    return Done;
}

/* TCP and UDP alone: the sum of the pseudoheader is there. */
static VOID SendAlone(PNET_BUFFER_LIST List, ULONG Length)
{
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO Info;
    ULONG Transport = Packet[12] == 0x86 ? 54 : 34;
    BOOLEAN Udp = (Packet[12] == 0x86 ? Packet[20] : Packet[23]) == 17;
    PUCHAR Field = Packet + Transport + (Udp ? 6 : 16);

    Info.Value = NET_BUFFER_LIST_INFO(List, TcpIpChecksumNetBufferListInfo);
    if (Info.Value != NULL)
        PutShort(Field, ~Add(0, Packet + Transport, Length - Transport));
    Wire(Packet, Length);
    Alone++;
}

static VOID CopyPacket(PNET_BUFFER Buffer)
{
    ULONG Length = NET_BUFFER_DATA_LENGTH(Buffer);
    PVOID Whole = NdisGetDataBuffer(Buffer, Length, Packet, 1, 0);

    if (Whole != Packet)
        NdisMoveMemory(Packet, Whole, Length);
}

static VOID SegmentSend(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER Buffer = NET_BUFFER_LIST_FIRST_NB(List);
    LARGE_INFO Info, Done;
    ULONG Data;

    Info.Value = NET_BUFFER_LIST_INFO(List, TcpLargeSendNetBufferListInfo);
    if (Info.Value == NULL) {
        for (; Buffer != NULL; Buffer = NET_BUFFER_NEXT_NB(Buffer)) {
            CopyPacket(Buffer);
            SendAlone(List, NET_BUFFER_DATA_LENGTH(Buffer));
        }
        Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
        return;
    }
    CopyPacket(Buffer);
    Data = SegmentPacket(NET_BUFFER_DATA_LENGTH(Buffer), Info.LsoV2Transmit.TcpHeaderOffset,
                         Info.LsoV2Transmit.MSS);
    Large[Info.Transmit.Type][Packet[12] == 0x86]++;
    if (Data > LongestData)
        LongestData = Data;
    Done.Value = NULL;
    if (Info.Transmit.Type == NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE)
        Done.LsoV1TransmitComplete.TcpPayload = Data;
    else
        Done.LsoV2TransmitComplete.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
    NET_BUFFER_LIST_INFO(List, TcpLargeSendNetBufferListInfo) = Done.Value;
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

static NDIS_STATUS SegmentInitialize(VOID)
{
    VirtioStart();
    *(volatile USHORT *)(Rings + VIRTIO_QUEUE + 256) = 1; /* no interrupt: Wire looks by itself */
    return SetOffloads();
}

static __inline VOID SegmentHooks(HOOKS *Hooks)
{
    LargeMost = 40000;
    Hooks->Entry = OffloadEntry;
    Hooks->Initialize = SegmentInitialize;
    Hooks->Send = SegmentSend;
    Hooks->Halt = VirtioStop;
}

#endif
