/* SPDX-License-Identifier: MIT */
/*
 * The control device. A read takes the next frame that an adapter has sent, and waits for one; what is written
 * is a frame that adapters receive. One program at a time may have it open.
 */
#include "cable.h"

#define DEVICE_FRAMES 64 /* kept for a program that reads slowly; then the oldest one is dropped */

typedef struct _DEVICE_FRAME {
    ULONG Length;
    UCHAR Data[CABLE_FRAME_MAX];
} DEVICE_FRAME, *PDEVICE_FRAME;

static struct {
    NDIS_HANDLE Handle;
    PDEVICE_OBJECT Object;
    LONG Opened;
    KDPC Dpc;     /* DeviceDpc: gives frames to reads */
    IO_CSQ Reads; /* cancel-safe: a program may go away while it reads */
    LIST_ENTRY Irps;
    KSPIN_LOCK IrpLock;
    /* Under Cable.Lock: a ring. */
    PDEVICE_FRAME Frames;
    ULONG First, Count;
} Device;

/* ---- The queue of reads ---- */

static VOID NTAPI DeviceInsert(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    InsertTailList(&Device.Irps, &Irp->Tail.Overlay.ListEntry);
}

static VOID NTAPI DeviceRemove(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
}

static PIRP NTAPI DevicePeek(PIO_CSQ Csq, PIRP Irp, PVOID PeekContext)
{
    PLIST_ENTRY Next = Irp != NULL ? Irp->Tail.Overlay.ListEntry.Flink : Device.Irps.Flink;

    UNREFERENCED_PARAMETER(Csq);
    UNREFERENCED_PARAMETER(PeekContext);
    return Next == &Device.Irps ? NULL : CONTAINING_RECORD(Next, IRP, Tail.Overlay.ListEntry);
}

static VOID NTAPI DeviceLock(PIO_CSQ Csq, PKIRQL Irql)
{
    UNREFERENCED_PARAMETER(Csq);
    KeAcquireSpinLock(&Device.IrpLock, Irql);
}

static VOID NTAPI DeviceUnlock(PIO_CSQ Csq, KIRQL Irql)
{
    UNREFERENCED_PARAMETER(Csq);
    KeReleaseSpinLock(&Device.IrpLock, Irql);
}

static NTSTATUS DeviceFinish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID NTAPI DeviceCanceled(PIO_CSQ Csq, PIRP Irp)
{
    UNREFERENCED_PARAMETER(Csq);
    DeviceFinish(Irp, STATUS_CANCELLED, 0);
}

/* ---- Frames for who reads ---- */

VOID CableDeviceOffer(ULONG Length)
{
    PDEVICE_FRAME Frame;

    if (Device.Opened == 0)
        return;
    if (Device.Count == DEVICE_FRAMES) {
        Device.First = (Device.First + 1) % DEVICE_FRAMES;
        Device.Count--;
    }
    Frame = &Device.Frames[(Device.First + Device.Count++) % DEVICE_FRAMES];
    Frame->Length = Length;
    NdisMoveMemory(Frame->Data, Cable.Frame, Length);
    KeInsertQueueDpc(&Device.Dpc, NULL, NULL);
}

/* The status of a read, and how many bytes; STATUS_PENDING: there is no frame. */
static NTSTATUS DeviceTake(PIRP Irp, ULONG *Length)
{
    ULONG Room = IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length;
    PVOID Buffer = Irp->MdlAddress != NULL
                       ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority)
                       : NULL;
    NTSTATUS Status = STATUS_PENDING;
    PDEVICE_FRAME Frame;

    NdisAcquireSpinLock(&Cable.Lock);
    if (Device.Count != 0) {
        Frame = &Device.Frames[Device.First];
        *Length = Frame->Length;
        Status = Buffer == NULL   ? STATUS_INSUFFICIENT_RESOURCES
                 : *Length > Room ? STATUS_BUFFER_TOO_SMALL
                                  : STATUS_SUCCESS;
        if (Status == STATUS_SUCCESS)
            NdisMoveMemory(Buffer, Frame->Data, Frame->Length);
        Device.First = (Device.First + 1) % DEVICE_FRAMES;
        Device.Count--;
    }
    NdisReleaseSpinLock(&Cable.Lock);
    return Status;
}

/* Lets reads and frames come together. Whoever adds either calls it afterwards. */
static VOID DeviceServe(VOID)
{
    PIRP Irp;

    for (;;) {
        NTSTATUS Status;
        ULONG Length = 0;
        BOOLEAN Frames;

        NdisAcquireSpinLock(&Cable.Lock);
        Frames = Device.Count != 0;
        NdisReleaseSpinLock(&Cable.Lock);
        if (!Frames || (Irp = IoCsqRemoveNextIrp(&Device.Reads, NULL)) == NULL)
            return;
        Status = DeviceTake(Irp, &Length);
        if (Status == STATUS_PENDING)
            IoCsqInsertIrp(&Device.Reads, Irp, NULL);
        else
            DeviceFinish(Irp, Status, Status == STATUS_SUCCESS ? Length : 0);
    }
}

static KDEFERRED_ROUTINE DeviceDpc;
static VOID NTAPI DeviceDpc(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                            PVOID SystemArgument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(DeferredContext);
    UNREFERENCED_PARAMETER(SystemArgument1);
    UNREFERENCED_PARAMETER(SystemArgument2);
    DeviceServe();
}

