/* SPDX-License-Identifier: MIT */
/* The correct miniport that the faulty ones differ from; see miniport.h. */
#include "miniport.h"

#include "miniport_forms.h"

ADAPTER Adapter;
NDIS_HANDLE Driver;
PDRIVER_OBJECT DriverObject;
static HOOKS Hooks;

/* ---- What the hooks can use ---- */

VOID Complete(PNET_BUFFER_LIST List, NDIS_STATUS Status, ULONG CompleteFlags)
{
    NET_BUFFER_LIST_STATUS(List) = Status;
    NdisMSendNetBufferListsComplete(Adapter.Handle, List, CompleteFlags);
}

VOID Indicate(ULONG ReceiveFlags)
{
    PNET_BUFFER_LIST List = Adapter.Receive;

    NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
    NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_SUCCESS;
    List->SourceHandle = Adapter.Handle;
    if (!(ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES))
        InterlockedIncrement(&Adapter.Indicated);
    NdisMIndicateReceiveNetBufferLists(Adapter.Handle, List, 0, 1, ReceiveFlags);
}

NDIS_STATUS Map(PNET_BUFFER NetBuffer)
{
    NDIS_STATUS Status;
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    Status = NdisMAllocateNetBufferSGList(Adapter.Dma, NetBuffer, NetBuffer,
                                          NDIS_SG_LIST_WRITE_TO_DEVICE, NULL, 0);
    KeLowerIrql(Irql);
    return Status;
}

VOID Unmap(PNET_BUFFER NetBuffer, PSCATTER_GATHER_LIST Sg)
{
    KIRQL Irql;

    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    NdisMFreeNetBufferSGList(Adapter.Dma, Sg, NetBuffer);
    KeLowerIrql(Irql);
}

VOID SetTimer(LONG Milliseconds)
{
    LARGE_INTEGER Due;

    Due.QuadPart = (LONGLONG)Milliseconds * -10000;
    NdisSetTimerObject(Adapter.Timer, Due, 0, NULL);
}

static NDIS_IO_WORKITEM_FUNCTION WorkRoutine;
static VOID NTAPI WorkRoutine(PVOID WorkItemContext, NDIS_HANDLE NdisIoWorkItemHandle)
{
    UNREFERENCED_PARAMETER(WorkItemContext);
    UNREFERENCED_PARAMETER(NdisIoWorkItemHandle);
    Hooks.Work();
}

VOID QueueWork(VOID)
{
    NdisQueueIoWorkItem(Adapter.WorkItem, WorkRoutine, NULL);
}

VOID QueueDpc(PVOID Context)
{
    GROUP_AFFINITY Affinity;

    NdisZeroMemory(&Affinity, sizeof(Affinity));
    Affinity.Mask = 1;
    NdisMQueueDpcEx(Adapter.Interrupt, 0, &Affinity, Context);
}

static MINIPORT_SYNCHRONIZE_INTERRUPT Synchronized;
static BOOLEAN NTAPI Synchronized(NDIS_HANDLE SynchronizeContext)
{
    UNREFERENCED_PARAMETER(SynchronizeContext);
    Hooks.DeviceIrql();
    return TRUE;
}

VOID AtDeviceIrql(VOID)
{
    NdisMSynchronizeWithInterruptEx(Adapter.Interrupt, 0, Synchronized, NULL);
}

VOID WaitMilliseconds(ULONG Milliseconds)
{
    NdisMSleep(1000 * Milliseconds);
}

