/* SPDX-License-Identifier: MIT */
/* Bringing the device up and down: its BARs, the virtio handshake, the two queues. */
#include "aerovnet.h"

#define AEROVNET_PCI_COMMAND  0x04
#define AEROVNET_PCI_MASTER   0x0004
#define AEROVNET_PCI_INTX_OFF 0x0400
#define AEROVNET_PCI_BAR0     0x10
#define AEROVNET_PCI_BAR_IO   0x1
#define AEROVNET_PCI_BAR_TYPE 0x6
#define AEROVNET_PCI_BAR_64   0x4
#define AEROVNET_PCI_BAR_MASK 0xFFFFFFF0
#define AEROVNET_STATUS_GONE  0xFF

static int AerovnetConfigRead(void *Context, virtio_u32 Offset, void *Buffer, virtio_u32 Length)
{
    PAEROVNET_ADAPTER Adapter = Context;

    return NdisMGetBusData(Adapter->MiniportHandle, PCI_WHICHSPACE_CONFIG, Offset, Buffer,
                           Length) != Length;
}

static virtio_u64 AerovnetBarQuery(void *Context, unsigned Bar)
{
    PAEROVNET_ADAPTER Adapter = Context;

    return Adapter->Bar[Bar].Length;
}

static void *AerovnetBarMap(void *Context, unsigned Bar, virtio_u64 Length)
{
    PAEROVNET_ADAPTER Adapter = Context;
    PVOID Address;

    if (NdisMMapIoSpace(&Address, Adapter->MiniportHandle, Adapter->Bar[Bar].Address,
                        (UINT)Length) != NDIS_STATUS_SUCCESS)
        return NULL;
    return Address;
}

static void AerovnetBarUnmap(void *Context, unsigned Bar, void *Address, virtio_u64 Length)
{
    PAEROVNET_ADAPTER Adapter = Context;

    UNREFERENCED_PARAMETER(Bar);
    NdisMUnmapIoSpace(Adapter->MiniportHandle, Address, (UINT)Length);
}

static virtio_u8 AerovnetRead8(void *Context, volatile void *Address)
{
    UNREFERENCED_PARAMETER(Context);
    return READ_REGISTER_UCHAR((PUCHAR)Address);
}

static virtio_u16 AerovnetRead16(void *Context, volatile void *Address)
{
    UNREFERENCED_PARAMETER(Context);
    return READ_REGISTER_USHORT((PUSHORT)Address);
}

static virtio_u32 AerovnetRead32(void *Context, volatile void *Address)
{
    UNREFERENCED_PARAMETER(Context);
    return READ_REGISTER_ULONG((PULONG)Address);
}

static void AerovnetWrite8(void *Context, volatile void *Address, virtio_u8 Value)
{
    UNREFERENCED_PARAMETER(Context);
    WRITE_REGISTER_UCHAR((PUCHAR)Address, Value);
}

static void AerovnetWrite16(void *Context, volatile void *Address, virtio_u16 Value)
{
    UNREFERENCED_PARAMETER(Context);
    WRITE_REGISTER_USHORT((PUSHORT)Address, Value);
}

static void AerovnetWrite32(void *Context, volatile void *Address, virtio_u32 Value)
{
    UNREFERENCED_PARAMETER(Context);
    WRITE_REGISTER_ULONG((PULONG)Address, Value);
}

static void AerovnetSleep(void *Context, unsigned Microseconds)
{
    UNREFERENCED_PARAMETER(Context);
    NdisMSleep(Microseconds);
}

static const struct virtio_pci_io AerovnetIo = {
    AerovnetConfigRead, AerovnetBarQuery, AerovnetBarMap, AerovnetBarUnmap,
    AerovnetRead8,      AerovnetRead16,   AerovnetRead32, AerovnetWrite8,
    AerovnetWrite16,    AerovnetWrite32,  AerovnetSleep};

static const CM_PARTIAL_RESOURCE_DESCRIPTOR *AerovnetFindMemory(PNDIS_RESOURCE_LIST Resources,
                                                                ULONG64 Base)
{
    ULONG i;

    for (i = 0; i < Resources->Count; i++)
        if (Resources->PartialDescriptors[i].Type == CmResourceTypeMemory &&
            (ULONG64)Resources->PartialDescriptors[i].u.Memory.Start.QuadPart == Base)
            return &Resources->PartialDescriptors[i];
    return NULL;
}

