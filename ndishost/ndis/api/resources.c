/* SPDX-License-Identifier: MIT */
/* BARs and interrupts as resources; register mappings, I/O ports, configuration space. */
#include "ndis/api/resources.h"

#include <stdlib.h>
#include <string.h>
#include "bus/map.h"
#include "ndis/api/messages.h"
#include "nt/api/io.h"
#include "nt/api/pool.h"

#define PCI_BAR_OFFSET    0x10u
#define PCI_BAR_PREFETCH  0x8u
#define PCI_CONFIG_LENGTH 256u

/* ---- The resource list ---- */

static void describe_bar(CM_PARTIAL_RESOURCE_DESCRIPTOR *descriptor, struct bus *bus, unsigned bar)
{
    const struct bus_bar *from = &bus->bar[bar];

    descriptor->ShareDisposition = CmResourceShareDeviceExclusive;
    if (from->io) {
        descriptor->Type = CmResourceTypePort;
        descriptor->Flags = CM_RESOURCE_PORT_IO | CM_RESOURCE_PORT_POSITIVE_DECODE;
    } else {
        uint32_t low = bus->ops->config_read(bus, PCI_BAR_OFFSET + 4 * bar, 4);

        descriptor->Type = CmResourceTypeMemory;
        descriptor->Flags = CM_RESOURCE_MEMORY_READ_WRITE |
                            (low & PCI_BAR_PREFETCH ? CM_RESOURCE_MEMORY_PREFETCHABLE : 0);
    }
    descriptor->u.Generic.Start.QuadPart = (LONGLONG)from->base;
    descriptor->u.Generic.Length = (ULONG)from->length;
}

static void describe_interrupt(CM_PARTIAL_RESOURCE_DESCRIPTOR *descriptor, const struct bus *bus)
{
    descriptor->Type = CmResourceTypeInterrupt;
    descriptor->ShareDisposition = CmResourceShareShared;
    descriptor->Flags = CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE;
    descriptor->u.Interrupt.Level = IRQL_DEVICE;
    descriptor->u.Interrupt.Vector = bus->irq_vector;
    descriptor->u.Interrupt.Affinity = ~(KAFFINITY)0;
}

static NDIS_RESOURCE_LIST *partial_list(CM_RESOURCE_LIST *full)
{
    return (
        NDIS_RESOURCE_LIST *)(void *)((char *)full + offsetof(CM_RESOURCE_LIST, List) +
                                      offsetof(CM_FULL_RESOURCE_DESCRIPTOR, PartialResourceList));
}

/* using-interrupt-resource-descriptors: one descriptor a message for MSI-X */
static void describe_message(CM_PARTIAL_RESOURCE_DESCRIPTOR *descriptor,
                             const struct message *message, bool raw)
{
    descriptor->Type = CmResourceTypeInterrupt;
    descriptor->ShareDisposition = CmResourceShareDeviceExclusive;
    descriptor->Flags = CM_RESOURCE_INTERRUPT_LATCHED | CM_RESOURCE_INTERRUPT_MESSAGE;
    if (raw) {
        descriptor->u.MessageInterrupt.Raw.MessageCount = 1;
        descriptor->u.MessageInterrupt.Raw.Vector = message->vector;
        descriptor->u.MessageInterrupt.Raw.Affinity = message->targets;
    } else {
        descriptor->u.MessageInterrupt.Translated.Level = IRQL_DEVICE;
        descriptor->u.MessageInterrupt.Translated.Vector = message->vector;
        descriptor->u.MessageInterrupt.Translated.Affinity = message->targets;
    }
}

/* Returns where the next descriptor goes. */
static CM_PARTIAL_RESOURCE_DESCRIPTOR *describe_interrupts(CM_PARTIAL_RESOURCE_DESCRIPTOR *at,
                                                           struct ndis_adapter *adapter, bool raw)
{
    unsigned i;

    if (!messages_count(adapter))
        describe_interrupt(at++, adapter->bus);
    for (i = 0; i < messages_count(adapter); i++)
        describe_message(at++, messages_get(adapter, i), raw);
    return at;
}