NDIS_STATUS Answer(PNDIS_OID_REQUEST Request, const VOID *Data, ULONG Length)
{
    if (Request->DATA.QUERY_INFORMATION.InformationBufferLength < Length) {
        Request->DATA.QUERY_INFORMATION.BytesNeeded = Length;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    NdisMoveMemory(Request->DATA.QUERY_INFORMATION.InformationBuffer, Data, Length);
    Request->DATA.QUERY_INFORMATION.BytesWritten = Length;
    return NDIS_STATUS_SUCCESS;
}

VOID IndicateLink(NDIS_HANDLE Handle)
{
    NDIS_STATUS_INDICATION Indication;
    NDIS_LINK_STATE State;

    NdisZeroMemory(&State, sizeof(State));
    State.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    State.Header.Revision = NDIS_LINK_STATE_REVISION_1;
    State.Header.Size = NDIS_SIZEOF_LINK_STATE_REVISION_1;
    State.MediaConnectState = MediaConnectStateConnected;
    State.MediaDuplexState = MediaDuplexStateFull;
    State.XmitLinkSpeed = State.RcvLinkSpeed = 1000000000;
    FormIndication(&Indication, Handle, NDIS_STATUS_LINK_STATE, &State, sizeof(State));
    NdisMIndicateStatusEx(Handle, &Indication);
}

PCM_PARTIAL_RESOURCE_DESCRIPTOR FindResource(UCHAR Type)
{
    ULONG i;

    for (i = 0; i < Adapter.Resources->Count; i++)
        if (Adapter.Resources->PartialDescriptors[i].Type == Type)
            return &Adapter.Resources->PartialDescriptors[i];
    return NULL;
}

NDIS_STATUS OpenConfiguration(PNDIS_HANDLE Configuration)
{
    NDIS_CONFIGURATION_OBJECT Object;

    FormConfiguration(&Object, Adapter.Handle);
    return NdisOpenConfigurationEx(&Object, Configuration);
}

/* ---- Interrupts ---- */

static MINIPORT_ISR Isr;
static BOOLEAN NTAPI Isr(NDIS_HANDLE MiniportInterruptContext, PBOOLEAN QueueDefaultInterruptDpc,
                         PULONG TargetProcessors)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    *QueueDefaultInterruptDpc = FALSE;
    *TargetProcessors = 0;
    return Hooks.Isr(QueueDefaultInterruptDpc);
}

static MINIPORT_INTERRUPT_DPC Dpc;
static VOID NTAPI Dpc(NDIS_HANDLE MiniportInterruptContext, PVOID MiniportDpcContext,
                      PVOID ReceiveThrottleParameters, PVOID NdisReserved2)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    UNREFERENCED_PARAMETER(NdisReserved2);
    Hooks.Dpc(MiniportDpcContext, ReceiveThrottleParameters);
}

static MINIPORT_DISABLE_INTERRUPT EnableInterrupt;
static VOID NTAPI EnableInterrupt(NDIS_HANDLE MiniportInterruptContext)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
}

NDIS_STATUS RegisterInterrupt(PNDIS_HANDLE Interrupt)
{
    FormInterrupt(&Adapter.Granted, Isr, Dpc, EnableInterrupt);
    Hooks.Interrupt(&Adapter.Granted);
    return NdisMRegisterInterruptEx(Adapter.Handle, &Adapter, &Adapter.Granted, Interrupt);
}

/* ---- DMA ---- */

static MINIPORT_PROCESS_SG_LIST ProcessSgList;
static VOID NTAPI ProcessSgList(PDEVICE_OBJECT pDO, PVOID Reserved, PSCATTER_GATHER_LIST pSGL,
                                PVOID Context)
{
    UNREFERENCED_PARAMETER(pDO);
    UNREFERENCED_PARAMETER(Reserved);
    Hooks.SgList(Context, pSGL);
}

static MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE SharedMemoryComplete;
static VOID NTAPI SharedMemoryComplete(NDIS_HANDLE MiniportAdapterContext, PVOID VirtualAddress,
                                       PNDIS_PHYSICAL_ADDRESS PhysicalAddress, ULONG Length,
                                       PVOID Context)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(Context);
    if (VirtualAddress != NULL)
        NdisMFreeSharedMemory(Adapter.Handle, Length, TRUE, VirtualAddress, *PhysicalAddress);
}

