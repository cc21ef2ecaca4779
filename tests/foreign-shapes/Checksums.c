/* SPDX-License-Identifier: MIT */
/* Checksum offload: the protocol leaves sums of pseudoheaders, the device completes them, and the far end sees each
 * right; received datagrams are indicated with results that are true. The protocol asks for what is on, and for no more.
 * options: --net gen:ip=both,dir=tx,window=1,batch=1,count=400,hold=1
 * control: wait up; offload udp6=off tcp4=rx; go; wait finished; oid query OID_TCP_OFFLOAD_CURRENT_CONFIG
 * control: offload encapsulation=off; oid query OID_OFFLOAD_ENCAPSULATION; offload encapsulation=on; offload lso9=on
 * reply: 2 ok NDIS_STATUS_SUCCESS (0x00000000)
 * reply: 5 ok NDIS_STATUS_SUCCESS (0x00000000) done=112 needed=0 a7017000
 * reply: 6 ok NDIS_STATUS_SUCCESS (0x00000000)
 * reply: 7 ok NDIS_STATUS_SUCCESS (0x00000000) done=28 needed=0 a8011c000200000002000000
 * reply: 9 error "lso9" is not understood
 * says: gen tx: 400 frames sent, 400 arrived, all intact and in order
 */
#include "offload.h"
#include "shape.h"
#include "virtio.h"

#define HEADER      12
#define NEEDS_CSUM  1
#define SEND_OFFSET 4096 /* in the shared memory */
#define FRAME_MAX   1514

/* How many frames of TCP and UDP over IPv4 and IPv6 were left to the miniport, and were not. */
static ULONG Left[2][2], Done[2][2];

static NDIS_STATUS Initialize(VOID)
{
    Features = 1; /* VIRTIO_NET_F_CSUM */
    VirtioStart();
    *(volatile USHORT *)(Rings + VIRTIO_QUEUE + 256) = 1; /* no interrupt: Send looks by itself */
    return SetOffloads();
}

/* Says in the header what the device is asked for. */
static VOID Ask(PUCHAR Header, PNET_BUFFER_LIST List, const UCHAR *Frame)
{
    BOOLEAN V6 = Frame[12] == 0x86, Udp = (V6 ? Frame[20] : Frame[23]) == 17;
    NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO Info;

    Info.Value = NET_BUFFER_LIST_INFO(List, TcpIpChecksumNetBufferListInfo);
    if (Info.Value == NULL) {
        if (V6 || Frame[12] == 8)
            Done[V6][Udp]++;
        return;
    }
    CHECK(V6 || Frame[12] == 8);
    CHECK(Info.Transmit.IsIPv6 == V6 && Info.Transmit.IsIPv4 == !V6);
    CHECK(Info.Transmit.TcpChecksum == !Udp && Info.Transmit.UdpChecksum == Udp);
    CHECK(Udp || Info.Transmit.TcpHeaderOffset == (V6 ? 54u : 34u));
    Left[V6][Udp]++;
    Header[0] = NEEDS_CSUM;
    Header[6] = V6 ? 54 : 34; /* csum_start */
    Header[8] = Udp ? 6 : 16; /* csum_offset */
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
    CHECK(Left[0][0] == 0 && Done[0][0] > 50); /* TCP/IPv4 was turned off on sends */
    CHECK(Left[0][1] > 50 && Done[0][1] == 0);
    CHECK(Left[1][0] > 50 && Done[1][0] == 0);
    CHECK(Left[1][1] == 0 && Done[1][1] > 50); /* UDP/IPv6 was turned off */
    CHECK(Settings == 1);
    VirtioStop();
}

/* The encapsulation may be set before this, or after: then nothing is checked. */
static NDIS_STATUS Restart(VOID)
{
    if (Encapsulations == 0)
        return NDIS_STATUS_SUCCESS;
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
