/* SPDX-License-Identifier: MIT */
/* What the PnP manager tells of an adapter's physical device: its keys and its properties. */
#include "ndis/adapter/life_cycle.h"

#include <stdlib.h>
#include <string.h>
#include "nt/api/pool.h"
#include "nt/api/registry_export.h"

#define PLUGPLAY_REGKEY_DEVICE     1
#define PLUGPLAY_REGKEY_DRIVER     2
#define PLUGPLAY_REGKEY_CURRENT_HW 4

#define DEVICE_BYTES(units)        ((ULONG)((units) * sizeof(WCHAR)))

/* DEVICE_REGISTRY_PROPERTY */
enum {
    PROPERTY_DESCRIPTION,
    PROPERTY_HARDWARE_ID,
    PROPERTY_COMPATIBLE_IDS,
    PROPERTY_CLASS_NAME = 5,
    PROPERTY_CLASS_GUID,
    PROPERTY_DRIVER_KEY_NAME,
    PROPERTY_MANUFACTURER,
    PROPERTY_FRIENDLY_NAME,
    PROPERTY_LOCATION,
    PROPERTY_OBJECT_NAME,
    PROPERTY_BUS_TYPE_GUID,
    PROPERTY_LEGACY_BUS_TYPE,
    PROPERTY_BUS_NUMBER,
    PROPERTY_ENUMERATOR,
    PROPERTY_ADDRESS
};

NTSTATUS NTAPI IoOpenDeviceRegistryKey(PDEVICE_OBJECT DeviceObject, ULONG DevInstKeyType,
                                       ACCESS_MASK DesiredAccess, PHANDLE DevInstRegKey)
{
    struct ndis_adapter *adapter = adapter_of_device(DeviceObject);

    HOST_CALL(PASSIVE_LEVEL);
    (void)DesiredAccess;
    *DevInstRegKey = NULL;
    if (!adapter)
        return STATUS_INVALID_DEVICE_REQUEST;
    DevInstKeyType &= ~(ULONG)PLUGPLAY_REGKEY_CURRENT_HW;
    if (DevInstKeyType != PLUGPLAY_REGKEY_DEVICE && DevInstKeyType != PLUGPLAY_REGKEY_DRIVER)
        return STATUS_INVALID_PARAMETER;
    if (HOST_FAILS())
        return STATUS_INSUFFICIENT_RESOURCES;
    *DevInstRegKey = nt_key_handle(DevInstKeyType == PLUGPLAY_REGKEY_DEVICE ? adapter->hardware_key
                                                                            : adapter->key,
                                   RULE_CALLER);
    return *DevInstRegKey ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
HOST_EXPORT("ntoskrnl.exe", IoOpenDeviceRegistryKey);

static NTSTATUS give(const void *data, ULONG bytes, PVOID buffer, ULONG length, PULONG result)
{
    *result = bytes;
    if (bytes > length)
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(buffer, data, bytes);
    return STATUS_SUCCESS;
}

static NTSTATUS give_text(const char *text, PVOID buffer, ULONG length, PULONG result)
{
    size_t units;
    WCHAR *wide = registry_widen(text, &units);
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

    if (wide)
        status = give(wide, DEVICE_BYTES(units + 1), buffer, length, result);
    free(wide);
    return status;
}

static NTSTATUS give_value(struct registry_key *key, const char *name, PVOID buffer, ULONG length,
                           PULONG result)
{
    struct registry_value value;
    NTSTATUS status;

    *result = 0;
    if (!registry_get(key, name, &value))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    status = give(value.data, value.bytes, buffer, length, result);
    registry_value_free(&value);
    return status;
}

static NTSTATUS give_number(ULONG number, PVOID buffer, ULONG length, PULONG result)
{
    return give(&number, sizeof(number), buffer, length, result);
}

/* What the bus driver tells of a PCI function. */
static NTSTATUS pci_property(const struct ndis_adapter *adapter, LONG property, PVOID buffer,
                             ULONG length, PULONG result)
{
    /* GUID_BUS_TYPE_PCI */
    static const GUID pci = {
        0xC8EBDFB0, 0xB510, 0x11D0, {0x80, 0xE5, 0x00, 0xA0, 0xC9, 0x25, 0x42, 0xE3}};
    const struct bus *bus = adapter->bus;
    char text[64];

    switch (property) {
    case PROPERTY_LOCATION:
        snprintf(text, sizeof(text), "PCI bus %u, device %u, function %u", bus->number, bus->slot,
                 bus->function);
        return give_text(text, buffer, length, result);
    case PROPERTY_BUS_TYPE_GUID:
        return give(&pci, sizeof(pci), buffer, length, result);
    case PROPERTY_LEGACY_BUS_TYPE:
        return give_number(5, buffer, length, result); /* PCIBus */
    case PROPERTY_BUS_NUMBER:
        return give_number(bus->number, buffer, length, result);
    case PROPERTY_ADDRESS:
        return give_number((ULONG)bus->slot << 16 | bus->function, buffer, length, result);
    }
    *result = 0;
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS NTAPI IoGetDeviceProperty(PDEVICE_OBJECT DeviceObject, LONG DeviceProperty,
                                   ULONG BufferLength, PVOID PropertyBuffer, PULONG ResultLength)
{
    struct ndis_adapter *adapter = adapter_of_device(DeviceObject);
    struct registry_key *key;
    bool root = adapter && adapter->bus->no_device;
    char text[64];

    HOST_CALL(PASSIVE_LEVEL);
    if (!adapter)
        return STATUS_INVALID_DEVICE_REQUEST;
    key = adapter->device_key;
    switch (DeviceProperty) {
    case PROPERTY_DESCRIPTION:
        return give_value(key, "DeviceDesc", PropertyBuffer, BufferLength, ResultLength);
    case PROPERTY_HARDWARE_ID:
        return give_value(key, "HardwareID", PropertyBuffer, BufferLength, ResultLength);
    case PROPERTY_COMPATIBLE_IDS:
        return give_value(key, "CompatibleIDs", PropertyBuffer, BufferLength, ResultLength);
    case PROPERTY_CLASS_NAME:
        return give_value(key, "Class", PropertyBuffer, BufferLength, ResultLength);
    case PROPERTY_CLASS_GUID:
        return give_value(key, "ClassGUID", PropertyBuffer, BufferLength, ResultLength);
    case PROPERTY_DRIVER_KEY_NAME:
        return give_value(key, "Driver", PropertyBuffer, BufferLength, ResultLength);
    case PROPERTY_MANUFACTURER:
        return give_value(adapter->key, "ProviderName", PropertyBuffer, BufferLength, ResultLength);
    case PROPERTY_OBJECT_NAME:
        snprintf(text, sizeof(text), root ? "\\Device\\%08x" : "\\Device\\NTPNP_PCI%04u",
                 adapter->index);
        return give_text(text, PropertyBuffer, BufferLength, ResultLength);
    case PROPERTY_ENUMERATOR:
        return give_text(root ? "ROOT" : "PCI", PropertyBuffer, BufferLength, ResultLength);
    }
    if (!root)
        return pci_property(adapter, DeviceProperty, PropertyBuffer, BufferLength, ResultLength);
    *ResultLength = 0;
    return STATUS_OBJECT_NAME_NOT_FOUND;
}
HOST_EXPORT("ntoskrnl.exe", IoGetDeviceProperty);
