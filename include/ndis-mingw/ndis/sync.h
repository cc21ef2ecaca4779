/* SPDX-License-Identifier: MIT */
/*
 * Locks, events, timers, work items, generic objects, interlocked operations, time and
 * processors.
 *
 * What is allocated (timer object, work item, RW lock, generic object) is freed by Halt at the
 * latest; a timer is cancelled first. A lock taken with the Dpr form is released with the Dpr
 * form. Documentation: ddi/ndis, network/ndis-i-o-work-items, network/ndis-timers.
 */

#ifndef NDIS_MINGW_SYNC_H
#define NDIS_MINGW_SYNC_H

/*
 * Spin locks: acquired at DISPATCH_LEVEL or below, held at DISPATCH_LEVEL; the Dpr forms only at it.
 * A driver's calls are macros over the kernel's spin locks. NdisDprAcquireSpinLock is a block: it
 * does not go between `if (...)` and `else` without braces of its own.
 */
typedef struct _NDIS_SPIN_LOCK {
    KSPIN_LOCK SpinLock;
    KIRQL OldIrql;
} NDIS_SPIN_LOCK, *PNDIS_SPIN_LOCK;

NDISAPI VOID NTAPI NdisAllocateSpinLock(PNDIS_SPIN_LOCK SpinLock);
NDISAPI VOID NTAPI NdisFreeSpinLock(PNDIS_SPIN_LOCK SpinLock);
NDISAPI VOID NTAPI NdisAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock);
NDISAPI VOID NTAPI NdisReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock);
NDISAPI VOID NTAPI NdisDprAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock);
NDISAPI VOID NTAPI NdisDprReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock);
#ifdef NDIS_MINIPORT_DRIVER
#define NdisAllocateSpinLock(_SpinLock) KeInitializeSpinLock(&(_SpinLock)->SpinLock)
#define NdisFreeSpinLock(_SpinLock)
#define NdisAcquireSpinLock(_SpinLock) \
    KeAcquireSpinLock(&(_SpinLock)->SpinLock, &(_SpinLock)->OldIrql)
#define NdisReleaseSpinLock(_SpinLock) \
    KeReleaseSpinLock(&(_SpinLock)->SpinLock, (_SpinLock)->OldIrql)
#define NdisDprAcquireSpinLock(_SpinLock)                    \
    {                                                        \
        KeAcquireSpinLockAtDpcLevel(&(_SpinLock)->SpinLock); \
    }
#define NdisDprReleaseSpinLock(_SpinLock) KeReleaseSpinLockFromDpcLevel(&(_SpinLock)->SpinLock)
#endif

/* Read/write locks of NDIS 6.20; Flags is NDIS_RWL_AT_DISPATCH_LEVEL or 0. */
#define NDIS_RWL_AT_DISPATCH_LEVEL 1
typedef struct _NDIS_RW_LOCK_EX NDIS_RW_LOCK_EX, *PNDIS_RW_LOCK_EX;
typedef struct _LOCK_STATE_EX {
    KIRQL OldIrql;
    UCHAR LockState;
    UCHAR Flags;
} LOCK_STATE_EX, *PLOCK_STATE_EX;

NDISAPI PNDIS_RW_LOCK_EX NTAPI NdisAllocateRWLock(NDIS_HANDLE NdisHandle);
NDISAPI VOID NTAPI NdisFreeRWLock(PNDIS_RW_LOCK_EX Lock);
NDISAPI VOID NTAPI NdisAcquireRWLockRead(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState,
                                         UCHAR Flags);
NDISAPI VOID NTAPI NdisAcquireRWLockWrite(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState,
                                          UCHAR Flags);
NDISAPI VOID NTAPI NdisReleaseRWLock(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState);

/* Events: MsToWait in milliseconds, 0 without end; waited for at PASSIVE_LEVEL. */
typedef struct _NDIS_EVENT {
    KEVENT Event;
} NDIS_EVENT, *PNDIS_EVENT;

NDISAPI VOID NTAPI NdisInitializeEvent(PNDIS_EVENT Event);
NDISAPI VOID NTAPI NdisSetEvent(PNDIS_EVENT Event);
NDISAPI VOID NTAPI NdisResetEvent(PNDIS_EVENT Event);
NDISAPI BOOLEAN NTAPI NdisWaitEvent(PNDIS_EVENT Event, UINT MsToWait);

typedef FAST_MUTEX NDIS_MUTEX, *PNDIS_MUTEX;
#define NDIS_INIT_MUTEX(_M_)     ExInitializeFastMutex(_M_)
#define NDIS_WAIT_FOR_MUTEX(_M_) ExAcquireFastMutex(_M_)
#define NDIS_RELEASE_MUTEX(_M_)  ExReleaseFastMutex(_M_)

