/* SPDX-License-Identifier: MIT */
/*
 * fails.c: a miniport that calls each function of Windows that can fail, once, and tells whether it has.
 *   `oid set 0xFF010001 NAME`, the name's bytes: SUCCESS, RESOURCES when the function failed,
 *   INVALID_DATA when there is no attempt of that name
 * What may be called only before the adapter runs is called then; DbgPrint tells of each that failed.
 * tests/ndishost-ndis/run holds the attempts against the functions that the host names.
 */
#include <ndis.h>

#include "miniport_forms.h"

#define FAILS_TAG 0x6C696146 /* "Fail" */
#define FAILS_OID 0xFF010001
#define NAME_MAX  64

typedef struct _FAILS {
    NDIS_HANDLE Handle;
    NDIS_HANDLE Dma, Interrupt, WorkItem;
    ULONG SgSize;
    NDIS_EVENT Event;
    PVOID AsyncVa;
    NDIS_PHYSICAL_ADDRESS AsyncPa;
    BOOLEAN Early; /* something failed before the adapter ran */
    PNDIS_OID_REQUEST Request;
} FAILS, *PFAILS;

static NDIS_HANDLE DriverHandle;
static PDRIVER_OBJECT DriverOfFails;
static UCHAR Memory[64];

static VOID Told(const char *Name)
{
    DbgPrintEx(DPFLTR_IHVNETWORK_ID, DPFLTR_ERROR_LEVEL, "fails: %s failed\n", Name);
}

/* ---- Pool and the kernel ---- */

#undef ExAllocatePool
NTKERNELAPI PVOID NTAPI ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes);
NTKERNELAPI NTSTATUS NTAPI EtwRegisterClassicProvider(LPCGUID ProviderId, ULONG Type,
                                                      PVOID Callback, PVOID Context,
                                                      PREGHANDLE RegHandle);

static BOOLEAN FreePool(PVOID Pool)
{
    if (Pool != NULL)
        ExFreePool(Pool);
    return Pool != NULL;
}

static BOOLEAN TryExAllocatePool(PFAILS Fails)
{
    UNREFERENCED_PARAMETER(Fails);
    return FreePool(ExAllocatePool(NonPagedPool, 10));
}

static BOOLEAN TryExAllocatePoolWithTag(PFAILS Fails)
{
    UNREFERENCED_PARAMETER(Fails);
    return FreePool(ExAllocatePoolWithTag(NonPagedPool, 10, FAILS_TAG));
}

static BOOLEAN TryExAllocatePoolWithQuotaTag(PFAILS Fails)
{
    UNREFERENCED_PARAMETER(Fails);
    return FreePool(ExAllocatePoolWithQuotaTag(
        (POOL_TYPE)(NonPagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE), 10, FAILS_TAG));
}

static BOOLEAN TryExAllocatePoolWithTagPriority(PFAILS Fails)
{
    UNREFERENCED_PARAMETER(Fails);
    return FreePool(ExAllocatePoolWithTagPriority(NonPagedPool, 10, FAILS_TAG, NormalPoolPriority));
}

#if defined(_X86_)
/* The headers have it inline. */
PVOID NTAPI
PagedAllocate(PPAGED_LOOKASIDE_LIST Lookaside) __asm__("_ExAllocateFromPagedLookasideList@4");

static PAGED_LOOKASIDE_LIST Lookaside;

static BOOLEAN TryExAllocateFromPagedLookasideList(PFAILS Fails)
{
    PVOID Entry;

    UNREFERENCED_PARAMETER(Fails);
    ExInitializePagedLookasideList(&Lookaside, NULL, NULL, 0, 32, FAILS_TAG, 0);
    Entry = PagedAllocate(&Lookaside);
    if (Entry != NULL)
        ExFreePool(Entry);
    ExDeletePagedLookasideList(&Lookaside);
    return Entry != NULL;
}

static BOOLEAN TryKeSaveFloatingPointState(PFAILS Fails)
{
    KFLOATING_SAVE Save;

    UNREFERENCED_PARAMETER(Fails);
    if (!NT_SUCCESS(KeSaveFloatingPointState(&Save)))
        return FALSE;
    KeRestoreFloatingPointState(&Save);
    return TRUE;
}
#endif

static const GUID Provider = {1, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}};

static BOOLEAN TryEtwRegister(PFAILS Fails)
{
    REGHANDLE Handle;

    UNREFERENCED_PARAMETER(Fails);
    if (!NT_SUCCESS(EtwRegister(&Provider, NULL, NULL, &Handle)))
        return FALSE;
    EtwUnregister(Handle);
    return TRUE;
}

static BOOLEAN TryEtwRegisterClassicProvider(PFAILS Fails)
{
    REGHANDLE Handle;

    UNREFERENCED_PARAMETER(Fails);
    if (!NT_SUCCESS(EtwRegisterClassicProvider(&Provider, 0, NULL, NULL, &Handle)))
        return FALSE;
    EtwUnregister(Handle);
    return TRUE;
}

static PDEVICE_OBJECT Device(PFAILS Fails)
{
    PDEVICE_OBJECT Device = NULL;

    NdisMGetDeviceProperty(Fails->Handle, NULL, &Device, NULL, NULL, NULL);
    return Device;
}

static BOOLEAN TryIoWMIRegistrationControl(PFAILS Fails)
{
    return NT_SUCCESS(IoWMIRegistrationControl(Device(Fails), 1)); /* WMIREG_ACTION_REGISTER */
}

static BOOLEAN TryExUuidCreate(PFAILS Fails)
{
    UUID Uuid;

    UNREFERENCED_PARAMETER(Fails);
    return NT_SUCCESS(ExUuidCreate(&Uuid));
}

static BOOLEAN TryIoAllocateErrorLogEntry(PFAILS Fails)
{
    PVOID Entry = IoAllocateErrorLogEntry(Device(Fails), sizeof(IO_ERROR_LOG_PACKET));

    if (Entry != NULL)
        IoFreeErrorLogEntry(Entry);
    return Entry != NULL;
}

static BOOLEAN TryIoAllocateIrp(PFAILS Fails)
{
    PIRP Irp = IoAllocateIrp(1, FALSE);

    UNREFERENCED_PARAMETER(Fails);
    if (Irp != NULL)
        IoFreeIrp(Irp);
    return Irp != NULL;
}

static BOOLEAN TryIoAllocateMdl(PFAILS Fails)
{
    PMDL Mdl = IoAllocateMdl(Fails, sizeof(*Fails), FALSE, FALSE, NULL);

    if (Mdl != NULL)
        IoFreeMdl(Mdl);
    return Mdl != NULL;
}

static BOOLEAN TryIoAllocateWorkItem(PFAILS Fails)
{
    PIO_WORKITEM Item = IoAllocateWorkItem(Device(Fails));

    if (Item != NULL)
        IoFreeWorkItem(Item);
    return Item != NULL;
}