/* Which memory range is which BAR: Windows gives the ranges without their numbers, and the BAR
 * registers tell the rest. A BAR that Windows did not assign stays at length 0. */
static NDIS_STATUS AerovnetFindBars(PAEROVNET_ADAPTER Adapter, PNDIS_RESOURCE_LIST Resources)
{
    const CM_PARTIAL_RESOURCE_DESCRIPTOR *Memory;
    ULONG Registers[VIRTIO_PCI_MAX_BARS];
    ULONG64 Base;
    ULONG i, Bar;

    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++)
        if (AerovnetConfigRead(Adapter, AEROVNET_PCI_BAR0 + 4 * i, &Registers[i], 4) != 0)
            return NDIS_STATUS_FAILURE;
    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++) {
        if (Registers[i] & AEROVNET_PCI_BAR_IO)
            continue;
        Bar = i;
        Base = Registers[i] & AEROVNET_PCI_BAR_MASK;
        if ((Registers[i] & AEROVNET_PCI_BAR_TYPE) == AEROVNET_PCI_BAR_64 &&
            i + 1 < VIRTIO_PCI_MAX_BARS)
            Base |= (ULONG64)Registers[++i] << 32;
        if (Base == 0)
            continue;
        Memory = AerovnetFindMemory(Resources, Base);
        if (Memory == NULL)
            continue;
        Adapter->Bar[Bar].Address = Memory->u.Memory.Start;
        Adapter->Bar[Bar].Length = Memory->u.Memory.Length;
    }
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS AerovnetFindResources(PAEROVNET_ADAPTER Adapter, PNDIS_RESOURCE_LIST Resources)
{
    BOOLEAN Interrupt = FALSE;
    BOOLEAN Memory = FALSE;
    ULONG i;

    for (i = 0; Resources != NULL && i < Resources->Count; i++) {
        if (Resources->PartialDescriptors[i].Type == CmResourceTypeMemory)
            Memory = TRUE;
        if (Resources->PartialDescriptors[i].Type == CmResourceTypeInterrupt &&
            !(Resources->PartialDescriptors[i].Flags & CM_RESOURCE_INTERRUPT_MESSAGE))
            Interrupt = TRUE;
    }
    /* A device without any memory range can have no modern structures: the walk says so better. */
    if (!Interrupt || (Memory && AerovnetFindBars(Adapter, Resources) != NDIS_STATUS_SUCCESS)) {
        AerovnetLog(Adapter, AEROVNET_EVENT_NO_RESOURCES, Interrupt, Memory);
        return NDIS_STATUS_RESOURCES;
    }
    return NDIS_STATUS_SUCCESS;
}

/* The event that says what the transport found, and the NDIS status that goes with it. */
static NDIS_STATUS AerovnetLogTransport(PAEROVNET_ADAPTER Adapter, enum virtio_pci_status Status,
                                        ULONG Detail)
{
    const struct virtio_pci_device *Device = &Adapter->Device;

    switch (Status) {
    case VIRTIO_PCI_E_NO_CAPABILITIES:
        AerovnetLog(Adapter, AEROVNET_EVENT_NO_MODERN_CAPABILITIES, Status, 0);
        return NDIS_STATUS_ADAPTER_NOT_FOUND;
    case VIRTIO_PCI_E_BAR_TOO_SHORT:
        AerovnetLog(Adapter, AEROVNET_EVENT_BAR_TOO_SHORT, Status, Device->failed_bar);
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_BAR_MAP:
        AerovnetLog(Adapter, AEROVNET_EVENT_BAR_MAP, Status, Device->failed_bar);
        return NDIS_STATUS_RESOURCES;
    case VIRTIO_PCI_E_RESET_TIMEOUT:
        AerovnetLog(Adapter, AEROVNET_EVENT_RESET_TIMEOUT, Status, 0);
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_NO_VERSION_1:
    case VIRTIO_PCI_E_NO_FEATURE:
        AerovnetLog(Adapter, AEROVNET_EVENT_NO_VERSION_1, (ULONG)Device->offered,
                    (ULONG)(Device->offered >> 32));
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_FEATURES_REFUSED:
        AerovnetLog(Adapter, AEROVNET_EVENT_FEATURES_REFUSED, (ULONG)Device->offered,
                    (ULONG)(Device->offered >> 32));
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_NO_QUEUE:
        AerovnetLog(Adapter, AEROVNET_EVENT_NO_QUEUE, Detail, 0);
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_QUEUE_SIZE:
    case VIRTIO_PCI_E_QUEUE_ENABLED:
    case VIRTIO_PCI_E_QUEUE_REFUSED:
    case VIRTIO_PCI_E_NOTIFY_RANGE:
        AerovnetLog(Adapter, AEROVNET_EVENT_QUEUE_SETUP, Detail, Status);
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_CONFIG_RANGE:
    case VIRTIO_PCI_E_CONFIG_UNSTABLE:
        AerovnetLog(Adapter, AEROVNET_EVENT_CONFIG_UNREADABLE, Detail, Status);
        return NDIS_STATUS_FAILURE;
    case VIRTIO_PCI_E_GONE:
        if (!InterlockedExchange(&Adapter->Gone, 1))
            AerovnetLog(Adapter, AEROVNET_EVENT_DEVICE_GONE, Status, 0);
        return NDIS_STATUS_FAILURE;
    default:
        AerovnetLog(Adapter, AEROVNET_EVENT_CAPABILITY_MISSING, Status, Device->failed_bar);
        return NDIS_STATUS_FAILURE;
    }
}

