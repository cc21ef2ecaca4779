/* SPDX-License-Identifier: MIT */
/* A driver that cannot be loaded: it imports a function of a later Windows. */
#include <ndis.h>

NTSYSAPI VOID NTAPI NdisMResetMiniport(NDIS_HANDLE MiniportAdapterHandle);

/* An address in the data, so that the file has relocations, as every larger driver has. */
VOID(NTAPI *Reset)(NDIS_HANDLE MiniportAdapterHandle);
PVOID Address = &Reset;

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    Reset = (VOID(NTAPI *)(NDIS_HANDLE))Address;
    NdisMResetMiniport(DriverObject);
    return STATUS_SUCCESS;
}
