/* SPDX-License-Identifier: MIT */
/* The life of the test miniport: registration, Initialize, Halt. */
#include "loop.h"

#include "miniport_forms.h"

static NDIS_HANDLE DriverHandle;
static PVOID Leaked;

VOID LoopMistake(PLOOP_ADAPTER Adapter, const char *File, ULONG Line, ULONG_PTR Value)
{
    Adapter->Mistakes++;
    DbgPrintEx(DPFLTR_IHVNETWORK_ID, DPFLTR_ERROR_LEVEL, "loop: mistake: %s:%u (0x%p)\n", File,
               Line, (PVOID)Value);
    NdisWriteErrorLogEntry(Adapter->Handle, LOOP_ERROR, 2, Line, (ULONG)Value);
}

/* ---- Interrupts: none comes, but DPCs are queued on them ---- */

static MINIPORT_ISR LoopIsr;
static BOOLEAN NTAPI LoopIsr(NDIS_HANDLE MiniportInterruptContext,
                             PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
    *QueueDefaultInterruptDpc = FALSE;
    *TargetProcessors = 0;
    return FALSE;
}

static MINIPORT_DISABLE_INTERRUPT LoopEnableInterrupt;
static VOID NTAPI LoopEnableInterrupt(NDIS_HANDLE MiniportInterruptContext)
{
    UNREFERENCED_PARAMETER(MiniportInterruptContext);
}

static NDIS_STATUS RegisterInterrupt(PLOOP_ADAPTER Adapter)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics;
    NDIS_STATUS Status;

    FormInterrupt(&Characteristics, LoopIsr, LoopDpc, LoopEnableInterrupt);
    Status =
        NdisMRegisterInterruptEx(Adapter->Handle, Adapter, &Characteristics, &Adapter->Interrupt);
    if (Status == NDIS_STATUS_SUCCESS)
        CHECK(Adapter, Characteristics.InterruptType == NDIS_CONNECT_LINE_BASED,
              Characteristics.InterruptType);
    return Status;
}

/* ---- DMA ---- */

static MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE LoopSharedMemoryComplete;
static VOID NTAPI LoopSharedMemoryComplete(NDIS_HANDLE MiniportAdapterContext, PVOID VirtualAddress,
                                           PNDIS_PHYSICAL_ADDRESS PhysicalAddress, ULONG Length,
                                           PVOID Context)
{
    PLOOP_ADAPTER Adapter = MiniportAdapterContext;

    CHECK(Adapter, Context == &Adapter->AsyncVa && Length == 5000, Length);
    Adapter->AsyncVa = VirtualAddress;
    Adapter->AsyncPa = *PhysicalAddress;
    NdisSetEvent(&Adapter->Event);
}

static NDIS_STATUS RegisterDma(PLOOP_ADAPTER Adapter)
{
    NDIS_SG_DMA_DESCRIPTION Description;
    NDIS_STATUS Status;

    FormDma(&Description, LOOP_BUFFER_BYTES, LoopProcessSgList, LoopSharedMemoryComplete);
    Status = NdisMRegisterScatterGatherDma(Adapter->Handle, &Description, &Adapter->Dma);
    Adapter->SgSize = Description.ScatterGatherListSize;
    if (Status == NDIS_STATUS_SUCCESS)
        CHECK(Adapter, Adapter->SgSize >= sizeof(SCATTER_GATHER_LIST), Adapter->SgSize);
    return Status;
}

/* ---- Attributes ---- */