/* IRQL */
#define NDIS_CURRENT_IRQL()                  KeGetCurrentIrql()
#define NDIS_RAISE_IRQL_TO_DISPATCH(_pIrql_) KeRaiseIrql(DISPATCH_LEVEL, (_pIrql_))
#define NDIS_LOWER_IRQL(_OldIrql_, _CurIrql_) \
    {                                         \
        if ((_OldIrql_) != (_CurIrql_)) {     \
            KeLowerIrql(_OldIrql_);           \
        }                                     \
    }

/* Timers: DueTime in 100 ns, negative when relative; MillisecondsPeriod 0 fires once. */
#define NDIS_TIMER_CHARACTERISTICS_REVISION_1 1
typedef VOID NTAPI NDIS_TIMER_FUNCTION(PVOID SystemSpecific1, PVOID FunctionContext,
                                       PVOID SystemSpecific2, PVOID SystemSpecific3);
typedef NDIS_TIMER_FUNCTION *PNDIS_TIMER_FUNCTION;

typedef struct _NDIS_TIMER_CHARACTERISTICS {
    NDIS_OBJECT_HEADER Header;
    ULONG AllocationTag;
    PNDIS_TIMER_FUNCTION TimerFunction;
    PVOID FunctionContext;
} NDIS_TIMER_CHARACTERISTICS, *PNDIS_TIMER_CHARACTERISTICS;

#define NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_TIMER_CHARACTERISTICS, FunctionContext)

NDISAPI NDIS_STATUS NTAPI NdisAllocateTimerObject(NDIS_HANDLE NdisHandle,
                                                  PNDIS_TIMER_CHARACTERISTICS TimerCharacteristics,
                                                  PNDIS_HANDLE pTimerObject);
NDISAPI BOOLEAN NTAPI NdisSetTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime,
                                         LONG MillisecondsPeriod, PVOID FunctionContext);
NDISAPI BOOLEAN NTAPI NdisSetCoalescableTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime,
                                                    LONG MillisecondsPeriod, PVOID FunctionContext,
                                                    ULONG Tolerance);
NDISAPI BOOLEAN NTAPI NdisCancelTimerObject(NDIS_HANDLE TimerObject);
NDISAPI VOID NTAPI NdisFreeTimerObject(NDIS_HANDLE TimerObject);

/* Work items run at PASSIVE_LEVEL; one is queued at most once until it has run. */
typedef VOID NTAPI NDIS_IO_WORKITEM_FUNCTION(PVOID WorkItemContext,
                                             NDIS_HANDLE NdisIoWorkItemHandle);
typedef NDIS_IO_WORKITEM_FUNCTION *NDIS_IO_WORKITEM_ROUTINE;

NDISAPI NDIS_HANDLE NTAPI NdisAllocateIoWorkItem(NDIS_HANDLE NdisObjectHandle);
NDISAPI VOID NTAPI NdisQueueIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle,
                                       NDIS_IO_WORKITEM_ROUTINE Routine, PVOID WorkItemContext);
NDISAPI VOID NTAPI NdisFreeIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle);

/*
 * Generic objects: a handle to allocate by where there is no adapter
 * (ddi/ndis/ns-ndis-_ndis_generic_object)
 */
typedef struct _NDIS_GENERIC_OBJECT {
    NDIS_OBJECT_HEADER Header;
    PVOID Caller;
    PVOID CallersCaller;
    PDRIVER_OBJECT DriverObject;
} NDIS_GENERIC_OBJECT, *PNDIS_GENERIC_OBJECT;

NDISAPI NDIS_HANDLE NTAPI NdisAllocateGenericObject(PDRIVER_OBJECT DriverObject, ULONG Tag,
                                                    USHORT Size);
NDISAPI VOID NTAPI NdisFreeGenericObject(PNDIS_GENERIC_OBJECT NdisObject);

/* Interlocked operations and lists */
#define NdisInterlockedIncrement(Addend) InterlockedIncrement(Addend)
#define NdisInterlockedDecrement(Addend) InterlockedDecrement(Addend)
#define NdisInterlockedAddLargeStatistic(_Addend, _Increment) \
    ExInterlockedAddLargeStatistic((PLARGE_INTEGER)(_Addend), (_Increment))
#define NdisInitializeListHead(_ListHead)  InitializeListHead(_ListHead)
#define NdisInitializeSListHead(SListHead) ExInitializeSListHead(SListHead)
#define NdisInterlockedPushEntrySList(SListHead, SListEntry, Lock) \
    ExInterlockedPushEntrySList((SListHead), (SListEntry), &(Lock)->SpinLock)
#define NdisInterlockedPopEntrySList(SListHead, Lock) \
    ExInterlockedPopEntrySList((SListHead), &(Lock)->SpinLock)