static BOOLEAN TryMmMapLockedPagesSpecifyCache(PFAILS Fails)
{
    PMDL Mdl = IoAllocateMdl(Fails, sizeof(*Fails), FALSE, FALSE, NULL);
    PVOID Va;

    if (Mdl == NULL)
        return FALSE;
    MmProbeAndLockPages(Mdl, KernelMode, IoReadAccess);
    Va = MmMapLockedPagesSpecifyCache(Mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
    if (Va != NULL)
        MmUnmapLockedPages(Va, Mdl);
    MmUnlockPages(Mdl);
    IoFreeMdl(Mdl);
    return Va != NULL;
}

static PHYSICAL_ADDRESS Address(LONGLONG Value)
{
    PHYSICAL_ADDRESS Address;

    Address.QuadPart = Value;
    return Address;
}

static BOOLEAN TryMmAllocateContiguousMemory(PFAILS Fails)
{
    PVOID Va = MmAllocateContiguousMemory(100, Address(-1));

    UNREFERENCED_PARAMETER(Fails);
    if (Va != NULL)
        MmFreeContiguousMemory(Va);
    return Va != NULL;
}

static BOOLEAN TryMmAllocateContiguousMemorySpecifyCache(PFAILS Fails)
{
    PVOID Va =
        MmAllocateContiguousMemorySpecifyCache(100, Address(0), Address(-1), Address(0), MmCached);

    UNREFERENCED_PARAMETER(Fails);
    if (Va != NULL)
        MmFreeContiguousMemorySpecifyCache(Va, 100, MmCached);
    return Va != NULL;
}

static BOOLEAN FreePages(PMDL Mdl)
{
    if (Mdl == NULL)
        return FALSE;
    MmFreePagesFromMdl(Mdl);
    ExFreePool(Mdl);
    return TRUE;
}

static BOOLEAN TryMmAllocatePagesForMdl(PFAILS Fails)
{
    UNREFERENCED_PARAMETER(Fails);
    return FreePages(MmAllocatePagesForMdl(Address(0), Address(-1), Address(0), 5000));
}

static BOOLEAN TryMmAllocatePagesForMdlEx(PFAILS Fails)
{
    UNREFERENCED_PARAMETER(Fails);
    return FreePages(
        MmAllocatePagesForMdlEx(Address(0), Address(-1), Address(0), 5000, MmCached, 0));
}

/* The first memory BAR. */
static PCM_PARTIAL_RESOURCE_DESCRIPTOR Find(PCM_PARTIAL_RESOURCE_LIST List, UCHAR Type)
{
    ULONG i;

    for (i = 0; i < List->Count; i++)
        if (List->PartialDescriptors[i].Type == Type)
            return &List->PartialDescriptors[i];
    return NULL;
}

static BOOLEAN TryMmMapIoSpace(PFAILS Fails)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR Bar;
    PCM_RESOURCE_LIST List;
    PVOID Va;

    NdisMGetDeviceProperty(Fails->Handle, NULL, NULL, NULL, NULL, &List);
    Bar = Find(&List->List[0].PartialResourceList, CmResourceTypeMemory);
    Va = MmMapIoSpace(Bar->u.Memory.Start, 16, MmNonCached);
    if (Va != NULL)
        MmUnmapIoSpace(Va, 16);
    return Va != NULL;
}

static KSTART_ROUTINE Thread;
static VOID NTAPI Thread(PVOID StartContext)
{
    UNREFERENCED_PARAMETER(StartContext);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static BOOLEAN TryPsCreateSystemThread(PFAILS Fails)
{
    PVOID Object;
    HANDLE Handle;

    UNREFERENCED_PARAMETER(Fails);
    if (!NT_SUCCESS(
            PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Thread, NULL)))
        return FALSE;
    ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS, NULL, KernelMode, &Object, NULL);
    KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Object);
    ZwClose(Handle);
    return TRUE;
}

/* ---- Keys of the registry: the adapter's, in which the test has a string and a key Ndi ---- */

static HANDLE DriverKey(PFAILS Fails)
{
    PDEVICE_OBJECT Physical = NULL;
    HANDLE Key;

    NdisMGetDeviceProperty(Fails->Handle, &Physical, NULL, NULL, NULL, NULL);
    if (!NT_SUCCESS(
            IoOpenDeviceRegistryKey(Physical, PLUGPLAY_REGKEY_DRIVER, KEY_ALL_ACCESS, &Key)))
        return NULL;
    return Key;
}

static BOOLEAN CloseKey(HANDLE Key)
{
    if (Key != NULL)
        ZwClose(Key);
    return Key != NULL;
}

static BOOLEAN TryIoOpenDeviceRegistryKey(PFAILS Fails)
{
    return CloseKey(DriverKey(Fails));
}

enum KEY_CALL { KEY_OPEN, KEY_OPEN_EX, KEY_CREATE };

static BOOLEAN TryKey(PFAILS Fails, enum KEY_CALL Call)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Ndi");
    HANDLE Root = DriverKey(Fails), Key = NULL;
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, Root, NULL);
    if (Call == KEY_OPEN)
        Status = ZwOpenKey(&Key, KEY_READ, &Attributes);
    else if (Call == KEY_OPEN_EX)
        Status = ZwOpenKeyEx(&Key, KEY_READ, &Attributes, 0);
    else
        Status = ZwCreateKey(&Key, KEY_READ, &Attributes, 0, NULL, 0, NULL);
    if (NT_SUCCESS(Status))
        ZwClose(Key);
    CloseKey(Root);
    return NT_SUCCESS(Status);
}

static BOOLEAN TryZwOpenKey(PFAILS Fails)
{
    return TryKey(Fails, KEY_OPEN);
}

static BOOLEAN TryZwOpenKeyEx(PFAILS Fails)
{
    return TryKey(Fails, KEY_OPEN_EX);
}

static BOOLEAN TryZwCreateKey(PFAILS Fails)
{
    return TryKey(Fails, KEY_CREATE);
}

static BOOLEAN TryZwSetValueKey(PFAILS Fails)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Value");
    HANDLE Key = DriverKey(Fails);
    ULONG Value = 1;
    NTSTATUS Status;

    if (Key == NULL)
        return FALSE;
    Status = ZwSetValueKey(Key, &Name, 0, REG_DWORD, &Value, sizeof(Value));
    ZwClose(Key);
    return NT_SUCCESS(Status);
}

/* A string, to a buffer that the function allocates. */
static BOOLEAN TryRtlQueryRegistryValues(PFAILS Fails)
{
    RTL_QUERY_REGISTRY_TABLE Table[2];
    UNICODE_STRING Text;
    NTSTATUS Status;
    HANDLE Key = DriverKey(Fails);

    if (Key == NULL)
        return FALSE;
    NdisZeroMemory(Table, sizeof(Table));
    NdisZeroMemory(&Text, sizeof(Text));
    Table[0].Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED;
    Table[0].Name = L"NetworkAddress";
    Table[0].EntryContext = &Text;
    Status = RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, (PCWSTR)Key, Table, NULL, NULL);
    if (NT_SUCCESS(Status))
        RtlFreeUnicodeString(&Text);
    ZwClose(Key);
    return NT_SUCCESS(Status);
}

static BOOLEAN FreeUnicode(NTSTATUS Status, PUNICODE_STRING String)
{
    if (NT_SUCCESS(Status))
        RtlFreeUnicodeString(String);
    return NT_SUCCESS(Status);
}

static BOOLEAN TryRtlAnsiStringToUnicodeString(PFAILS Fails)
{
    UNICODE_STRING To;
    ANSI_STRING From;

    UNREFERENCED_PARAMETER(Fails);
    RtlInitAnsiString(&From, "text");
    return FreeUnicode(RtlAnsiStringToUnicodeString(&To, &From, TRUE), &To);
}

static BOOLEAN TryRtlUpcaseUnicodeString(PFAILS Fails)
{
    UNICODE_STRING To, From = RTL_CONSTANT_STRING(L"text");

    UNREFERENCED_PARAMETER(Fails);
    return FreeUnicode(RtlUpcaseUnicodeString(&To, &From, TRUE), &To);
}

static BOOLEAN TryRtlStringFromGUID(PFAILS Fails)
{
    UNICODE_STRING To;

    UNREFERENCED_PARAMETER(Fails);
    return FreeUnicode(RtlStringFromGUID(&Provider, &To), &To);
}

static BOOLEAN TryRtlUnicodeStringToAnsiString(PFAILS Fails)
{
    UNICODE_STRING From = RTL_CONSTANT_STRING(L"text");
    ANSI_STRING To;

    UNREFERENCED_PARAMETER(Fails);
    if (!NT_SUCCESS(RtlUnicodeStringToAnsiString(&To, &From, TRUE)))
        return FALSE;
    RtlFreeAnsiString(&To);
    return TRUE;
}

/* ---- Memory and objects of NDIS ---- */

#undef NdisAllocateMemory
NDIS_STATUS NTAPI NdisAllocateMemory(PVOID *VirtualAddress, UINT Length, UINT MemoryFlags,
                                     NDIS_PHYSICAL_ADDRESS HighestAcceptableAddress);

static BOOLEAN TryNdisAllocateMemory(PFAILS Fails)
{
    PVOID Va;

    UNREFERENCED_PARAMETER(Fails);
    if (NdisAllocateMemory(&Va, 10, 0, Address(-1)) != NDIS_STATUS_SUCCESS)
        return FALSE;
    NdisFreeMemory(Va, 10, 0);
    return TRUE;
}

