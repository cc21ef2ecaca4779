/* SPDX-License-Identifier: MIT */
/* Event tracing: drivers register as providers, and no one ever enables them. */
#include <stdint.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/pool.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define TRACK_KIND "trace registration"

typedef ULONGLONG REGHANDLE;

static REGHANDLE provider_new(const void *caller)
{
    static uint32_t last;
    uintptr_t number = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);

    track_add(TRACK_KIND, (const void *)number, 0, caller);
    return number;
}

static NTSTATUS NTAPI nt_EtwRegister(const GUID *ProviderId, PVOID Callback, PVOID Context,
                                     REGHANDLE *Handle)
{
    (void)ProviderId;
    (void)Callback;
    (void)Context;
    HOST_CALL(PASSIVE_LEVEL);
    if (HOST_FAILS())
        return STATUS_NO_MEMORY;
    *Handle = provider_new(RULE_CALLER);
    return STATUS_SUCCESS;
}
HOST_EXPORT_AS("ntoskrnl.exe", "EtwRegister", EtwRegister, nt_EtwRegister);

static NTSTATUS NTAPI nt_EtwRegisterClassicProvider(const GUID *ProviderId, ULONG Type,
                                                    PVOID Callback, PVOID Context,
                                                    REGHANDLE *Handle)
{
    (void)ProviderId;
    (void)Type;
    (void)Callback;
    (void)Context;
    HOST_CALL(PASSIVE_LEVEL);
    if (HOST_FAILS())
        return STATUS_NO_MEMORY;
    *Handle = provider_new(RULE_CALLER);
    return STATUS_SUCCESS;
}
HOST_EXPORT_AS("ntoskrnl.exe", "EtwRegisterClassicProvider", EtwRegisterClassicProvider,
               nt_EtwRegisterClassicProvider);

static NTSTATUS NTAPI nt_EtwUnregister(REGHANDLE Handle)
{
    HOST_CALL(PASSIVE_LEVEL);
    if (!track_remove(TRACK_KIND, (const void *)(uintptr_t)Handle, RULE_CALLER)) {
        rule_violation("TraceUnregister", RULE_CALLER,
                       "unregisters trace provider 0x%llx, which is not registered",
                       (unsigned long long)Handle);
        return STATUS_INVALID_HANDLE;
    }
    return STATUS_SUCCESS;
}
HOST_EXPORT_AS("ntoskrnl.exe", "EtwUnregister", EtwUnregister, nt_EtwUnregister);

static BOOLEAN NTAPI nt_EtwEventEnabled(REGHANDLE Handle, PVOID Descriptor)
{
    (void)Handle;
    (void)Descriptor;
    return FALSE;
}
HOST_EXPORT_AS("ntoskrnl.exe", "EtwEventEnabled", EtwEventEnabled, nt_EtwEventEnabled);

static BOOLEAN NTAPI nt_EtwProviderEnabled(REGHANDLE Handle, UCHAR Level, ULONGLONG Keyword)
{
    (void)Handle;
    (void)Level;
    (void)Keyword;
    return FALSE;
}
HOST_EXPORT_AS("ntoskrnl.exe", "EtwProviderEnabled", EtwProviderEnabled, nt_EtwProviderEnabled);

static NTSTATUS NTAPI nt_EtwWrite(REGHANDLE Handle, PVOID Descriptor, const GUID *ActivityId,
                                  ULONG Count, PVOID Data)
{
    (void)Handle;
    (void)Descriptor;
    (void)ActivityId;
    (void)Count;
    (void)Data;
    return STATUS_SUCCESS;
}
HOST_EXPORT_AS("ntoskrnl.exe", "EtwWrite", EtwWrite, nt_EtwWrite);

static NTSTATUS NTAPI nt_IoWMIRegistrationControl(PDEVICE_OBJECT DeviceObject, ULONG Action)
{
    (void)DeviceObject;
    (void)Action;
    HOST_CALL(PASSIVE_LEVEL);
    return HOST_FAILS() ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}
HOST_EXPORT_AS("ntoskrnl.exe", "IoWMIRegistrationControl", IoWMIRegistrationControl,
               nt_IoWMIRegistrationControl);

static NTSTATUS __cdecl nt_WmiTraceMessage(ULONGLONG Logger, ULONG Flags, const GUID *Guid,
                                           USHORT Number, ...)
{
    (void)Logger;
    (void)Flags;
    (void)Guid;
    (void)Number;
    return STATUS_SUCCESS;
}
HOST_EXPORT_AS("ntoskrnl.exe", "WmiTraceMessage", WmiTraceMessage, nt_WmiTraceMessage);
