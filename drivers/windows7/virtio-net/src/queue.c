/* SPDX-License-Identifier: MIT */
#include "queue.h"
#include "adapter.h"

enum virtio_pci_status AerovnetQueueSize(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue,
                                         USHORT Index)
{
    enum virtio_pci_status Status;
    virtio_u16 Max;

    Status = virtio_pci_queue_size(&Adapter->Device, Index, &Max);
    if (Status != VIRTIO_PCI_OK)
        return Status;
    Queue->Index = Index;
    Queue->Size = Max < AEROVNET_RING_MAX ? Max : AEROVNET_RING_MAX;
    return VIRTIO_PCI_OK;
}

NDIS_STATUS AerovnetQueueAllocate(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue)
{
    struct virtq_layout Layout;
    struct virtq_config Config;

    virtq_layout(Queue->Size, &Layout);
    if (!AerovnetAllocateShared(Adapter, &Queue->Memory, Layout.ring_bytes, AEROVNET_MEMORY_RING))
        return NDIS_STATUS_RESOURCES;
    Queue->State = AerovnetAllocate(Adapter, Layout.state_bytes, AEROVNET_MEMORY_RING);
    if (Queue->State == NULL)
        goto FreeMemory;

    Config.size = Queue->Size;
    Config.ring = Queue->Memory.Va;
    Config.ring_addr = (virtio_u64)Queue->Memory.Pa.QuadPart;
    Config.state = Queue->State;
    if (virtq_init(&Queue->Ring, &Config) != VIRTQ_OK)
        goto FreeState;
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

VOID AerovnetQueueLive(PAEROVNET_QUEUE Queue, BOOLEAN Live)
{
    NdisAcquireSpinLock(&Queue->Lock);
    Queue->Live = Live;
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
