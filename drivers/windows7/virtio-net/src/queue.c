/* SPDX-License-Identifier: MIT */
#include "queue.h"
#include "adapter.h"

/* The largest size that the device and `Limit`, a power of two, allow. */
static enum virtio_pci_status AerovnetQueueChoose(PAEROVNET_ADAPTER Adapter, USHORT Index,
                                                  USHORT Limit, PUSHORT Size)
{
    enum virtio_pci_status Status;
    virtio_u16 Max;

    Status = virtio_pci_queue_size(&Adapter->Device, Index, &Max);
    if (Status != VIRTIO_PCI_OK)
        return Status;
    *Size = Max < Limit ? Max : Limit;
    return VIRTIO_PCI_OK;
}

enum virtio_pci_status AerovnetQueueSize(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue,
                                         USHORT Index)
{
    Queue->Index = Index;
    return AerovnetQueueChoose(Adapter, Index, AEROVNET_RING_MAX, &Queue->Size);
}

/* Makes an empty ring of `Size` entries in the memory at hand. */
static int AerovnetQueueRing(PAEROVNET_QUEUE Queue, USHORT Size)
{
    struct virtq_config Config;

    Config.size = Size;
    Config.ring = Queue->Memory.Va;
    Config.ring_addr = (virtio_u64)Queue->Memory.Pa.QuadPart;
    Config.state = Queue->State;
    Queue->Size = Size;
    return virtq_init(&Queue->Ring, &Config);
}

enum virtio_pci_status AerovnetQueueRefit(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue)
{
    enum virtio_pci_status Status;
    USHORT Size;

    Status = AerovnetQueueChoose(Adapter, Queue->Index, Queue->Entries, &Size);
    if (Status != VIRTIO_PCI_OK || Size == Queue->Size)
        return Status;
    NdisAcquireSpinLock(&Queue->Lock);
    AerovnetQueueRing(Queue, Size);
    NdisReleaseSpinLock(&Queue->Lock);
    return VIRTIO_PCI_OK;
}

NDIS_STATUS AerovnetQueueAllocate(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue)
{
    struct virtq_layout Layout;

    AEROVNET_ASSERT_PASSIVE();
    virtq_layout(Queue->Size, &Layout);
    if (!AerovnetAllocateShared(Adapter, &Queue->Memory, Layout.ring_bytes, AEROVNET_MEMORY_RING))
        return NDIS_STATUS_RESOURCES;
    Queue->State = AerovnetAllocate(Adapter, Layout.state_bytes, AEROVNET_MEMORY_RING);
    if (Queue->State == NULL)
        goto FreeMemory;
    if (AerovnetQueueRing(Queue, Queue->Size) != VIRTQ_OK)
        goto FreeState;
    Queue->Entries = Queue->Size;
    return NDIS_STATUS_SUCCESS;

FreeState:
    AerovnetFree(Queue->State);
    Queue->State = NULL;
FreeMemory:
    AerovnetFreeShared(Adapter, &Queue->Memory);
    return NDIS_STATUS_RESOURCES;
}

VOID AerovnetQueueFree(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue)
{
    AEROVNET_ASSERT_PASSIVE();
    AerovnetFree(Queue->State);
    Queue->State = NULL;
    AerovnetFreeShared(Adapter, &Queue->Memory);
}

enum virtio_pci_status AerovnetQueueSetUp(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue)
{
    struct virtio_pci_queue SetUp;

    virtq_set_features(&Queue->Ring, Adapter->Device.negotiated);
    SetUp.index = Queue->Index;
    SetUp.size = Queue->Size;
    SetUp.vector = VIRTIO_MSI_NO_VECTOR;
    SetUp.desc = Queue->Ring.desc_addr;
    SetUp.driver = Queue->Ring.avail_addr;
    SetUp.device = Queue->Ring.used_addr;
    return virtio_pci_queue_setup(&Adapter->Device, &SetUp, &Queue->Notify);
}

VOID AerovnetQueueGate(PAEROVNET_QUEUE Queue, const AEROVNET_STATE_WORD *State)
{
    NdisAcquireSpinLock(&Queue->Lock);
    Queue->Live = AerovnetStateOf(State) == AerovnetStateRunning;
    NdisReleaseSpinLock(&Queue->Lock);
}

BOOLEAN AerovnetPublish(PAEROVNET_QUEUE Queue)
{
    if (!virtq_publish(&Queue->Ring))
        return FALSE;
    Queue->Notifications++;
    return TRUE;
}

VOID AerovnetNotify(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue)
{
    virtio_pci_notify(&Adapter->Device, &Queue->Notify);
    virtq_notified(&Queue->Ring);
}
