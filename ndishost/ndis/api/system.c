/* SPDX-License-Identifier: MIT */
/* Time, processors and versions, as NDIS tells a driver of them. */
#include "ndis/api/miniport.h"

#include <string.h>
#include "nt/machine/clock.h"
#include "nt/machine/irql.h"

/* ---- Time ---- */

VOID NTAPI NdisMSleep(ULONG MicrosecondsToSleep)
{
    HOST_CALL(APC_LEVEL);
    nt_clock_sleep(MicrosecondsToSleep * NT_MICROSECOND);
}
HOST_EXPORT("NDIS.SYS", NdisMSleep);

VOID NTAPI NdisGetCurrentSystemTime(PLARGE_INTEGER pSystemTime)
{
    HOST_CALL(RULE_ANY_IRQL);
    pSystemTime->QuadPart = (LONGLONG)nt_clock_system();
    nt_clock_observed();
}
HOST_EXPORT("NDIS.SYS", NdisGetCurrentSystemTime);

VOID NTAPI NdisGetSystemUpTimeEx(PLARGE_INTEGER pSystemUpTime)
{
    HOST_CALL(RULE_ANY_IRQL);
    pSystemUpTime->QuadPart = (LONGLONG)(nt_clock_now() / NT_MILLISECOND);
    nt_clock_observed();
}
HOST_EXPORT("NDIS.SYS", NdisGetSystemUpTimeEx);

VOID NTAPI NdisGetSystemUpTime(PULONG pSystemUpTime)
{
    HOST_CALL(RULE_ANY_IRQL);
    *pSystemUpTime = (ULONG)(nt_clock_now() / NT_MILLISECOND);
    nt_clock_observed();
}
HOST_EXPORT("NDIS.SYS", NdisGetSystemUpTime);

/* ---- Versions ---- */

UINT NTAPI NdisGetVersion(VOID)
{
    HOST_CALL(DISPATCH_LEVEL);
    return 0x00060014; /* 6.20 */
}
HOST_EXPORT("NDIS.SYS", NdisGetVersion);

PVOID NTAPI NdisGetRoutineAddress(PNDIS_STRING NdisRoutineName)
{
    char name[128];
    size_t length = NdisRoutineName->Length / sizeof(WCHAR), i;

    HOST_CALL(PASSIVE_LEVEL);
    if (length + 1 > sizeof(name))
        return NULL;
    for (i = 0; i < length; i++)
        name[i] = (char)NdisRoutineName->Buffer[i];
    name[i] = 0;
    return (PVOID)host_export_find("NDIS.SYS", name);
}
HOST_EXPORT("NDIS.SYS", NdisGetRoutineAddress);

NDIS_STATUS NTAPI NdisGetHypervisorInfo(PNDIS_HYPERVISOR_INFO HypervisorInfo)
{
    HOST_CALL(DISPATCH_LEVEL);
    if (HypervisorInfo->Header.Size < NDIS_SIZEOF_HYPERVISOR_INFO_REVISION_1)
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    HypervisorInfo->Flags = 0;
    HypervisorInfo->PartitionType = NdisHypervisorPartitionTypeUnknown;
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisGetHypervisorInfo);

ULONG NTAPI NdisGeneratePartialCancelId(VOID)
{
    static atomic_uint next = 1;

    HOST_CALL(DISPATCH_LEVEL);
    return atomic_fetch_add(&next, 1) & 0xFF;
}
HOST_EXPORT("NDIS.SYS", NdisGeneratePartialCancelId);

/* ---- Processors: one group, numbered from 0 ---- */

static KAFFINITY all_processors(void)
{
    return ((KAFFINITY)1 << nt_processors()) - 1;
}

CCHAR NTAPI NdisSystemProcessorCount(VOID)
{
    HOST_CALL(PASSIVE_LEVEL);
    return (CCHAR)nt_processors();
}
HOST_EXPORT("NDIS.SYS", NdisSystemProcessorCount);

ULONG NTAPI NdisSystemActiveProcessorCount(PKAFFINITY ActiveProcessors)
{
    HOST_CALL(RULE_ANY_IRQL);
    if (ActiveProcessors)
        *ActiveProcessors = all_processors();
    return nt_processors();
}
HOST_EXPORT("NDIS.SYS", NdisSystemActiveProcessorCount);

ULONG NTAPI NdisCurrentProcessorIndex(VOID)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, RULE_ANY_IRQL);
    return nt_self()->processor;
}
HOST_EXPORT("NDIS.SYS", NdisCurrentProcessorIndex);