static BOOLEAN TryNdisAllocateMemoryWithTag(PFAILS Fails)
{
    PVOID Va;

    UNREFERENCED_PARAMETER(Fails);
    if (NdisAllocateMemoryWithTag(&Va, 10, FAILS_TAG) != NDIS_STATUS_SUCCESS)
        return FALSE;
    NdisFreeMemory(Va, 10, 0);
    return TRUE;
}

static BOOLEAN TryNdisAllocateMemoryWithTagPriority(PFAILS Fails)
{
    PVOID Va = NdisAllocateMemoryWithTagPriority(Fails->Handle, 10, FAILS_TAG, NormalPoolPriority);

    if (Va != NULL)
        NdisFreeMemory(Va, 10, 0);
    return Va != NULL;
}

static BOOLEAN TryNdisAllocateGenericObject(PFAILS Fails)
{
    PNDIS_GENERIC_OBJECT Object = NdisAllocateGenericObject(NULL, FAILS_TAG, 0);

    UNREFERENCED_PARAMETER(Fails);
    if (Object != NULL)
        NdisFreeGenericObject(Object);
    return Object != NULL;
}

static BOOLEAN TryNdisAllocateIoWorkItem(PFAILS Fails)
{
    NDIS_HANDLE Item = NdisAllocateIoWorkItem(Fails->Handle);

    if (Item != NULL)
        NdisFreeIoWorkItem(Item);
    return Item != NULL;
}

static BOOLEAN TryNdisAllocateRWLock(PFAILS Fails)
{
    PNDIS_RW_LOCK_EX Lock = NdisAllocateRWLock(Fails->Handle);

    if (Lock != NULL)
        NdisFreeRWLock(Lock);
    return Lock != NULL;
}

static NDIS_TIMER_FUNCTION Timer;
static VOID NTAPI Timer(PVOID SystemSpecific1, PVOID FunctionContext, PVOID SystemSpecific2,
                        PVOID SystemSpecific3)
{
    UNREFERENCED_PARAMETER(SystemSpecific1);
    UNREFERENCED_PARAMETER(FunctionContext);
    UNREFERENCED_PARAMETER(SystemSpecific2);
    UNREFERENCED_PARAMETER(SystemSpecific3);
}

static BOOLEAN TryNdisAllocateTimerObject(PFAILS Fails)
{
    NDIS_TIMER_CHARACTERISTICS Form;
    NDIS_HANDLE Object;

    FormTimer(&Form, FAILS_TAG, Timer, NULL);
    if (NdisAllocateTimerObject(Fails->Handle, &Form, &Object) != NDIS_STATUS_SUCCESS)
        return FALSE;
    NdisFreeTimerObject(Object);
    return TRUE;
}

static BOOLEAN TryNdisInitializeString(PFAILS Fails)
{
    NDIS_STRING String;

    UNREFERENCED_PARAMETER(Fails);
    NdisInitializeString(&String, (PUCHAR) "text");
    if (String.Buffer == NULL)
        return FALSE;
    NdisFreeMemory(String.Buffer, 0, 0);
    return TRUE;
}

static BOOLEAN TryNdisMQueryAdapterInstanceName(PFAILS Fails)
{
    NDIS_STRING String;

    if (NdisMQueryAdapterInstanceName(&String, Fails->Handle) != NDIS_STATUS_SUCCESS)
        return FALSE;
    NdisFreeMemory(String.Buffer, 0, 0);
    return TRUE;
}

static DRIVER_DISPATCH Dispatch;
static NTSTATUS NTAPI Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Irp);
    return STATUS_NOT_SUPPORTED;
}

static PDRIVER_DISPATCH Dispatches[IRP_MJ_MAXIMUM_FUNCTION + 1] = {Dispatch};

static BOOLEAN TryNdisRegisterDeviceEx(PFAILS Fails)
{
    NDIS_STRING Name = NDIS_STRING_CONST("\\Device\\Fails");
    NDIS_DEVICE_OBJECT_ATTRIBUTES Attributes;
    PDEVICE_OBJECT Object;
    NDIS_HANDLE Handle;

    UNREFERENCED_PARAMETER(Fails);
    NdisZeroMemory(&Attributes, sizeof(Attributes));
    Attributes.Header.Type = NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES;
    Attributes.Header.Revision = NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
    Attributes.Header.Size = NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
    Attributes.DeviceName = &Name;
    Attributes.MajorFunctions = Dispatches;
    if (NdisRegisterDeviceEx(DriverHandle, &Attributes, &Object, &Handle) != NDIS_STATUS_SUCCESS)
        return FALSE;
    NdisDeregisterDeviceEx(Handle);
    return TRUE;
}

static BOOLEAN TryIoCreateDevice(PFAILS Fails)
{
    PDEVICE_OBJECT Device;

    UNREFERENCED_PARAMETER(Fails);
    if (IoCreateDevice(DriverOfFails, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device) !=
        STATUS_SUCCESS)
        return FALSE;
    IoDeleteDevice(Device);
    return TRUE;
}

/* ---- Callback objects, run-down protection, connected interrupts ---- */

static BOOLEAN TryExAllocateCacheAwareRundownProtection(PFAILS Fails)
{
    PEX_RUNDOWN_REF_CACHE_AWARE Ref =
        ExAllocateCacheAwareRundownProtection(NonPagedPool, FAILS_TAG);

    UNREFERENCED_PARAMETER(Fails);
    if (Ref != NULL)
        ExFreeCacheAwareRundownProtection(Ref);
    return Ref != NULL;
}

static PCALLBACK_OBJECT CreateCallback(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    PCALLBACK_OBJECT Object;
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, L"\\Callback\\Fails");
    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    return ExCreateCallback(&Object, &Attributes, TRUE, TRUE) == STATUS_SUCCESS ? Object : NULL;
}

static BOOLEAN TryExCreateCallback(PFAILS Fails)
{
    PCALLBACK_OBJECT Object = CreateCallback();

    UNREFERENCED_PARAMETER(Fails);
    if (Object != NULL)
        ObDereferenceObject(Object);
    return Object != NULL;
}

static VOID NTAPI Notified(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
}

static BOOLEAN TryExRegisterCallback(PFAILS Fails)
{
    PCALLBACK_OBJECT Object = CreateCallback();
    PVOID Registration = ExRegisterCallback(Object, Notified, NULL);

    UNREFERENCED_PARAMETER(Fails);
    if (Registration != NULL)
        ExUnregisterCallback(Registration);
    ObDereferenceObject(Object);
    return Registration != NULL;
}

static KSERVICE_ROUTINE NotMine;
static BOOLEAN NTAPI NotMine(PKINTERRUPT Interrupt, PVOID ServiceContext)
{
    UNREFERENCED_PARAMETER(Interrupt);
    UNREFERENCED_PARAMETER(ServiceContext);
    return FALSE;
}

static BOOLEAN TryIoBuildDeviceIoControlRequest(PFAILS Fails)
{
    IO_STATUS_BLOCK Result;
    PDEVICE_OBJECT Device;
    PIRP Irp;

    NdisMGetDeviceProperty(Fails->Handle, &Device, NULL, NULL, NULL, NULL);
    Irp = IoBuildDeviceIoControlRequest(0x222000, Device, NULL, 0, NULL, 0, FALSE, NULL, &Result);
    if (Irp != NULL)
        IoCallDriver(Device, Irp); /* which knows no request, and frees it */
    return Irp != NULL;
}

static IO_COMPLETION_ROUTINE Done;
static NTSTATUS NTAPI Done(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Irp);
    UNREFERENCED_PARAMETER(Context);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static BOOLEAN TryIoSetCompletionRoutineEx(PFAILS Fails)
{
    PIRP Irp = IoAllocateIrp(1, FALSE);
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    if (Irp == NULL)
        return FALSE;
    NdisMGetDeviceProperty(Fails->Handle, &Device, NULL, NULL, NULL, NULL);
    IoGetNextIrpStackLocation(Irp)->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    Status = IoSetCompletionRoutineEx(Device, Irp, Done, NULL, TRUE, TRUE, TRUE);
    if (Status == STATUS_SUCCESS)
        IoCallDriver(Device, Irp);
    IoFreeIrp(Irp);
    return Status == STATUS_SUCCESS;
}