static NDIS_STATUS SetRegistration(PLOOP_ADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES Attributes;

    FormRegistration(&Attributes, Adapter);
    return NdisMSetMiniportAttributes(Adapter->Handle,
                                      (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
}

static NDIS_STATUS SetGeneral(PLOOP_ADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES Attributes;
    NDIS_PM_CAPABILITIES Pm;

    FormGeneral(&Attributes, &Pm, Adapter->Mac, LoopOids, LoopOidsLength);
    Attributes.SupportedStatistics = NDIS_STATISTICS_GEN_STATISTICS_SUPPORTED;
    return NdisMSetMiniportAttributes(Adapter->Handle,
                                      (PNDIS_MINIPORT_ADAPTER_ATTRIBUTES)&Attributes);
}

/* ---- Initialize and Halt ---- */

static ULONG ReadMode(NDIS_HANDLE Handle)
{
    NDIS_CONFIGURATION_OBJECT Object;
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_HANDLE Configuration;
    ULONG Mode = LOOP_GOOD;

    FormConfiguration(&Object, Handle);
    if (NdisOpenConfigurationEx(&Object, &Configuration) != NDIS_STATUS_SUCCESS)
        return LOOP_GOOD;
    Parameter = FormRead(Configuration, L"Mode", NdisParameterInteger);
    if (Parameter != NULL)
        Mode = Parameter->ParameterData.IntegerData;
    NdisCloseConfiguration(Configuration);
    return Mode;
}

static NDIS_STATUS AllocateObjects(PLOOP_ADAPTER Adapter)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Pool;
    NDIS_TIMER_CHARACTERISTICS Timer;

    FormListPool(&Pool, LOOP_TAG);
    Adapter->ListPool = NdisAllocateNetBufferListPool(Adapter->Handle, &Pool);
    FormTimer(&Timer, LOOP_TAG, LoopTimer, Adapter);
    if (NdisAllocateTimerObject(Adapter->Handle, &Timer, &Adapter->Timer) != NDIS_STATUS_SUCCESS)
        Adapter->Timer = NULL;
    Adapter->WorkItem = NdisAllocateIoWorkItem(Adapter->Handle);
    return Adapter->ListPool && Adapter->Timer && Adapter->WorkItem ? NDIS_STATUS_SUCCESS
                                                                    : NDIS_STATUS_RESOURCES;
}

/* In reverse order; each only if it was obtained. */
static VOID Free(PLOOP_ADAPTER Adapter)
{
    if (Adapter->Interrupt != NULL)
        NdisMDeregisterInterruptEx(Adapter->Interrupt);
    LoopFreeReceives(Adapter);
    if (Adapter->Shared != NULL)
        NdisMFreeSharedMemory(Adapter->Handle, Adapter->SharedLength, TRUE, Adapter->Shared,
                              Adapter->SharedPa);
    if (Adapter->Dma != NULL)
        NdisMDeregisterScatterGatherDma(Adapter->Dma);
    if (Adapter->WorkItem != NULL)
        NdisFreeIoWorkItem(Adapter->WorkItem);
    if (Adapter->Timer != NULL)
        NdisFreeTimerObject(Adapter->Timer);
    if (Adapter->ListPool != NULL)
        NdisFreeNetBufferListPool(Adapter->ListPool);
    NdisFreeSpinLock(&Adapter->Lock);
    NdisFreeMemoryWithTagPriority(Adapter->Handle, Adapter, LOOP_TAG);
}

static NDIS_STATUS Acquire(PLOOP_ADAPTER Adapter, PNDIS_MINIPORT_INIT_PARAMETERS Parameters)
{
    NDIS_STATUS Status = AllocateObjects(Adapter);

    if (Status == NDIS_STATUS_SUCCESS)
        Status = RegisterDma(Adapter);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    Adapter->SharedLength = LOOP_RECEIVES * LOOP_BUFFER_BYTES + 100;
    NdisMAllocateSharedMemory(Adapter->Handle, Adapter->SharedLength, TRUE, &Adapter->Shared,
                              &Adapter->SharedPa);
    if (Adapter->Shared == NULL || !LoopAllocateReceives(Adapter))
        return NDIS_STATUS_RESOURCES;
    if (Adapter->Mode == LOOP_GOOD)
        LoopCheckEarly(Adapter, Parameters);
    Status = RegisterInterrupt(Adapter);
    if (Status == NDIS_STATUS_SUCCESS && Adapter->Mode == LOOP_GOOD)
        LoopCheckLate(Adapter);
    return Status;
}

static MINIPORT_INITIALIZE LoopInitialize;
static NDIS_STATUS NTAPI LoopInitialize(NDIS_HANDLE NdisMiniportHandle,
                                        NDIS_HANDLE MiniportDriverContext,
                                        PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    static const UCHAR Mac[6] = {0x02, 0x4C, 0x4F, 0x4F, 0x50, 0x01};
    PLOOP_ADAPTER Adapter;
    NDIS_STATUS Status;

    Adapter = NdisAllocateMemoryWithTagPriority(NdisMiniportHandle, sizeof(*Adapter), LOOP_TAG,
                                                NormalPoolPriority);
    if (Adapter == NULL) {
        NdisWriteErrorLogEntry(NdisMiniportHandle, NDIS_ERROR_CODE_OUT_OF_RESOURCES, 0);
        return NDIS_STATUS_RESOURCES;
    }
    NdisZeroMemory(Adapter, sizeof(*Adapter));
    Adapter->Handle = NdisMiniportHandle;
    Adapter->Mode = ReadMode(NdisMiniportHandle);
    NdisMoveMemory(Adapter->Mac, Mac, 6);
    NdisAllocateSpinLock(&Adapter->Lock);
    CHECK(Adapter, MiniportDriverContext == &DriverHandle, MiniportDriverContext);
    Status = SetRegistration(Adapter);
    if (Status == NDIS_STATUS_SUCCESS)
        Status = Acquire(Adapter, MiniportInitParameters);
    if (Status == NDIS_STATUS_SUCCESS)
        Status = SetGeneral(Adapter);
    if (Status == NDIS_STATUS_SUCCESS && Adapter->Mode == LOOP_LEAK)
        Leaked =
            NdisAllocateMemoryWithTagPriority(Adapter->Handle, 123, LOOP_TAG, NormalPoolPriority);
    if (Status == NDIS_STATUS_SUCCESS && Adapter->Mode == LOOP_FAILS)
        Status = NDIS_STATUS_FAILURE;
    if (Status != NDIS_STATUS_SUCCESS) {
        NdisWriteErrorLogEntry(NdisMiniportHandle, NDIS_ERROR_CODE_OUT_OF_RESOURCES, 1, Status);
        Free(Adapter);
    }
    return Status;
}

static MINIPORT_HALT LoopHalt;
static VOID NTAPI LoopHalt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    PLOOP_ADAPTER Adapter = MiniportAdapterContext;

    UNREFERENCED_PARAMETER(HaltAction);
    CHECK(Adapter, Adapter->Outstanding == 0, Adapter->Outstanding);
    NdisCancelTimerObject(Adapter->Timer);
    Free(Adapter);
}

