/* SPDX-License-Identifier: MIT */
/* A driver makes three IRPs itself. Its own device, which it opens by name, pends the first one. The device below does
 * not know the second. The driver has prepared the third in memory of its own.
 * control: send */
#include "shape.h"
#include "irp.h"

#define STACKS 2

static PDEVICE_OBJECT Own;
static PIRP Pended;
static KEVENT Completed;
static LONG Calls, Opened, CleanedUp, Closed;

static DRIVER_DISPATCH Write;
static NTSTATUS NTAPI Write(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    CHECK(DeviceObject == Own && Stack->DeviceObject == Own);
    CHECK(Stack->Parameters.Write.Length == 7);
    if (Irp->UserBuffer != NULL)
        return Finish(Irp, STATUS_DEVICE_BUSY, 0);
    Pended = Irp;
    IoMarkIrpPending(Irp);
    SetTimer(20);
    return STATUS_PENDING;
}

/* The device's answer, later. */
static VOID Timer(VOID)
{
    Finish(Pended, STATUS_SUCCESS, 7);
}

static IO_COMPLETION_ROUTINE Routine;
static NTSTATUS NTAPI Routine(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    CHECK(DeviceObject == NULL); /* who made the IRP has no location in it */
    CHECK(Context == &Completed);
    CHECK(Irp->CurrentLocation == Irp->StackCount + 1);
    CHECK(Irp->PendingReturned == (Irp == Pended));
    Calls++;
    KeSetEvent(&Completed, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID Prepare(PIRP Irp, UCHAR Major)
{
    IoGetNextIrpStackLocation(Irp)->MajorFunction = Major;
    IoGetNextIrpStackLocation(Irp)->Parameters.Write.Length = 7;
    IoSetCompletionRoutine(Irp, Routine, &Completed, TRUE, TRUE, TRUE);
}

static VOID ToOwn(PIRP Irp)
{
    KeInitializeEvent(&Completed, NotificationEvent, FALSE);
    Prepare(Irp, IRP_MJ_WRITE);
    CHECK(IoCallDriver(Own, Irp) == STATUS_PENDING);
    KeWaitForSingleObject(&Completed, Executive, KernelMode, FALSE, NULL);
    CHECK(Irp->IoStatus.Status == STATUS_SUCCESS && Irp->IoStatus.Information == 7);
}

static VOID Refused(PIRP Irp)
{
    IoReuseIrp(Irp, STATUS_NOT_SUPPORTED);
    CHECK(Irp->IoStatus.Status == STATUS_NOT_SUPPORTED && Irp->StackCount == STACKS);
    Pended = NULL;
    Prepare(Irp, IRP_MJ_WRITE);
    Irp->UserBuffer = &Own;
    CHECK(IoCallDriver(Own, Irp) == STATUS_DEVICE_BUSY);
    CHECK(Irp->IoStatus.Status == STATUS_DEVICE_BUSY);
}

/* The routine is for successes alone, and this is none. */
static VOID Unasked(PIRP Irp)
{
    LONG Before = Calls;

    IoReuseIrp(Irp, STATUS_SUCCESS);
    Prepare(Irp, IRP_MJ_WRITE);
    IoSetCompletionRoutine(Irp, Routine, &Completed, TRUE, FALSE, FALSE);
    Irp->UserBuffer = &Own;
    CHECK(IoCallDriver(Own, Irp) == STATUS_DEVICE_BUSY);
    CHECK(Calls == Before && Irp->CurrentLocation == STACKS + 1);
}

static VOID ToBelow(PIRP Irp)
{
    PDEVICE_OBJECT Next;

    NdisMGetDeviceProperty(Adapter.Handle, NULL, NULL, &Next, NULL, NULL);
    IoReuseIrp(Irp, STATUS_NOT_SUPPORTED);
    Prepare(Irp, IRP_MJ_PNP);
    IoGetNextIrpStackLocation(Irp)->MinorFunction = IRP_MN_QUERY_INTERFACE;
    CHECK(IoCallDriver(Next, Irp) == STATUS_NOT_SUPPORTED);
    IoReuseIrp(Irp, STATUS_SUCCESS);
    Prepare(Irp, IRP_MJ_DEVICE_CONTROL);
    CHECK(IoCallDriver(Next, Irp) == STATUS_INVALID_DEVICE_REQUEST);
}

static VOID InOwnMemory(VOID)
{
    PIRP Irp = (PIRP)ExAllocatePoolWithTag(NonPagedPool, IoSizeOfIrp(1), TAG);

    CHECK(Irp != NULL);
    if (Irp == NULL)
        return;
    IoInitializeIrp(Irp, IoSizeOfIrp(1), 1);
    CHECK(Irp->StackCount == 1 && Irp->CurrentLocation == 2);
    Prepare(Irp, IRP_MJ_WRITE);
    Irp->UserBuffer = &Own;
    CHECK(IoCallDriver(Own, Irp) == STATUS_DEVICE_BUSY);
    ExFreePoolWithTag(Irp, TAG);
}

static VOID ByName(VOID)
{
    UNICODE_STRING Name;
    PFILE_OBJECT File;
    PDEVICE_OBJECT Device;

    RtlInitUnicodeString(&Name, L"\\Device\\NobodyHasThis");
    CHECK(IoGetDeviceObjectPointer(&Name, FILE_READ_DATA, &File, &Device) ==
          STATUS_OBJECT_NAME_NOT_FOUND);
    RtlInitUnicodeString(&Name, L"\\Device\\OwnIrp");
    Own->Flags &= ~DO_DEVICE_INITIALIZING;
    CHECK(IoGetDeviceObjectPointer(&Name, FILE_READ_DATA, &File, &Device) == STATUS_SUCCESS);
    CHECK(Device == Own && File->DeviceObject == Own);
    CHECK(Opened == 1 && CleanedUp == 1 && Closed == 0);
    ObReferenceObject(File);
    ObDereferenceObject(File);
    CHECK(Closed == 0);
    ObDereferenceObject(File);
    CHECK(Closed == 1);
}

static NDIS_STATUS Initialize(VOID)
{
    PIRP Irp = IoAllocateIrp(STACKS, FALSE);

    CHECK(Irp != NULL);
    if (Irp == NULL)
        return NDIS_STATUS_RESOURCES;
    ToOwn(Irp);
    Refused(Irp);
    Unasked(Irp);
    ToBelow(Irp);
    IoFreeIrp(Irp);
    InOwnMemory();
    ByName();
    CHECK(Calls == 5);
    return NDIS_STATUS_SUCCESS;
}

static DRIVER_DISPATCH Plain;
static NTSTATUS NTAPI Plain(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UCHAR Major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;

    CHECK(DeviceObject == Own && Irp->RequestorMode == KernelMode);
    Opened += Major == IRP_MJ_CREATE;
    CleanedUp += Major == IRP_MJ_CLEANUP;
    Closed += Major == IRP_MJ_CLOSE;
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static VOID Registered(VOID)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, L"\\Device\\OwnIrp");
    DriverObject->MajorFunction[IRP_MJ_CREATE] = Plain;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Plain;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Plain;
    DriverObject->MajorFunction[IRP_MJ_WRITE] = Write;
    CHECK(IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Own) ==
          STATUS_SUCCESS);
}

static VOID Unload(VOID)
{
    IoDeleteDevice(Own);
}

static VOID Send(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_SUCCESS, CompleteFlags);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
    Hooks->Initialize = Initialize;
    Hooks->Timer = Timer;
    Hooks->Send = Send;
    Hooks->Unload = Unload;
}