NDIS_STATUS RegisterDma(PNDIS_HANDLE Dma)
{
    NDIS_SG_DMA_DESCRIPTION Description;

    FormDma(&Description, FRAME_BYTES, ProcessSgList, SharedMemoryComplete);
    return NdisMRegisterScatterGatherDma(Adapter.Handle, &Description, Dma);
}

/* ---- Pools, timer, receive buffer ---- */

static NDIS_TIMER_FUNCTION TimerRoutine;
static VOID NTAPI TimerRoutine(PVOID SystemSpecific1, PVOID FunctionContext, PVOID SystemSpecific2,
                               PVOID SystemSpecific3)
{
    UNREFERENCED_PARAMETER(SystemSpecific1);
    UNREFERENCED_PARAMETER(FunctionContext);
    UNREFERENCED_PARAMETER(SystemSpecific2);
    UNREFERENCED_PARAMETER(SystemSpecific3);
    Hooks.Timer();
}

NDIS_HANDLE AllocateTimer(VOID)
{
    NDIS_TIMER_CHARACTERISTICS Characteristics;
    NDIS_HANDLE Timer;

    FormTimer(&Characteristics, TAG, TimerRoutine, NULL);
    if (NdisAllocateTimerObject(Adapter.Handle, &Characteristics, &Timer) != NDIS_STATUS_SUCCESS)
        return NULL;
    return Timer;
}

static BOOLEAN AllocatePools(VOID)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Lists;
    NET_BUFFER_POOL_PARAMETERS Buffers;

    FormListPool(&Lists, TAG);
    Adapter.ListPool = NdisAllocateNetBufferListPool(Adapter.Handle, &Lists);
    FormBufferPool(&Buffers, TAG);
    Adapter.BufferPool = NdisAllocateNetBufferPool(Adapter.Handle, &Buffers);
    return Adapter.ListPool != NULL && Adapter.BufferPool != NULL;
}

static BOOLEAN AllocateReceive(VOID)
{
    PVOID Shared;

    NdisMAllocateSharedMemory(Adapter.Handle, SHARED_BYTES, TRUE, &Shared, &Adapter.SharedPa);
    Adapter.Shared = Shared;
    if (Shared == NULL)
        return FALSE;
    NdisFillMemory(Adapter.Shared, 60, 0xFF);
    Adapter.Mdl = NdisAllocateMdl(Adapter.Handle, Adapter.Shared, FRAME_BYTES);
    if (Adapter.Mdl == NULL)
        return FALSE;
    Adapter.Receive =
        NdisAllocateNetBufferAndNetBufferList(Adapter.ListPool, 0, 0, Adapter.Mdl, 0, 60);
    return Adapter.Receive != NULL;
}

static NDIS_STATUS Acquire(VOID)
{
    NDIS_STATUS Status;

    Adapter.Memory =
        NdisAllocateMemoryWithTagPriority(Adapter.Handle, MEMORY_BYTES, TAG, NormalPoolPriority);
    if (Adapter.Memory == NULL || !AllocatePools())
        return NDIS_STATUS_RESOURCES;
    Adapter.Timer = AllocateTimer();
    Adapter.WorkItem = NdisAllocateIoWorkItem(Adapter.Handle);
    if (Adapter.Timer == NULL || Adapter.WorkItem == NULL)
        return NDIS_STATUS_RESOURCES;
    if (Adapter.Resources == NULL)
        return NDIS_STATUS_SUCCESS; /* --bus virtual: there is no hardware to claim */
    Status = RegisterDma(&Adapter.Dma);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    if (!AllocateReceive())
        return NDIS_STATUS_RESOURCES;
    return RegisterInterrupt(&Adapter.Interrupt);
}