#define NdisQueryDepthSList(SListHead) ExQueryDepthSList(SListHead)
NDISAPI ULONG NTAPI NdisInterlockedAddUlong(PULONG Addend, ULONG Increment,
                                            PNDIS_SPIN_LOCK SpinLock);
NDISAPI PLIST_ENTRY NTAPI NdisInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                                        PNDIS_SPIN_LOCK SpinLock);
NDISAPI PLIST_ENTRY NTAPI NdisInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                                        PNDIS_SPIN_LOCK SpinLock);
NDISAPI PLIST_ENTRY NTAPI NdisInterlockedRemoveHeadList(PLIST_ENTRY ListHead,
                                                        PNDIS_SPIN_LOCK SpinLock);
#ifdef NDIS_MINIPORT_DRIVER
#define NdisInterlockedAddUlong(_Addend, _Increment, _SpinLock) \
    ExInterlockedAddUlong((_Addend), (_Increment), &(_SpinLock)->SpinLock)
#define NdisInterlockedInsertHeadList(_ListHead, _ListEntry, _SpinLock) \
    ExInterlockedInsertHeadList((_ListHead), (_ListEntry), &(_SpinLock)->SpinLock)
#define NdisInterlockedInsertTailList(_ListHead, _ListEntry, _SpinLock) \
    ExInterlockedInsertTailList((_ListHead), (_ListEntry), &(_SpinLock)->SpinLock)
#define NdisInterlockedRemoveHeadList(_ListHead, _SpinLock) \
    ExInterlockedRemoveHeadList((_ListHead), &(_SpinLock)->SpinLock)
#endif

/* Time: stalls of 50 us at most, at any IRQL; sleeps at PASSIVE_LEVEL; both in microseconds. */
#define NdisStallExecution(MicroSecondsToStall) KeStallExecutionProcessor(MicroSecondsToStall)
NDISAPI VOID NTAPI NdisMSleep(ULONG MicrosecondsToSleep);
NDISAPI VOID NTAPI NdisGetCurrentSystemTime(PLARGE_INTEGER pSystemTime);
#ifdef NDIS_MINIPORT_DRIVER
#define NdisGetCurrentSystemTime(_pSystemTime) \
    {                                          \
        KeQuerySystemTime(_pSystemTime);       \
    }
#endif
NDISAPI VOID NTAPI NdisGetSystemUpTimeEx(PLARGE_INTEGER pSystemUpTime);

/* Processors (ddi/ndis, ddi/ntddndis) */
#define NDIS_MAX_PROCESSOR_COUNT                     (8 * sizeof(KAFFINITY))
#define NDIS_HYPERVISOR_INFO_FLAG_HYPERVISOR_PRESENT 1
#define NDIS_HYPERVISOR_INFO_REVISION_1              1
#define NDIS_SYSTEM_PROCESSOR_INFO_EX_REVISION_1     1
#define NDIS_SYSTEM_PROCESSOR_INFO_REVISION_1        1
typedef enum _NDIS_PROCESSOR_VENDOR {
    NdisProcessorVendorUnknown,
    NdisProcessorVendorGenuinIntel,
    NdisProcessorVendorGenuineIntel = NdisProcessorVendorGenuinIntel,
    NdisProcessorVendorAuthenticAMD
} NDIS_PROCESSOR_VENDOR,
    *PNDIS_PROCESSOR_VENDOR;

typedef enum _NDIS_HYPERVISOR_PARTITION_TYPE {
    NdisHypervisorPartitionTypeUnknown,
    NdisHypervisorPartitionTypeMsHvParent,
    NdisHypervisorPartitionMsHvChild,
    NdisHypervisorPartitionTypeMax
} NDIS_HYPERVISOR_PARTITION_TYPE,
    *PNDIS_HYPERVISOR_PARTITION_TYPE;

typedef struct _NDIS_PROCESSOR_INFO {
    ULONG CpuNumber;
    ULONG PhysicalPackageId;
    ULONG CoreId;
    ULONG HyperThreadID;
} NDIS_PROCESSOR_INFO, *PNDIS_PROCESSOR_INFO;

typedef struct _NDIS_SYSTEM_PROCESSOR_INFO {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_PROCESSOR_VENDOR ProcessorVendor;
    ULONG NumPhysicalPackages;
    ULONG NumCores;
    ULONG NumCoresPerPhysicalPackage;
    ULONG MaxHyperThreadingCpusPerCore;
    ULONG RssBaseCpu;
    ULONG RssCpuCount;
    PUCHAR RssProcessors;
    NDIS_PROCESSOR_INFO CpuInfo[NDIS_MAX_PROCESSOR_COUNT];
} NDIS_SYSTEM_PROCESSOR_INFO, *PNDIS_SYSTEM_PROCESSOR_INFO;

#define NDIS_SIZEOF_SYSTEM_PROCESSOR_INFO_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SYSTEM_PROCESSOR_INFO, CpuInfo)

