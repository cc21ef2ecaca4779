/* SPDX-License-Identifier: MIT */
/* NdisHandle: a device is registered with the driver's handle. Here it is the adapter's; the device is there. */
#include "miniport.h"

static PDRIVER_DISPATCH Functions[IRP_MJ_MAXIMUM_FUNCTION + 1];
static NDIS_HANDLE Device;

static NDIS_STATUS Initialize(VOID)
{
    NDIS_DEVICE_OBJECT_ATTRIBUTES Attributes;
    NDIS_STRING Name;
    PDEVICE_OBJECT Object;

    NdisInitUnicodeString(&Name, L"\\Device\\Rules");
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
    Attributes.Header.Size = NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
    Attributes.DeviceName = &Name;
    Attributes.MajorFunctions = Functions;
    return NdisRegisterDeviceEx(Adapter.Handle, &Attributes, &Object, &Device);
}

static VOID Halt(VOID)
{
    NdisDeregisterDeviceEx(Device);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Initialize = Initialize;
    Hooks->Halt = Halt;
}
