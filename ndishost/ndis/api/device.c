/* SPDX-License-Identifier: MIT */
/* Device objects that a driver makes for its own I/O requests; programs reach them by scenario control. */
#include "ndis/api/miniport.h"

#include <stdlib.h>
#include <string.h>
#include "nt/api/device.h"

struct ndis_device {
    struct handle handle;
    struct ndis_device *next; /* of those that are deregistered: who uses one again is named */
    PDEVICE_OBJECT object;
    UNICODE_STRING link;
    WCHAR link_text[NT_NAME_MAX];
};

static struct ndis_device *_Atomic deregistered;

/* The page asks for the handle of NdisMRegisterMiniportDriver. Drivers on the market pass an adapter's, and Windows takes it. */
static struct ndis_driver *driver_of(NDIS_HANDLE handle, const void *caller)
{
    struct handle *object = handle;

    if (!object || object->kind != HANDLE_ADAPTER)
        return handle_check(handle, HANDLE_DRIVER, "NdisRegisterDeviceEx", caller);
    rule_violation("NdisHandle", caller,
                   "NdisRegisterDeviceEx was given the handle of an adapter, not the driver's; "
                   "the device is registered");
    return ((struct ndis_adapter *)handle)->driver;
}

static NDIS_STATUS create(struct ndis_device *device, struct ndis_driver *driver,
                          const NDIS_DEVICE_OBJECT_ATTRIBUTES *attributes, const void *caller)
{
    struct nt_device_options options = {.driver = &driver->object,
                                        .extension = attributes->ExtensionSize,
                                        .name = attributes->DeviceName,
                                        .type = FILE_DEVICE_NETWORK,
                                        .characteristics = FILE_DEVICE_SECURE_OPEN,
                                        .majors = attributes->MajorFunctions};
    const UNICODE_STRING *link = attributes->SymbolicName;
    NTSTATUS status = nt_device_create(&options, &device->object, caller);

    if (status != STATUS_SUCCESS || !link)
        return status;
    status = nt_link_create(link, attributes->DeviceName, caller);
    if (status != STATUS_SUCCESS) {
        nt_device_delete(device->object, caller);
        return status;
    }
    device->link = *link;
    device->link.Buffer = device->link_text;
    memcpy(device->link_text, link->Buffer, link->Length);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NTAPI NdisRegisterDeviceEx(NDIS_HANDLE NdisHandle,
                                       PNDIS_DEVICE_OBJECT_ATTRIBUTES DeviceObjectAttributes,
                                       PDEVICE_OBJECT *pDeviceObject, PNDIS_HANDLE NdisDeviceHandle)
{
    struct ndis_driver *driver = driver_of(NdisHandle, RULE_CALLER);
    struct ndis_device *device;
    NDIS_STATUS status;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *pDeviceObject = NULL;
    *NdisDeviceHandle = NULL;
    if (!driver)
        return NDIS_STATUS_FAILURE;
    if (!header_valid(&DeviceObjectAttributes->Header, NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES,
                      NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1,
                      NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1) ||
        !DeviceObjectAttributes->DeviceName || !DeviceObjectAttributes->MajorFunctions)
        return NDIS_STATUS_INVALID_PARAMETER;
    device = calloc(1, sizeof(*device));
    if (!device)
        return NDIS_STATUS_RESOURCES;
    device->handle.kind = HANDLE_DEVICE;
    status = create(device, driver, DeviceObjectAttributes, RULE_CALLER);
    if (status != NDIS_STATUS_SUCCESS) {
        free(device);
        return status;
    }
    device->object->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING; /* NDIS does that */
    *pDeviceObject = device->object;
    *NdisDeviceHandle = device;
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisRegisterDeviceEx);

VOID NTAPI NdisDeregisterDeviceEx(NDIS_HANDLE NdisDeviceHandle)
{
    struct ndis_device *device =
        handle_check(NdisDeviceHandle, HANDLE_DEVICE, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    if (!device)
        return;
    device->handle.kind = HANDLE_FREED;
    device->next = atomic_exchange(&deregistered, device);
    if (device->link.Length)
        nt_link_delete(&device->link, RULE_CALLER);
    nt_device_delete(device->object, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisDeregisterDeviceEx);

PVOID NTAPI NdisGetDeviceReservedExtension(PDEVICE_OBJECT DeviceObject)
{
    HOST_CALL(RULE_ANY_IRQL);
    return DeviceObject->DeviceExtension;
}
HOST_EXPORT("NDIS.SYS", NdisGetDeviceReservedExtension);
