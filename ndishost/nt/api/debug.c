/* SPDX-License-Identifier: MIT */
/* What a driver tells a debugger, and how it ends everything. */
#include <stdio.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/api/format.h"
#include "nt/machine/irql.h"
#include "nt/api/log.h"
#include "nt/machine/fault_report.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

#define LINE_MAX_LENGTH    512 /* Windows cuts there too */
#define STATUS_RULE_BROKEN 3

bool nt_debug_output;

static void print(const char *text, size_t length)
{
    if (length > LINE_MAX_LENGTH)
        length = LINE_MAX_LENGTH;
    fwrite(text, 1, length, stderr);
    if (length && text[length - 1] != '\n')
        fputc('\n', stderr);
}

ULONG __cdecl DbgPrint(PCSTR Format, ...)
{
    char text[LINE_MAX_LENGTH];
    nt_va_list args;

    HOST_CALL(IRQL_DEVICE);
    if (!nt_debug_output)
        return STATUS_SUCCESS;
    nt_va_start(args, Format);
    print(text, nt_format(text, sizeof text, Format, args));
    nt_va_end(args);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", DbgPrint);

ULONG __cdecl DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...)
{
    char text[LINE_MAX_LENGTH];
    nt_va_list args;

    (void)ComponentId;
    (void)Level;
    HOST_CALL(IRQL_DEVICE);
    if (!nt_debug_output)
        return STATUS_SUCCESS;
    nt_va_start(args, Format);
    print(text, nt_format(text, sizeof text, Format, args));
    nt_va_end(args);
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", DbgPrintEx);

ULONG NTAPI vDbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, nt_va_list Arguments)
{
    char text[LINE_MAX_LENGTH];

    (void)ComponentId;
    (void)Level;
    HOST_CALL(IRQL_DEVICE);
    if (nt_debug_output)
        print(text, nt_format(text, sizeof text, Format, Arguments));
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", vDbgPrintEx);

BOOLEAN NTAPI KdRefreshDebuggerNotPresent(VOID)
{
    return TRUE;
}
HOST_EXPORT("ntoskrnl.exe", KdRefreshDebuggerNotPresent);

/* Data: bytes that say whether a debugger is there. */
static BOOLEAN debugger_not_present = TRUE, debugger_enabled = FALSE;
HOST_EXPORT_AS("ntoskrnl.exe", "KdDebuggerNotPresent", KdDebuggerNotPresent, debugger_not_present);
HOST_EXPORT_AS("ntoskrnl.exe", "KdDebuggerEnabled", KdDebuggerEnabled, debugger_enabled);

/* ---- The end ---- */

static _Noreturn void end(void)
{
    fflush(NULL);
    fault_end(STATUS_RULE_BROKEN);
}

static const char *bugcheck_name(ULONG code)
{
    switch (code) {
    case 0x0A:
        return " IRQL_NOT_LESS_OR_EQUAL";
    case 0x50:
        return " PAGE_FAULT_IN_NONPAGED_AREA";
    case 0xC4:
        return " DRIVER_VERIFIER_DETECTED_VIOLATION";
    case 0xD1:
        return " DRIVER_IRQL_NOT_LESS_OR_EQUAL";
    case 0xE2:
        return " MANUALLY_INITIATED_CRASH";
    case 0xF7:
        return " DRIVER_OVERRAN_STACK_BUFFER";
    default:
        return "";
    }
}

DECLSPEC_NORETURN VOID NTAPI KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR BugCheckParameter1,
                                          ULONG_PTR BugCheckParameter2,
                                          ULONG_PTR BugCheckParameter3,
                                          ULONG_PTR BugCheckParameter4)
{
    rule_violation(
        "BugCheck", RULE_CALLER, "stops Windows: bug check 0x%X%s (0x%zx, 0x%zx, 0x%zx, 0x%zx)",
        (unsigned)BugCheckCode, bugcheck_name(BugCheckCode), (size_t)BugCheckParameter1,
        (size_t)BugCheckParameter2, (size_t)BugCheckParameter3, (size_t)BugCheckParameter4);
    end();
}
HOST_EXPORT("ntoskrnl.exe", KeBugCheckEx);

DECLSPEC_NORETURN VOID NTAPI KeBugCheck(ULONG BugCheckCode)
{
    rule_violation("BugCheck", RULE_CALLER, "stops Windows: bug check 0x%X%s",
                   (unsigned)BugCheckCode, bugcheck_name(BugCheckCode));
    end();
}
HOST_EXPORT("ntoskrnl.exe", KeBugCheck);

DECLSPEC_NORETURN VOID NTAPI ExRaiseStatus(NTSTATUS Status)
{
    rule_violation("BugCheck", RULE_CALLER,
                   "raises exception 0x%08X; ndishost supports no exception handlers, and a "
                   "miniport must not need them",
                   (unsigned)Status);
    end();
}
HOST_EXPORT("ntoskrnl.exe", ExRaiseStatus);

/* What a C++ compiler puts in the place of a pure virtual function. */
static DECLSPEC_NORETURN VOID __cdecl pure_call(VOID)
{
    rule_violation(
        "BugCheck", RULE_CALLER,
        "calls a pure virtual function: an object that is not made yet, or is destroyed");
    end();
}
HOST_EXPORT_AS("ntoskrnl.exe", "_purecall", purecall, pure_call);

VOID NTAPI RtlAssert(PVOID VoidFailedAssertion, PVOID VoidFileName, ULONG LineNumber,
                     PSTR MutableMessage)
{
    rule_violation("Assertion", RULE_CALLER, "%s%s%s fails at %s:%u",
                   MutableMessage ? MutableMessage : "", MutableMessage ? ": " : "",
                   (const char *)VoidFailedAssertion, (const char *)VoidFileName,
                   (unsigned)LineNumber);
}
HOST_EXPORT("ntoskrnl.exe", RtlAssert);

VOID NTAPI DbgBreakPoint(VOID)
{
    rule_violation("Breakpoint", RULE_CALLER, "stops at a breakpoint without a debugger");
    end();
}
HOST_EXPORT("ntoskrnl.exe", DbgBreakPoint);

VOID NTAPI DbgBreakPointWithStatus(ULONG Status)
{
    rule_violation("Breakpoint", RULE_CALLER,
                   "stops at a breakpoint (status 0x%X) without a debugger", (unsigned)Status);
    end();
}
HOST_EXPORT("ntoskrnl.exe", DbgBreakPointWithStatus);
