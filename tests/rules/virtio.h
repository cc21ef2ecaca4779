/* SPDX-License-Identifier: MIT */
/*
 * virtio.h: as much of a driver for the model's device as it takes to break a rule of DMA or of
 * interrupts: two queues of 16 descriptors in shared memory, and its registers where the model has them. Who defines
 * VIRTIO_QUEUES before has more.
 *   VirtioStart();                        in Initialize
 *   VirtioSend(Pa, Length, Flags);        one descriptor, in queue 1, and the device is told
 *   VirtioStop();                         in Halt
 */
#ifndef RULES_VIRTIO_H
#define RULES_VIRTIO_H

#include "miniport.h"

#define VIRTIO_SIZE  16
#define VIRTIO_WRITE 2    /* a descriptor's flag: the device writes */
#define VIRTIO_QUEUE 1024 /* bytes from one queue's rings to the next one's */
#ifndef VIRTIO_QUEUES
#define VIRTIO_QUEUES 2
#endif
#define VIRTIO_BYTES (VIRTIO_QUEUES <= 4 ? 4096 : VIRTIO_QUEUES * VIRTIO_QUEUE)

/* From the begin of the BAR: the common structure, and those after it. */
#define VIRTIO_ISR    0x1000
#define VIRTIO_NOTIFY 0x3000
#define VIRTIO_BAR    0x4000

static PUCHAR Registers;
static PUCHAR Rings; /* each queue's: descriptors, available ring at 256, used ring at 512 */
static NDIS_PHYSICAL_ADDRESS RingsPa;
static USHORT Offered;
static ULONG Features; /* of the lower half, besides VIRTIO_F_VERSION_1 */
/* MSI-X: which entry of the table each queue has */
static USHORT Vectors[VIRTIO_QUEUES] = {[0 ... VIRTIO_QUEUES - 1] = 0xFFFF};

static USHORT
    NotifyOff[VIRTIO_QUEUES]; /* of each queue; read before two threads could select queues */

static VOID VirtioSetup(USHORT Queue)
{
    ULONGLONG Pa = RingsPa.QuadPart + Queue * VIRTIO_QUEUE;

    NdisWriteRegisterUshort((PUSHORT)(Registers + 0x16), Queue);
    NdisWriteRegisterUshort((PUSHORT)(Registers + 0x18), VIRTIO_SIZE);
    NdisReadRegisterUshort((PUSHORT)(Registers + 0x1E), &NotifyOff[Queue]);
    if (Vectors[Queue] != 0xFFFF)
        NdisWriteRegisterUshort((PUSHORT)(Registers + 0x1A), Vectors[Queue]);
    NdisWriteRegisterUlong((PULONG)(Registers + 0x20), (ULONG)Pa);
    NdisWriteRegisterUlong((PULONG)(Registers + 0x24), (ULONG)(Pa >> 32));
    NdisWriteRegisterUlong((PULONG)(Registers + 0x28), (ULONG)Pa + 256);
    NdisWriteRegisterUlong((PULONG)(Registers + 0x2C), (ULONG)(Pa >> 32));
    NdisWriteRegisterUlong((PULONG)(Registers + 0x30), (ULONG)Pa + 512);
    NdisWriteRegisterUlong((PULONG)(Registers + 0x34), (ULONG)(Pa >> 32));
    NdisWriteRegisterUshort((PUSHORT)(Registers + 0x1C), 1);
}

static VOID VirtioStatus(UCHAR Status)
{
    NdisWriteRegisterUchar(Registers + 0x14, Status);
}

static VOID VirtioReset(VOID)
{
    UCHAR Status;

    VirtioStatus(0);
    do {
        NdisReadRegisterUchar(Registers + 0x14, &Status);
    } while (Status != 0);
}

/* The registers are in the memory BAR that is large enough. */
static VOID VirtioMap(VOID)
{
    ULONG i;

    for (i = 0; i < Adapter.Resources->Count; i++) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR Resource = &Adapter.Resources->PartialDescriptors[i];

        if (Resource->Type == CmResourceTypeMemory && Resource->u.Memory.Length >= VIRTIO_BAR)
            NdisMMapIoSpace((PVOID *)&Registers, Adapter.Handle, Resource->u.Memory.Start,
                            VIRTIO_BAR);
    }
}

/* From the reset to DRIVER_OK; again after a sleep. */
static VOID VirtioRun(VOID)
{
    ULONG Offers;
    USHORT Queue;
    UCHAR Status;

    NdisZeroMemory(Rings, VIRTIO_BYTES);
    VirtioReset();
    VirtioStatus(1);
    VirtioStatus(3);
    NdisWriteRegisterUlong((PULONG)Registers, 1);
    NdisReadRegisterUlong((PULONG)(Registers + 4), &Offers);
    NdisWriteRegisterUlong((PULONG)(Registers + 8), 0);
    NdisWriteRegisterUlong((PULONG)(Registers + 12), Features);
    NdisWriteRegisterUlong((PULONG)(Registers + 8), 1);
    NdisWriteRegisterUlong((PULONG)(Registers + 12), Offers & 1); /* VIRTIO_F_VERSION_1 */
    VirtioStatus(11);
    NdisReadRegisterUchar(Registers + 0x14, &Status);
    for (Queue = 0; Queue < VIRTIO_QUEUES; Queue++)
        VirtioSetup(Queue);
    VirtioStatus(15);
}

static VOID VirtioStart(VOID)
{
    VirtioMap();
    NdisMAllocateSharedMemory(Adapter.Handle, VIRTIO_BYTES, TRUE, (PVOID *)&Rings, &RingsPa);
    VirtioRun();
}

/* Tells the device of a queue. */
static __inline VOID VirtioNotifyQueue(USHORT Queue)
{
    NdisWriteRegisterUshort((PUSHORT)(Registers + VIRTIO_NOTIFY + 4 * NotifyOff[Queue]), Queue);
}

static __inline VOID VirtioNotify(VOID)
{
    VirtioNotifyQueue(1);
}

static __inline VOID VirtioSend(ULONGLONG Pa, ULONG Length, USHORT Flags)
{
    PUCHAR Queue = Rings + VIRTIO_QUEUE;

    *(volatile ULONGLONG *)Queue = Pa;
    *(volatile ULONG *)(Queue + 8) = Length;
    *(volatile USHORT *)(Queue + 12) = Flags;
    *(volatile USHORT *)(Queue + 256 + 4) = 0;
    __sync_synchronize();
    *(volatile USHORT *)(Queue + 256 + 2) = ++Offered;
    __sync_synchronize();
    VirtioNotify();
}

/* An ISR that knows its own interrupts, and quiets the device. */
static __inline BOOLEAN VirtioIsr(PBOOLEAN QueueDpc)
{
    UCHAR Isr;

    UNREFERENCED_PARAMETER(QueueDpc);
    NdisReadRegisterUchar(Registers + VIRTIO_ISR, &Isr);
    return Isr != 0;
}

static VOID VirtioStop(VOID)
{
    VirtioReset();
    if (Rings != NULL)
        NdisMFreeSharedMemory(Adapter.Handle, VIRTIO_BYTES, TRUE, Rings, RingsPa);
    NdisMUnmapIoSpace(Adapter.Handle, Registers, VIRTIO_BAR);
}

#endif
