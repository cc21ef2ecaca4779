/* SPDX-License-Identifier: MIT */
/* What a miniport writes to the event log. */
#include "ndis/api/miniport.h"

#include <stdarg.h>
#include <stdio.h>
#include "nt/api/log.h"
#include "nt/api/pool.h"

#define VALUES_MAX 16 /* ERROR_LOG_MAXIMUM_SIZE leaves room for few more */

/* A variadic function in the drivers' convention walks its arguments in it too. */
#if defined(__x86_64__)
#define DRIVER_VA_LIST          __builtin_ms_va_list
#define DRIVER_VA_START(ap, at) __builtin_ms_va_start(ap, at)
#define DRIVER_VA_END(ap)       __builtin_ms_va_end(ap)
#else
#define DRIVER_VA_LIST          va_list
#define DRIVER_VA_START(ap, at) va_start(ap, at)
#define DRIVER_VA_END(ap)       va_end(ap)
#endif

VOID __cdecl NdisWriteErrorLogEntry(NDIS_HANDLE NdisAdapterHandle, NDIS_ERROR_CODE ErrorCode,
                                    ULONG NumberOfErrorValues, ...)
{
    struct ndis_adapter *adapter = handle_adapter(NdisAdapterHandle, __func__, RULE_CALLER);
    uint32_t values[VALUES_MAX];
    DRIVER_VA_LIST arguments;
    unsigned i;

    HOST_CALL(DISPATCH_LEVEL);
    if (!adapter)
        return;
    if (NumberOfErrorValues > VALUES_MAX) {
        rule_violation("WriteErrorLog", RULE_CALLER, "%lu values; at most %d fit an entry",
                       (unsigned long)NumberOfErrorValues, VALUES_MAX);
        NumberOfErrorValues = VALUES_MAX;
    }
    DRIVER_VA_START(arguments, NumberOfErrorValues);
    for (i = 0; i < NumberOfErrorValues; i++)
        values[i] = va_arg(arguments, ULONG);
    DRIVER_VA_END(arguments);
    /* In the message that the driver's file has for the code, %2 is the adapter. */
    nt_log_write(image_name(adapter->driver->image), ErrorCode, values, NumberOfErrorValues,
                 adapter->name);
}
HOST_EXPORT("NDIS.SYS", NdisWriteErrorLogEntry);

/* The strings of an entry, joined for people. */
static void join(char *text, size_t size, unsigned count, const PWSTR *strings)
{
    size_t length = 0;
    unsigned i;

    text[0] = 0;
    for (i = 0; i < count && strings; i++) {
        const WCHAR *c;

        if (i && length + 2 < size)
            text[length++] = ' ';
        for (c = strings[i]; c && *c && length + 1 < size; c++)
            text[length++] = *c < 0x80 ? (char)*c : '?';
        text[length] = 0;
    }
}

NDIS_STATUS NTAPI NdisWriteEventLogEntry(PVOID LogHandle, NDIS_STATUS EventCode,
                                         ULONG UniqueEventValue, USHORT NumStrings,
                                         PVOID StringsList, ULONG DataSize, PVOID Data)
{
    struct handle *handle = LogHandle;
    struct ndis_driver *driver;
    char text[256];

    HOST_CALL(DISPATCH_LEVEL);
    (void)UniqueEventValue;
    if (DataSize + NumStrings * 2u > NDIS_MAX_EVENT_LOG_DATA_SIZE)
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    if (!handle || !handle_driver_or_adapter(LogHandle, __func__, RULE_CALLER))
        return NDIS_STATUS_INVALID_PARAMETER;
    if (HOST_FAILS())
        return NDIS_STATUS_RESOURCES;
    driver = handle->kind == HANDLE_ADAPTER ? ((struct ndis_adapter *)LogHandle)->driver
                                            : (struct ndis_driver *)LogHandle;
    join(text, sizeof(text), NumStrings, StringsList);
    nt_log_write(image_name(driver->image), (uint32_t)EventCode, Data,
                 DataSize / (unsigned)sizeof(uint32_t), text);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisWriteEventLogEntry);

/* ---- WMI's data log: this host has no WMI to read it ---- */

NDIS_STATUS NTAPI NdisMCreateLog(NDIS_HANDLE MiniportAdapterHandle, UINT Size,
                                 PNDIS_HANDLE LogHandle)
{
    HOST_CALL(PASSIVE_LEVEL);
    (void)Size;
    handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    *LogHandle = NULL;
    return NDIS_STATUS_RESOURCES;
}
HOST_EXPORT("NDIS.SYS", NdisMCreateLog);

/* Without a log there is no handle that these could be called with. */
VOID NTAPI NdisMCloseLog(NDIS_HANDLE LogHandle)
{
    HOST_CALL(PASSIVE_LEVEL);
    rule_violation("NdisHandle", RULE_CALLER, "NdisMCloseLog of %p, which is not a log", LogHandle);
}
HOST_EXPORT("NDIS.SYS", NdisMCloseLog);

NDIS_STATUS NTAPI NdisMWriteLogData(NDIS_HANDLE LogHandle, PVOID LogBuffer, UINT LogBufferSize)
{
    HOST_CALL(DISPATCH_LEVEL);
    (void)LogBuffer;
    (void)LogBufferSize;
    rule_violation("NdisHandle", RULE_CALLER, "NdisMWriteLogData to %p, which is not a log",
                   LogHandle);
    return NDIS_STATUS_FAILURE;
}
HOST_EXPORT("NDIS.SYS", NdisMWriteLogData);

VOID NTAPI NdisMFlushLog(NDIS_HANDLE LogHandle)
{
    HOST_CALL(DISPATCH_LEVEL);
    rule_violation("NdisHandle", RULE_CALLER, "NdisMFlushLog of %p, which is not a log", LogHandle);
}
HOST_EXPORT("NDIS.SYS", NdisMFlushLog);
