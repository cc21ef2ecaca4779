/* SPDX-License-Identifier: MIT */
/* InterruptStorm: an ISR quiets its device. Here it claims the interrupt and reads no ISR status.
 * bus: model:bar=0
 * control: link down; sleep 1000
 */
#include "miniport.h"

/* The model's common configuration, at the begin of BAR 0, and what is written there. */
#define DRIVER_FEATURE_SELECT 0x08
#define DRIVER_FEATURE        0x0C
#define DEVICE_STATUS         0x14
#define QUEUE_SELECT          0x16
#define QUEUE_SIZE            0x18
#define QUEUE_ENABLE          0x1C
#define QUEUE_DESC            0x20 /* and 8 bytes on the available ring, and again the used one */
#define LENGTH                0x38
#define SIZE                  8       /* of a queue */
#define NET_F_STATUS          0x10000 /* of the lower half */
#define F_VERSION_1           1       /* of the upper half */
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };

static PUCHAR Common;

static VOID Reset(VOID)
{
    *(volatile UCHAR *)(Common + DEVICE_STATUS) = 0;
    while (*(volatile UCHAR *)(Common + DEVICE_STATUS) != 0)
        ;
}

static VOID Status(UCHAR Bits)
{
    *(volatile UCHAR *)(Common + DEVICE_STATUS) |= Bits;
}

static VOID Features(ULONG Half, ULONG Bits)
{
    *(volatile ULONG *)(Common + DRIVER_FEATURE_SELECT) = Half;
    *(volatile ULONG *)(Common + DRIVER_FEATURE) = Bits;
}

static VOID SetAddress(ULONG Offset, ULONG64 Value)
{
    *(volatile ULONG *)(Common + Offset) = (ULONG)Value;
    *(volatile ULONG *)(Common + Offset + 4) = (ULONG)(Value >> 32);
}

/* A queue with nothing in it, in the shared memory after the receive buffer. */
static VOID Queue(USHORT Index)
{
    ULONG Offset = 2048 + Index * 1024;
    ULONG64 Pa = (ULONG64)Adapter.SharedPa.QuadPart + Offset;

    NdisZeroMemory(Adapter.Shared + Offset, 1024);
    *(volatile USHORT *)(Common + QUEUE_SELECT) = Index;
    *(volatile USHORT *)(Common + QUEUE_SIZE) = SIZE;
    SetAddress(QUEUE_DESC, Pa);
    SetAddress(QUEUE_DESC + 8, Pa + 256);
    SetAddress(QUEUE_DESC + 16, Pa + 512);
    *(volatile USHORT *)(Common + QUEUE_ENABLE) = 1;
}

static NDIS_STATUS Initialize(VOID)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR Memory = FindResource(CmResourceTypeMemory);
    PVOID Va;

    if (NdisMMapIoSpace(&Va, Adapter.Handle, Memory->u.Memory.Start, LENGTH) != NDIS_STATUS_SUCCESS)
        return NDIS_STATUS_RESOURCES;
    Common = Va;
    Reset();
    Status(ACKNOWLEDGE);
    Status(DRIVER);
    Features(0, NET_F_STATUS);
    Features(1, F_VERSION_1);
    Status(FEATURES_OK);
    Queue(0);
    Queue(1);
    Status(DRIVER_OK);
    return NDIS_STATUS_SUCCESS;
}

static BOOLEAN Isr(PBOOLEAN QueueDpc)
{
    *QueueDpc = FALSE;
    return TRUE;
}

static VOID Halt(VOID)
{
    Reset();
    NdisMUnmapIoSpace(Adapter.Handle, Common, LENGTH);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Isr = Isr;
    Hooks->Halt = Halt;
}