static MINIPORT_UNLOAD LoopUnload;
static VOID NTAPI LoopUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    NdisMDeregisterMiniportDriver(DriverHandle);
}

static MINIPORT_DEVICE_PNP_EVENT_NOTIFY LoopPnpEvent;
static VOID NTAPI LoopPnpEvent(NDIS_HANDLE MiniportAdapterContext,
                               PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    PLOOP_ADAPTER Adapter = MiniportAdapterContext;

    if (NetDevicePnPEvent->DevicePnPEvent != NdisDevicePnPEventPowerProfileChanged)
        return;
    CHECK(Adapter, NetDevicePnPEvent->InformationBufferLength == sizeof(ULONG),
          NetDevicePnPEvent->InformationBufferLength);
    CHECK(Adapter, !Adapter->Asleep && !Adapter->Running, Adapter->Running);
}

static MINIPORT_SHUTDOWN LoopShutdown;
static VOID NTAPI LoopShutdown(NDIS_HANDLE MiniportAdapterContext,
                               NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(ShutdownAction);
}

/* LOOP_VARIANT makes DriverEntry register what NDIS has to refuse: 1 a version that NDIS does not have, 2 no
 * MiniportPause, 3 nothing at all, although it succeeds. */
#ifndef LOOP_VARIANT
#define LOOP_VARIANT 0
#endif

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics;

    FormDriver(&Characteristics);
    if (LOOP_VARIANT == 1)
        Characteristics.MinorNdisVersion = 99;
    Characteristics.InitializeHandlerEx = LoopInitialize;
    Characteristics.HaltHandlerEx = LoopHalt;
    Characteristics.UnloadHandler = LoopUnload;
    Characteristics.PauseHandler = LOOP_VARIANT == 2 ? NULL : LoopPause;
    Characteristics.RestartHandler = LoopRestart;
    Characteristics.OidRequestHandler = LoopOidRequest;
    Characteristics.SendNetBufferListsHandler = LoopSend;
    Characteristics.ReturnNetBufferListsHandler = LoopReturn;
    Characteristics.CancelSendHandler = LoopCancelSend;
    Characteristics.DevicePnPEventNotifyHandler = LoopPnpEvent;
    Characteristics.ShutdownHandlerEx = LoopShutdown;
    Characteristics.CancelOidRequestHandler = LoopCancelOidRequest;
    if (LOOP_VARIANT == 3 && RegistryPath != NULL)
        return STATUS_SUCCESS;
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, &DriverHandle, &Characteristics,
                                       &DriverHandle);
}
