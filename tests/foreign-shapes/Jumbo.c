/* SPDX-License-Identifier: MIT */
/* Jumbo frames: a miniport with an MTU of 9000 is given frames of up to 9014 bytes, and indicates such.
 * bus: model:mtu=9000
 * options: --net gen:size=8000-9014,count=900,window=16,batch=1-4
 * control: wait finished
 * says: gen tx: 900 frames sent, 900 arrived, all intact and in order
 * says: gen rx: 900 frames sent, 900 arrived, all intact and in order
 */
#include "receive.h"
#include "shape.h"

#define FRAME_MAX 9014

static PUCHAR Area; /* the virtio header, and one frame */
static NDIS_PHYSICAL_ADDRESS AreaPa;
static ULONG Longest, LongestReceived;

static VOID General(PNDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes)
{
    Attributes->MtuSize = 9000;
    Attributes->LookaheadSize = 9000;
}

static VOID Note(PNET_BUFFER_LIST List, const UCHAR *Header, PUCHAR Frame, ULONG Length)
{
    UNREFERENCED_PARAMETER(List);
    UNREFERENCED_PARAMETER(Header);
    UNREFERENCED_PARAMETER(Frame);
    if (Length > LongestReceived)
        LongestReceived = Length;
}

static NDIS_STATUS Initialize(VOID)
{
    VirtioStart();
    *(volatile USHORT *)(Rings + VIRTIO_QUEUE + 256) = 1; /* no interrupt: Send looks by itself */
    NdisMAllocateSharedMemory(Adapter.Handle, RECEIVE_HEADER + FRAME_MAX, TRUE, (PVOID *)&Area,
                              &AreaPa);
    ReceiveStart(RECEIVE_HEADER + FRAME_MAX);
    return NDIS_STATUS_SUCCESS;
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    PNET_BUFFER Buffer = NET_BUFFER_LIST_FIRST_NB(List);
    ULONG Length = NET_BUFFER_DATA_LENGTH(Buffer), i;
    PVOID Data;

    CHECK(Length <= FRAME_MAX);
    if (Length > Longest)
        Longest = Length;
    NdisZeroMemory(Area, RECEIVE_HEADER);
    Data = NdisGetDataBuffer(Buffer, Length, Area + RECEIVE_HEADER, 1, 0);
    if (Data != Area + RECEIVE_HEADER)
        NdisMoveMemory(Area + RECEIVE_HEADER, Data, Length);
    VirtioSend((ULONGLONG)AreaPa.QuadPart, RECEIVE_HEADER + Length, 0);
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
    CHECK(Longest == FRAME_MAX && LongestReceived == FRAME_MAX);
    ReceiveStop();
    NdisMFreeSharedMemory(Adapter.Handle, RECEIVE_HEADER + FRAME_MAX, TRUE, Area, AreaPa);
}

VOID Break(HOOKS *Hooks)
{
    Received = Note;
    ReceiveHooks(Hooks);
    Hooks->General = General;
    Hooks->Initialize = Initialize;
    Hooks->Send = Send;
    Hooks->Halt = Halt;
}
