/* SPDX-License-Identifier: MIT */
/* Checksum offload: the protocol leaves sums of pseudoheaders, the device completes them, and the far end sees each
 * right; received datagrams are indicated with results that are true.
 * options: --net gen:ip=1,dir=tx,window=1,batch=1,count=200
 * control: wait finished; oid query OID_TCP_OFFLOAD_CURRENT_CONFIG
 * reply: 2 ok NDIS_STATUS_SUCCESS (0x00000000) done=112 needed=0 a7017000
 * says: gen tx: 200 frames sent, 200 arrived, all intact and in order
 */
#include "offload.h"
#include "shape.h"
#include "virtio.h"

#define HEADER      12
#define NEEDS_CSUM  1
#define SEND_OFFSET 4096 /* in the shared memory */
#define FRAME_MAX   1514

static ULONG Tcp, Udp, Neither;

static NDIS_STATUS Initialize(VOID)
{
    Features = 1; /* VIRTIO_NET_F_CSUM */
    VirtioStart();
    *(volatile USHORT *)(Rings + VIRTIO_QUEUE + 256) = 1; /* no interrupt: Send looks by itself */
    return SetOffloads();
}

/* Returns what the device is asked for in the header. */
static VOID Ask(PUCHAR Header, PNET_BUFFER_LIST List, const UCHAR *Frame)
{
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO Info;
    BOOLEAN TcpFrame = Frame[12] == 8 && Frame[23] == 6;

    Info.Value = NET_BUFFER_LIST_INFO(List, TcpIpChecksumNetBufferListInfo);
    if (!Info.Transmit.IsIPv4) {
        CHECK(Info.Value == NULL && Frame[12] != 8);
        Neither++;
        return;
    }
    CHECK(Info.Transmit.TcpChecksum == TcpFrame && Info.Transmit.UdpChecksum == !TcpFrame);
    CHECK(!TcpFrame || Info.Transmit.TcpHeaderOffset == 34);
    TcpFrame ? Tcp++ : Udp++;
    Header[0] = NEEDS_CSUM;
    Header[6] = 34;                /* csum_start */
    Header[8] = TcpFrame ? 16 : 6; /* csum_offset */
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER Buffer = NET_BUFFER_LIST_FIRST_NB(List);
    ULONG Length = NET_BUFFER_DATA_LENGTH(Buffer), i;
    PUCHAR Header = Adapter.Shared + SEND_OFFSET, Frame = Header + HEADER;
    PVOID Data;

    CHECK(Encapsulations != 0 && Length <= FRAME_MAX);
    NdisZeroMemory(Header, HEADER);
    Data = NdisGetDataBuffer(Buffer, Length, Frame, 1, 0);
    if (Data != Frame)
        NdisMoveMemory(Frame, Data, Length);
    Ask(Header, List, Frame);
    VirtioSend((ULONGLONG)Adapter.SharedPa.QuadPart + SEND_OFFSET, HEADER + Length, 0);
    for (i = 0; i < 500000; i++) {
        if (*(volatile USHORT *)(Rings + VIRTIO_QUEUE + 512 + 2) == Offered)
            break;
        KeStallExecutionProcessor(10);
    }
    CHECK(i < 500000);
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

static VOID Halt(VOID)
{
    CHECK(Tcp > 50 && Udp > 50 && Neither > 0);
    VirtioStop();
}

static NDIS_STATUS Restart(VOID)
{
    Datagram(Adapter.Shared, TRUE);
    Result(UDP_SUCCEEDED);
    Indicate(NDIS_RECEIVE_FLAGS_RESOURCES);
    Datagram(Adapter.Shared, FALSE);
    Result(UDP_FAILED);
    Indicate(NDIS_RECEIVE_FLAGS_RESOURCES);
    return NDIS_STATUS_SUCCESS;
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Entry = OffloadEntry;
    Hooks->Initialize = Initialize;
    Hooks->Restart = Restart;
    Hooks->Send = Send;
    Hooks->Halt = Halt;
}
