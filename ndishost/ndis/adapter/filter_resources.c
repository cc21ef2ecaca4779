/* SPDX-License-Identifier: MIT */
/* IRP_MN_FILTER_RESOURCE_REQUIREMENTS; see filter_resources.h. Documentation: network/msi-x-resource-filtering. */
#include "ndis/adapter/filter_resources.h"

#include <string.h>
#include "ndis/api/messages.h"
#include "ndis/api/resources.h"
#include "nt/api/pool.h"

#define LIST_TAG      0x74736C52u /* "Rlst" */
#define MEMORY_KIND   "memory"    /* the driver may free the list with NdisFreeMemory */
#define IO_TYPE_IRP   6
#define MESSAGE_TOKEN 0xFFFFFFFEu /* CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN */
/* IRQ_DEVICE_POLICY */
#define POLICY_SPECIFIED 4
#define POLICY_SPREAD    5

/* IO_RESOURCE_DESCRIPTOR */
struct descriptor {
    UCHAR option, type, share, spare1;
    USHORT flags, spare2;
    union {
        struct {
            ULONG length, alignment;
            PHYSICAL_ADDRESS minimum, maximum;
        } memory;
        struct {
            ULONG minimum, maximum, policy, priority;
            KAFFINITY targets;
        } interrupt;
    } u;
};

/* IO_RESOURCE_REQUIREMENTS_LIST with one IO_RESOURCE_LIST */
struct requirements {
    ULONG size;
    ULONG interface;
    ULONG bus, slot, reserved[3];
    ULONG alternatives; /* 1 */
    USHORT version, revision;
    ULONG count;
    struct descriptor descriptor[];
};

static bool is_message(const struct descriptor *one)
{
    return one->type == CmResourceTypeInterrupt && one->flags & CM_RESOURCE_INTERRUPT_MESSAGE;
}

/* The BARs, the messages, and the line, which is what is left if the messages are removed. */
static struct requirements *propose(struct ndis_adapter *adapter)
{
    unsigned messages = messages_count(adapter), bar, i;
    size_t size =
        sizeof(struct requirements) + (BUS_BARS + messages + 1) * sizeof(struct descriptor);
    struct requirements *list = nt_pool_alloc(MEMORY_KIND, size, LIST_TAG, NULL);
    struct descriptor *at;

    if (!list)
        return NULL;
    memset(list, 0, size);
    list->interface = PCIBus;
    list->bus = adapter->bus->number;
    list->alternatives = list->version = list->revision = 1;
    at = list->descriptor;
    for (bar = 0; bar < BUS_BARS; bar++) {
        const struct bus_bar *b = &adapter->bus->bar[bar];

        if (!b->length)
            continue;
        at->type = b->io ? CmResourceTypePort : CmResourceTypeMemory;
        at->u.memory.length = at->u.memory.alignment = (ULONG)b->length;
        at++->u.memory.maximum.QuadPart = b->io ? 0xFFFF : 0xFFFFFFFF;
    }
    for (i = 0; i < messages; i++, at++) {
        at->type = CmResourceTypeInterrupt;
        at->share = CmResourceShareDeviceExclusive;
        at->flags = CM_RESOURCE_INTERRUPT_LATCHED | CM_RESOURCE_INTERRUPT_MESSAGE;
        at->u.interrupt.minimum = at->u.interrupt.maximum = MESSAGE_TOKEN;
        at->u.interrupt.policy = POLICY_SPECIFIED;
        at->u.interrupt.targets = messages_get(adapter, i)->targets;
    }
    at->type = CmResourceTypeInterrupt;
    at->share = CmResourceShareShared;
    at->flags = CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE;
    at->u.interrupt.minimum = at->u.interrupt.maximum = adapter->bus->irq_vector;
    at++;
    list->count = (ULONG)(at - list->descriptor);
    list->size = (ULONG)((char *)at - (char *)list);
    return list;
}

static KAFFINITY processors(const struct descriptor *one, unsigned number)
{
    if (one->u.interrupt.policy == POLICY_SPECIFIED)
        return one->u.interrupt.targets;
    if (one->u.interrupt.policy == POLICY_SPREAD)
        return (KAFFINITY)1 << number % nt_processors();
    return ~(KAFFINITY)0;
}

/* Messages are numbered in the order of the list. */
static int take(struct ndis_adapter *adapter, const struct requirements *list)
{
    KAFFINITY targets[BUS_MESSAGES];
    unsigned count = 0;
    ULONG i;

    for (i = 0; i < list->count && count < BUS_MESSAGES; i++)
        if (is_message(&list->descriptor[i])) {
            targets[count] = processors(&list->descriptor[i], count);
            count++;
        }
    /* Windows adds no message where the registry allows none. */
    if (!messages_count(adapter))
        return 0;
    return messages_reassign(adapter, count, targets) || resources_rebuild(adapter) ? -1 : 0;
}

NDIS_STATUS filter_resources(struct ndis_adapter *adapter)
{
    struct {
        IRP irp;
        IO_STACK_LOCATION stack;
    } packet;
    struct requirements *list;
    struct callback call;
    NDIS_STATUS status;
    int taken;

    if (adapter->bus->no_device)
        return NDIS_STATUS_SUCCESS;
    list = propose(adapter);
    if (!list)
        return NDIS_STATUS_RESOURCES;
    memset(&packet, 0, sizeof(packet));
    packet.irp.Type = IO_TYPE_IRP;
    packet.irp.Size = sizeof(packet);
    packet.irp.StackCount = packet.irp.CurrentLocation = 1;
    packet.irp.Tail.Overlay.CurrentStackLocation = &packet.stack;
    packet.irp.IoStatus.Information = (ULONG_PTR)list;
    packet.stack.MajorFunction = IRP_MJ_PNP;
    packet.stack.MinorFunction = IRP_MN_FILTER_RESOURCE_REQUIREMENTS;
    packet.stack.DeviceObject = &adapter->functional_device;
    packet.stack.Parameters.FilterResourceRequirements.IoResourceRequirementList = (PVOID)list;
    call = callback_begin("MiniportFilterResourceRequirements");
    status = adapter->driver->pnp.MiniportFilterResourceRequirementsHandler(
        adapter->add_device_context, &packet.irp);
    callback_end(&call);
    list = (struct requirements *)packet.irp.IoStatus.Information;
    taken = list && status == NDIS_STATUS_SUCCESS ? take(adapter, list) : 0;
    if (list)
        nt_pool_free(MEMORY_KIND, list, 0, NULL);
    return taken ? NDIS_STATUS_RESOURCES : status;
}
