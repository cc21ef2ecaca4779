/* SPDX-License-Identifier: MIT */
/*
 * queues.h: a miniport for a device with a control queue and two pairs of queues, each with an MSI-X message of its
 * own. It sets its address, filters and both pairs, and changes the pair that it sends on with each third frame. Shapes
 * that include it:
 *   QueuesHooks(Hooks);
 *   Command(&Words, sizeof(Words));   what the device answers, 0 or 1
 *   SendOn(Pair, List, Flags);
 */
#ifndef FOREIGN_QUEUES_H
#define FOREIGN_QUEUES_H

#include "shape.h"
#define VIRTIO_QUEUES 5
#include "virtio.h"

#define PAIRS       2
#define CONTROL     (2 * PAIRS)
#define MAX_PAIRS   0x2008 /* of the device's configuration */
#define HEADER      12
#define BUFFER      2048
#define CONTROL_AT  (VIRTIO_BYTES + 0)
#define RECEIVE_AT  8192
#define SEND_AT     (RECEIVE_AT + PAIRS * VIRTIO_SIZE * BUFFER)
#define TOTAL_BYTES (SEND_AT + PAIRS * VIRTIO_SIZE * BUFFER)

/* Bits of the device's lower features. */
#define CTRL_VQ       (1u << 17)
#define CTRL_RX       (1u << 18)
#define CTRL_VLAN     (1u << 19)
#define MQ            (1u << 22)
#define CTRL_MAC_ADDR (1u << 23)

typedef struct _QUEUE {
    USHORT Offered, Seen;
} QUEUE;

static QUEUE Queue[VIRTIO_QUEUES];
static PUCHAR Memory; /* TOTAL_BYTES; its begin is not used */
static NDIS_PHYSICAL_ADDRESS MemoryPa;
static PMDL ReceiveMdl[PAIRS][VIRTIO_SIZE];
static PNET_BUFFER_LIST ReceiveList[PAIRS][VIRTIO_SIZE];
static PNET_BUFFER_LIST Sending[PAIRS][VIRTIO_SIZE];
static ULONG SendFlags[PAIRS][VIRTIO_SIZE];
static volatile LONG Isrs[VIRTIO_QUEUES], Received[PAIRS], Sent[PAIRS];
static volatile LONG Marked; /* frames that were received with MARK behind their addresses */
static volatile LONG LastPair = -1;
#define MARK 0x88

/* ---- Rings ---- */

static volatile USHORT *Used(ULONG Index)
{
    return (volatile USHORT *)(Rings + Index * VIRTIO_QUEUE + 512);
}

static VOID Describe(ULONG Index, USHORT i, ULONG Offset, ULONG Length, USHORT Flags, USHORT Next)
{
    PUCHAR Descriptor = Rings + Index * VIRTIO_QUEUE + 16 * i;

    *(volatile ULONGLONG *)Descriptor = (ULONGLONG)MemoryPa.QuadPart + Offset;
    *(volatile ULONG *)(Descriptor + 8) = Length;
    *(volatile USHORT *)(Descriptor + 12) = Flags;
    *(volatile USHORT *)(Descriptor + 14) = Next;
}

static VOID Offer(ULONG Index, USHORT i)
{
    volatile USHORT *Available = (volatile USHORT *)(Rings + Index * VIRTIO_QUEUE + 256);

    Available[2 + Queue[Index].Offered % VIRTIO_SIZE] = i;
    __sync_synchronize();
    Available[1] = ++Queue[Index].Offered;
    __sync_synchronize();
}

static BOOLEAN UsedUp(ULONG Index)
{
    ULONG i;

    for (i = 0; i < 1000 && Used(Index)[1] != Queue[Index].Offered; i++)
        WaitMilliseconds(2);
    return Used(Index)[1] == Queue[Index].Offered;
}

/* A command and its data; PASSIVE_LEVEL. */
static UCHAR Command(const VOID *Words, ULONG Length)
{
    NdisMoveMemory(Memory + CONTROL_AT, Words, Length);
    Memory[CONTROL_AT + 512] = 0xAA;
    Describe(CONTROL, 0, CONTROL_AT, Length, 1, 1);
    Describe(CONTROL, 1, CONTROL_AT + 512, 1, VIRTIO_WRITE, 0);
    Offer(CONTROL, 0);
    VirtioNotifyQueue(CONTROL);
    CHECK(UsedUp(CONTROL));
    return Memory[CONTROL_AT + 512];
}

/* ---- Receiving ---- */