/* NULL without memory. */
static CM_RESOURCE_LIST *build_list(struct ndis_adapter *adapter, bool private, bool raw)
{
    struct bus *bus = adapter->bus;
    CM_RESOURCE_LIST *full = calloc(1, sizeof(*full) + (2 * BUS_BARS + BUS_MESSAGES) *
                                                           sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR));
    NDIS_RESOURCE_LIST *list;
    CM_PARTIAL_RESOURCE_DESCRIPTOR *at;
    unsigned bar;

    if (!full)
        return NULL;
    full->Count = 1;
    full->List[0].InterfaceType = PCIBus;
    full->List[0].BusNumber = bus->number;
    list = partial_list(full);
    list->Version = 1;
    list->Revision = 1;
    at = list->PartialDescriptors;
    for (bar = 0; bar < BUS_BARS; bar++) {
        if (!bus->bar[bar].length)
            continue;
        describe_bar(at++, bus, bar);
        if (private) {
            at->Type = CmResourceTypeDevicePrivate;
            at->u.DevicePrivate.Data[0] = 1;
            at->u.DevicePrivate.Data[1] = bar;
            at++;
        }
    }
    at = describe_interrupts(at, adapter, raw);
    list->Count = (ULONG)(at - list->PartialDescriptors);
    return full;
}

int resources_build(struct ndis_adapter *adapter, struct random *random)
{
    /* Windows puts descriptors of the PCI driver's own between a device's: sometimes we do too. */
    adapter->private_resources = random_chance(random, 1, 2);
    return resources_rebuild(adapter);
}

int resources_rebuild(struct ndis_adapter *adapter)
{
    if (adapter->bus->no_device)
        return 0; /* no list, rather than an empty one: irp-mn-start-device */
    free(adapter->full_resources);
    free(adapter->raw_resources);
    adapter->full_resources = build_list(adapter, adapter->private_resources, false);
    adapter->raw_resources = build_list(adapter, adapter->private_resources, true);
    if (!adapter->full_resources || !adapter->raw_resources)
        return -1;
    adapter->resources = partial_list(adapter->full_resources);
    return 0;
}

/* ---- Registers in memory ---- */

struct mapping {
    struct mapping *next;
    void *va;
    uint64_t pa;
    size_t length;
};

/* The BAR that holds the whole range; -1 if none does. */
static int bar_find(const struct bus *bus, uint64_t pa, uint64_t length, bool io)
{
    int bar;

    for (bar = 0; bar < BUS_BARS; bar++) {
        const struct bus_bar *b = &bus->bar[bar];

        if (b->length && b->io == io && pa >= b->base && length <= b->length &&
            pa - b->base <= b->length - length)
            return bar;
    }
    return -1;
}

static void *map(struct ndis_adapter *adapter, uint64_t pa, size_t length)
{
    int bar = bar_find(adapter->bus, pa, length, false);
    struct mapping *mapping;

    if (bar < 0 || !(mapping = malloc(sizeof(*mapping))))
        return NULL;
    mapping->va = bus_map(adapter->bus, (unsigned)bar, pa - adapter->bus->bar[bar].base, length);
    mapping->pa = pa;
    mapping->length = length;
    if (!mapping->va) {
        free(mapping);
        return NULL;
    }
    pthread_mutex_lock(&adapter->lock);
    mapping->next = adapter->mappings;
    adapter->mappings = mapping;
    pthread_mutex_unlock(&adapter->lock);
    return mapping->va;
}

/* false: no mapping of this length begins there. length 0: whatever its length. */
static bool unmap(struct ndis_adapter *adapter, void *va, size_t length)
{
    struct mapping **at, *mapping = NULL;

    pthread_mutex_lock(&adapter->lock);
    for (at = &adapter->mappings; *at; at = &(*at)->next)
        if ((*at)->va == va && (!length || (*at)->length == length)) {
            mapping = *at;
            *at = mapping->next;
            break;
        }
    pthread_mutex_unlock(&adapter->lock);
    if (!mapping)
        return false;
    bus_unmap(va);
    free(mapping);
    return true;
}

NDIS_STATUS NTAPI NdisMMapIoSpace(PVOID *VirtualAddress, NDIS_HANDLE MiniportAdapterHandle,
                                  NDIS_PHYSICAL_ADDRESS PhysicalAddress, UINT Length)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *VirtualAddress = NULL;
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    if (!adapter_claims_hardware(adapter, "NdisMMapIoSpace", __func__, RULE_CALLER))
        return NDIS_STATUS_FAILURE;
    if (!Length || bar_find(adapter->bus, (uint64_t)PhysicalAddress.QuadPart, Length, false) < 0) {
        rule_violation("NdisMMapIoSpace", RULE_CALLER,
                       "no memory BAR of the device has 0x%x bytes at physical address 0x%llx",
                       Length, (unsigned long long)PhysicalAddress.QuadPart);
        return NDIS_STATUS_FAILURE;
    }
    if (nt_allocation_fails())
        return NDIS_STATUS_RESOURCES;
    *VirtualAddress = map(adapter, (uint64_t)PhysicalAddress.QuadPart, Length);
    if (!*VirtualAddress)
        return NDIS_STATUS_RESOURCES;
    track_add("I/O space mapping", *VirtualAddress, Length, RULE_CALLER);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisMMapIoSpace);

