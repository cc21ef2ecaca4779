/* SPDX-License-Identifier: MIT */
/* A device of NdisRegisterDeviceEx: programs open it by its link, read what others wrote from a cancel-safe queue of
 * IRPs, and control it by each of the four methods.
 * control: device list; device open ControlTap; device write 1 00010203; device read 1 16; device read 1 16 50; device ioctl 1 0x222000 8 0102; device ioctl 1 0x222005 4 01020304; device ioctl 1 0x22200a 4; device ioctl 1 0x22200f 4 0a0b; device begin read 1 3; device begin read 1 4; device write 1 aabbccdd; device end 1; device end 2 20; device ioctl 1 0x222ffc 4; device close 1; device open \\.\controltap; device begin read 1 8; device open Nobody; reset
 * reply: 1 ok \Device\ControlTap <- \DosDevices\ControlTap
 * reply: 2 ok 1
 * reply: 3 ok 4
 * reply: 4 ok 00010203
 * reply: 5 error STATUS_CANCELLED
 * reply: 6 ok 0201
 * reply: 7 ok 01020304
 * reply: 8 ok 11111111
 * reply: 9 ok 0a0b
 * reply: 10 ok 1
 * reply: 12 ok 4
 * reply: 13 ok aabbcc
 * reply: 14 error STATUS_CANCELLED
 * reply: 15 error STATUS_INVALID_DEVICE_REQUEST
 * reply: 16 ok
 * reply: 17 ok 1
 * reply: 18 ok 1
 * reply: 19 error STATUS_OBJECT_NAME_NOT_FOUND
 */
#include "shape.h"
#include "irp.h"

static NDIS_HANDLE Device;
static PDEVICE_OBJECT Object;
static IO_CSQ Queue;
static LIST_ENTRY Irps;
static KSPIN_LOCK Lock;
static UCHAR Data[64];
static ULONG Count;
static LONG Opened;

/* ---- The queue ---- */

static VOID NTAPI Insert(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    InsertTailList(&Irps, &Irp->Tail.Overlay.ListEntry);
}

static VOID NTAPI Remove(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
}

static PIRP NTAPI Peek(PIO_CSQ Csq, PIRP Irp, PVOID PeekContext)
{
    PLIST_ENTRY Next = Irp ? Irp->Tail.Overlay.ListEntry.Flink : Irps.Flink;

    UNREFERENCED_PARAMETER(Csq);
    UNREFERENCED_PARAMETER(PeekContext);
    return Next == &Irps ? NULL : CONTAINING_RECORD(Next, IRP, Tail.Overlay.ListEntry);
}

static VOID NTAPI Acquire(PIO_CSQ Csq, PKIRQL Irql)
{
    UNREFERENCED_PARAMETER(Csq);
    KeAcquireSpinLock(&Lock, Irql);
}

static VOID NTAPI Release(PIO_CSQ Csq, KIRQL Irql)
{
    UNREFERENCED_PARAMETER(Csq);
    KeReleaseSpinLock(&Lock, Irql);
}

static VOID NTAPI Canceled(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    CHECK(Irp->Cancel && !Irp->CancelRoutine);
    Finish(Irp, STATUS_CANCELLED, 0);
}

/* ---- What programs ask for ---- */

static VOID Give(PIRP Irp)
{
    ULONG Length = IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length;
    PUCHAR To = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);

    if (Length > Count)
        Length = Count;
    RtlCopyMemory(To, Data, Length);
    Count = 0;
    Finish(Irp, STATUS_SUCCESS, Length);
}

static DRIVER_DISPATCH Read, Write, Control, Open, Close, Cleanup;

static NTSTATUS NTAPI Read(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    CHECK(DeviceObject == Object);
    if (Count) {
        Give(Irp);
        return STATUS_SUCCESS;
    }
    IoCsqInsertIrp(&Queue, Irp, NULL);
    return STATUS_PENDING;
}

static NTSTATUS NTAPI Write(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    ULONG Length = IoGetCurrentIrpStackLocation(Irp)->Parameters.Write.Length;
    PUCHAR From = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
    PIRP Reader;

    UNREFERENCED_PARAMETER(DeviceObject);
    RtlCopyMemory(Data, From, Length);
    Count = Length;
    Reader = IoCsqRemoveNextIrp(&Queue, NULL);
    if (Reader)
        Give(Reader);
    return Finish(Irp, STATUS_SUCCESS, Length);
}