static BOOLEAN TryIoConnectInterrupt(PFAILS Fails)
{
    PCM_PARTIAL_RESOURCE_LIST List;
    PCM_RESOURCE_LIST Translated;
    PKINTERRUPT Object = NULL;
    ULONG i;

    NdisMGetDeviceProperty(Fails->Handle, NULL, NULL, NULL, NULL, &Translated);
    List = &Translated->List[0].PartialResourceList;
    for (i = 0; i < List->Count; i++) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR Line = &List->PartialDescriptors[i];

        if (Line->Type == CmResourceTypeInterrupt &&
            IoConnectInterrupt(&Object, NotMine, NULL, NULL, Line->u.Interrupt.Vector,
                               (KIRQL)Line->u.Interrupt.Level, (KIRQL)Line->u.Interrupt.Level,
                               LevelSensitive, TRUE, Line->u.Interrupt.Affinity,
                               FALSE) == STATUS_SUCCESS)
            break;
    }
    if (Object != NULL)
        IoDisconnectInterrupt(Object);
    return Object != NULL;
}

static BOOLEAN TryIoConnectInterruptEx(PFAILS Fails)
{
    IO_CONNECT_INTERRUPT_PARAMETERS Parameters;
    PKINTERRUPT Object = NULL;

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Version = CONNECT_LINE_BASED;
    NdisMGetDeviceProperty(Fails->Handle, &Parameters.LineBased.PhysicalDeviceObject, NULL, NULL,
                           NULL, NULL);
    Parameters.LineBased.InterruptObject = &Object;
    Parameters.LineBased.ServiceRoutine = NotMine;
    if (IoConnectInterruptEx(&Parameters) != STATUS_SUCCESS)
        return FALSE;
    IoDisconnectInterrupt(Object);
    return TRUE;
}

static DRIVER_DISPATCH Succeed;
static NTSTATUS NTAPI Succeed(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static BOOLEAN TryIoGetDeviceObjectPointer(PFAILS Fails)
{
    PDEVICE_OBJECT Device, Got;
    PFILE_OBJECT File;
    UNICODE_STRING Name;
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Fails);
    RtlInitUnicodeString(&Name, L"\\Device\\FailsOpened");
    DriverOfFails->MajorFunction[IRP_MJ_CREATE] = Succeed;
    DriverOfFails->MajorFunction[IRP_MJ_CLEANUP] = Succeed;
    DriverOfFails->MajorFunction[IRP_MJ_CLOSE] = Succeed;
    if (IoCreateDevice(DriverOfFails, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device) !=
        STATUS_SUCCESS)
        return FALSE;
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    Status = IoGetDeviceObjectPointer(&Name, FILE_READ_DATA, &File, &Got);
    if (Status == STATUS_SUCCESS)
        ObDereferenceObject(File);
    IoDeleteDevice(Device);
    return Status == STATUS_SUCCESS;
}

static BOOLEAN TryIoCreateSymbolicLink(PFAILS Fails)
{
    UNICODE_STRING Link, Name;

    UNREFERENCED_PARAMETER(Fails);
    RtlInitUnicodeString(&Link, L"\\DosDevices\\Fails");
    RtlInitUnicodeString(&Name, L"\\Device\\Fails");
    if (IoCreateSymbolicLink(&Link, &Name) != STATUS_SUCCESS)
        return FALSE;
    IoDeleteSymbolicLink(&Link);
    return TRUE;
}

static BOOLEAN TryNdisIfAllocateNetLuidIndex(PFAILS Fails)
{
    ULONG Index;

    UNREFERENCED_PARAMETER(Fails);
    if (NdisIfAllocateNetLuidIndex(IF_TYPE_ETHERNET_CSMACD, &Index) != NDIS_STATUS_SUCCESS)
        return FALSE;
    NdisIfFreeNetLuidIndex(IF_TYPE_ETHERNET_CSMACD, Index);
    return TRUE;
}

static BOOLEAN TryNdisWriteEventLogEntry(PFAILS Fails)
{
    return NdisWriteEventLogEntry(Fails->Handle, NDIS_STATUS_FAILURE, 0, 0, NULL, 0, NULL) ==
           NDIS_STATUS_SUCCESS;
}

static BOOLEAN TryNdisMNetPnPEvent(PFAILS Fails)
{
    NET_PNP_EVENT_NOTIFICATION Event;

    NdisZeroMemory(&Event, sizeof(Event));
    return NdisMNetPnPEvent(Fails->Handle, &Event) == NDIS_STATUS_SUCCESS;
}

static BOOLEAN TryNdisMAllocatePort(PFAILS Fails)
{
    NDIS_PORT_CHARACTERISTICS Port;

    NdisZeroMemory(&Port, sizeof(Port));
    Port.Header.Type = NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS;
    Port.Header.Revision = NDIS_PORT_CHARACTERISTICS_REVISION_1;
    Port.Header.Size = NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1;
    if (NdisMAllocatePort(Fails->Handle, &Port) != NDIS_STATUS_SUCCESS)
        return FALSE;
    NdisMFreePort(Fails->Handle, Port.PortNumber);
    return TRUE;
}

/* It removes the adapter when it does not fail. */
static BOOLEAN TryNdisMRemoveMiniport(PFAILS Fails)
{
    return NdisMRemoveMiniport(Fails->Handle) == NDIS_STATUS_SUCCESS;
}

/* ---- The registry and the bus ---- */

static NDIS_HANDLE Open(PFAILS Fails)
{
    NDIS_CONFIGURATION_OBJECT Object;
    NDIS_HANDLE Configuration;

    FormConfiguration(&Object, Fails->Handle);
    return NdisOpenConfigurationEx(&Object, &Configuration) == NDIS_STATUS_SUCCESS ? Configuration
                                                                                   : NULL;
}

static BOOLEAN TryNdisOpenConfigurationEx(PFAILS Fails)
{
    NDIS_HANDLE Configuration = Open(Fails);

    if (Configuration != NULL)
        NdisCloseConfiguration(Configuration);
    return Configuration != NULL;
}

static BOOLEAN TryNdisReadConfiguration(PFAILS Fails)
{
    NDIS_HANDLE Configuration = Open(Fails);
    BOOLEAN Read = FormRead(Configuration, L"NdisVersion", NdisParameterInteger) != NULL;

    NdisCloseConfiguration(Configuration);
    return Read;
}

static BOOLEAN TryNdisWriteConfiguration(PFAILS Fails)
{
    NDIS_STRING Name = NDIS_STRING_CONST("Written");
    NDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_HANDLE Configuration = Open(Fails);
    NDIS_STATUS Status;

    Parameter.ParameterType = NdisParameterInteger;
    Parameter.ParameterData.IntegerData = 1;
    NdisWriteConfiguration(&Status, Configuration, &Name, &Parameter);
    NdisCloseConfiguration(Configuration);
    return Status == NDIS_STATUS_SUCCESS;
}

/* The test gives it one. */
static BOOLEAN TryNdisReadNetworkAddress(PFAILS Fails)
{
    NDIS_HANDLE Configuration = Open(Fails);
    NDIS_STATUS Status;
    UINT Length;
    PVOID Mac;

    NdisReadNetworkAddress(&Status, &Mac, &Length, Configuration);
    NdisCloseConfiguration(Configuration);
    return Status == NDIS_STATUS_SUCCESS;
}

/* The test's INF has keys below the adapter's. */
static BOOLEAN TryNdisOpenConfigurationKeyByName(PFAILS Fails)
{
    NDIS_STRING Name = NDIS_STRING_CONST("Ndi");
    NDIS_HANDLE Configuration = Open(Fails), Key;
    NDIS_STATUS Status;

    NdisOpenConfigurationKeyByName(&Status, Configuration, &Name, &Key);
    if (Status == NDIS_STATUS_SUCCESS)
        NdisCloseConfiguration(Key);
    NdisCloseConfiguration(Configuration);
    return Status == NDIS_STATUS_SUCCESS;
}