/* In reverse order, what is not NULL. */
static VOID Release(VOID)
{
    if (Adapter.Interrupt != NULL)
        NdisMDeregisterInterruptEx(Adapter.Interrupt);
    if (Adapter.Receive != NULL)
        NdisFreeNetBufferList(Adapter.Receive);
    if (Adapter.Mdl != NULL)
        NdisFreeMdl(Adapter.Mdl);
    if (Adapter.Shared != NULL)
        NdisMFreeSharedMemory(Adapter.Handle, SHARED_BYTES, TRUE, Adapter.Shared, Adapter.SharedPa);
    if (Adapter.Dma != NULL)
        NdisMDeregisterScatterGatherDma(Adapter.Dma);
    if (Adapter.WorkItem != NULL)
        NdisFreeIoWorkItem(Adapter.WorkItem);
    if (Adapter.Timer != NULL)
        NdisFreeTimerObject(Adapter.Timer);
    if (Adapter.BufferPool != NULL)
        NdisFreeNetBufferPool(Adapter.BufferPool);
    if (Adapter.ListPool != NULL)
        NdisFreeNetBufferListPool(Adapter.ListPool);
    if (Adapter.Memory != NULL)
        NdisFreeMemoryWithTagPriority(Adapter.Handle, Adapter.Memory, TAG);
    NdisFreeSpinLock(&Adapter.Lock);
}

/* ---- Attributes ---- */

NDIS_STATUS SetRegistration(VOID)
{
    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Attributes;

    FormRegistration(&Attributes, &Adapter);
    if (Adapter.Resources == NULL) {
        Attributes.AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND;
        Attributes.InterfaceType = NdisInterfaceInternal;
    }
    Hooks.Registration(&Attributes);
    return NdisMSetMiniportAttributes(Adapter.Handle,
                                      (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
}

NDIS_STATUS SetGeneral(VOID)
{
    static const UCHAR Mac[6] = {0x02, 0x52, 0x75, 0x6C, 0x65, 0x01};
    static NDIS_OID Oids[] = {OID_GEN_VENDOR_ID, OID_GEN_CURRENT_PACKET_FILTER,
                              OID_GEN_CURRENT_LOOKAHEAD, OID_802_3_MULTICAST_LIST};
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes;
    NDIS_PM_CAPABILITIES Pm;

    FormGeneral(&Attributes, &Pm, Mac, Oids, sizeof(Oids));
    Hooks.General(&Attributes);
    return NdisMSetMiniportAttributes(Adapter.Handle,
                                      (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
}

/* ---- Life ---- */

static MINIPORT_INITIALIZE MiniportInitialize;
static NDIS_STATUS NTAPI MiniportInitialize(NDIS_HANDLE NdisMiniportHandle,
                                            NDIS_HANDLE MiniportDriverContext,
                                            PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    NDIS_STATUS Status;

    UNREFERENCED_PARAMETER(MiniportDriverContext);
    NdisZeroMemory(&Adapter, sizeof(Adapter));
    Adapter.Handle = NdisMiniportHandle;
    Adapter.Resources = MiniportInitParameters->AllocatedResources;
    NdisAllocateSpinLock(&Adapter.Lock);
    Hooks.Early();
    Status = SetRegistration();
    if (Status == NDIS_STATUS_SUCCESS)
        Status = Acquire();
    if (Status == NDIS_STATUS_SUCCESS)
        Status = SetGeneral();
    if (Status == NDIS_STATUS_SUCCESS)
        Status = Hooks.Initialize();
    if (Status != NDIS_STATUS_SUCCESS)
        Release();
    return Status;
}

VOID NTAPI MiniportHalt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(HaltAction);
    Hooks.Halt();
    Release();
    Hooks.Halted();
}

NDIS_STATUS NTAPI MiniportRestart(NDIS_HANDLE MiniportAdapterContext,
                                  PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RestartParameters);
    NdisAcquireSpinLock(&Adapter.Lock);
    Adapter.Running = TRUE;
    NdisReleaseSpinLock(&Adapter.Lock);
    return Hooks.Restart();
}

NDIS_STATUS NTAPI MiniportPause(NDIS_HANDLE MiniportAdapterContext,
                                PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(PauseParameters);
    return Hooks.Pause();
}

/* Pending while the receive list is out. */
static NDIS_STATUS DefaultPause(VOID)
{
    NDIS_STATUS Status = NDIS_STATUS_SUCCESS;

    NdisAcquireSpinLock(&Adapter.Lock);
    Adapter.Running = FALSE;
    if (Adapter.Indicated != 0) {
        Adapter.PausePending = TRUE;
        Status = NDIS_STATUS_PENDING;
    }
    NdisReleaseSpinLock(&Adapter.Lock);
    return Status;
}

static MINIPORT_DEVICE_PNP_EVENT_NOTIFY MiniportPnpEvent;
static VOID NTAPI MiniportPnpEvent(NDIS_HANDLE MiniportAdapterContext,
                                   PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(NetDevicePnPEvent);
}

VOID NTAPI MiniportShutdown(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(ShutdownAction);
}

static MINIPORT_CHECK_FOR_HANG MiniportCheckForHang;
static BOOLEAN NTAPI MiniportCheckForHang(NDIS_HANDLE MiniportAdapterContext)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    return FALSE;
}

static MINIPORT_RESET MiniportReset;
static NDIS_STATUS NTAPI MiniportReset(NDIS_HANDLE MiniportAdapterContext, PBOOLEAN AddressingReset)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    *AddressingReset = FALSE;
    return Hooks.Reset(AddressingReset);
}

