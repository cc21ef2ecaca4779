/* SPDX-License-Identifier: MIT */
/* device.h: a device of IoCreateDevice, `\\.\Rule`, for the faulty drivers of rules about IRPs.
 * MakeDevice is called by the hook Registered, DropDevice by Unload; Transfer answers reads and controls. */
#ifndef RULES_DEVICE_H
#define RULES_DEVICE_H

#include "miniport.h"
#include "irp.h"

static PDEVICE_OBJECT Object;

static DRIVER_DISPATCH Succeed;
static NTSTATUS NTAPI Succeed(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static VOID MakeDevice(PDRIVER_DISPATCH Transfer)
{
    UNICODE_STRING Name;

    DriverObject->MajorFunction[IRP_MJ_CREATE] = Succeed;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Succeed;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Succeed;
    DriverObject->MajorFunction[IRP_MJ_READ] = Transfer;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Transfer;
    RtlInitUnicodeString(&Name, L"\\Device\\Rule");
    if (IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Object) ==
        STATUS_SUCCESS)
        Object->Flags |= DO_BUFFERED_IO;
}

static VOID DropDevice(VOID)
{
    IoDeleteDevice(Object);
}

#endif