ULONG NTAPI NdisCurrentGroupAndProcessor(VOID)
{
    HOST_CALL_RANGE(DISPATCH_LEVEL, RULE_ANY_IRQL);
    return nt_self()->processor; /* group 0 in the upper half */
}
HOST_EXPORT("NDIS.SYS", NdisCurrentGroupAndProcessor);

USHORT NTAPI NdisActiveGroupCount(VOID)
{
    HOST_CALL(RULE_ANY_IRQL);
    return 1;
}
HOST_EXPORT("NDIS.SYS", NdisActiveGroupCount);

USHORT NTAPI NdisMaxGroupCount(VOID)
{
    HOST_CALL(RULE_ANY_IRQL);
    return 1;
}
HOST_EXPORT("NDIS.SYS", NdisMaxGroupCount);

ULONG NTAPI NdisGroupActiveProcessorCount(USHORT Group)
{
    HOST_CALL(RULE_ANY_IRQL);
    return Group == 0 || Group == 0xFFFF /* ALL_PROCESSOR_GROUPS */ ? nt_processors() : 0;
}
HOST_EXPORT("NDIS.SYS", NdisGroupActiveProcessorCount);

ULONG NTAPI NdisGroupMaxProcessorCount(USHORT Group)
{
    HOST_CALL(RULE_ANY_IRQL);
    return Group == 0 || Group == 0xFFFF ? nt_processors() : 0;
}
HOST_EXPORT("NDIS.SYS", NdisGroupMaxProcessorCount);

KAFFINITY NTAPI NdisGroupActiveProcessorMask(USHORT Group)
{
    HOST_CALL(RULE_ANY_IRQL);
    return Group == 0 ? all_processors() : 0;
}
HOST_EXPORT("NDIS.SYS", NdisGroupActiveProcessorMask);

NDIS_STATUS NTAPI NdisProcessorIndexToNumber(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNum)
{
    HOST_CALL(RULE_ANY_IRQL);
    if (ProcIndex >= nt_processors())
        return NDIS_STATUS_INVALID_PARAMETER;
    ProcNum->Group = 0;
    ProcNum->Number = (UCHAR)ProcIndex;
    ProcNum->Reserved = 0;
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisProcessorIndexToNumber);

ULONG NTAPI NdisProcessorNumberToIndex(PPROCESSOR_NUMBER ProcNum)
{
    HOST_CALL(RULE_ANY_IRQL);
    return ProcNum->Group == 0 && ProcNum->Number < nt_processors() ? ProcNum->Number : ~(ULONG)0;
}
HOST_EXPORT("NDIS.SYS", NdisProcessorNumberToIndex);

VOID NTAPI NdisGetCurrentProcessorCpuUsage(PULONG pCpuUsage)
{
    HOST_CALL(RULE_ANY_IRQL);
    *pCpuUsage = 50; /* in percent; deprecated, and nothing here could know */
}
HOST_EXPORT("NDIS.SYS", NdisGetCurrentProcessorCpuUsage);

/* Ticks of 100 ns: half of the time idle, half busy, as above. */
VOID NTAPI NdisGetCurrentProcessorCounts(PULONG pIdleCount, PULONG pKernelAndUser, PULONG pIndex)
{
    ULONG ticks = (ULONG)(nt_clock_now() / NT_TICK);

    HOST_CALL(DISPATCH_LEVEL);
    *pIdleCount = ticks / 2;
    *pKernelAndUser = ticks - ticks / 2;
    *pIndex = nt_self()->processor;
}
HOST_EXPORT("NDIS.SYS", NdisGetCurrentProcessorCounts);

NDIS_STATUS NTAPI NdisGetProcessorInformation(PNDIS_SYSTEM_PROCESSOR_INFO SystemProcessorInfo)
{
    ULONG i;

    HOST_CALL(PASSIVE_LEVEL);
    if (SystemProcessorInfo->Header.Size < NDIS_SIZEOF_SYSTEM_PROCESSOR_INFO_REVISION_1)
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    SystemProcessorInfo->Flags = 0;
    SystemProcessorInfo->ProcessorVendor = NdisProcessorVendorUnknown;
    SystemProcessorInfo->NumPhysicalPackages = 1;
    SystemProcessorInfo->NumCores = nt_processors();
    SystemProcessorInfo->NumCoresPerPhysicalPackage = nt_processors();
    SystemProcessorInfo->MaxHyperThreadingCpusPerCore = 1;
    SystemProcessorInfo->RssBaseCpu = 0;
    SystemProcessorInfo->RssCpuCount = nt_processors();
    for (i = 0; i < nt_processors(); i++) {
        SystemProcessorInfo->CpuInfo[i].CpuNumber = i;
        SystemProcessorInfo->CpuInfo[i].PhysicalPackageId = 0;
        SystemProcessorInfo->CpuInfo[i].CoreId = i;
        SystemProcessorInfo->CpuInfo[i].HyperThreadID = 0;
    }
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisGetProcessorInformation);

