/* SPDX-License-Identifier: MIT */
#include "hardware.h"
#include "adapter.h"
#include "event_log.h"

#define AEROVNET_PCI_COMMAND  0x04
#define AEROVNET_PCI_MASTER   0x0004
#define AEROVNET_PCI_INTX_OFF 0x0400
#define AEROVNET_PCI_BAR0     0x10

static int AerovnetConfigRead(void *Context, virtio_u32 Offset, void *Buffer, virtio_u32 Length)
{
    PAEROVNET_ADAPTER Adapter = Context;

    return NdisMGetBusData(Adapter->MiniportHandle, PCI_WHICHSPACE_CONFIG, Offset, Buffer,
                           Length) != Length;
}

static virtio_u64 AerovnetBarQuery(void *Context, unsigned Bar, enum virtio_pci_space *Space)
{
    PAEROVNET_ADAPTER Adapter = Context;

    *Space = Adapter->Bar[Bar].Space;
    return Adapter->Bar[Bar].Length;
}

static void *AerovnetBarMap(void *Context, unsigned Bar, virtio_u64 Length)
{
    PAEROVNET_ADAPTER Adapter = Context;
    NDIS_PHYSICAL_ADDRESS Start = Adapter->Bar[Bar].Address;
    NDIS_STATUS Status;
    PVOID Address;

    if (Adapter->Bar[Bar].Space == VIRTIO_PCI_IO)
        Status = NdisMRegisterIoPortRange(&Address, Adapter->MiniportHandle, (UINT)Start.LowPart,
                                          (UINT)Length);
    else
        Status = NdisMMapIoSpace(&Address, Adapter->MiniportHandle, Start, (UINT)Length);
    return Status == NDIS_STATUS_SUCCESS ? Address : NULL;
}

