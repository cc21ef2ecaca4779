/* SPDX-License-Identifier: MIT */
/*
 * device_segment.h: a miniport that leaves large TCP packets to the device, by HOST_TSO4 and HOST_TSO6.
 *   DeviceSegmentHooks(Hooks);
 *   HeaderFlags = 0;     a header without NEEDS_CSUM
 */
#ifndef RULES_DEVICE_SEGMENT_H
#define RULES_DEVICE_SEGMENT_H

#include "segment.h"

#define AREA_BYTES (NET_HEADER + PACKET_MAX)

static PUCHAR Area; /* the virtio header, and one packet */
static NDIS_PHYSICAL_ADDRESS AreaPa;
static UCHAR HeaderFlags = 1; /* NEEDS_CSUM */

static VOID AreaSend(ULONG Length)
{
    ULONG i;

    NdisMoveMemory(Area + NET_HEADER, Packet, Length);
    VirtioSend((ULONGLONG)AreaPa.QuadPart, NET_HEADER + Length, 0);
    for (i = 0; i < 500000; i++) {
        if (*(volatile USHORT *)(Rings + VIRTIO_QUEUE + 512 + 2) == Offered)
            return;
        KeStallExecutionProcessor(10);
    }
    DbgPrint("shape: mistake at line %d: the device sends nothing\n", __LINE__);
}

/* What NDIS leaves lacks lengths: the device wants them. */
static VOID DeviceSegment(ULONG Length, ULONG Tcp, ULONG Mss)
{
    BOOLEAN V6 = Packet[12] == 0x86;
    ULONG Headers = Tcp + (Packet[Tcp + 12] >> 4) * 4;

    PutShort(Packet + (V6 ? 18 : 16), Length - (V6 ? 54 : 14));
    PutShort(Packet + Tcp + 16, Add(GetShort(Packet + Tcp + 16) + Length - Tcp, NULL, 0));
    NdisZeroMemory(Area, NET_HEADER);
    Area[0] = HeaderFlags;
    Area[1] = V6 ? 4 : 1;        /* gso_type */
    if (Packet[Tcp + 13] & 0x80) /* CWR */
        Area[1] |= 0x80;
    Area[2] = (UCHAR)Headers;
    Area[4] = (UCHAR)Mss;
    Area[5] = (UCHAR)(Mss >> 8);
    Area[6] = (UCHAR)Tcp; /* csum_start */
    Area[8] = 16;         /* csum_offset */
    AreaSend(Length);
}

static VOID DeviceSegmentSend(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER Buffer = NET_BUFFER_LIST_FIRST_NB(List);
    LARGE_INFO Info, Done;
    ULONG Length = NET_BUFFER_DATA_LENGTH(Buffer), Tcp;

    Info.Value = NET_BUFFER_LIST_INFO(List, TcpLargeSendNetBufferListInfo);
    if (Info.Value == NULL) {
        SegmentSend(List, CompleteFlags);
        return;
    }
    CopyPacket(Buffer);
    Tcp = Info.LsoV2Transmit.TcpHeaderOffset;
    DeviceSegment(Length, Tcp, Info.LsoV2Transmit.MSS);
    Large[Info.Transmit.Type][Packet[12] == 0x86]++;
    Done.Value = NULL;
    if (Info.Transmit.Type == NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE)
        Done.LsoV1TransmitComplete.TcpPayload = Length - Tcp - (Packet[Tcp + 12] >> 4) * 4;
    else
        Done.LsoV2TransmitComplete.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
    NET_BUFFER_LIST_INFO(List, TcpLargeSendNetBufferListInfo) = Done.Value;
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

static NDIS_STATUS DeviceSegmentInitialize(VOID)
{
    Features = 1 | 1 << 11 | 1 << 12 | 1 << 13; /* CSUM, HOST_TSO4, HOST_TSO6, HOST_ECN */
    NdisMAllocateSharedMemory(Adapter.Handle, AREA_BYTES, TRUE, (PVOID *)&Area, &AreaPa);
    return SegmentInitialize();
}

static VOID DeviceSegmentHalt(VOID)
{
    VirtioStop();
    NdisMFreeSharedMemory(Adapter.Handle, AREA_BYTES, TRUE, Area, AreaPa);
}

static __inline VOID DeviceSegmentHooks(HOOKS *Hooks)
{
    SegmentHooks(Hooks);
    Hooks->Initialize = DeviceSegmentInitialize;
    Hooks->Send = DeviceSegmentSend;
    Hooks->Halt = DeviceSegmentHalt;
}

#endif
