/* SPDX-License-Identifier: MIT */
/* A device that is attached on top of another gets its requests first. They come from programs and from
 * IoBuildDeviceIoControlRequest. It passes them on with and without a completion routine.
 * control: device open ShapeLower; device ioctl 1 0x222000 4 01020304; device ioctl 1 0x222004 4 05; device ioctl 1 0x222010 4; device close 1
 * reply: 1 ok 1
 * reply: 2 ok 12131415
 * reply: 3 ok 06
 * reply: 4 error STATUS_INVALID_DEVICE_REQUEST
 * reply: 5 ok
 */
#include "shape.h"
#include "irp.h"

#define ADD       0x222000 /* one to each byte; the upper driver adds 0x10 on the way back */
#define ADD_LATER 0x222004 /* the same, without the upper one's part */
#define FILL      0x222009 /* METHOD_IN_DIRECT: gets the length of the other buffer */
#define UNKNOWN   0x222010

static PDEVICE_OBJECT Lower, Upper;
static UNICODE_STRING Link;
static PIRP Late;
static LONG Completed;

/* ---- The lower device ---- */

static ULONG_PTR AddOne(PIRP Irp)
{
    PUCHAR Data = Irp->AssociatedIrp.SystemBuffer;
    ULONG Length = IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.InputBufferLength;
    ULONG i;

    for (i = 0; i < Length; i++)
        Data[i]++;
    return Length;
}

static VOID Timer(VOID)
{
    Finish(Late, STATUS_SUCCESS, AddOne(Late));
}

static NTSTATUS LowerControl(PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    switch (Stack->Parameters.DeviceIoControl.IoControlCode) {
    case ADD:
        return Finish(Irp, STATUS_SUCCESS, AddOne(Irp));
    case ADD_LATER:
        Late = Irp;
        IoMarkIrpPending(Irp);
        SetTimer(10);
        return STATUS_PENDING;
    case FILL:
        CHECK(Irp->MdlAddress != NULL && *(PUCHAR)Irp->AssociatedIrp.SystemBuffer == 7);
        return Finish(Irp, STATUS_SUCCESS, MmGetMdlByteCount(Irp->MdlAddress));
    default:
        return Finish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

/* ---- The upper one ---- */

static IO_COMPLETION_ROUTINE OnTheWayBack;
static NTSTATUS NTAPI OnTheWayBack(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    PUCHAR Data = Irp->AssociatedIrp.SystemBuffer;
    ULONG i;

    CHECK(DeviceObject == Upper && Context == &Completed);
    if (Irp->PendingReturned)
        IoMarkIrpPending(Irp);
    for (i = 0; i < Irp->IoStatus.Information; i++)
        Data[i] += 0x10;
    Completed++;
    return STATUS_SUCCESS;
}

static NTSTATUS UpperControl(PIRP Irp)
{
    if (IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.IoControlCode != ADD) {
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(Lower, Irp);
    }
    IoCopyCurrentIrpStackLocationToNext(Irp);
    CHECK(IoSetCompletionRoutineEx(Upper, Irp, OnTheWayBack, &Completed, TRUE, FALSE, FALSE) ==
          STATUS_SUCCESS);
    return IoCallDriver(Lower, Irp);
}

static DRIVER_DISPATCH Dispatch;
static NTSTATUS NTAPI Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    CHECK(Stack->DeviceObject == DeviceObject);
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL)
        return DeviceObject == Upper ? UpperControl(Irp) : LowerControl(Irp);
    if (DeviceObject == Lower)
        return Finish(Irp, STATUS_SUCCESS, 0);
    CHECK(DeviceObject == Upper && Irp->StackCount == 2);
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Lower, Irp);
}

/* ---- Requests of the driver's own ---- */

static NTSTATUS Ask(ULONG Code, PUCHAR Data, ULONG Length, PIO_STATUS_BLOCK Result)
{
    KEVENT Event;
    NTSTATUS Status;
    PIRP Irp;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildDeviceIoControlRequest(Code, Upper, Data, 1, Data, Length, FALSE, &Event, Result);
    CHECK(Irp != NULL && Irp->StackCount == 2);
    if (Irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = IoCallDriver(Upper, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        Status = Result->Status;
    }
    return Status;
}

static VOID CheckRequests(VOID)
{
    IO_STATUS_BLOCK Result;
    UCHAR Data[8] = {7, 0xEE};

    Result.Information = 99;
    CHECK(Ask(ADD, Data, sizeof(Data), &Result) == STATUS_SUCCESS);
    CHECK(Data[0] == 0x18 && Data[1] == 0xEE && Result.Information == 1 && Completed == 1);
    CHECK(Ask(ADD_LATER, Data, sizeof(Data), &Result) == STATUS_SUCCESS);
    CHECK(Data[0] == 0x19 && Data[1] == 0xEE && Result.Information == 1);
    Data[0] = 7;
    CHECK(Ask(FILL, Data, sizeof(Data), &Result) == STATUS_SUCCESS);
    CHECK(Data[0] == 7 && Result.Information == sizeof(Data));
    Result.Information = 99;
    CHECK(Ask(UNKNOWN, Data, sizeof(Data), &Result) == STATUS_INVALID_DEVICE_REQUEST);
    CHECK(Result.Information == 99); /* an error that is returned at once is not told again */
    Completed = 0;
}

static VOID Registered(VOID)
{
    UNICODE_STRING Name;
    PDEVICE_OBJECT To = NULL;
    ULONG Major;

    for (Major = 0; Major <= IRP_MJ_DEVICE_CONTROL; Major++)
        if (Major == IRP_MJ_CREATE || Major >= IRP_MJ_DEVICE_CONTROL || Major == IRP_MJ_CLOSE)
            DriverObject->MajorFunction[Major] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Dispatch;
    RtlInitUnicodeString(&Name, L"\\Device\\ShapeLower");
    RtlInitUnicodeString(&Link, L"\\??\\ShapeLower");
    CHECK(IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Lower) ==
          STATUS_SUCCESS);
    CHECK(IoCreateSymbolicLink(&Link, &Name) == STATUS_SUCCESS);
    CHECK(IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Upper) ==
          STATUS_SUCCESS);
    Lower->AlignmentRequirement = FILE_LONG_ALIGNMENT;
    CHECK(IoAttachDeviceToDeviceStackSafe(Upper, Lower, &To) == STATUS_SUCCESS && To == Lower);
    IoDetachDevice(Lower);
    CHECK(IoAttachDeviceToDeviceStack(Upper, Lower) == Lower);
    CHECK(IoAttachDeviceToDeviceStack(Upper, Lower) == NULL);
    CHECK(Upper->StackSize == 2 && Upper->AlignmentRequirement == FILE_LONG_ALIGNMENT);
    CHECK(Lower->AttachedDevice == Upper);
}

static NDIS_STATUS Initialize(VOID)
{
    CheckRequests();
    return NDIS_STATUS_SUCCESS;
}

static VOID Unload(VOID)
{
    CHECK(Completed == 1);
    IoDetachDevice(Lower);
    IoDeleteDevice(Upper);
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(Lower);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
    Hooks->Initialize = Initialize;
    Hooks->Timer = Timer;
    Hooks->Unload = Unload;
}