NDIS_STATUS NTAPI NdisGetProcessorInformationEx(NDIS_HANDLE NdisHandle,
                                                PNDIS_SYSTEM_PROCESSOR_INFO_EX SystemProcessorInfo,
                                                PSIZE_T Size)
{
    SIZE_T needed =
        sizeof(NDIS_SYSTEM_PROCESSOR_INFO_EX) + nt_processors() * sizeof(NDIS_PROCESSOR_INFO_EX);
    PNDIS_PROCESSOR_INFO_EX info;
    ULONG i;

    HOST_CALL(DISPATCH_LEVEL);
    handle_driver_or_adapter(NdisHandle, __func__, RULE_CALLER);
    if (!SystemProcessorInfo || *Size < needed) {
        *Size = needed;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    memset(SystemProcessorInfo, 0, needed);
    SystemProcessorInfo->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    SystemProcessorInfo->Header.Revision = NDIS_SYSTEM_PROCESSOR_INFO_EX_REVISION_1;
    SystemProcessorInfo->Header.Size = NDIS_SIZEOF_SYSTEM_PROCESSOR_INFO_EX_REVISION_1;
    SystemProcessorInfo->NumSockets = 1;
    SystemProcessorInfo->NumCores = nt_processors();
    SystemProcessorInfo->NumCoresPerSocket = nt_processors();
    SystemProcessorInfo->MaxHyperThreadingProcsPerCore = 1;
    SystemProcessorInfo->ProcessorInfoOffset = sizeof(NDIS_SYSTEM_PROCESSOR_INFO_EX);
    SystemProcessorInfo->NumberOfProcessors = nt_processors();
    SystemProcessorInfo->ProcessorInfoEntrySize = sizeof(NDIS_PROCESSOR_INFO_EX);
    info = (PNDIS_PROCESSOR_INFO_EX)(SystemProcessorInfo + 1);
    for (i = 0; i < nt_processors(); i++) {
        info[i].ProcNum.Number = (UCHAR)i;
        info[i].CoreId = i;
    }
    *Size = needed;
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisGetProcessorInformationEx);

NDIS_STATUS NTAPI NdisGetRssProcessorInformation(NDIS_HANDLE NdisHandle,
                                                 PNDIS_RSS_PROCESSOR_INFO RssProcessorInfo,
                                                 PSIZE_T Size)
{
    SIZE_T needed = sizeof(NDIS_RSS_PROCESSOR_INFO) + nt_processors() * sizeof(NDIS_RSS_PROCESSOR);
    PNDIS_RSS_PROCESSOR entry;
    ULONG i;

    HOST_CALL(DISPATCH_LEVEL);
    handle_driver_or_adapter(NdisHandle, __func__, RULE_CALLER);
    if (!RssProcessorInfo || *Size < needed) {
        *Size = needed;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    memset(RssProcessorInfo, 0, needed);
    RssProcessorInfo->Header.Type = NDIS_OBJECT_TYPE_RSS_PROCESSOR_INFO;
    RssProcessorInfo->Header.Revision = NDIS_RSS_PROCESSOR_INFO_REVISION_1;
    RssProcessorInfo->Header.Size = NDIS_SIZEOF_RSS_PROCESSOR_INFO_REVISION_1;
    RssProcessorInfo->MaxNumRssProcessors = nt_processors();
    RssProcessorInfo->RssProcessorArrayOffset = sizeof(NDIS_RSS_PROCESSOR_INFO);
    RssProcessorInfo->RssProcessorCount = nt_processors();
    RssProcessorInfo->RssProcessorEntrySize = sizeof(NDIS_RSS_PROCESSOR);
    entry = (PNDIS_RSS_PROCESSOR)(RssProcessorInfo + 1);
    for (i = 0; i < nt_processors(); i++)
        entry[i].ProcNum.Number = (UCHAR)i;
    *Size = needed;
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisGetRssProcessorInformation);