/* ---- Frames ---- */

VOID NTAPI MiniportSend(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
                        NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    ULONG Flags =
        NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags) ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0;
    PNET_BUFFER_LIST List, Next;

    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(PortNumber);
    for (List = NetBufferList; List != NULL; List = Next) {
        Next = NET_BUFFER_LIST_NEXT_NBL(List);
        NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
        if (Adapter.Running)
            Hooks.Send(List, Flags);
        else
            Complete(List, NDIS_STATUS_PAUSED, Flags);
    }
}

/* There is no wire. */
static VOID DefaultSend(PNET_BUFFER_LIST List, ULONG CompleteFlags)
{
    Complete(List, NDIS_STATUS_FAILURE, CompleteFlags);
}

VOID NTAPI MiniportReturn(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                          ULONG ReturnFlags)
{
    BOOLEAN Paused;

    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(NetBufferLists);
    UNREFERENCED_PARAMETER(ReturnFlags);
    NdisAcquireSpinLock(&Adapter.Lock);
    Paused = InterlockedDecrement(&Adapter.Indicated) == 0 && Adapter.PausePending;
    if (Paused)
        Adapter.PausePending = FALSE;
    NdisReleaseSpinLock(&Adapter.Lock);
    if (Paused)
        NdisMPauseComplete(Adapter.Handle);
}

static MINIPORT_CANCEL_SEND MiniportCancelSend;
static VOID NTAPI MiniportCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(CancelId);
}

/* ---- OIDs ---- */

static NDIS_STATUS DefaultOid(PNDIS_OID_REQUEST Request)
{
    ULONG VendorId = 0x00FFFFFF;

    return Answer(Request, &VendorId, sizeof(VendorId));
}

NDIS_STATUS NTAPI MiniportOid(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    if (OidRequest->RequestType == NdisRequestQueryInformation &&
        OidRequest->DATA.QUERY_INFORMATION.Oid == OID_GEN_VENDOR_ID)
        return Hooks.Oid(OidRequest);
    if (OidRequest->DATA.QUERY_INFORMATION.Oid == OID_PNP_QUERY_POWER)
        return NDIS_STATUS_SUCCESS; /* always */
    if (OidRequest->RequestType != NdisRequestSetInformation)
        return NDIS_STATUS_NOT_SUPPORTED;
    switch (OidRequest->DATA.SET_INFORMATION.Oid) {
    case OID_GEN_CURRENT_PACKET_FILTER:
    case OID_GEN_CURRENT_LOOKAHEAD:
    case OID_802_3_MULTICAST_LIST:
    case OID_PNP_SET_POWER: /* there is no hardware to prepare for it */
        OidRequest->DATA.SET_INFORMATION.BytesRead =
            OidRequest->DATA.SET_INFORMATION.InformationBufferLength;
        return NDIS_STATUS_SUCCESS;
    }
    return NDIS_STATUS_NOT_SUPPORTED;
}