static VOID Indicate1(ULONG Pair, ULONG i, ULONG Length)
{
    PUCHAR At = Memory + RECEIVE_AT + (Pair * VIRTIO_SIZE + i) * BUFFER;
    PNET_BUFFER_LIST List = ReceiveList[Pair][i];
    ULONG Slot;

    for (Slot = 0; Slot < MaxNetBufferListInfo; Slot++)
        if (Slot != NetBufferListCancelId)
            List->NetBufferListInfo[Slot] = NULL;
    NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(List)) = Length - HEADER;
    List->SourceHandle = Adapter.Handle;
    InterlockedIncrement(&Received[Pair]);
    if (At[HEADER + 6] == MARK) { /* counted, and not indicated: the far end has not sent it */
        InterlockedIncrement(&Marked);
        return;
    }
    CHECK(LastPair < 0 || LastPair == (LONG)Pair); /* the flow was sent there last */
    NdisMIndicateReceiveNetBufferLists(Adapter.Handle, List, NDIS_DEFAULT_PORT_NUMBER, 1,
                                       NDIS_RECEIVE_FLAGS_RESOURCES |
                                           NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
}

static VOID ReceiveAll(ULONG Pair)
{
    ULONG Index = 2 * Pair;
    volatile ULONG *Elements = (volatile ULONG *)Used(Index);

    while (Used(Index)[1] != Queue[Index].Seen) {
        ULONG i = Elements[1 + 2 * (Queue[Index].Seen % VIRTIO_SIZE)];
        ULONG Length = Elements[2 + 2 * (Queue[Index].Seen % VIRTIO_SIZE)];

        __sync_synchronize();
        Queue[Index].Seen++;
        if (Adapter.Running)
            Indicate1(Pair, i, Length);
        Offer(Index, (USHORT)i);
    }
    VirtioNotifyQueue((USHORT)Index);
}

static VOID FillReceives(ULONG Pair)
{
    USHORT i;

    for (i = 0; i < VIRTIO_SIZE; i++) {
        ULONG At = RECEIVE_AT + (Pair * VIRTIO_SIZE + i) * BUFFER;

        ReceiveMdl[Pair][i] = NdisAllocateMdl(Adapter.Handle, Memory + At, BUFFER);
        ReceiveList[Pair][i] = NdisAllocateNetBufferAndNetBufferList(
            Adapter.ListPool, 0, 0, ReceiveMdl[Pair][i], HEADER, 60);
        Describe(2 * Pair, i, At, BUFFER, VIRTIO_WRITE, 0);
        Offer(2 * Pair, i);
    }
    VirtioNotifyQueue((USHORT)(2 * Pair));
}

/* ---- Sending: the device uses each pair's frames in their order ---- */

/* DPCs and senders on other processors come here at the same time. Level: what says that this is DISPATCH_LEVEL. */
static VOID SendDone(ULONG Pair, ULONG Level)
{
    QUEUE *Done = &Queue[2 * Pair + 1];
    PNET_BUFFER_LIST List;

    do {
        ULONG Flags = 0;

        List = NULL;
        NdisAcquireSpinLock(&Adapter.Lock);
        if (Used(2 * Pair + 1)[1] != Done->Seen) {
            USHORT Slot = Done->Seen++ % VIRTIO_SIZE;

            List = Sending[Pair][Slot];
            Flags = SendFlags[Pair][Slot];
            Sending[Pair][Slot] = NULL;
        }
        NdisReleaseSpinLock(&Adapter.Lock);
        if (List != NULL) {
            InterlockedIncrement(&Sent[Pair]);
            Complete(List, NDIS_STATUS_SUCCESS, Flags | Level);
        }
    } while (List != NULL);
}

static VOID SendOn(ULONG Pair, PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    ULONG Length = NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(List));
    USHORT Slot = Queue[2 * Pair + 1].Offered % VIRTIO_SIZE;
    ULONG Offset = SEND_AT + (Pair * VIRTIO_SIZE + Slot) * BUFFER;
    PUCHAR At = Memory + Offset;
    PVOID Frame = NdisGetDataBuffer(NET_BUFFER_LIST_FIRST_NB(List), Length, At + HEADER, 1, 0);

    if (Sending[Pair][Slot] != NULL) /* the DPC is late */
        SendDone(Pair, CompleteFlags);
    CHECK(Frame != NULL && Sending[Pair][Slot] == NULL && Length <= BUFFER - HEADER);
    NdisZeroMemory(At, HEADER);
    if (Frame != At + HEADER)
        NdisMoveMemory(At + HEADER, Frame, Length);
    SendFlags[Pair][Slot] = CompleteFlags;
    LastPair = Pair;
    Sending[Pair][Slot] = List;
    Describe(2 * Pair + 1, Slot, Offset, HEADER + Length, 0, 0);
    Offer(2 * Pair + 1, Slot);
    VirtioNotifyQueue((USHORT)(2 * Pair + 1));
}

