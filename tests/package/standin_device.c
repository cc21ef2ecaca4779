// SPDX-License-Identifier: MIT
/*
 * standin_device.sys: stands in, under Wine, for the device \\.\{GUID} that NDIS makes for an adapter.
 * It answers IOCTL_NDIS_QUERY_GLOBAL_STATS with the bytes of ANSWERS (answers.h, made by info-test from
 * what ndishost's driver answered). Each query of OID_AEROVNET_COUNTERS adds one to TxFrames.
 */
#include <ntddk.h>

#include "answers.h"

#define QUERY_GLOBAL_STATS 0x00170002
#define COUNTERS           0xFF41564E
#define TX_FRAMES          72 /* offset of TxFrames */

static NTSTATUS complete(IRP *irp, NTSTATUS status, ULONG_PTR done)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = done;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS NTAPI open_close(DEVICE_OBJECT *device, IRP *irp)
{
    (void)device;
    return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI control(DEVICE_OBJECT *device, IRP *irp)
{
    IO_STACK_LOCATION *at = IoGetCurrentIrpStackLocation(irp);
    ULONG oid, size = at->Parameters.DeviceIoControl.OutputBufferLength, i;
    char *out = irp->MdlAddress ? MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority)
                                : irp->UserBuffer;

    (void)device;
    if (at->Parameters.DeviceIoControl.IoControlCode != QUERY_GLOBAL_STATS ||
        at->Parameters.DeviceIoControl.InputBufferLength != 4 || !out) {
        return complete(irp, STATUS_INVALID_PARAMETER, 0);
    }
    oid = *(ULONG *)irp->AssociatedIrp.SystemBuffer;
    for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (answers[i].oid == oid && answers[i].length <= size) {
            if (oid == COUNTERS) {
                ++*(ULONGLONG *)(answers[i].data + TX_FRAMES);
            }
            RtlCopyMemory(out, answers[i].data, answers[i].length);
            return complete(irp, STATUS_SUCCESS, answers[i].length);
        }
    }
    return complete(irp, STATUS_NOT_SUPPORTED, 0);
}

static void NTAPI unload(DRIVER_OBJECT *driver)
{
    UNICODE_STRING link;

    RtlInitUnicodeString(&link, L"\\??\\" GUID_TEXT);
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(driver->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(DRIVER_OBJECT *driver, UNICODE_STRING *path)
{
    UNICODE_STRING name, link;
    DEVICE_OBJECT *device;
    NTSTATUS status;

    (void)path;
    RtlInitUnicodeString(&name, L"\\Device\\" GUID_TEXT);
    RtlInitUnicodeString(&link, L"\\??\\" GUID_TEXT);
    status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_PHYSICAL_NETCARD, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    driver->MajorFunction[IRP_MJ_CREATE] = open_close;
    driver->MajorFunction[IRP_MJ_CLOSE] = open_close;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = control;
    driver->DriverUnload = unload;
    return IoCreateSymbolicLink(&link, &name);
}