static MINIPORT_CANCEL_OID_REQUEST MiniportCancelOid;
static VOID NTAPI MiniportCancelOid(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RequestId);
}

/* ---- The driver ---- */

static VOID Nothing(VOID)
{
}

static NDIS_STATUS Success(VOID)
{
    return NDIS_STATUS_SUCCESS;
}

static VOID NoEntry(PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics)
{
    UNREFERENCED_PARAMETER(Characteristics);
}

static VOID NoRegistration(PNDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Attributes)
{
    UNREFERENCED_PARAMETER(Attributes);
}

static VOID NoGeneral(PNDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes)
{
    UNREFERENCED_PARAMETER(Attributes);
}

static VOID NoDpc(PVOID Context, PNDIS_RECEIVE_THROTTLE_PARAMETERS Throttle)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Throttle);
}

static VOID KeepSgList(PNET_BUFFER NetBuffer, PSCATTER_GATHER_LIST Sg)
{
    UNREFERENCED_PARAMETER(NetBuffer);
    Adapter.Sg = Sg;
}

static VOID Line(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics)
{
    UNREFERENCED_PARAMETER(Characteristics);
}

static BOOLEAN NotMine(PBOOLEAN QueueDefaultDpc)
{
    UNREFERENCED_PARAMETER(QueueDefaultDpc);
    return FALSE;
}

/* In the order of the members. */
static HOOKS Hooks = {
    NoEntry,     Nothing,      Nothing, NoRegistration, NoGeneral,  Success, DefaultOid, Success,
    DefaultSend, DefaultPause, Nothing, Nothing,        Nothing, /* Unload */
    Nothing,     Nothing,      NoDpc,   Nothing,        KeepSgList, NotMine, Line,       NULL,
};

VOID NTAPI MiniportUnload(PDRIVER_OBJECT Object)
{
    UNREFERENCED_PARAMETER(Object);
    Hooks.Unload();
    NdisMDeregisterMiniportDriver(Driver);
}

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT Object, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics;
    NDIS_STATUS Status;

    DriverObject = Object;
    Break(&Hooks);
    FormDriver(&Characteristics);
    Characteristics.InitializeHandlerEx = MiniportInitialize;
    Characteristics.HaltHandlerEx = MiniportHalt;
    Characteristics.UnloadHandler = MiniportUnload;
    Characteristics.PauseHandler = MiniportPause;
    Characteristics.RestartHandler = MiniportRestart;
    Characteristics.OidRequestHandler = MiniportOid;
    Characteristics.CancelOidRequestHandler = MiniportCancelOid;
    Characteristics.SendNetBufferListsHandler = MiniportSend;
    Characteristics.CancelSendHandler = MiniportCancelSend;
    Characteristics.ReturnNetBufferListsHandler = MiniportReturn;
    Characteristics.DevicePnPEventNotifyHandler = MiniportPnpEvent;
    Characteristics.ShutdownHandlerEx = MiniportShutdown;
    if (Hooks.Reset != NULL) {
        Characteristics.CheckForHangHandlerEx = MiniportCheckForHang;
        Characteristics.ResetHandlerEx = MiniportReset;
    }
    Hooks.Entry(&Characteristics);
    Status = NdisMRegisterMiniportDriver(Object, RegistryPath, &Driver, &Characteristics, &Driver);
    if (Status == NDIS_STATUS_SUCCESS)
        Hooks.Registered();
    return Status;
}
