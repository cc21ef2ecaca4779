/* SPDX-License-Identifier: MIT */
/*
 * A driver that imports what Windows 7 exports and no network driver needs, so that the host has a stub for it.
 * STUB_USE says how DriverEntry uses it: 0 not at all, 1 calls the function, 2 reads the variable.
 */
#include <ndis.h>

/* Every variant has both imports: the compiler cannot tell which of them is used. Pointers in the data are
 * relocated, as in every larger driver. */
volatile ULONG Use = STUB_USE;
volatile ULONG *Uses = &Use;

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name;

    UNREFERENCED_PARAMETER(RegistryPath);
    if (*Uses == 1)
        return IoVolumeDeviceToDosName(DriverObject, &Name);
    if (*Uses == 2 && NlsMbCodePageTag)
        return STATUS_SUCCESS;
    return STATUS_UNSUCCESSFUL;
}
