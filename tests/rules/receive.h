/* SPDX-License-Identifier: MIT */
/*
 * receive.h: what the model's device receives, indicated one frame at a time, each list with NDIS_RECEIVE_FLAGS_RESOURCES.
 *   ReceiveStart(2048);           after VirtioStart: so many bytes a buffer
 *   ReceiveHooks(Hooks);          the interrupt
 *   Received = Function;          fills in what the list says of the frame
 *   ReceiveStop();                in place of VirtioStop
 */
#ifndef RULES_RECEIVE_H
#define RULES_RECEIVE_H

#include "virtio.h"

#define RECEIVE_HEADER 12 /* of virtio, before the frame */

typedef VOID RECEIVED(PNET_BUFFER_LIST List, const UCHAR *Header, PUCHAR Frame, ULONG Length);

static RECEIVED *Received;
static PUCHAR ReceiveMemory;
static NDIS_PHYSICAL_ADDRESS ReceivePa;
static ULONG ReceiveSize, ReceiveCount;
static USHORT ReceiveSeen, ReceiveOffered;
static PMDL ReceiveMdl[VIRTIO_SIZE];
static PNET_BUFFER_LIST ReceiveList[VIRTIO_SIZE];

/* Makes a buffer available. */
static VOID ReceiveGive(USHORT Index)
{
    volatile USHORT *Available = (volatile USHORT *)(Rings + 256);

    Available[2 + ReceiveOffered % VIRTIO_SIZE] = Index;
    __sync_synchronize();
    Available[1] = ++ReceiveOffered;
    __sync_synchronize();
}

static VOID ReceiveStart(ULONG Size)
{
    USHORT i;

    ReceiveSize = Size;
    NdisMAllocateSharedMemory(Adapter.Handle, VIRTIO_SIZE * Size, TRUE, (PVOID *)&ReceiveMemory,
                              &ReceivePa);
    for (i = 0; i < VIRTIO_SIZE; i++) {
        PUCHAR Descriptor = Rings + 16 * i;

        ReceiveMdl[i] = NdisAllocateMdl(Adapter.Handle, ReceiveMemory + i * Size, Size);
        ReceiveList[i] = NdisAllocateNetBufferAndNetBufferList(Adapter.ListPool, 0, 0,
                                                               ReceiveMdl[i], RECEIVE_HEADER, 60);
        *(volatile ULONGLONG *)Descriptor = (ULONGLONG)ReceivePa.QuadPart + i * Size;
        *(volatile ULONG *)(Descriptor + 8) = Size;
        *(volatile USHORT *)(Descriptor + 12) = VIRTIO_WRITE;
        ReceiveGive(i);
    }
    VirtioNotifyQueue(0);
}

static VOID ReceiveOne(ULONG Index, ULONG Length)
{
    PUCHAR At = ReceiveMemory + Index * ReceiveSize;
    PNET_BUFFER_LIST List = ReceiveList[Index];
    ULONG i;

    for (i = 0; i < MaxNetBufferListInfo; i++)
        if (i != NetBufferListCancelId)
            List->NetBufferListInfo[i] = NULL;
    NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(List)) = Length - RECEIVE_HEADER;
    List->SourceHandle = Adapter.Handle;
    ReceiveCount++;
    if (Received != NULL)
        Received(List, At, At + RECEIVE_HEADER, Length - RECEIVE_HEADER);
    NdisMIndicateReceiveNetBufferLists(Adapter.Handle, List, NDIS_DEFAULT_PORT_NUMBER, 1,
                                       NDIS_RECEIVE_FLAGS_RESOURCES |
                                           NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
}

static VOID ReceiveAll(VOID)
{
    volatile ULONG *Used = (volatile ULONG *)(Rings + 512);

    while (((volatile USHORT *)Used)[1] != ReceiveSeen) {
        ULONG Index = Used[1 + 2 * (ReceiveSeen % VIRTIO_SIZE)];
        ULONG Length = Used[2 + 2 * (ReceiveSeen % VIRTIO_SIZE)];

        __sync_synchronize();
        ReceiveSeen++;
        if (Adapter.Running)
            ReceiveOne(Index, Length);
        ReceiveGive((USHORT)Index);
    }
    VirtioNotifyQueue(0);
}

/* DPCs on two processors keep the order of the frames: the first one does the other's work. */
static VOID ReceiveDpc(PVOID Context, PNDIS_RECEIVE_THROTTLE_PARAMETERS Throttle)
{
    static LONG Busy;
    LONG Seen;

    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Throttle);
    if (InterlockedIncrement(&Busy) > 1)
        return;
    do {
        Seen = Busy;
        ReceiveAll();
    } while (InterlockedExchangeAdd(&Busy, -Seen) != Seen);
}

static BOOLEAN ReceiveIsr(PBOOLEAN QueueDpc)
{
    return *QueueDpc = VirtioIsr(QueueDpc);
}

static __inline VOID ReceiveHooks(HOOKS *Hooks)
{
    Hooks->Isr = ReceiveIsr;
    Hooks->Dpc = ReceiveDpc;
}

static VOID ReceiveStop(VOID)
{
    ULONG i;

    VirtioStop();
    for (i = 0; i < VIRTIO_SIZE; i++) {
        NdisFreeNetBufferList(ReceiveList[i]);
        NdisFreeMdl(ReceiveMdl[i]);
    }
    NdisMFreeSharedMemory(Adapter.Handle, VIRTIO_SIZE * ReceiveSize, TRUE, ReceiveMemory,
                          ReceivePa);
}

#endif