static __inline VOID SendOnBoth(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    static ULONG Frames;

    SendOn(Frames++ / 3 % PAIRS, List, CompleteFlags);
}

/* ---- Interrupts: message i is queue i's ---- */

static MINIPORT_MESSAGE_INTERRUPT QueueIsr;
static BOOLEAN NTAPI QueueIsr(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                              PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    CHECK(MessageId < VIRTIO_QUEUES);
    *QueueDefaultInterruptDpc = TRUE;
    *TargetProcessors = 0;
    InterlockedIncrement(&Isrs[MessageId]);
    return TRUE;
}

static MINIPORT_MESSAGE_INTERRUPT_DPC QueueMessageDpc;
static VOID NTAPI QueueMessageDpc(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
                                  PVOID MiniportDpcContext, PVOID ReceiveThrottleParameters,
                                  PVOID NdisReserved2)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MiniportDpcContext);
    UNREFERENCED_PARAMETER(ReceiveThrottleParameters);
    UNREFERENCED_PARAMETER(NdisReserved2);
    if (MessageId == CONTROL)
        return; /* who sends a command waits for it */
    if (MessageId % 2)
        SendDone(MessageId / 2, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    else
        ReceiveAll(MessageId / 2);
}

static MINIPORT_ENABLE_MESSAGE_INTERRUPT EnableMessage;
static VOID NTAPI EnableMessage(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MessageId);
}

static VOID Messages(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics)
{
    Characteristics->MsiSupported = TRUE;
    Characteristics->MessageInterruptHandler = QueueIsr;
    Characteristics->MessageInterruptDpcHandler = QueueMessageDpc;
    Characteristics->DisableMessageInterruptHandler = EnableMessage;
    Characteristics->EnableMessageInterruptHandler = EnableMessage;
}

/* ---- Life ---- */

static NDIS_STATUS QueuesInitialize(VOID)
{
    USHORT i, Most;

    CHECK(Adapter.Granted.InterruptType == NDIS_CONNECT_MESSAGE_BASED);
    NdisMAllocateSharedMemory(Adapter.Handle, TOTAL_BYTES, TRUE, (PVOID *)&Memory, &MemoryPa);
    for (i = 0; i < VIRTIO_QUEUES; i++)
        Vectors[i] = i;
    Features |= CTRL_VQ | CTRL_RX | CTRL_MAC_ADDR | MQ;
    VirtioStart();
    NdisReadRegisterUshort((PUSHORT)(Registers + MAX_PAIRS), &Most);
    CHECK(Most == PAIRS);
    FillReceives(0);
    FillReceives(1); /* before the command that puts the pair into use */
    return NDIS_STATUS_SUCCESS;
}

/* What the device is asked for: frames to our own address, which is not the device's, and to one group; both pairs. */
static __inline VOID QueuesCommands(VOID)
{
    static const UCHAR Address[] = {1, 1, 0x02, 0x52, 0x75, 0x6C, 0x65, 0x01},
                       Promisc[] = {0, 0, 0},
                       Groups[] = {1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x01, 0, 0x5E, 0, 0, 7},
                       Pairs[] = {4, 0, PAIRS, 0};

    CHECK(Command(Address, sizeof(Address)) == 0);
    CHECK(Command(Promisc, sizeof(Promisc)) == 0);
    CHECK(Command(Groups, sizeof(Groups)) == 0);
    CHECK(Command(Pairs, sizeof(Pairs)) == 0);
}

static VOID QueuesStop(VOID)
{
    ULONG Pair, i;

    VirtioStop();
    for (Pair = 0; Pair < PAIRS; Pair++)
        for (i = 0; i < VIRTIO_SIZE; i++) {
            NdisFreeNetBufferList(ReceiveList[Pair][i]);
            NdisFreeMdl(ReceiveMdl[Pair][i]);
        }
    NdisMFreeSharedMemory(Adapter.Handle, TOTAL_BYTES, TRUE, Memory, MemoryPa);
}

static __inline VOID QueuesHooks(HOOKS *Hooks)
{
    Hooks->Interrupt = Messages;
    Hooks->Initialize = QueuesInitialize;
    Hooks->Send = SendOnBoth;
    Hooks->Halt = QueuesStop;
}

#endif
