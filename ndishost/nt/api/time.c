/* SPDX-License-Identifier: MIT */
/* Time, delays and stalls as drivers ask for them. */
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/clock.h"
#include "nt/api/dispatcher.h"
#include "nt/machine/host_call.h"
#include "nt/machine/shared_data.h"
#include "rules/rules.h"

#define STALL_MAX 50 /* microseconds */

ULONG NTAPI KeQueryTimeIncrement(VOID)
{
    return NT_TICK;
}
HOST_EXPORT("ntoskrnl.exe", KeQueryTimeIncrement);

static uint64_t told_now(void)
{
    uint64_t now = nt_clock_now();

    nt_clock_observed();
    return now;
}

ULONGLONG NTAPI KeQueryUnbiasedInterruptTime(VOID)
{
    return told_now();
}
HOST_EXPORT("ntoskrnl.exe", KeQueryUnbiasedInterruptTime);

LARGE_INTEGER_RETURN NTAPI KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
    if (PerformanceFrequency)
        PerformanceFrequency->QuadPart = NT_SECOND;
    return (LONGLONG)nt_clock_counter();
}
HOST_EXPORT("HAL.dll", KeQueryPerformanceCounter);

#if defined(_X86_)
/* On x64 these are reads of KUSER_SHARED_DATA in the driver itself: nt/machine/shared_data.h. */
VOID NTAPI KeQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
    CurrentTime->QuadPart = (LONGLONG)nt_clock_system();
    nt_clock_observed();
}
HOST_EXPORT("ntoskrnl.exe", KeQuerySystemTime);

VOID NTAPI KeQueryTickCount(PLARGE_INTEGER TickCount)
{
    TickCount->QuadPart = (LONGLONG)(told_now() / NT_TICK);
}
HOST_EXPORT("ntoskrnl.exe", KeQueryTickCount);

ULONGLONG NTAPI KeQueryInterruptTime(VOID)
{
    return told_now();
}
HOST_EXPORT("ntoskrnl.exe", KeQueryInterruptTime);

HOST_EXPORT_AS("ntoskrnl.exe", "KeTickCount", KeTickCount,
               nt_shared_data[NT_SHARED_DATA_TICK_COUNT]);
#endif

NTSTATUS NTAPI KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
                                      PLARGE_INTEGER Interval)
{
    uint64_t now = nt_clock_now(), deadline = dispatcher_deadline(Interval);

    (void)WaitMode;
    (void)Alertable;
    HOST_CALL(APC_LEVEL);
    if (deadline > now)
        nt_clock_sleep(deadline - now);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", KeDelayExecutionThread);

VOID NTAPI KeStallExecutionProcessor(ULONG MicroSeconds)
{
    HOST_CALL(RULE_ANY_IRQL);
    if (rules_enabled && MicroSeconds > STALL_MAX)
        rule_violation("NdisStallExecution_Delay", RULE_CALLER,
                       "stalls a processor for %u microseconds; the limit is %d",
                       (unsigned)MicroSeconds, STALL_MAX);
    nt_clock_stall(MicroSeconds * NT_MICROSECOND);
}
HOST_EXPORT("HAL.dll", KeStallExecutionProcessor);

VOID NTAPI ExSystemTimeToLocalTime(PLARGE_INTEGER SystemTime, PLARGE_INTEGER LocalTime)
{
    *LocalTime = *SystemTime; /* this machine is in UTC */
}
HOST_EXPORT("ntoskrnl.exe", ExSystemTimeToLocalTime);

VOID NTAPI ExLocalTimeToSystemTime(PLARGE_INTEGER LocalTime, PLARGE_INTEGER SystemTime)
{
    *SystemTime = *LocalTime;
}
HOST_EXPORT("ntoskrnl.exe", ExLocalTimeToSystemTime);

ULONG NTAPI ExSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution)
{
    (void)DesiredTime;
    (void)SetResolution;
    HOST_CALL(APC_LEVEL);
    return NT_TICK;
}
HOST_EXPORT("ntoskrnl.exe", ExSetTimerResolution);
