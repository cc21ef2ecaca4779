/* SPDX-License-Identifier: MIT */
/* Load and unload: the handler table that NDIS gets. */
#include "aerovnet.h"
#include "aerovnet_version.h"
#include "adapter.h"
#include "oid.h"

DRIVER_INITIALIZE DriverEntry;
static MINIPORT_UNLOAD AerovnetUnload;

#ifdef ALLOC_PRAGMA
#pragma alloc_text(INIT, DriverEntry)
#endif

static NDIS_HANDLE AerovnetDriverHandle;

#ifdef AEROVNET_UNCHECKED
/* Marks the file: packaging/check.py refuses a driver that has this text in it. */
extern const char AerovnetUnchecked[];
const char AerovnetUnchecked[] = "AEROVNET_UNCHECKED";
#endif

static VOID NTAPI AerovnetUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);

    NdisMDeregisterMiniportDriver(AerovnetDriverHandle);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics;

    NdisZeroMemory(&Characteristics, sizeof(Characteristics));
    Characteristics.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS;
    Characteristics.Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    Characteristics.Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
    Characteristics.MajorNdisVersion = 6;
    Characteristics.MinorNdisVersion = 20;
    Characteristics.MajorDriverVersion = AEROVNET_VERSION_MAJOR;
    Characteristics.MinorDriverVersion = AEROVNET_VERSION_MINOR;
    Characteristics.InitializeHandlerEx = AerovnetInitializeEx;
    Characteristics.HaltHandlerEx = AerovnetHaltEx;
    Characteristics.UnloadHandler = AerovnetUnload;
    Characteristics.PauseHandler = AerovnetPause;
    Characteristics.RestartHandler = AerovnetRestart;
    Characteristics.OidRequestHandler = AerovnetOidRequest;
    Characteristics.SendNetBufferListsHandler = AerovnetSendNetBufferLists;
    Characteristics.ReturnNetBufferListsHandler = AerovnetReturnNetBufferLists;
    Characteristics.CancelSendHandler = AerovnetCancelSend;
    Characteristics.CheckForHangHandlerEx = AerovnetCheckForHangEx;
    Characteristics.ResetHandlerEx = AerovnetResetEx;
    Characteristics.DevicePnPEventNotifyHandler = AerovnetDevicePnPEventNotify;
    Characteristics.ShutdownHandlerEx = AerovnetShutdownEx;
    Characteristics.CancelOidRequestHandler = AerovnetCancelOidRequest;
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Characteristics,
                                       &AerovnetDriverHandle);
}
