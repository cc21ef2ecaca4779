/* SPDX-License-Identifier: MIT */
/* Devices of IoCreateDevice: one of DriverEntry, which programs can open, with a cancel routine of its own; one of
 * MiniportInitializeEx, which they cannot before DO_DEVICE_INITIALIZING is cleared; and an exclusive one.
 * control: device open PlainTap; device read 1 4; device read 1 4 20; device begin read 1 4; device close 1; device open \Device\PlainLate; oid query GEN_VENDOR_ID; device open \Device\PlainLate; device open \Device\PlainLate; device write 1 0102; device ioctl 1 0x222000 4
 * reply: 1 ok 1
 * reply: 2 ok 50505050
 * reply: 3 error STATUS_CANCELLED
 * reply: 4 ok 1
 * reply: 5 ok
 * reply: 6 error STATUS_NO_SUCH_DEVICE
 * reply: 7 ok
 * reply: 8 ok 1
 * reply: 9 error STATUS_ACCESS_DENIED
 * reply: 10 ok 2
 * reply: 11 error STATUS_INVALID_DEVICE_REQUEST
 */
#include "shape.h"
#include "irp.h"

static PDEVICE_OBJECT Early, Late;
static UNICODE_STRING Link;
static ULONG Reads;

static DRIVER_DISPATCH Plain, Read, Write;
static NTSTATUS NTAPI Plain(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    CHECK(DeviceObject == Early || DeviceObject == Late);
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static DRIVER_CANCEL Cancel;
static VOID NTAPI Cancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    CHECK(DeviceObject == Early && KeGetCurrentIrql() == DISPATCH_LEVEL);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    Finish(Irp, STATUS_CANCELLED, 0);
}

/* The first read is answered; others stay until they are cancelled. */
static NTSTATUS NTAPI Read(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    ULONG Length = IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length;
    KIRQL Irql;

    CHECK(*(PULONG)DeviceObject->DeviceExtension == 0x506C6169);
    if (!Reads++) {
        RtlFillMemory(Irp->AssociatedIrp.SystemBuffer, Length, 0x50);
        return Finish(Irp, STATUS_SUCCESS, Length);
    }
    IoMarkIrpPending(Irp);
    IoAcquireCancelSpinLock(&Irql);
    (VOID) IoSetCancelRoutine(Irp, Cancel);
    IoReleaseCancelSpinLock(Irql);
    return STATUS_PENDING;
}

static NTSTATUS NTAPI Write(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PUCHAR Data = Irp->UserBuffer; /* neither buffered nor direct */

    CHECK(DeviceObject == Late && Data[0] == 1 && Data[1] == 2 && !Irp->MdlAddress);
    return Finish(Irp, STATUS_SUCCESS, 2);
}

static VOID Registered(VOID)
{
    UNICODE_STRING Name;

    DriverObject->MajorFunction[IRP_MJ_CREATE] = Plain;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Plain;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Plain;
    DriverObject->MajorFunction[IRP_MJ_READ] = Read;
    DriverObject->MajorFunction[IRP_MJ_WRITE] = Write;
    RtlInitUnicodeString(&Name, L"\\Device\\PlainTap");
    RtlInitUnicodeString(&Link, L"\\??\\PlainTap");
    CHECK(IoCreateDevice(DriverObject, sizeof(ULONG), &Name, FILE_DEVICE_UNKNOWN, 0, FALSE,
                         &Early) == STATUS_SUCCESS);
    CHECK(*(PULONG)Early->DeviceExtension == 0);
    *(PULONG)Early->DeviceExtension = 0x506C6169;
    Early->Flags |= DO_BUFFERED_IO;
    CHECK(IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Late) ==
          STATUS_OBJECT_NAME_COLLISION);
    CHECK(IoCreateSymbolicLink(&Link, &Name) == STATUS_SUCCESS);
    CHECK(IoCreateSymbolicLink(&Link, &Name) == STATUS_OBJECT_NAME_COLLISION);
}

static NDIS_STATUS Initialize(VOID)
{
    UNICODE_STRING Name;

    CHECK(!(Early->Flags & DO_DEVICE_INITIALIZING));
    RtlInitUnicodeString(&Name, L"\\Device\\PlainLate");
    CHECK(IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, TRUE, &Late) ==
          STATUS_SUCCESS);
    CHECK(Late->Flags & DO_DEVICE_INITIALIZING);
    CHECK(DriverObject->DeviceObject == Late && Late->NextDevice == Early);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS Oid(PNDIS_OID_REQUEST Request)
{
    static ULONG Asked;
    static const ULONG Vendor = 0x656C75;

    if (Asked++) /* the first one comes by itself */
        Late->Flags &= ~DO_DEVICE_INITIALIZING;
    return Answer(Request, &Vendor, sizeof(Vendor));
}

static VOID Halt(VOID)
{
    IoDeleteDevice(Late);
}

static VOID Unload(VOID)
{
    CHECK(IoDeleteSymbolicLink(&Link) == STATUS_SUCCESS);
    CHECK(IoDeleteSymbolicLink(&Link) == STATUS_OBJECT_NAME_NOT_FOUND);
    IoDeleteDevice(Early);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
    Hooks->Initialize = Initialize;
    Hooks->Oid = Oid;
    Hooks->Halt = Halt;
    Hooks->Unload = Unload;
}