static BOOLEAN TryNdisOpenConfigurationKeyByIndex(PFAILS Fails)
{
    NDIS_HANDLE Configuration = Open(Fails), Key;
    NDIS_STATUS Status;
    NDIS_STRING Name;
    WCHAR Text[32];

    Name.Buffer = Text;
    Name.Length = 0;
    Name.MaximumLength = sizeof(Text);
    NdisOpenConfigurationKeyByIndex(&Status, Configuration, 0, &Name, &Key);
    if (Status == NDIS_STATUS_SUCCESS)
        NdisCloseConfiguration(Key);
    NdisCloseConfiguration(Configuration);
    return Status == NDIS_STATUS_SUCCESS;
}

static BOOLEAN TryNdisMGetBusData(PFAILS Fails)
{
    USHORT Vendor;

    return NdisMGetBusData(Fails->Handle, PCI_WHICHSPACE_CONFIG, 0, &Vendor, 2) == 2;
}

static BOOLEAN TryNdisMSetBusData(PFAILS Fails)
{
    UCHAR Line = 9;

    return NdisMSetBusData(Fails->Handle, PCI_WHICHSPACE_CONFIG, 0x3C, &Line, 1) == 1;
}

/* ---- Lists and buffers ---- */

static NDIS_HANDLE NewListPool(PFAILS Fails)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Form;

    FormListPool(&Form, FAILS_TAG);
    return NdisAllocateNetBufferListPool(Fails->Handle, &Form);
}

static NDIS_HANDLE NewBufferPool(PFAILS Fails, ULONG DataSize)
{
    NET_BUFFER_POOL_PARAMETERS Form;

    FormBufferPool(&Form, FAILS_TAG);
    Form.DataSize = DataSize;
    return NdisAllocateNetBufferPool(Fails->Handle, &Form);
}

static BOOLEAN TryNdisAllocateNetBufferListPool(PFAILS Fails)
{
    NDIS_HANDLE Pool = NewListPool(Fails);

    if (Pool != NULL)
        NdisFreeNetBufferListPool(Pool);
    return Pool != NULL;
}

static BOOLEAN TryNdisAllocateNetBufferPool(PFAILS Fails)
{
    NDIS_HANDLE Pool = NewBufferPool(Fails, 0);

    if (Pool != NULL)
        NdisFreeNetBufferPool(Pool);
    return Pool != NULL;
}

static BOOLEAN TryNdisAllocateNetBuffer(PFAILS Fails)
{
    NDIS_HANDLE Pool = NewBufferPool(Fails, 0);
    PNET_BUFFER Buffer = NdisAllocateNetBuffer(Pool, NULL, 0, 0);

    if (Buffer != NULL)
        NdisFreeNetBuffer(Buffer);
    NdisFreeNetBufferPool(Pool);
    return Buffer != NULL;
}

static BOOLEAN TryNdisAllocateNetBufferMdlAndData(PFAILS Fails)
{
    NDIS_HANDLE Pool = NewBufferPool(Fails, 100);
    PNET_BUFFER Buffer = NdisAllocateNetBufferMdlAndData(Pool);

    if (Buffer != NULL)
        NdisFreeNetBuffer(Buffer);
    NdisFreeNetBufferPool(Pool);
    return Buffer != NULL;
}

static BOOLEAN TryNdisAllocateNetBufferList(PFAILS Fails)
{
    NDIS_HANDLE Pool = NewListPool(Fails);
    PNET_BUFFER_LIST List = NdisAllocateNetBufferList(Pool, 0, 0);

    if (List != NULL)
        NdisFreeNetBufferList(List);
    NdisFreeNetBufferListPool(Pool);
    return List != NULL;
}

static BOOLEAN TryNdisAllocateMdl(PFAILS Fails)
{
    PMDL Mdl = NdisAllocateMdl(Fails->Handle, Fails, sizeof(*Fails));

    if (Mdl != NULL)
        NdisFreeMdl(Mdl);
    return Mdl != NULL;
}

/* What the attempts below have in common: a list with one buffer, of 64 bytes. */
typedef struct _FRAME {
    NDIS_HANDLE Pool;
    PMDL Mdl;
    PNET_BUFFER_LIST List;
    PNET_BUFFER Buffer;
} FRAME, *PFRAME;

static BOOLEAN NewFrame(PFAILS Fails, PFRAME Frame)
{
    Frame->Pool = NewListPool(Fails);
    Frame->Mdl = NdisAllocateMdl(Fails->Handle, Fails, sizeof(Memory));
    Frame->List =
        NdisAllocateNetBufferAndNetBufferList(Frame->Pool, 0, 0, Frame->Mdl, 0, sizeof(Memory));
    Frame->Buffer = Frame->List != NULL ? NET_BUFFER_LIST_FIRST_NB(Frame->List) : NULL;
    return Frame->List != NULL;
}

static VOID FreeFrame(PFRAME Frame)
{
    if (Frame->List != NULL)
        NdisFreeNetBufferList(Frame->List);
    NdisFreeMdl(Frame->Mdl);
    NdisFreeNetBufferListPool(Frame->Pool);
}

static BOOLEAN TryNdisAllocateNetBufferAndNetBufferList(PFAILS Fails)
{
    FRAME Frame;
    BOOLEAN Good = NewFrame(Fails, &Frame);

    FreeFrame(&Frame);
    return Good;
}

static BOOLEAN TryNdisAllocateNetBufferListContext(PFAILS Fails)
{
    BOOLEAN Good;
    FRAME Frame;

    NewFrame(Fails, &Frame);
    Good = NdisAllocateNetBufferListContext(Frame.List, MEMORY_ALLOCATION_ALIGNMENT, 0,
                                            FAILS_TAG) == NDIS_STATUS_SUCCESS;
    if (Good)
        NdisFreeNetBufferListContext(Frame.List, MEMORY_ALLOCATION_ALIGNMENT);
    FreeFrame(&Frame);
    return Good;
}

static BOOLEAN TryNdisAllocateCloneNetBufferList(PFAILS Fails)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Form;
    NDIS_HANDLE Lists, Buffers = NewBufferPool(Fails, 0);
    PNET_BUFFER_LIST Clone;
    FRAME Frame;

    FormListPool(&Form, FAILS_TAG);
    Form.fAllocateNetBuffer = FALSE;
    Lists = NdisAllocateNetBufferListPool(Fails->Handle, &Form);
    NewFrame(Fails, &Frame);
    Clone = NdisAllocateCloneNetBufferList(Frame.List, Lists, Buffers, 0);
    if (Clone != NULL)
        NdisFreeCloneNetBufferList(Clone, 0);
    FreeFrame(&Frame);
    NdisFreeNetBufferListPool(Lists);
    NdisFreeNetBufferPool(Buffers);
    return Clone != NULL;
}

static BOOLEAN TryNdisGetDataBuffer(PFAILS Fails)
{
    BOOLEAN Good;
    FRAME Frame;

    NewFrame(Fails, &Frame);
    Good = NdisGetDataBuffer(Frame.Buffer, 10, NULL, 1, 0) != NULL;
    FreeFrame(&Frame);
    return Good;
}

static BOOLEAN TryNdisCopyFromNetBufferToNetBuffer(PFAILS Fails)
{
    BOOLEAN Good;
    FRAME Frame;
    ULONG Copied;

    NewFrame(Fails, &Frame);
    Good = NdisCopyFromNetBufferToNetBuffer(Frame.Buffer, 0, 10, Frame.Buffer, 0, &Copied) ==
           NDIS_STATUS_SUCCESS;
    FreeFrame(&Frame);
    return Good && Copied == 10;
}

static BOOLEAN TryNdisRetreatNetBufferDataStart(PFAILS Fails)
{
    BOOLEAN Good;
    FRAME Frame;

    NewFrame(Fails, &Frame);
    Good = NdisRetreatNetBufferDataStart(Frame.Buffer, 8, 0, NULL) == NDIS_STATUS_SUCCESS;
    if (Good)
        NdisAdvanceNetBufferDataStart(Frame.Buffer, 8, TRUE, NULL);
    FreeFrame(&Frame);
    return Good;
}

