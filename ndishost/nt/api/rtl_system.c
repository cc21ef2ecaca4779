/* SPDX-License-Identifier: MIT */
/* The run-time library's odds and ends: which Windows this is, random numbers, dates. */
#include <stdbool.h>
#include <stdint.h>
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/clock.h"
#include "nt/machine/host_call.h"
#include "rules/rules.h"

/* Windows 7 SP1. */
#define MAJOR         6
#define MINOR         1
#define BUILD         7601
#define SERVICE_PACK  1
#define NTDDI_VERSION 0x06010100u
#define PLATFORM_NT   2
#define WORKSTATION   1

NTSTATUS NTAPI RtlGetVersion(PRTL_OSVERSIONINFOW lpVersionInformation)
{
    PRTL_OSVERSIONINFOW v = lpVersionInformation;
    static const WCHAR service_pack[] = u"Service Pack 1";

    HOST_CALL(PASSIVE_LEVEL);
    v->dwMajorVersion = MAJOR;
    v->dwMinorVersion = MINOR;
    v->dwBuildNumber = BUILD;
    v->dwPlatformId = PLATFORM_NT;
    memset(v->szCSDVersion, 0, sizeof v->szCSDVersion);
    memcpy(v->szCSDVersion, service_pack, sizeof service_pack);
    if (v->dwOSVersionInfoSize >= sizeof(RTL_OSVERSIONINFOEXW)) {
        PRTL_OSVERSIONINFOEXW extended = (PRTL_OSVERSIONINFOEXW)v;

        extended->wServicePackMajor = SERVICE_PACK;
        extended->wServicePackMinor = 0;
        extended->wSuiteMask = 0;
        extended->wProductType = WORKSTATION;
        extended->wReserved = 0;
    }
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", RtlGetVersion);

/* A condition mask has three bits a member, at three times the number of its bit in the type mask. */
#define CONDITION_BITS    3
#define VER_EQUAL         1
#define VER_GREATER       2
#define VER_GREATER_EQUAL 3
#define VER_LESS          4
#define VER_LESS_EQUAL    5

static ULONGLONG NTAPI nt_VerSetConditionMask(ULONGLONG ConditionMask, ULONG TypeMask,
                                              UCHAR Condition)
{
    for (unsigned bit = 0; bit < 8; bit++)
        if (TypeMask & 1u << bit)
            ConditionMask |= (ULONGLONG)(Condition & 7) << CONDITION_BITS * bit;
    return ConditionMask;
}
HOST_EXPORT_AS("ntoskrnl.exe", "VerSetConditionMask", VerSetConditionMask, nt_VerSetConditionMask);

static bool satisfies(ULONG have, ULONG want, unsigned condition)
{
    switch (condition) {
    case VER_EQUAL:
        return have == want;
    case VER_GREATER:
        return have > want;
    case VER_GREATER_EQUAL:
        return have >= want;
    case VER_LESS:
        return have < want;
    case VER_LESS_EQUAL:
        return have <= want;
    default:
        return false;
    }
}

/* Major, minor and service pack are compared as one number: the first that differs decides, by the
 * condition of the first that is asked for. */
static bool version_satisfies(const RTL_OSVERSIONINFOEXW *want, ULONG types, ULONGLONG conditions)
{
    /* Bits of VER_MAJORVERSION, VER_MINORVERSION, VER_SERVICEPACKMAJOR, VER_SERVICEPACKMINOR. */
    static const uint8_t bits[] = {1, 0, 5, 4};
    const ULONG have[] = {MAJOR, MINOR, SERVICE_PACK, 0};
    const ULONG wanted[] = {want->dwMajorVersion, want->dwMinorVersion, want->wServicePackMajor,
                            want->wServicePackMinor};
    unsigned condition = 0;

    for (unsigned i = 0; i < sizeof bits; i++) {
        if (!(types & 1u << bits[i]))
            continue;
        if (!condition)
            condition = conditions >> CONDITION_BITS * bits[i] & 7;
        if (have[i] != wanted[i])
            return satisfies(have[i], wanted[i], condition);
    }
    return !condition || satisfies(0, 0, condition);
}

NTSTATUS NTAPI RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW VersionInfo, ULONG TypeMask,
                                    ULONGLONG ConditionMask)
{
    static const struct {
        uint8_t bit;
        ULONG have;
    } others[] = {{2, BUILD}, {3, PLATFORM_NT}, {7, WORKSTATION}};
    const ULONG wanted[] = {VersionInfo->dwBuildNumber, VersionInfo->dwPlatformId,
                            VersionInfo->wProductType};

    HOST_CALL(PASSIVE_LEVEL);
    if (TypeMask == 0)
        return STATUS_INVALID_PARAMETER;
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        if (TypeMask & 1u << others[i].bit &&
            !satisfies(others[i].have, wanted[i],
                       ConditionMask >> CONDITION_BITS * others[i].bit & 7))
            return STATUS_REVISION_MISMATCH;
    return version_satisfies(VersionInfo, TypeMask, ConditionMask) ? STATUS_SUCCESS
                                                                   : STATUS_REVISION_MISMATCH;
}
HOST_EXPORT("ntoskrnl.exe", RtlVerifyVersionInfo);