NDIS_STATUS AerovnetDeviceOpen(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status;

    Status = virtio_pci_open(&Adapter->Device, &AerovnetIo, Adapter, VIRTIO_NET_CONFIG_LENGTH);
    if (Status != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Status, 0);
    return NDIS_STATUS_SUCCESS;
}

/* Lets the device reach memory and interrupt, or neither (PCI 3.0, 6.2.2). FALSE: it cannot be
 * told, it is not there. */
static BOOLEAN AerovnetReach(PAEROVNET_ADAPTER Adapter, BOOLEAN On)
{
    USHORT Command, Wanted;

    if (AerovnetConfigRead(Adapter, AEROVNET_PCI_COMMAND, &Command, sizeof(Command)) ||
        Command == 0xFFFF)
        return FALSE;
    Wanted = (USHORT)(Command & ~(AEROVNET_PCI_MASTER | AEROVNET_PCI_INTX_OFF));
    Wanted |= On ? AEROVNET_PCI_MASTER : AEROVNET_PCI_INTX_OFF;
    if (Wanted != Command &&
        NdisMSetBusData(Adapter->MiniportHandle, PCI_WHICHSPACE_CONFIG, AEROVNET_PCI_COMMAND,
                        &Wanted, sizeof(Wanted)) != sizeof(Wanted))
        return FALSE;
    Adapter->Reachable = On;
    return TRUE;
}

/* What the device had goes back to its owners after this. One that has not finished the reset may
 * still be at work in there: it is cut off until it finishes one. */
static enum virtio_pci_status AerovnetDeviceReset(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status = virtio_pci_reset(&Adapter->Device);

    if (Status == VIRTIO_PCI_E_RESET_TIMEOUT)
        AerovnetReach(Adapter, FALSE);
    else if (Status == VIRTIO_PCI_OK && !Adapter->Reachable && !AerovnetReach(Adapter, TRUE))
        Status = VIRTIO_PCI_E_GONE;
    return Status;
}

VOID AerovnetDeviceClose(PAEROVNET_ADAPTER Adapter)
{
    if (!Adapter->Asleep)
        AerovnetDeviceReset(Adapter);
    virtio_pci_close(&Adapter->Device);
}

/* An address that stays the same for the same place on the bus, for a device that has none: locally
 * administered, "AV" and the place. */
static VOID AerovnetMakeAddress(PAEROVNET_ADAPTER Adapter)
{
    ULONG64 Place = 0xCBF29CE484222325ULL;
    ULONG i, j;

    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++)
        for (j = 0; j < 64; j += 8) {
            Place ^= (UCHAR)((ULONG64)Adapter->Bar[i].Address.QuadPart >> j);
            Place *= 0x100000001B3ULL;
        }
    Adapter->PermanentAddress[0] = 0x02;
    Adapter->PermanentAddress[1] = 'A';
    Adapter->PermanentAddress[2] = 'V';
    Adapter->PermanentAddress[3] = (UCHAR)(Place >> 32);
    Adapter->PermanentAddress[4] = (UCHAR)(Place >> 40);
    Adapter->PermanentAddress[5] = (UCHAR)(Place >> 48);
}