VOID NTAPI NdisMUnmapIoSpace(NDIS_HANDLE MiniportAdapterHandle, PVOID VirtualAddress, UINT Length)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    if (!adapter)
        return;
    if (!unmap(adapter, VirtualAddress, Length)) {
        rule_violation_object("NdisMUnmapIoSpace", VirtualAddress, RULE_CALLER,
                              "%p is not a mapping of 0x%x bytes", VirtualAddress, Length);
        return;
    }
    track_remove("I/O space mapping", VirtualAddress, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisMUnmapIoSpace);

/* ---- Ports ---- */

/* Ports are their own addresses; the leak accounting takes them for pointers. */
static void *port_pointer(UINT port)
{
    return (void *)(ULONG_PTR)port;
}

NDIS_STATUS NTAPI NdisMRegisterIoPortRange(PVOID *PortOffset, NDIS_HANDLE MiniportAdapterHandle,
                                           UINT InitialPort, UINT NumberOfPorts)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    int bar;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *PortOffset = NULL;
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    if (!adapter_claims_hardware(adapter, "NdisMRegisterIoPortRange", __func__, RULE_CALLER))
        return NDIS_STATUS_FAILURE;
    bar = NumberOfPorts ? bar_find(adapter->bus, InitialPort, NumberOfPorts, true) : -1;
    if (bar < 0) {
        rule_violation("NdisMRegisterIoPortRange", RULE_CALLER,
                       "no I/O BAR of the device has 0x%x ports at 0x%x", NumberOfPorts,
                       InitialPort);
        return NDIS_STATUS_FAILURE;
    }
    if (nt_allocation_fails())
        return NDIS_STATUS_RESOURCES;
    if (!bus_map_ports(adapter->bus, (unsigned)bar))
        return NDIS_STATUS_RESOURCE_CONFLICT;
    *PortOffset = port_pointer(InitialPort);
    track_add("I/O port range", port_pointer(InitialPort), NumberOfPorts, RULE_CALLER);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisMRegisterIoPortRange);

VOID NTAPI NdisMDeregisterIoPortRange(NDIS_HANDLE MiniportAdapterHandle, UINT InitialPort,
                                      UINT NumberOfPorts, PVOID PortOffset)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    int bar;

    HOST_CALL(PASSIVE_LEVEL);
    if (!adapter)
        return;
    bar = bar_find(adapter->bus, InitialPort, NumberOfPorts, true);
    if (bar < 0 || PortOffset != port_pointer(InitialPort) ||
        !track_remove("I/O port range", port_pointer(InitialPort), RULE_CALLER)) {
        rule_violation("NdisMDeregisterIoPortRange", RULE_CALLER,
                       "the driver did not register 0x%x ports at 0x%x", NumberOfPorts,
                       InitialPort);
        return;
    }
    bus_unmap_ports(adapter->bus, (unsigned)bar);
}
HOST_EXPORT("NDIS.SYS", NdisMDeregisterIoPortRange);

void resources_release(struct ndis_adapter *adapter)
{
    unsigned bar;

    while (adapter->mappings)
        unmap(adapter, adapter->mappings->va, 0);
    for (bar = 0; bar < BUS_BARS; bar++)
        if (adapter->bus->bar[bar].io)
            bus_unmap_ports(adapter->bus, bar);
    free(adapter->full_resources);
    free(adapter->raw_resources);
    adapter->full_resources = adapter->raw_resources = NULL;
    adapter->resources = NULL;
}

/* ---- PCI configuration space ---- */

/* The largest naturally aligned access of up to 4 bytes at `offset` within `left` bytes. */
static unsigned access_size(unsigned offset, unsigned left)
{
    if (!(offset & 3) && left >= 4)
        return 4;
    return !(offset & 1) && left >= 2 ? 2 : 1;
}

/* How much of `length` bytes is to be transferred; 0: nothing. */
static ULONG bus_data_length(const struct ndis_adapter *adapter, ULONG space, ULONG offset,
                             ULONG length, const char *function, const void *caller)
{
    if (!adapter || adapter->bus->no_device)
        return 0;
    if (space == PCI_WHICHSPACE_CONFIG && offset < PCI_CONFIG_LENGTH) {
        if (nt_allocation_fails())
            return 0;
        return length < PCI_CONFIG_LENGTH - offset ? length : PCI_CONFIG_LENGTH - offset;
    }
    rule_violation("NdisMGetBusData", caller,
                   "%s of space %lu, offset 0x%lx: only space 0 exists, with 256 bytes", function,
                   (unsigned long)space, (unsigned long)offset);
    return 0;
}