BOOLEAN NTAPI PsGetVersion(PULONG MajorVersion, PULONG MinorVersion, PULONG BuildNumber,
                           PUNICODE_STRING CSDVersion)
{
    HOST_CALL(PASSIVE_LEVEL);
    if (MajorVersion)
        *MajorVersion = MAJOR;
    if (MinorVersion)
        *MinorVersion = MINOR;
    if (BuildNumber)
        *BuildNumber = BUILD;
    if (CSDVersion)
        RtlInitUnicodeString(CSDVersion, u"Service Pack 1");
    return TRUE; /* a free build */
}
HOST_EXPORT("ntoskrnl.exe", PsGetVersion);

BOOLEAN NTAPI RtlIsNtDdiVersionAvailable(ULONG Version)
{
    HOST_CALL(PASSIVE_LEVEL);
    return Version <= NTDDI_VERSION;
}
HOST_EXPORT("ntoskrnl.exe", RtlIsNtDdiVersionAvailable);

BOOLEAN NTAPI IoIsWdmVersionAvailable(UCHAR MajorVersion, UCHAR MinorVersion)
{
    HOST_CALL(PASSIVE_LEVEL);
    /* WDM 6.0 since Vista; 1.x before. */
    return MajorVersion < 6 || (MajorVersion == 6 && MinorVersion == 0);
}
HOST_EXPORT("ntoskrnl.exe", IoIsWdmVersionAvailable);

/* Lehmer's generator, as the documentation names it; results in [1, MAXLONG - 1]. */
static ULONG next_random(PULONG seed)
{
    ULONGLONG next = *seed % 0x7FFFFFFFu;

    *seed = (ULONG)((next ? next : 1) * 16807 % 0x7FFFFFFFu);
    return *seed;
}

ULONG NTAPI RtlRandom(PULONG Seed)
{
    HOST_CALL(APC_LEVEL);
    return next_random(Seed);
}
HOST_EXPORT("ntoskrnl.exe", RtlRandom);

ULONG NTAPI RtlRandomEx(PULONG Seed)
{
    HOST_CALL(APC_LEVEL);
    return next_random(Seed);
}
HOST_EXPORT("ntoskrnl.exe", RtlRandomEx);

BOOLEAN NTAPI ExIsProcessorFeaturePresent(ULONG ProcessorFeature)
{
    HOST_CALL(PASSIVE_LEVEL);
    switch (ProcessorFeature) {
    case 2:  /* compare-exchange of 8 bytes */
    case 3:  /* MMX */
    case 6:  /* SSE */
    case 8:  /* RDTSC */
    case 9:  /* PAE */
    case 10: /* SSE2 */
    case 12: /* no-execute */
        return TRUE;
    default:
        return FALSE;
    }
}
HOST_EXPORT("ntoskrnl.exe", ExIsProcessorFeaturePresent);

KPROCESSOR_MODE NTAPI ExGetPreviousMode(VOID)
{
    HOST_CALL(DISPATCH_LEVEL);
    return KernelMode;
}
HOST_EXPORT("ntoskrnl.exe", ExGetPreviousMode);

/* ---- Dates ---- */

#define DAY (86400 * NT_SECOND)

/* Days since 1601-01-01 to a date of the Gregorian calendar, by years that begin in March. */
static LONGLONG days_before(int year, int month, int day)
{
    LONGLONG y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 584694;
}

static void date_of(LONGLONG days, PTIME_FIELDS fields)
{
    LONGLONG n = days + 584694; /* since 0000-03-01 */
    LONGLONG century = (4 * n + 3) / 146097;
    LONGLONG rest = n - century * 146097 / 4;
    LONGLONG year = (4 * rest + 3) / 1461;
    LONGLONG month;

    rest -= 1461 * year / 4;
    month = (5 * rest + 2) / 153;
    fields->Day = (CSHORT)(rest - (153 * month + 2) / 5 + 1);
    fields->Month = (CSHORT)(month < 10 ? month + 3 : month - 9);
    fields->Year = (CSHORT)(100 * century + year + (month >= 10));
    fields->Weekday = (CSHORT)((days + 1) % 7); /* 1601-01-01 was a Monday */
}

VOID NTAPI RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields)
{
    ULONGLONG time = (ULONGLONG)Time->QuadPart, rest = time % DAY / NT_MILLISECOND;

    date_of((LONGLONG)(time / DAY), TimeFields);
    TimeFields->Milliseconds = (CSHORT)(rest % 1000);
    TimeFields->Second = (CSHORT)(rest / 1000 % 60);
    TimeFields->Minute = (CSHORT)(rest / 60000 % 60);
    TimeFields->Hour = (CSHORT)(rest / 3600000);
}
HOST_EXPORT("ntoskrnl.exe", RtlTimeToTimeFields);

BOOLEAN NTAPI RtlTimeFieldsToTime(PTIME_FIELDS TimeFields, PLARGE_INTEGER Time)
{
    const TIME_FIELDS *f = TimeFields;

    if (f->Year < 1601 || f->Month < 1 || f->Month > 12 || f->Day < 1 || f->Day > 31 ||
        f->Hour < 0 || f->Hour > 23 || f->Minute < 0 || f->Minute > 59 || f->Second < 0 ||
        f->Second > 59 || f->Milliseconds < 0 || f->Milliseconds > 999)
        return FALSE;
    Time->QuadPart = days_before(f->Year, f->Month, f->Day) * (LONGLONG)DAY +
                     (((f->Hour * 60LL + f->Minute) * 60 + f->Second) * 1000 + f->Milliseconds) *
                         (LONGLONG)NT_MILLISECOND;
    return TRUE;
}
HOST_EXPORT("ntoskrnl.exe", RtlTimeFieldsToTime);