/* ---- Requests ---- */

static DRIVER_DISPATCH DeviceCreate;
static NTSTATUS NTAPI DeviceCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    if (InterlockedCompareExchange(&Device.Opened, 1, 0) != 0)
        return DeviceFinish(Irp, STATUS_ACCESS_DENIED, 0);
    return DeviceFinish(Irp, STATUS_SUCCESS, 0);
}

/* The last handle is closed: the reads of that program end. */
static DRIVER_DISPATCH DeviceCleanup;
static NTSTATUS NTAPI DeviceCleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIRP Read;

    UNREFERENCED_PARAMETER(DeviceObject);
    while ((Read = IoCsqRemoveNextIrp(&Device.Reads, NULL)) != NULL)
        DeviceFinish(Read, STATUS_CANCELLED, 0);
    return DeviceFinish(Irp, STATUS_SUCCESS, 0);
}

static DRIVER_DISPATCH DeviceClose;
static NTSTATUS NTAPI DeviceClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    NdisAcquireSpinLock(&Cable.Lock);
    Device.Opened = 0;
    Device.Count = 0;
    NdisReleaseSpinLock(&Cable.Lock);
    return DeviceFinish(Irp, STATUS_SUCCESS, 0);
}

static DRIVER_DISPATCH DeviceRead;
static NTSTATUS NTAPI DeviceRead(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    IoCsqInsertIrp(&Device.Reads, Irp, NULL); /* marks it pending */
    DeviceServe();
    return STATUS_PENDING;
}

static DRIVER_DISPATCH DeviceWrite;
static NTSTATUS NTAPI DeviceWrite(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    ULONG Length = IoGetCurrentIrpStackLocation(Irp)->Parameters.Write.Length;
    PVOID Data;
    BOOLEAN Taken;

    UNREFERENCED_PARAMETER(DeviceObject);
    if (Length < CABLE_FRAME_MIN || Length > CABLE_FRAME_MAX)
        return DeviceFinish(Irp, STATUS_INVALID_BUFFER_SIZE, 0);
    Data = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
    if (Data == NULL)
        return DeviceFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    NdisAcquireSpinLock(&Cable.Lock);
    NdisMoveMemory(Cable.Frame, Data, Length);
    Taken = CablePut(NULL, Length);
    NdisReleaseSpinLock(&Cable.Lock);
    return Taken ? DeviceFinish(Irp, STATUS_SUCCESS, Length)
                 : DeviceFinish(Irp, STATUS_DEVICE_BUSY, 0);
}

/* ---- The device ---- */

static NDIS_STATUS DeviceRegister(VOID)
{
    PDRIVER_DISPATCH Majors[IRP_MJ_MAXIMUM_FUNCTION + 1];
    NDIS_DEVICE_OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name, Link;
    NDIS_STATUS Status;

    RtlInitUnicodeString(&Name, L"\\Device\\Cable");
    RtlInitUnicodeString(&Link, L"\\DosDevices\\Cable");
    NdisZeroMemory(Majors, sizeof(Majors));
    Majors[IRP_MJ_CREATE] = DeviceCreate;
    Majors[IRP_MJ_CLEANUP] = DeviceCleanup;
    Majors[IRP_MJ_CLOSE] = DeviceClose;
    Majors[IRP_MJ_READ] = DeviceRead;
    Majors[IRP_MJ_WRITE] = DeviceWrite;
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
    Attributes.Header.Size = NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
    Attributes.DeviceName = &Name;
    Attributes.SymbolicName = &Link;
    Attributes.MajorFunctions = Majors;
    Status = NdisRegisterDeviceEx(Cable.Driver, &Attributes, &Device.Object, &Device.Handle);
    if (Status == NDIS_STATUS_SUCCESS)
        Device.Object->Flags |= DO_DIRECT_IO;
    return Status;
}

NDIS_STATUS CableDeviceCreate(VOID)
{
    NDIS_STATUS Status;

    Device.Opened = 0;
    Device.First = Device.Count = 0;
    InitializeListHead(&Device.Irps);
    KeInitializeSpinLock(&Device.IrpLock);
    KeInitializeDpc(&Device.Dpc, DeviceDpc, NULL);
    IoCsqInitialize(&Device.Reads, DeviceInsert, DeviceRemove, DevicePeek, DeviceLock, DeviceUnlock,
                    DeviceCanceled);
    Device.Frames = (PDEVICE_FRAME)NdisAllocateMemoryWithTagPriority(
        Cable.Driver, DEVICE_FRAMES * sizeof(DEVICE_FRAME), CABLE_TAG, NormalPoolPriority);
    if (Device.Frames == NULL)
        return NDIS_STATUS_RESOURCES;
    Status = DeviceRegister();
    if (Status != NDIS_STATUS_SUCCESS)
        NdisFreeMemory(Device.Frames, 0, 0);
    return Status;
}

VOID CableDeviceDelete(VOID)
{
    NdisDeregisterDeviceEx(Device.Handle);
    KeRemoveQueueDpc(&Device.Dpc);
    KeFlushQueuedDpcs();
    NdisFreeMemory(Device.Frames, 0, 0);
}