NDIS_STATUS AerovnetDeviceAddress(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status = VIRTIO_PCI_OK;

    if (Adapter->Device.negotiated & VIRTIO_NET_F_MAC)
        Status = virtio_pci_config_read(&Adapter->Device, VIRTIO_NET_CONFIG_MAC,
                                        Adapter->PermanentAddress, AEROVNET_ADDRESS_LENGTH);
    if (Status != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Status, VIRTIO_NET_CONFIG_MAC);
    /* A device whose own address is no station's is treated as one that has none. */
    if (!AerovnetAddressIsStation(Adapter->PermanentAddress))
        AerovnetMakeAddress(Adapter);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS AerovnetDeviceNegotiate(PAEROVNET_ADAPTER Adapter)
{
    enum virtio_pci_status Status;

    Status = AerovnetDeviceReset(Adapter);
    if (Status == VIRTIO_PCI_OK)
        Status = virtio_pci_negotiate(&Adapter->Device, AEROVNET_FEATURES, VIRTIO_F_VERSION_1);
    if (Status != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Status, 0);
    return NDIS_STATUS_SUCCESS;
}

BOOLEAN AerovnetReadLink(PAEROVNET_ADAPTER Adapter)
{
    virtio_u16 Word;

    if (!(Adapter->Device.negotiated & VIRTIO_NET_F_STATUS))
        return TRUE;
    if (virtio_pci_config_read(&Adapter->Device, VIRTIO_NET_CONFIG_STATUS, &Word, sizeof(Word)) !=
        VIRTIO_PCI_OK)
        return FALSE;
    return (Word & VIRTIO_NET_S_LINK_UP) != 0;
}

NDIS_STATUS AerovnetQueueAllocate(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue, USHORT Index)
{
    enum virtio_pci_status Status;
    struct virtq_layout Layout;
    struct virtq_config Config;
    virtio_u16 Max;
    USHORT Size;

    Status = virtio_pci_queue_size(&Adapter->Device, Index, &Max);
    if (Status != VIRTIO_PCI_OK)
        return AerovnetLogTransport(Adapter, Status, Index);
    Size = 1;
    while (Size < AEROVNET_RING_MAX && Size * 2u <= Max)
        Size = (USHORT)(Size * 2);
    Queue->Index = Index;
    Queue->Size = Size;

    virtq_layout(Size, &Layout);
    if (!AerovnetAllocateShared(Adapter, &Queue->Memory, Layout.ring_bytes, AEROVNET_MEMORY_RING))
        return NDIS_STATUS_RESOURCES;
    Queue->State = AerovnetAllocate(Adapter, Layout.state_bytes, AEROVNET_MEMORY_RING);
    if (Queue->State == NULL)
        goto FreeMemory;

    Config.size = Size;
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

static enum virtio_pci_status AerovnetQueueSetUp(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue)
{
    return virtio_pci_queue_setup(&Adapter->Device, Queue->Index, Queue->Size,
                                  Queue->Ring.desc_addr, Queue->Ring.avail_addr,
                                  Queue->Ring.used_addr, &Queue->Notify);
}

static VOID AerovnetQueueLive(PAEROVNET_QUEUE Queue, BOOLEAN Live)
{
    NdisAcquireSpinLock(&Queue->Lock);
    Queue->Live = Live;
    NdisReleaseSpinLock(&Queue->Lock);
}

NDIS_STATUS AerovnetDeviceStart(PAEROVNET_ADAPTER Adapter)
{
    PAEROVNET_QUEUE Receive = &Adapter->Receive.Queue;
    PAEROVNET_QUEUE Transmit = &Adapter->Transmit.Queue;
    enum virtio_pci_status Status;
    USHORT Index = AEROVNET_RECEIVE_QUEUE;
    BOOLEAN Notify = FALSE;

    Status = AerovnetQueueSetUp(Adapter, Receive);
    if (Status == VIRTIO_PCI_OK) {
        Index = AEROVNET_TRANSMIT_QUEUE;
        Status = AerovnetQueueSetUp(Adapter, Transmit);
    }
    if (Status == VIRTIO_PCI_OK) {
        /* The buffers come before DRIVER_OK, and all notifications after it (virtio 1.2, 3.1.1).
         * The lock keeps lists that come back meanwhile from notifying too early. */
        NdisAcquireSpinLock(&Receive->Lock);
        Receive->Live = TRUE;
        AerovnetReceiveFill(Adapter);
        Notify = AerovnetPublish(Receive);
        Status = virtio_pci_driver_ok(&Adapter->Device);
        NdisReleaseSpinLock(&Receive->Lock);
    }
    if (Notify)
        AerovnetNotify(Adapter, Receive);
    if (Status != VIRTIO_PCI_OK) {
        virtio_pci_fail(&Adapter->Device);
        AerovnetQueueLive(Receive, FALSE);
        AerovnetReceiveStop(Adapter);
        return AerovnetLogTransport(Adapter, Status, Index);
    }
    Adapter->Transmit.UseIndirect = (Adapter->Device.negotiated & VIRTIO_F_RING_INDIRECT_DESC) != 0;
    AerovnetQueueLive(Transmit, TRUE);
    return NDIS_STATUS_SUCCESS;
}

/* FALSE: somebody else stops or starts it. */
static BOOLEAN AerovnetDeviceTryAcquire(PAEROVNET_ADAPTER Adapter)
{
    return InterlockedCompareExchange(&Adapter->DeviceBusy, 1, 0) == 0;
}

/* Reset, pause, removal and halt may come at once, each on a thread of its own; every one of
 * them is done within a few seconds. PASSIVE_LEVEL */
static VOID AerovnetDeviceAcquire(PAEROVNET_ADAPTER Adapter)
{
    while (!AerovnetDeviceTryAcquire(Adapter))
        NdisMSleep(1000);
}

static VOID AerovnetDeviceRelease(PAEROVNET_ADAPTER Adapter)
{
    InterlockedExchange(&Adapter->DeviceBusy, 0);
}

/* Once the queues are not live, no DPC and no sender touches the rings any more; one that had found
 * a reason to notify must have done so before the reset (virtio 1.2, 3.1.1: none before DRIVER_OK).
 */
static VOID AerovnetQuiesce(PAEROVNET_ADAPTER Adapter)
{
    AerovnetQueueLive(&Adapter->Transmit.Queue, FALSE);
    AerovnetQueueLive(&Adapter->Receive.Queue, FALSE);
    while (Adapter->Transmit.Queue.Notifying != 0 || Adapter->Receive.Queue.Notifying != 0)
        NdisMSleep(100);
}

static VOID AerovnetStopLocked(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status)
{
    AerovnetQuiesce(Adapter);
    if (!Adapter->Asleep && AerovnetDeviceReset(Adapter) == VIRTIO_PCI_E_GONE)
        InterlockedExchange(&Adapter->Gone, 1);
    AerovnetTransmitStop(Adapter, Status);
    AerovnetReceiveStop(Adapter);
}

VOID AerovnetDeviceStop(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status)
{
    AerovnetDeviceAcquire(Adapter);
    AerovnetStopLocked(Adapter, Status);
    AerovnetDeviceRelease(Adapter);
}

/* A reset under way takes the frames back itself, and what it has brought back must not be stopped
 * for what was wrong before. */
VOID AerovnetDeviceStopFailed(PAEROVNET_ADAPTER Adapter, NDIS_STATUS Status)
{
    if (!AerovnetDeviceTryAcquire(Adapter))
        return;
    AerovnetDeviceCheck(Adapter);
    if (Adapter->ResetNeeded)
        AerovnetStopLocked(Adapter, Status);
    AerovnetDeviceRelease(Adapter);
}

/* Whoever else stops or starts the device knows how it is, and it may be asleep when they end. */
BOOLEAN AerovnetDeviceHangs(PAEROVNET_ADAPTER Adapter)
{
    BOOLEAN Hangs;

    if (!AerovnetDeviceTryAcquire(Adapter))
        return FALSE;
    AerovnetDeviceCheck(Adapter);
    AerovnetInterruptCheck(Adapter);
    if (AerovnetTransmitHangs(Adapter))
        AerovnetDeviceFailed(Adapter, AEROVNET_EVENT_TRANSMIT_HANG,
                             AEROVNET_HANG_SECONDS * AEROVNET_STALLS_MAX, 0);
    Hangs = Adapter->ResetNeeded != 0;
    AerovnetDeviceRelease(Adapter);
    return Hangs;
}

/* The device runs again as it did. While it sleeps there is nothing to be done: it comes back
 * when it wakes. */
static NDIS_STATUS AerovnetComeBack(PAEROVNET_ADAPTER Adapter)
{
    NDIS_STATUS Status;

    InterlockedExchange(&Adapter->ResetNeeded, 0);
    if (Adapter->Asleep)
        return NDIS_STATUS_SUCCESS;
    Status = AerovnetDeviceNegotiate(Adapter);
    if (Status == NDIS_STATUS_SUCCESS)
        Status = AerovnetDeviceStart(Adapter);
    if (Status == NDIS_STATUS_SUCCESS)
        InterlockedExchange(&Adapter->Gone, 0); /* it has answered */
    return Status;
}

NDIS_STATUS AerovnetDeviceRestart(PAEROVNET_ADAPTER Adapter)
{
    NDIS_STATUS Status;

    AerovnetDeviceAcquire(Adapter);
    InterlockedExchange(&Adapter->Resetting, 1);
    AerovnetStopLocked(Adapter, NDIS_STATUS_RESET_IN_PROGRESS);
    Status = AerovnetComeBack(Adapter);
    InterlockedExchange(&Adapter->Resetting, 0);
    AerovnetDeviceRelease(Adapter);
    return Status;
}

VOID AerovnetDeviceSleep(PAEROVNET_ADAPTER Adapter)
{
    AerovnetDeviceAcquire(Adapter);
    if (!Adapter->Asleep) {
        AerovnetStopLocked(Adapter, NDIS_STATUS_LOW_POWER_STATE);
        AerovnetInterruptSleep(Adapter);
    }
    AerovnetDeviceRelease(Adapter);
}

VOID AerovnetDeviceWake(PAEROVNET_ADAPTER Adapter)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;

    AerovnetDeviceAcquire(Adapter);
    if (InterlockedExchange(&Adapter->Asleep, 0))
        Status = AerovnetComeBack(Adapter);
    AerovnetDeviceRelease(Adapter);
    if (Status == NDIS_STATUS_SUCCESS)
        AerovnetInterruptCheck(Adapter);
    else
        AerovnetDeviceFailed(Adapter, AEROVNET_EVENT_WAKE_FAILED, (ULONG)Status, 0);
}

/* NDIS may call as soon as it knows the adapter: before there is a register to write to. */
static VOID AerovnetResetNow(PAEROVNET_ADAPTER Adapter)
{
    if (!Adapter->Gone && !Adapter->Asleep && Adapter->Device.common.address != NULL)
        virtio_pci_reset_now(&Adapter->Device);
}

VOID AerovnetDeviceShutdown(PAEROVNET_ADAPTER Adapter)
{
    AerovnetDeviceAcquire(Adapter);
    AerovnetQuiesce(Adapter);
    AerovnetResetNow(Adapter);
    AerovnetDeviceRelease(Adapter);
}

VOID AerovnetDeviceCrash(PAEROVNET_ADAPTER Adapter)
{
    AerovnetResetNow(Adapter);
}

VOID AerovnetDeviceFailed(PAEROVNET_ADAPTER Adapter, ULONG Event, ULONG First, ULONG Second)
{
    if (InterlockedExchange(&Adapter->ResetNeeded, 1))
        return;
    Adapter->DeviceErrors++;
    AerovnetQueueLive(&Adapter->Receive.Queue, FALSE);
    /* A reset may have ended since the first line, on another processor: then these were its
     * queues, and another reset has to bring them back. A sender is told that, hence the lock. */
    NdisAcquireSpinLock(&Adapter->Transmit.Queue.Lock);
    Adapter->Transmit.Queue.Live = FALSE;
    InterlockedExchange(&Adapter->ResetNeeded, 1);
    NdisReleaseSpinLock(&Adapter->Transmit.Queue.Lock);
    AerovnetLog(Adapter, Event, First, Second);
}

VOID AerovnetDeviceCheck(PAEROVNET_ADAPTER Adapter)
{
    UCHAR Status;

    if (Adapter->Gone || Adapter->Asleep)
        return;
    Status = virtio_pci_device_status(&Adapter->Device);
    if (Status == AEROVNET_STATUS_GONE) {
        InterlockedExchange(&Adapter->Gone, 1);
        AerovnetDeviceFailed(Adapter, AEROVNET_EVENT_DEVICE_GONE, Status, 0);
    } else if (Status & VIRTIO_STATUS_DEVICE_NEEDS_RESET) {
        AerovnetDeviceFailed(Adapter, AEROVNET_EVENT_DEVICE_NEEDS_RESET, Status, 0);
    }
}

BOOLEAN AerovnetPublish(PAEROVNET_QUEUE Queue)
{
    if (!virtq_publish(&Queue->Ring))
        return FALSE;
    Queue->Notifications++;
    InterlockedIncrement(&Queue->Notifying);
    return TRUE;
}

VOID AerovnetNotify(PAEROVNET_ADAPTER Adapter, PAEROVNET_QUEUE Queue)
{
    virtio_pci_notify(&Adapter->Device, &Queue->Notify);
    InterlockedDecrement(&Queue->Notifying);
}
