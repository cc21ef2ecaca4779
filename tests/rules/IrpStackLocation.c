/* SPDX-License-Identifier: MIT */
/* IrpStackLocation: an IRP has a stack location for each driver that it is sent to. Here a program's IRP, which has
 * one, is sent on to the device below.
 * control: device open StackTap */
#include "miniport.h"

static PDEVICE_OBJECT Own, Next;
static UNICODE_STRING Link;

static DRIVER_DISPATCH Open;
static NTSTATUS NTAPI Open(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_CREATE)
        IoCallDriver(Next, Irp);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID Registered(VOID)
{
    UNICODE_STRING Name;

    DriverObject->MajorFunction[IRP_MJ_CREATE] = Open;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Open;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Open;
    RtlInitUnicodeString(&Name, L"\\Device\\StackTap");
    RtlInitUnicodeString(&Link, L"\\DosDevices\\StackTap");
    IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Own);
    IoCreateSymbolicLink(&Link, &Name);
}

static NDIS_STATUS Initialize(VOID)
{
    NdisMGetDeviceProperty(Adapter.Handle, NULL, NULL, &Next, NULL, NULL);
    return NDIS_STATUS_SUCCESS;
}

static VOID Unload(VOID)
{
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Own);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
    Hooks->Initialize = Initialize;
    Hooks->Unload = Unload;
}