typedef struct _NDIS_PROCESSOR_INFO_EX {
    PROCESSOR_NUMBER ProcNum;
    ULONG SocketId;
    ULONG CoreId;
    ULONG HyperThreadId;
    USHORT NodeId;
    USHORT NodeDistance;
} NDIS_PROCESSOR_INFO_EX, *PNDIS_PROCESSOR_INFO_EX;

typedef struct _NDIS_SYSTEM_PROCESSOR_INFO_EX {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_PROCESSOR_VENDOR ProcessorVendor;
    ULONG NumSockets;
    ULONG NumCores;
    ULONG NumCoresPerSocket;
    ULONG MaxHyperThreadingProcsPerCore;
    ULONG ProcessorInfoOffset;
    ULONG NumberOfProcessors;
    ULONG ProcessorInfoEntrySize;
} NDIS_SYSTEM_PROCESSOR_INFO_EX, *PNDIS_SYSTEM_PROCESSOR_INFO_EX;

#define NDIS_SIZEOF_SYSTEM_PROCESSOR_INFO_EX_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_SYSTEM_PROCESSOR_INFO_EX, ProcessorInfoEntrySize)

typedef struct _NDIS_RSS_PROCESSOR {
    PROCESSOR_NUMBER ProcNum;
    USHORT PreferenceIndex;
} NDIS_RSS_PROCESSOR, *PNDIS_RSS_PROCESSOR;

#define NDIS_SIZEOF_RSS_PROCESSOR_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_RSS_PROCESSOR, PreferenceIndex)

typedef struct _NDIS_RSS_PROCESSOR_INFO {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    PROCESSOR_NUMBER RssBaseProcessor;
    ULONG MaxNumRssProcessors;
    USHORT PreferredNumaNode;
    ULONG RssProcessorArrayOffset;
    ULONG RssProcessorCount;
    ULONG RssProcessorEntrySize;
} NDIS_RSS_PROCESSOR_INFO, *PNDIS_RSS_PROCESSOR_INFO;

#define NDIS_SIZEOF_RSS_PROCESSOR_INFO_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_RSS_PROCESSOR_INFO, RssProcessorEntrySize)

typedef struct _NDIS_HYPERVISOR_INFO {
    NDIS_OBJECT_HEADER Header;
    ULONG Flags;
    NDIS_HYPERVISOR_PARTITION_TYPE PartitionType;
} NDIS_HYPERVISOR_INFO, *PNDIS_HYPERVISOR_INFO;

#define NDIS_SIZEOF_HYPERVISOR_INFO_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NDIS_HYPERVISOR_INFO, PartitionType)

NDISAPI CCHAR NTAPI NdisSystemProcessorCount(VOID);
NDISAPI ULONG NTAPI NdisSystemActiveProcessorCount(PKAFFINITY ActiveProcessors);
NDISAPI ULONG NTAPI NdisCurrentProcessorIndex(VOID);
NDISAPI ULONG NTAPI NdisCurrentGroupAndProcessor(VOID);
NDISAPI USHORT NTAPI NdisActiveGroupCount(VOID);
NDISAPI USHORT NTAPI NdisMaxGroupCount(VOID);
NDISAPI ULONG NTAPI NdisGroupActiveProcessorCount(USHORT Group);
NDISAPI ULONG NTAPI NdisGroupMaxProcessorCount(USHORT Group);
NDISAPI KAFFINITY NTAPI NdisGroupActiveProcessorMask(USHORT Group);
NDISAPI NDIS_STATUS NTAPI NdisProcessorIndexToNumber(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNum);
NDISAPI ULONG NTAPI NdisProcessorNumberToIndex(PPROCESSOR_NUMBER ProcNum);
NDISAPI VOID NTAPI NdisGetCurrentProcessorCpuUsage(PULONG pCpuUsage);
NDISAPI VOID NTAPI NdisGetCurrentProcessorCounts(PULONG pIdleCount, PULONG pKernelAndUser,
                                                 PULONG pIndex);
NDISAPI NDIS_STATUS NTAPI
NdisGetProcessorInformation(PNDIS_SYSTEM_PROCESSOR_INFO SystemProcessorInfo);
NDISAPI NDIS_STATUS NTAPI NdisGetProcessorInformationEx(
    NDIS_HANDLE NdisHandle, PNDIS_SYSTEM_PROCESSOR_INFO_EX SystemProcessorInfo, PSIZE_T Size);
NDISAPI NDIS_STATUS NTAPI NdisGetRssProcessorInformation(NDIS_HANDLE NdisHandle,
                                                         PNDIS_RSS_PROCESSOR_INFO RssProcessorInfo,
                                                         PSIZE_T Size);
NDISAPI NDIS_STATUS NTAPI NdisGetHypervisorInfo(PNDIS_HYPERVISOR_INFO HypervisorInfo);

#endif