ULONG NTAPI NdisMGetBusData(NDIS_HANDLE NdisMiniportHandle, ULONG WhichSpace, ULONG Offset,
                            PVOID Buffer, ULONG Length)
{
    struct ndis_adapter *adapter = handle_adapter(NdisMiniportHandle, __func__, RULE_CALLER);
    unsigned done, size;

    HOST_CALL(RULE_ANY_IRQL);
    HOST_ALLOCATES();
    Length = bus_data_length(adapter, WhichSpace, Offset, Length, __func__, RULE_CALLER);
    for (done = 0; done < Length; done += size) {
        uint32_t value;

        size = access_size(Offset + done, Length - done);
        value = bus_config_read(adapter->bus, Offset + done, size);
        memcpy((uint8_t *)Buffer + done, &value, size);
    }
    return Length;
}
HOST_EXPORT("NDIS.SYS", NdisMGetBusData);

ULONG NTAPI NdisMSetBusData(NDIS_HANDLE NdisMiniportHandle, ULONG WhichSpace, ULONG Offset,
                            PVOID Buffer, ULONG Length)
{
    struct ndis_adapter *adapter = handle_adapter(NdisMiniportHandle, __func__, RULE_CALLER);
    unsigned done, size;

    HOST_CALL(RULE_ANY_IRQL);
    HOST_ALLOCATES();
    Length = bus_data_length(adapter, WhichSpace, Offset, Length, __func__, RULE_CALLER);
    for (done = 0; done < Length; done += size) {
        uint32_t value = 0;

        size = access_size(Offset + done, Length - done);
        memcpy(&value, (uint8_t *)Buffer + done, size);
        bus_config_write(adapter->bus, Offset + done, size, value);
    }
    return Length;
}
HOST_EXPORT("NDIS.SYS", NdisMSetBusData);

VOID NTAPI NdisMGetDeviceProperty(NDIS_HANDLE MiniportAdapterHandle,
                                  PDEVICE_OBJECT *PhysicalDeviceObject,
                                  PDEVICE_OBJECT *FunctionalDeviceObject,
                                  PDEVICE_OBJECT *NextDeviceObject,
                                  PCM_RESOURCE_LIST *AllocatedResources,
                                  PCM_RESOURCE_LIST *AllocatedResourcesTranslated)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    if (PhysicalDeviceObject)
        *PhysicalDeviceObject = adapter ? &adapter->physical_device : NULL;
    if (FunctionalDeviceObject)
        *FunctionalDeviceObject = adapter ? &adapter->functional_device : NULL;
    if (NextDeviceObject)
        *NextDeviceObject = adapter ? &adapter->physical_device : NULL;
    if (AllocatedResources)
        *AllocatedResources = adapter ? adapter->raw_resources : NULL;
    if (AllocatedResourcesTranslated)
        *AllocatedResourcesTranslated = adapter ? adapter->full_resources : NULL;
}
HOST_EXPORT("NDIS.SYS", NdisMGetDeviceProperty);

/* ---- The same for drivers that go past NDIS: MmMapIoSpace ---- */

static struct ndis_adapter *adapters[64];
static unsigned adapter_count;
static pthread_mutex_t adapters_lock = PTHREAD_MUTEX_INITIALIZER;

void resources_register(struct ndis_adapter *adapter, bool present)
{
    unsigned i;

    pthread_mutex_lock(&adapters_lock);
    if (present) {
        if (adapter_count < ARRAYSIZE(adapters))
            adapters[adapter_count++] = adapter;
    } else {
        for (i = 0; i < adapter_count; i++)
            if (adapters[i] == adapter)
                adapters[i--] = adapters[--adapter_count];
    }
    pthread_mutex_unlock(&adapters_lock);
}

static void *hook_map(uint64_t pa, size_t length)
{
    void *va = NULL;
    unsigned i;

    pthread_mutex_lock(&adapters_lock);
    for (i = 0; i < adapter_count && !va; i++)
        va = map(adapters[i], pa, length);
    pthread_mutex_unlock(&adapters_lock);
    return va;
}

static void hook_unmap(void *va)
{
    unsigned i;

    pthread_mutex_lock(&adapters_lock);
    for (i = 0; i < adapter_count; i++)
        if (unmap(adapters[i], va, 0))
            break;
    pthread_mutex_unlock(&adapters_lock);
}

void resources_hooks(void)
{
    static const struct nt_io_hooks hooks = {hook_map, hook_unmap};

    nt_io_hooks(&hooks);
}
