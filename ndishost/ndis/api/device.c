/* SPDX-License-Identifier: MIT */
/* Device objects that a driver makes for its own I/O requests. Nobody here can open them, so that
 * the driver's dispatch routines are never called; the objects are real otherwise. */
#include "ndis/api/miniport.h"

#include <string.h>
#include "nt/api/pool.h"

#define DEVICE_TAG 0x7644444E /* "NDDv" */

struct ndis_device {
    struct handle handle;
    DEVICE_OBJECT object;
    /* the driver's extension follows */
};

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

NDIS_STATUS NTAPI NdisRegisterDeviceEx(NDIS_HANDLE NdisHandle,
                                       PNDIS_DEVICE_OBJECT_ATTRIBUTES DeviceObjectAttributes,
                                       PDEVICE_OBJECT *pDeviceObject, PNDIS_HANDLE NdisDeviceHandle)
{
    struct ndis_driver *driver = driver_of(NdisHandle, RULE_CALLER);
    struct ndis_device *device;
    size_t size;

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
    size = sizeof(*device) + DeviceObjectAttributes->ExtensionSize;
    device = nt_pool_alloc("device object", size, DEVICE_TAG, RULE_CALLER);
    if (!device)
        return NDIS_STATUS_RESOURCES;
    memset(device, 0, size);
    device->handle.kind = HANDLE_DEVICE;
    device->object.Type = 3; /* IO_TYPE_DEVICE */
    device->object.Size = (USHORT)(sizeof(DEVICE_OBJECT) + DeviceObjectAttributes->ExtensionSize);
    device->object.DriverObject = &driver->object;
    device->object.DeviceExtension = device + 1;
    *pDeviceObject = &device->object;
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
    nt_pool_free("device object", device, DEVICE_TAG, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisDeregisterDeviceEx);

PVOID NTAPI NdisGetDeviceReservedExtension(PDEVICE_OBJECT DeviceObject)
{
    HOST_CALL(RULE_ANY_IRQL);
    return DeviceObject->DeviceExtension;
}
HOST_EXPORT("NDIS.SYS", NdisGetDeviceReservedExtension);