static void AerovnetBarUnmap(void *Context, unsigned Bar, void *Address, virtio_u64 Length)
{
    PAEROVNET_ADAPTER Adapter = Context;

    if (Adapter->Bar[Bar].Space == VIRTIO_PCI_IO)
        NdisMDeregisterIoPortRange(Adapter->MiniportHandle, (UINT)Adapter->Bar[Bar].Address.LowPart,
                                   (UINT)Length, Address);
    else
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

/* Ports: the address is what NdisMRegisterIoPortRange returned, plus the register's offset. */

static virtio_u8 AerovnetReadPort8(void *Context, volatile void *Address)
{
    UNREFERENCED_PARAMETER(Context);
    return READ_PORT_UCHAR((PUCHAR)Address);
}

static virtio_u16 AerovnetReadPort16(void *Context, volatile void *Address)
{
    UNREFERENCED_PARAMETER(Context);
    return READ_PORT_USHORT((PUSHORT)Address);
}

static virtio_u32 AerovnetReadPort32(void *Context, volatile void *Address)
{
    UNREFERENCED_PARAMETER(Context);
    return READ_PORT_ULONG((PULONG)Address);
}

static void AerovnetWritePort8(void *Context, volatile void *Address, virtio_u8 Value)
{
    UNREFERENCED_PARAMETER(Context);
    WRITE_PORT_UCHAR((PUCHAR)Address, Value);
}

static void AerovnetWritePort16(void *Context, volatile void *Address, virtio_u16 Value)
{
    UNREFERENCED_PARAMETER(Context);
    WRITE_PORT_USHORT((PUSHORT)Address, Value);
}

static void AerovnetWritePort32(void *Context, volatile void *Address, virtio_u32 Value)
{
    UNREFERENCED_PARAMETER(Context);
    WRITE_PORT_ULONG((PULONG)Address, Value);
}

static void AerovnetSleep(void *Context, unsigned Microseconds)
{
    UNREFERENCED_PARAMETER(Context);
    NdisMSleep(Microseconds);
}

const struct virtio_pci_io AerovnetPciIo = {
    AerovnetConfigRead,
    AerovnetBarQuery,
    AerovnetBarMap,
    AerovnetBarUnmap,
    AerovnetSleep,
    {{AerovnetRead8, AerovnetRead16, AerovnetRead32, AerovnetWrite8, AerovnetWrite16,
      AerovnetWrite32},
     {AerovnetReadPort8, AerovnetReadPort16, AerovnetReadPort32, AerovnetWritePort8,
      AerovnetWritePort16, AerovnetWritePort32}}};

/* Which range is which BAR. A BAR that Windows did not assign stays at length 0. */
static NDIS_STATUS AerovnetFindBars(PAEROVNET_ADAPTER Adapter, PNDIS_RESOURCE_LIST Resources)
{
    const CM_PARTIAL_RESOURCE_DESCRIPTOR *Range;
    virtio_u32 Registers[VIRTIO_PCI_MAX_BARS];
    enum virtio_pci_space Space;
    ULONG i;
    int Bar;

    for (i = 0; i < VIRTIO_PCI_MAX_BARS; i++)
        if (AerovnetConfigRead(Adapter, AEROVNET_PCI_BAR0 + 4 * i, &Registers[i], 4) != 0)
            return NDIS_STATUS_FAILURE;
    for (i = 0; i < Resources->Count; i++) {
        Range = &Resources->PartialDescriptors[i];
        if (Range->Type != CmResourceTypeMemory && Range->Type != CmResourceTypePort)
            continue;
        Space = Range->Type == CmResourceTypePort ? VIRTIO_PCI_IO : VIRTIO_PCI_MEMORY;
        Bar = virtio_pci_match_bar(Registers, Space, (virtio_u64)Range->u.Generic.Start.QuadPart);
        if (Bar < 0)
            continue;
        Adapter->Bar[Bar].Space = Space;
        Adapter->Bar[Bar].Address = Range->u.Generic.Start;
        Adapter->Bar[Bar].Length = Range->u.Generic.Length;
    }
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS AerovnetFindResources(PAEROVNET_ADAPTER Adapter, PNDIS_RESOURCE_LIST Resources)
{
    BOOLEAN Interrupt = FALSE;
    BOOLEAN Range = FALSE;
    ULONG i;

    AEROVNET_ASSERT_PASSIVE();
    for (i = 0; Resources != NULL && i < Resources->Count; i++) {
        if (Resources->PartialDescriptors[i].Type == CmResourceTypeMemory ||
            Resources->PartialDescriptors[i].Type == CmResourceTypePort)
            Range = TRUE;
        if (Resources->PartialDescriptors[i].Type == CmResourceTypeInterrupt &&
            !(Resources->PartialDescriptors[i].Flags & CM_RESOURCE_INTERRUPT_MESSAGE))
            Interrupt = TRUE;
    }
    /* A device without any range can have no modern structures: the walk says so better. */
    if (!Interrupt || (Range && AerovnetFindBars(Adapter, Resources) != NDIS_STATUS_SUCCESS)) {
        AerovnetLog(Adapter, AEROVNET_EVENT_NO_RESOURCES, Interrupt, Range);
        return NDIS_STATUS_RESOURCES;
    }
    return NDIS_STATUS_SUCCESS;
}

BOOLEAN AerovnetReach(PAEROVNET_ADAPTER Adapter, BOOLEAN On)
{
    USHORT Command, Wanted;

    AEROVNET_ASSERT_PASSIVE();
    if (AerovnetConfigRead(Adapter, AEROVNET_PCI_COMMAND, &Command, sizeof(Command)) ||
        Command == 0xFFFF)
        return FALSE;
    Wanted = (USHORT)(Command & ~(AEROVNET_PCI_MASTER | AEROVNET_PCI_INTX_OFF));
    Wanted |= On ? AEROVNET_PCI_MASTER : AEROVNET_PCI_INTX_OFF;
    if (Wanted != Command &&
        NdisMSetBusData(Adapter->MiniportHandle, PCI_WHICHSPACE_CONFIG, AEROVNET_PCI_COMMAND,
                        &Wanted, sizeof(Wanted)) != sizeof(Wanted))
        return FALSE;
    AerovnetStateFence(&Adapter->State, !On);
    return TRUE;
}