static BOOLEAN TryNdisRetreatNetBufferListDataStart(PFAILS Fails)
{
    BOOLEAN Good;
    FRAME Frame;

    NewFrame(Fails, &Frame);
    Good = NdisRetreatNetBufferListDataStart(Frame.List, 8, 0, NULL, NULL) == NDIS_STATUS_SUCCESS;
    if (Good)
        NdisAdvanceNetBufferListDataStart(Frame.List, 8, TRUE, NULL);
    FreeFrame(&Frame);
    return Good;
}

/* ---- DMA ---- */

static MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE AsyncComplete;
static VOID NTAPI AsyncComplete(NDIS_HANDLE MiniportAdapterContext, PVOID VirtualAddress,
                                PNDIS_PHYSICAL_ADDRESS PhysicalAddress, ULONG Length, PVOID Context)
{
    PFAILS Fails = MiniportAdapterContext;

    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(Context);
    Fails->AsyncVa = VirtualAddress;
    Fails->AsyncPa = *PhysicalAddress;
    NdisSetEvent(&Fails->Event);
}

/* Fails at once, or when it completes. */
static BOOLEAN TryNdisMAllocateSharedMemoryAsync(PFAILS Fails)
{
    NdisInitializeEvent(&Fails->Event);
    if (NdisMAllocateSharedMemoryAsyncEx(Fails->Dma, 1000, TRUE, NULL) != NDIS_STATUS_PENDING)
        return FALSE;
    NdisWaitEvent(&Fails->Event, 0);
    if (Fails->AsyncVa == NULL)
        return FALSE;
    NdisMFreeSharedMemory(Fails->Handle, 1000, TRUE, Fails->AsyncVa, Fails->AsyncPa);
    return TRUE;
}

static BOOLEAN TryNdisAllocateSharedMemory(PFAILS Fails)
{
    NDIS_SHARED_MEMORY_PARAMETERS Parameters;
    SCATTER_GATHER_LIST *List = (SCATTER_GATHER_LIST *)(PVOID)Memory;
    NDIS_HANDLE Handle;

    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Header.Type = NDIS_OBJECT_TYPE_SHARED_MEMORY_PROVIDER_CHARACTERISTICS;
    Parameters.Length = 1000;
    Parameters.SGListBuffer = List;
    Parameters.SGListBufferLength = sizeof(Memory);
    if (NdisAllocateSharedMemory(Fails->Handle, &Parameters, &Handle) != NDIS_STATUS_SUCCESS)
        return FALSE;
    NdisFreeSharedMemory(Fails->Handle, Handle);
    return TRUE;
}

/* The list of the latest NdisMAllocateNetBufferSGList or NdisBuildScatterGatherList; each waits for it. */
static PSCATTER_GATHER_LIST volatile Mapped;

static MINIPORT_PROCESS_SG_LIST ProcessSgList;
static VOID NTAPI ProcessSgList(PDEVICE_OBJECT DeviceObject, PVOID Reserved,
                                PSCATTER_GATHER_LIST ScatterGatherList, PVOID Context)
{
    PFAILS Fails = Context;

    UNREFERENCED_PARAMETER(DeviceObject);
    UNREFERENCED_PARAMETER(Reserved);
    Mapped = ScatterGatherList;
    NdisSetEvent(&Fails->Event);
}

static BOOLEAN TryNdisMAllocateNetBufferSGList(PFAILS Fails)
{
    NDIS_STATUS Status;
    FRAME Frame;
    KIRQL Irql;

    NewFrame(Fails, &Frame);
    NdisInitializeEvent(&Fails->Event);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    Status = NdisMAllocateNetBufferSGList(Fails->Dma, Frame.Buffer, Fails, 0, NULL, 0);
    KeLowerIrql(Irql);
    if (Status == NDIS_STATUS_SUCCESS) {
        NdisWaitEvent(&Fails->Event, 0);
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        NdisMFreeNetBufferSGList(Fails->Dma, Mapped, Frame.Buffer);
        KeLowerIrql(Irql);
    }
    FreeFrame(&Frame);
    return Status == NDIS_STATUS_SUCCESS;
}

static BOOLEAN TryNdisBuildScatterGatherList(PFAILS Fails)
{
    NDIS_SCATTER_GATHER_LIST_PARAMETERS Parameters;
    NDIS_STATUS Status;
    FRAME Frame;
    KIRQL Irql;

    NewFrame(Fails, &Frame);
    NdisInitializeEvent(&Fails->Event);
    NdisZeroMemory(&Parameters, sizeof(Parameters));
    Parameters.Mdl = Frame.Mdl;
    Parameters.CurrentVa = MmGetMdlVirtualAddress(Frame.Mdl);
    Parameters.Length = sizeof(Memory);
    Parameters.ProcessSGListHandler = ProcessSgList;
    Parameters.Context = Fails;
    Parameters.ScatterGatherListBuffer = (PSCATTER_GATHER_LIST)(PVOID)Memory;
    Parameters.ScatterGatherListBufferSize = sizeof(Memory);
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    Status = NdisBuildScatterGatherList(Fails->Handle, &Parameters);
    if (Status == NDIS_STATUS_SUCCESS)
        NdisFreeScatterGatherList(Fails->Handle, Mapped, TRUE);
    KeLowerIrql(Irql);
    FreeFrame(&Frame);
    return Status == NDIS_STATUS_SUCCESS;
}

/* ---- All attempts ---- */

typedef struct _ATTEMPT {
    const char *Name;
    BOOLEAN (*Try)(PFAILS Fails);
} ATTEMPT;

#define ATTEMPT_OF(Name) \
    {                    \
#Name, Try##Name \
    }

