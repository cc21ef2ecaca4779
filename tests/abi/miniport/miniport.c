/* SPDX-License-Identifier: MIT */
/*
 * The smallest driver that shows the toolchain right: an NDIS 6.20 miniport that registers and
 * calls one function of each kind that a driver can import. It is built, linked and checked by
 * tests/abi/run; no one loads it.
 */

#include <ntddk.h>
#include <ndis.h>

DRIVER_INITIALIZE DriverEntry;

static MINIPORT_UNLOAD SmallUnload;
static MINIPORT_INITIALIZE SmallInitialize;
static MINIPORT_HALT SmallHalt;
static MINIPORT_PAUSE SmallPause;
static MINIPORT_RESTART SmallRestart;
static MINIPORT_OID_REQUEST SmallOidRequest;
static MINIPORT_SEND_NET_BUFFER_LISTS SmallSend;
static MINIPORT_RETURN_NET_BUFFER_LISTS SmallReturn;
static MINIPORT_CANCEL_SEND SmallCancelSend;
static MINIPORT_DEVICE_PNP_EVENT_NOTIFY SmallPnPEvent;
static MINIPORT_SHUTDOWN SmallShutdown;
static MINIPORT_CANCEL_OID_REQUEST SmallCancelOidRequest;
static MINIPORT_CHECK_FOR_HANG SmallCheckForHang;
static MINIPORT_RESET SmallReset;

static NDIS_HANDLE SmallDriver;
static NDIS_HANDLE SmallAdapter;
static KSPIN_LOCK SmallLock;
static volatile ULONG *SmallRegister;

/* A pointer into the image, so that the image has a relocation on x64 too. */
static PVOID volatile SmallSelf = &SmallLock;

/* One of each: HAL's fastcall locks (x86), cdecl, stdcall with a 64-bit result, register access. */
static ULONG SmallTouch(void)
{
    LARGE_INTEGER Frequency;
    LARGE_INTEGER Now;
    KIRQL Irql;
    ULONG Value = 0;

    KeAcquireSpinLock(&SmallLock, &Irql);
    if (SmallRegister != NULL) {
        Value = READ_REGISTER_ULONG((PULONG)SmallRegister);
    }
    KeReleaseSpinLock(&SmallLock, Irql);

    NdisStallExecution(1);
    Now = KeQueryPerformanceCounter(&Frequency);
    DbgPrint("small: %x at %I64x, %p\n", Value, Now.QuadPart, SmallSelf);
    return Value;
}

static VOID NTAPI SmallUnload(PDRIVER_OBJECT DriverObject)
{
    (void)DriverObject;
    NdisMDeregisterMiniportDriver(SmallDriver);
}

static NDIS_STATUS NTAPI SmallInitialize(NDIS_HANDLE NdisMiniportHandle,
                                         NDIS_HANDLE MiniportDriverContext,
                                         PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    (void)MiniportDriverContext;
    (void)MiniportInitParameters;
    SmallAdapter = NdisMiniportHandle;
    NdisWriteErrorLogEntry(NdisMiniportHandle, NDIS_ERROR_CODE_ADAPTER_NOT_FOUND, 1, SmallTouch());
    return NDIS_STATUS_ADAPTER_NOT_FOUND;
}

static VOID NTAPI SmallHalt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    (void)MiniportAdapterContext;
    (void)HaltAction;
}

static NDIS_STATUS NTAPI SmallPause(NDIS_HANDLE MiniportAdapterContext,
                                    PNDIS_MINIPORT_PAUSE_PARAMETERS MiniportPauseParameters)
{
    (void)MiniportAdapterContext;
    (void)MiniportPauseParameters;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS NTAPI SmallRestart(NDIS_HANDLE MiniportAdapterContext,
                                      PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
    (void)MiniportAdapterContext;
    (void)RestartParameters;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS NTAPI SmallOidRequest(NDIS_HANDLE MiniportAdapterContext,
                                         PNDIS_OID_REQUEST OidRequest)
{
    (void)MiniportAdapterContext;
    (void)OidRequest;
    return NDIS_STATUS_NOT_SUPPORTED;
}

static VOID NTAPI SmallSend(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
                            NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    PNET_BUFFER_LIST List;
    ULONG Flags = 0;

    (void)MiniportAdapterContext;
    (void)PortNumber;
    if (NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags)) {
        NDIS_SET_SEND_COMPLETE_FLAG(Flags, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    }
    for (List = NetBufferList; List != NULL; List = NET_BUFFER_LIST_NEXT_NBL(List)) {
        NET_BUFFER_LIST_STATUS(List) = NDIS_STATUS_PAUSED;
    }
    NdisMSendNetBufferListsComplete(SmallAdapter, NetBufferList, Flags);
}

static VOID NTAPI SmallReturn(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
                              ULONG ReturnFlags)
{
    (void)MiniportAdapterContext;
    (void)NetBufferLists;
    (void)ReturnFlags;
}

static VOID NTAPI SmallCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    (void)MiniportAdapterContext;
    (void)CancelId;
}

static VOID NTAPI SmallPnPEvent(NDIS_HANDLE MiniportAdapterContext,
                                PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    (void)MiniportAdapterContext;
    (void)NetDevicePnPEvent;
}

static VOID NTAPI SmallShutdown(NDIS_HANDLE MiniportAdapterContext,
                                NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    (void)MiniportAdapterContext;
    (void)ShutdownAction;
}

static VOID NTAPI SmallCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    (void)MiniportAdapterContext;
    (void)RequestId;
}

static BOOLEAN NTAPI SmallCheckForHang(NDIS_HANDLE MiniportAdapterContext)
{
    (void)MiniportAdapterContext;
    return FALSE;
}

static NDIS_STATUS NTAPI SmallReset(NDIS_HANDLE MiniportAdapterContext, PBOOLEAN AddressingReset)
{
    (void)MiniportAdapterContext;
    *AddressingReset = FALSE;
    return NDIS_STATUS_SUCCESS;
}

#ifdef __GNUC__
__attribute__((section("INIT")))
#endif
NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics;

    KeInitializeSpinLock(&SmallLock);
    NdisZeroMemory(&Characteristics, sizeof(Characteristics));
    Characteristics.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS;
    Characteristics.Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    Characteristics.Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    Characteristics.MajorNdisVersion = NDIS_MINIPORT_MAJOR_VERSION;
    Characteristics.MinorNdisVersion = NDIS_MINIPORT_MINOR_VERSION;
    Characteristics.InitializeHandlerEx = SmallInitialize;
    Characteristics.HaltHandlerEx = SmallHalt;
    Characteristics.UnloadHandler = SmallUnload;
    Characteristics.PauseHandler = SmallPause;
    Characteristics.RestartHandler = SmallRestart;
    Characteristics.OidRequestHandler = SmallOidRequest;
    Characteristics.SendNetBufferListsHandler = SmallSend;
    Characteristics.ReturnNetBufferListsHandler = SmallReturn;
    Characteristics.CancelSendHandler = SmallCancelSend;
    Characteristics.CheckForHangHandlerEx = SmallCheckForHang;
    Characteristics.ResetHandlerEx = SmallReset;
    Characteristics.DevicePnPEventNotifyHandler = SmallPnPEvent;
    Characteristics.ShutdownHandlerEx = SmallShutdown;
    Characteristics.CancelOidRequestHandler = SmallCancelOidRequest;
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Characteristics,
                                       &SmallDriver);
}
