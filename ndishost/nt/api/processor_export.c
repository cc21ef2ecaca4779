/* SPDX-License-Identifier: MIT */
/* Questions about processors, and threads that choose one. */
#include <ntddk.h>
#include "loader/exports.h"
#include "nt/machine/irql.h"
#include "nt/api/processor_export.h"
#include "rules/rules.h"

/* A datum in Windows, a byte; set by nt_start. */
static CCHAR number_of_processors = 2;
HOST_EXPORT_AS("ntoskrnl.exe", "KeNumberProcessors", KeNumberProcessors, number_of_processors);

static KAFFINITY all_processors(void)
{
    return ((KAFFINITY)1 << nt_processors()) - 1;
}

void nt_processors_export(unsigned count)
{
    number_of_processors = (CCHAR)count;
}

ULONG NTAPI KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber)
{
    unsigned processor = nt_self()->processor;

    if (ProcNumber)
        *ProcNumber = (PROCESSOR_NUMBER){0, (UCHAR)processor, 0};
    return processor;
}
HOST_EXPORT("ntoskrnl.exe", KeGetCurrentProcessorNumberEx);

ULONG NTAPI KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER ProcNumber)
{
    if (ProcNumber->Group || ProcNumber->Reserved || ProcNumber->Number >= nt_processors())
        return MAXULONG; /* INVALID_PROCESSOR_INDEX */
    return ProcNumber->Number;
}
HOST_EXPORT("ntoskrnl.exe", KeGetProcessorIndexFromNumber);

NTSTATUS NTAPI KeGetProcessorNumberFromIndex(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNumber)
{
    if (ProcIndex >= nt_processors())
        return STATUS_INVALID_PARAMETER;
    *ProcNumber = (PROCESSOR_NUMBER){0, (UCHAR)ProcIndex, 0};
    return STATUS_SUCCESS;
}
HOST_EXPORT("ntoskrnl.exe", KeGetProcessorNumberFromIndex);

ULONG NTAPI KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors)
{
    if (ActiveProcessors)
        *ActiveProcessors = all_processors();
    return nt_processors();
}
HOST_EXPORT("ntoskrnl.exe", KeQueryActiveProcessorCount);

/* Group 0 is the only one; 0xFFFF asks for all of them. */
static ULONG count_of_group(USHORT group)
{
    return group == 0 || group == 0xFFFF ? nt_processors() : 0;
}

ULONG NTAPI KeQueryActiveProcessorCountEx(USHORT GroupNumber)
{
    return count_of_group(GroupNumber);
}
HOST_EXPORT("ntoskrnl.exe", KeQueryActiveProcessorCountEx);

ULONG NTAPI KeQueryMaximumProcessorCount(VOID)
{
    return nt_processors();
}
HOST_EXPORT("ntoskrnl.exe", KeQueryMaximumProcessorCount);

ULONG NTAPI KeQueryMaximumProcessorCountEx(USHORT GroupNumber)
{
    return count_of_group(GroupNumber);
}
HOST_EXPORT("ntoskrnl.exe", KeQueryMaximumProcessorCountEx);

USHORT NTAPI KeQueryActiveGroupCount(VOID)
{
    return 1;
}
HOST_EXPORT("ntoskrnl.exe", KeQueryActiveGroupCount);

USHORT NTAPI KeQueryMaximumGroupCount(VOID)
{
    return 1;
}
HOST_EXPORT("ntoskrnl.exe", KeQueryMaximumGroupCount);

KAFFINITY NTAPI KeQueryActiveProcessors(VOID)
{
    return all_processors();
}
HOST_EXPORT("ntoskrnl.exe", KeQueryActiveProcessors);

KAFFINITY NTAPI KeQueryGroupAffinity(USHORT GroupNumber)
{
    return GroupNumber == 0 ? all_processors() : 0;
}
HOST_EXPORT("ntoskrnl.exe", KeQueryGroupAffinity);

USHORT NTAPI KeQueryHighestNodeNumber(VOID)
{
    return 0;
}
HOST_EXPORT("ntoskrnl.exe", KeQueryHighestNodeNumber);

USHORT NTAPI KeGetCurrentNodeNumber(VOID)
{
    return 0;
}
HOST_EXPORT("ntoskrnl.exe", KeGetCurrentNodeNumber);

ULONG NTAPI KeGetRecommendedSharedDataAlignment(VOID)
{
    return 64;
}
HOST_EXPORT("ntoskrnl.exe", KeGetRecommendedSharedDataAlignment);