static const ATTEMPT Attempts[] = {
#if defined(_X86_)
    ATTEMPT_OF(ExAllocateFromPagedLookasideList),
    ATTEMPT_OF(KeSaveFloatingPointState),
#endif
    ATTEMPT_OF(EtwRegister),
    ATTEMPT_OF(EtwRegisterClassicProvider),
    ATTEMPT_OF(ExAllocateCacheAwareRundownProtection),
    ATTEMPT_OF(ExAllocatePool),
    ATTEMPT_OF(ExAllocatePoolWithQuotaTag),
    ATTEMPT_OF(ExAllocatePoolWithTag),
    ATTEMPT_OF(ExAllocatePoolWithTagPriority),
    ATTEMPT_OF(ExCreateCallback),
    ATTEMPT_OF(ExRegisterCallback),
    ATTEMPT_OF(ExUuidCreate),
    ATTEMPT_OF(IoAllocateErrorLogEntry),
    ATTEMPT_OF(IoAllocateIrp),
    ATTEMPT_OF(IoAllocateMdl),
    ATTEMPT_OF(IoAllocateWorkItem),
    ATTEMPT_OF(IoBuildDeviceIoControlRequest),
    ATTEMPT_OF(IoConnectInterrupt),
    ATTEMPT_OF(IoConnectInterruptEx),
    ATTEMPT_OF(IoCreateDevice),
    ATTEMPT_OF(IoCreateSymbolicLink),
    ATTEMPT_OF(IoGetDeviceObjectPointer),
    ATTEMPT_OF(IoOpenDeviceRegistryKey),
    ATTEMPT_OF(IoSetCompletionRoutineEx),
    ATTEMPT_OF(IoWMIRegistrationControl),
    ATTEMPT_OF(MmAllocateContiguousMemory),
    ATTEMPT_OF(MmAllocateContiguousMemorySpecifyCache),
    ATTEMPT_OF(MmAllocatePagesForMdl),
    ATTEMPT_OF(MmAllocatePagesForMdlEx),
    ATTEMPT_OF(MmMapIoSpace),
    ATTEMPT_OF(MmMapLockedPagesSpecifyCache),
    ATTEMPT_OF(NdisAllocateCloneNetBufferList),
    ATTEMPT_OF(NdisAllocateGenericObject),
    ATTEMPT_OF(NdisAllocateIoWorkItem),
    ATTEMPT_OF(NdisAllocateMdl),
    ATTEMPT_OF(NdisAllocateMemory),
    ATTEMPT_OF(NdisAllocateMemoryWithTag),
    ATTEMPT_OF(NdisAllocateMemoryWithTagPriority),
    ATTEMPT_OF(NdisAllocateNetBuffer),
    ATTEMPT_OF(NdisAllocateNetBufferAndNetBufferList),
    ATTEMPT_OF(NdisAllocateNetBufferList),
    ATTEMPT_OF(NdisAllocateNetBufferListContext),
    ATTEMPT_OF(NdisAllocateNetBufferListPool),
    ATTEMPT_OF(NdisAllocateNetBufferMdlAndData),
    ATTEMPT_OF(NdisAllocateNetBufferPool),
    ATTEMPT_OF(NdisAllocateRWLock),
    ATTEMPT_OF(NdisAllocateSharedMemory),
    ATTEMPT_OF(NdisAllocateTimerObject),
    ATTEMPT_OF(NdisBuildScatterGatherList),
    ATTEMPT_OF(NdisCopyFromNetBufferToNetBuffer),
    ATTEMPT_OF(NdisGetDataBuffer),
    ATTEMPT_OF(NdisIfAllocateNetLuidIndex),
    ATTEMPT_OF(NdisInitializeString),
    ATTEMPT_OF(NdisMAllocateNetBufferSGList),
    ATTEMPT_OF(NdisMAllocatePort),
    ATTEMPT_OF(NdisMAllocateSharedMemoryAsync),
    ATTEMPT_OF(NdisMGetBusData),
    ATTEMPT_OF(NdisMNetPnPEvent),
    ATTEMPT_OF(NdisMQueryAdapterInstanceName),
    ATTEMPT_OF(NdisMRemoveMiniport),
    ATTEMPT_OF(NdisMSetBusData),
    ATTEMPT_OF(NdisOpenConfigurationEx),
    ATTEMPT_OF(NdisOpenConfigurationKeyByIndex),
    ATTEMPT_OF(NdisOpenConfigurationKeyByName),
    ATTEMPT_OF(NdisReadConfiguration),
    ATTEMPT_OF(NdisReadNetworkAddress),
    ATTEMPT_OF(NdisRegisterDeviceEx),
    ATTEMPT_OF(NdisRetreatNetBufferDataStart),
    ATTEMPT_OF(NdisRetreatNetBufferListDataStart),
    ATTEMPT_OF(NdisWriteConfiguration),
    ATTEMPT_OF(NdisWriteEventLogEntry),
    ATTEMPT_OF(PsCreateSystemThread),
    ATTEMPT_OF(RtlAnsiStringToUnicodeString),
    ATTEMPT_OF(RtlQueryRegistryValues),
    ATTEMPT_OF(RtlStringFromGUID),
    ATTEMPT_OF(RtlUnicodeStringToAnsiString),
    ATTEMPT_OF(RtlUpcaseUnicodeString),
    ATTEMPT_OF(ZwCreateKey),
    ATTEMPT_OF(ZwOpenKey),
    ATTEMPT_OF(ZwOpenKeyEx),
    ATTEMPT_OF(ZwSetValueKey),
};

static NDIS_STATUS Attempt(PFAILS Fails, const char *Name, ULONG Length)
{
    ULONG i, n;

    for (i = 0; i < sizeof(Attempts) / sizeof(Attempts[0]); i++) {
        for (n = 0; n < Length && Attempts[i].Name[n] == Name[n]; n++)
            ;
        if (n == Length && Attempts[i].Name[n] == 0)
            return Attempts[i].Try(Fails) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
    }
    return NDIS_STATUS_INVALID_DATA;
}

/* ---- OIDs ---- */

static NDIS_OID Oids[] = {OID_GEN_STATISTICS, OID_GEN_CURRENT_PACKET_FILTER, FAILS_OID};

/* From a work item: NDIS forbids some of the calls inside MiniportOidRequest. */
static NDIS_IO_WORKITEM_FUNCTION Work;
static VOID NTAPI Work(PVOID WorkItemContext, NDIS_HANDLE NdisIoWorkItemHandle)
{
    PFAILS Fails = WorkItemContext;
    PNDIS_OID_REQUEST Request = Fails->Request;
    NDIS_STATUS Status;

    UNREFERENCED_PARAMETER(NdisIoWorkItemHandle);
    Status = Attempt(Fails, Request->DATA.SET_INFORMATION.InformationBuffer,
                     Request->DATA.SET_INFORMATION.InformationBufferLength);
    NdisMOidRequestComplete(Fails->Handle, Request, Status);
}

static MINIPORT_OID_REQUEST OidRequest;
static NDIS_STATUS NTAPI OidRequest(NDIS_HANDLE MiniportAdapterContext,
                                    PNDIS_OID_REQUEST OidRequest)
{
    PFAILS Fails = MiniportAdapterContext;

    if (OidRequest->RequestType != NdisRequestSetInformation)
        return NDIS_STATUS_NOT_SUPPORTED;
    if (OidRequest->DATA.SET_INFORMATION.Oid != FAILS_OID)
        return NDIS_STATUS_SUCCESS;
    Fails->Request = OidRequest;
    NdisQueueIoWorkItem(Fails->WorkItem, Work, Fails);
    return NDIS_STATUS_PENDING;
}

static MINIPORT_CANCEL_OID_REQUEST CancelOid;
static VOID NTAPI CancelOid(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RequestId);
}

/* ---- The way of frames, on which nothing happens ---- */

static MINIPORT_SEND_NET_BUFFER_LISTS Send;
static VOID NTAPI Send(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                       NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    PFAILS Fails = MiniportAdapterContext;
    PNET_BUFFER_LIST List;

    UNREFERENCED_PARAMETER(PortNumber);
    for (List = NetBufferLists; List != NULL; List = NET_BUFFER_LIST_NEXT_NBL(List))
        NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
    NdisMSendNetBufferListsComplete(
        Fails->Handle, NetBufferLists,
        NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags) ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
}

static MINIPORT_RETURN_NET_BUFFER_LISTS Return;
static VOID NTAPI Return(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                         ULONG ReturnFlags)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(NetBufferLists);
    UNREFERENCED_PARAMETER(ReturnFlags);
}

static MINIPORT_CANCEL_SEND CancelSend;
static VOID NTAPI CancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(CancelId);
}

static MINIPORT_PAUSE Pause;
static NDIS_STATUS NTAPI Pause(NDIS_HANDLE MiniportAdapterContext,
                               PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(PauseParameters);
    return NDIS_STATUS_SUCCESS;
}

static MINIPORT_RESTART Restart;
static NDIS_STATUS NTAPI Restart(NDIS_HANDLE MiniportAdapterContext,
                                 PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RestartParameters);
    return NDIS_STATUS_SUCCESS;
}

/* ---- Initialize and Halt ---- */

static MINIPORT_ISR Isr;
static BOOLEAN NTAPI Isr(NDIS_HANDLE MiniportInterruptContext, PBOOLEAN QueueDefaultInterruptDpc,
                         PULONG TargetProcessors)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    *QueueDefaultInterruptDpc = FALSE;
    *TargetProcessors = 0;
    return FALSE;
}

static MINIPORT_INTERRUPT_DPC Dpc;
static VOID NTAPI Dpc(NDIS_HANDLE MiniportInterruptContext, PVOID MiniportDpcContext,
                      PVOID ReceiveThrottleParameters, PVOID NdisReserved2)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(MiniportDpcContext);
    UNREFERENCED_PARAMETER(ReceiveThrottleParameters);
    UNREFERENCED_PARAMETER(NdisReserved2);
}

static MINIPORT_DISABLE_INTERRUPT Enable;
static VOID NTAPI Enable(NDIS_HANDLE MiniportInterruptContext)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
}

static VOID Early(PFAILS Fails, const char *Name, BOOLEAN Good)
{
    if (Good)
        return;
    Told(Name);
    Fails->Early = TRUE;
}

