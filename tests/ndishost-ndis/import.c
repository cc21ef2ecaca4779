/* SPDX-License-Identifier: MIT */
/* A driver that cannot be loaded: it imports a function of a later Windows. */
#include <ndis.h>

NTSYSAPI VOID NTAPI NdisMResetMiniport(NDIS_HANDLE MiniportAdapterHandle);

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    NdisMResetMiniport(DriverObject);
    return STATUS_SUCCESS;
}