static NTSTATUS NTAPI Control(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Code = Stack->Parameters.DeviceIoControl.IoControlCode;
    ULONG In = Stack->Parameters.DeviceIoControl.InputBufferLength;
    PUCHAR System = Irp->AssociatedIrp.SystemBuffer, Mapped;
    UCHAR First;

    UNREFERENCED_PARAMETER(DeviceObject);
    CHECK(Irp->RequestorMode == UserMode);
    switch (Code & 0xFFF) {
    case 0x000: /* buffered: swaps two bytes */
        First = System[0];
        System[0] = System[1];
        System[1] = First;
        return Finish(Irp, STATUS_SUCCESS, In);
    case 0x005: /* in direct: the output buffer, which the device reads, has In bytes, too */
        CHECK(MmGetMdlByteCount(Irp->MdlAddress) == In);
        Mapped = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
        RtlCopyMemory(Mapped, System, In);
        return Finish(Irp, STATUS_SUCCESS, In);
    case 0x00A: /* out direct */
        CHECK(System == NULL && In == 0);
        Mapped = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
        RtlFillMemory(Mapped, MmGetMdlByteCount(Irp->MdlAddress), 0x11);
        return Finish(Irp, STATUS_SUCCESS, 4);
    case 0x00F: /* neither */
        ProbeForRead(Stack->Parameters.DeviceIoControl.Type3InputBuffer, In, 1);
        ProbeForWrite(Irp->UserBuffer, Stack->Parameters.DeviceIoControl.OutputBufferLength, 1);
        RtlCopyMemory(Irp->UserBuffer, Stack->Parameters.DeviceIoControl.Type3InputBuffer, In);
        return Finish(Irp, STATUS_SUCCESS, In);
    }
    return Finish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
}

static NTSTATUS NTAPI Open(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PFILE_OBJECT File = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    CHECK(File->DeviceObject == DeviceObject && !File->FsContext);
    File->FsContext = &Opened;
    Opened++;
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI Cleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    CHECK(Opened == 1);
    return Finish(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI Close(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    CHECK(IoGetCurrentIrpStackLocation(Irp)->FileObject->FsContext == &Opened);
    CHECK(IsListEmpty(&Irps));
    Opened--;
    return Finish(Irp, STATUS_SUCCESS, 0);
}

/* ---- The miniport ---- */

static VOID Registered(VOID)
{
    NDIS_DEVICE_OBJECT_ATTRIBUTES Attributes;
    PDRIVER_DISPATCH Majors[IRP_MJ_MAXIMUM_FUNCTION + 1];
    UNICODE_STRING Name, Link;
    PDEVICE_OBJECT Second;
    NDIS_HANDLE SecondDevice;

    InitializeListHead(&Irps);
    KeInitializeSpinLock(&Lock);
    CHECK(IoCsqInitialize(&Queue, Insert, Remove, Peek, Acquire, Release, Canceled) ==
          STATUS_SUCCESS);
    NdisZeroMemory(Majors, sizeof(Majors));
    Majors[IRP_MJ_CREATE] = Open;
    Majors[IRP_MJ_CLEANUP] = Cleanup;
    Majors[IRP_MJ_CLOSE] = Close;
    Majors[IRP_MJ_READ] = Read;
    Majors[IRP_MJ_WRITE] = Write;
    Majors[IRP_MJ_DEVICE_CONTROL] = Control;
    RtlInitUnicodeString(&Name, L"\\Device\\ControlTap");
    RtlInitUnicodeString(&Link, L"\\DosDevices\\ControlTap");
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
    Attributes.Header.Size = NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
    Attributes.DeviceName = &Name;
    Attributes.SymbolicName = &Link;
    Attributes.MajorFunctions = Majors;
    Attributes.ExtensionSize = 24;
    CHECK(NdisRegisterDeviceEx(Driver, &Attributes, &Object, &Device) == NDIS_STATUS_SUCCESS);
    Object->Flags |= DO_DIRECT_IO;
    CHECK(NdisRegisterDeviceEx(Driver, &Attributes, &Second, &SecondDevice) != NDIS_STATUS_SUCCESS);
}

static VOID Unload(VOID)
{
    CHECK(Opened == 0);
    NdisDeregisterDeviceEx(Device);
}

VOID Break(HOOKS *Hooks)
{
    Hooks->Registered = Registered;
    Hooks->Unload = Unload;
}