static VOID MapEarly(PFAILS Fails, PNDIS_RESOURCE_LIST List)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR Bar = Find(List, CmResourceTypeMemory);
    NDIS_STATUS Status;
    PVOID Va;

    if (Bar != NULL) {
        Status = NdisMMapIoSpace(&Va, Fails->Handle, Bar->u.Memory.Start, 16);
        Early(Fails, "NdisMMapIoSpace", Status == NDIS_STATUS_SUCCESS);
        if (Status == NDIS_STATUS_SUCCESS)
            NdisMUnmapIoSpace(Fails->Handle, Va, 16);
    }
    Bar = Find(List, CmResourceTypePort);
    if (Bar != NULL) {
        ULONG Port = (ULONG)Bar->u.Port.Start.QuadPart;

        Status = NdisMRegisterIoPortRange(&Va, Fails->Handle, Port, Bar->u.Port.Length);
        Early(Fails, "NdisMRegisterIoPortRange", Status == NDIS_STATUS_SUCCESS);
        if (Status == NDIS_STATUS_SUCCESS)
            NdisMDeregisterIoPortRange(Fails->Handle, Port, Bar->u.Port.Length, Va);
    }
}

static VOID RegisterEarly(PFAILS Fails)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Interrupt;
    NDIS_SG_DMA_DESCRIPTION Dma;
    NDIS_PHYSICAL_ADDRESS Pa;
    PVOID Va = NULL;

    FormDma(&Dma, 2048, ProcessSgList, AsyncComplete);
    Early(Fails, "NdisMRegisterScatterGatherDma",
          NdisMRegisterScatterGatherDma(Fails->Handle, &Dma, &Fails->Dma) == NDIS_STATUS_SUCCESS);
    if (Fails->Dma != NULL) {
        NdisMAllocateSharedMemory(Fails->Handle, 1000, TRUE, &Va, &Pa);
        Early(Fails, "NdisMAllocateSharedMemory", Va != NULL);
    }
    if (Va != NULL)
        NdisMFreeSharedMemory(Fails->Handle, 1000, TRUE, Va, Pa);
    FormInterrupt(&Interrupt, Isr, Dpc, Enable);
    Early(Fails, "NdisMRegisterInterruptEx",
          NdisMRegisterInterruptEx(Fails->Handle, Fails, &Interrupt, &Fails->Interrupt) ==
              NDIS_STATUS_SUCCESS);
}

static NDIS_STATUS GeneralEarly(PFAILS Fails)
{
    static const UCHAR Mac[6] = {0x02, 0x46, 0x41, 0x49, 0x4C, 0x01};
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES General;
    NDIS_PM_CAPABILITIES Pm;

    FormGeneral(&General, &Pm, Mac, Oids, sizeof(Oids));
    General.SupportedStatistics = NDIS_STATISTICS_GEN_STATISTICS_SUPPORTED;
    return NdisMSetMiniportAttributes(Fails->Handle, (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&General);
}

static VOID Free(PFAILS Fails)
{
    if (Fails->Interrupt != NULL)
        NdisMDeregisterInterruptEx(Fails->Interrupt);
    if (Fails->Dma != NULL)
        NdisMDeregisterScatterGatherDma(Fails->Dma);
    if (Fails->WorkItem != NULL)
        NdisFreeIoWorkItem(Fails->WorkItem);
    NdisFreeMemory(Fails, 0, 0);
}

static MINIPORT_INITIALIZE Initialize;
static NDIS_STATUS NTAPI Initialize(NDIS_HANDLE NdisMiniportHandle,
                                    NDIS_HANDLE MiniportDriverContext,
                                    PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Registration;
    PFAILS Fails = NdisAllocateMemoryWithTagPriority(NdisMiniportHandle, sizeof(*Fails), FAILS_TAG,
                                                     NormalPoolPriority);

    UNREFERENCED_PARAMETER(MiniportDriverContext);
    if (Fails == NULL)
        return NDIS_STATUS_RESOURCES;
    NdisZeroMemory(Fails, sizeof(*Fails));
    Fails->Handle = NdisMiniportHandle;
    FormRegistration(&Registration, Fails);
    Early(Fails, "NdisMSetMiniportAttributes",
          NdisMSetMiniportAttributes(NdisMiniportHandle,
                                     (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Registration) ==
              NDIS_STATUS_SUCCESS);
    if (!Fails->Early) {
        MapEarly(Fails, MiniportInitParameters->AllocatedResources);
        RegisterEarly(Fails);
        Fails->WorkItem = NdisAllocateIoWorkItem(NdisMiniportHandle);
    }
    if (Fails->Early || Fails->WorkItem == NULL || GeneralEarly(Fails) != NDIS_STATUS_SUCCESS) {
        NdisWriteErrorLogEntry(NdisMiniportHandle, NDIS_ERROR_CODE_OUT_OF_RESOURCES, 0);
        Free(Fails);
        return NDIS_STATUS_RESOURCES;
    }
    return NDIS_STATUS_SUCCESS;
}

static MINIPORT_HALT Halt;
static VOID NTAPI Halt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    UNREFERENCED_PARAMETER(HaltAction);
    Free(MiniportAdapterContext);
}

static MINIPORT_UNLOAD Unload;
static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    NdisMDeregisterMiniportDriver(DriverHandle);
}

static MINIPORT_DEVICE_PNP_EVENT_NOTIFY PnpEvent;
static VOID NTAPI PnpEvent(NDIS_HANDLE MiniportAdapterContext,
                           PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(NetDevicePnPEvent);
}

static MINIPORT_SHUTDOWN Shutdown;
static VOID NTAPI Shutdown(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(ShutdownAction);
}

static MINIPORT_ADD_DEVICE AddDevice;
static NDIS_STATUS NTAPI AddDevice(NDIS_HANDLE NdisMiniportHandle,
                                   NDIS_HANDLE MiniportDriverContext)
{
    UNREFERENCED_PARAMETER(NdisMiniportHandle);
    UNREFERENCED_PARAMETER(MiniportDriverContext);
    return NDIS_STATUS_SUCCESS;
}

static MINIPORT_REMOVE_DEVICE RemoveDevice;
static VOID NTAPI RemoveDevice(NDIS_HANDLE MiniportAddDeviceContext)
{
    UNREFERENCED_PARAMETER(MiniportAddDeviceContext);
}

static SET_OPTIONS SetOptions;
static NDIS_STATUS NTAPI SetOptions(NDIS_HANDLE NdisDriverHandle, NDIS_HANDLE DriverContext)
{
    NDIS_MINIPORT_PNP_CHARACTERISTICS Pnp;
    NDIS_STATUS Status;

    UNREFERENCED_PARAMETER(DriverContext);
    NdisZeroMemory(&Pnp, sizeof(Pnp));
    Pnp.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS;
    Pnp.Header.Revision = NDIS_MINIPORT_PNP_CHARACTERISTICS_REVISION_1;
    Pnp.Header.Size = NDIS_SIZEOF_MINIPORT_PNP_CHARACTERISTICS_REVISION_1;
    Pnp.MiniportAddDeviceHandler = AddDevice;
    Pnp.MiniportRemoveDeviceHandler = RemoveDevice;
    Status = NdisSetOptionalHandlers(NdisDriverHandle, (PNDIS_DRIVER_OPTIONAL_HANDLERS)&Pnp);
    if (Status != NDIS_STATUS_SUCCESS)
        Told("NdisSetOptionalHandlers");
    return Status;
}

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Driver;
    NDIS_STATUS Status;

    DriverOfFails = DriverObject;
    FormDriver(&Driver);
    Driver.SetOptionsHandler = SetOptions;
    Driver.InitializeHandlerEx = Initialize;
    Driver.HaltHandlerEx = Halt;
    Driver.UnloadHandler = Unload;
    Driver.PauseHandler = Pause;
    Driver.RestartHandler = Restart;
    Driver.OidRequestHandler = OidRequest;
    Driver.CancelOidRequestHandler = CancelOid;
    Driver.SendNetBufferListsHandler = Send;
    Driver.ReturnNetBufferListsHandler = Return;
    Driver.CancelSendHandler = CancelSend;
    Driver.DevicePnPEventNotifyHandler = PnpEvent;
    Driver.ShutdownHandlerEx = Shutdown;
    Status = NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Driver, &DriverHandle);
    if (Status != NDIS_STATUS_SUCCESS)
        Told("NdisMRegisterMiniportDriver");
    return Status;
}
