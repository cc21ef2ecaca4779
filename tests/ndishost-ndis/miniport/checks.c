/* SPDX-License-Identifier: MIT */
/* Calls exports of NDIS, and looks whether they do what the documentation says. */
#include "loop.h"
#include "miniport_forms.h"

/* ---- Resources and the bus ---- */

static VOID CheckMemory(PLOOP_ADAPTER Adapter, PCM_PARTIAL_RESOURCE_DESCRIPTOR Descriptor)
{
    NDIS_PHYSICAL_ADDRESS Second;
    PVOID Va, Part;
    NDIS_STATUS Status;
    ULONG Value;

    Status = NdisMMapIoSpace(&Va, Adapter->Handle, Descriptor->u.Memory.Start,
                             Descriptor->u.Memory.Length);
    CHECK(Adapter, Status == NDIS_STATUS_SUCCESS && Va != NULL, Status);
    if (Status != NDIS_STATUS_SUCCESS)
        return;
    NdisReadRegisterUlong((PULONG)Va, &Value);
    Second.QuadPart = Descriptor->u.Memory.Start.QuadPart + Descriptor->u.Memory.Length / 2;
    Status = NdisMMapIoSpace(&Part, Adapter->Handle, Second, 16);
    CHECK(Adapter, Status == NDIS_STATUS_SUCCESS && Part != Va, Status);
    if (Status == NDIS_STATUS_SUCCESS)
        NdisMUnmapIoSpace(Adapter->Handle, Part, 16);
    NdisMUnmapIoSpace(Adapter->Handle, Va, Descriptor->u.Memory.Length);
}

static VOID CheckPorts(PLOOP_ADAPTER Adapter, PCM_PARTIAL_RESOURCE_DESCRIPTOR Descriptor)
{
    UINT Port = (UINT)Descriptor->u.Port.Start.QuadPart;
    NDIS_STATUS Status;
    PVOID Offset;

    Status = NdisMRegisterIoPortRange(&Offset, Adapter->Handle, Port, Descriptor->u.Port.Length);
    CHECK(Adapter, Status == NDIS_STATUS_SUCCESS, Status);
    if (Status != NDIS_STATUS_SUCCESS)
        return;
    NdisMDeregisterIoPortRange(Adapter->Handle, Port, Descriptor->u.Port.Length, Offset);
}

static VOID CheckResources(PLOOP_ADAPTER Adapter, PNDIS_RESOURCE_LIST List)
{
    ULONG i, Interrupts = 0, Memories = 0;

    CHECK(Adapter, List->Version == 1 && List->Revision == 1, List->Version);
    for (i = 0; i < List->Count; i++) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR Descriptor = &List->PartialDescriptors[i];

        switch (Descriptor->Type) {
        case CmResourceTypeInterrupt:
            Interrupts++;
            CHECK(Adapter, Descriptor->Flags == CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE,
                  Descriptor->Flags);
            CHECK(Adapter, Descriptor->ShareDisposition == CmResourceShareShared,
                  Descriptor->ShareDisposition);
            break;
        case CmResourceTypeMemory:
            Memories++;
            CheckMemory(Adapter, Descriptor);
            break;
        case CmResourceTypePort:
            CheckPorts(Adapter, Descriptor);
            break;
        }
    }
    CHECK(Adapter, Interrupts == 1, Interrupts);
    CHECK(Adapter, Memories >= 1, Memories);
}

static VOID CheckBus(PLOOP_ADAPTER Adapter)
{
    UCHAR Config[64], Line = 0x5A, Was = 0, Back = 0;
    USHORT Odd;
    ULONG Length;

    Length = NdisMGetBusData(Adapter->Handle, PCI_WHICHSPACE_CONFIG, 0, Config, sizeof(Config));
    CHECK(Adapter, Length == sizeof(Config), Length);
    CHECK(Adapter, Config[0] == 0xF4 && Config[1] == 0x1A, Config[0]);
    Length = NdisMGetBusData(Adapter->Handle, PCI_WHICHSPACE_CONFIG, 1, &Odd, sizeof(Odd));
    CHECK(Adapter, Length == 2 && (UCHAR)Odd == Config[1] && Odd >> 8 == Config[2], Odd);
    Length = NdisMGetBusData(Adapter->Handle, PCI_WHICHSPACE_CONFIG, 254, Config, 4);
    CHECK(Adapter, Length == 2, Length);
    NdisMGetBusData(Adapter->Handle, PCI_WHICHSPACE_CONFIG, 0x3C, &Was, 1); /* Interrupt Line */
    Length = NdisMSetBusData(Adapter->Handle, PCI_WHICHSPACE_CONFIG, 0x3C, &Line, 1);
    CHECK(Adapter, Length == 1, Length);
    NdisMGetBusData(Adapter->Handle, PCI_WHICHSPACE_CONFIG, 0x3C, &Back, 1);
    CHECK(Adapter, Back == Line, Back);
    NdisMSetBusData(Adapter->Handle, PCI_WHICHSPACE_CONFIG, 0x3C, &Was, 1);
    Length = NdisMGetBusData(Adapter->Handle, PCI_WHICHSPACE_CONFIG, 4, Config, 2);
    CHECK(Adapter, (Config[0] & 7) == 7 && (Config[1] & 4) == 0, Config[0]);
}

/* ---- Configuration: Number=42 Hex=0x2A Text=hello Word=dword:7 NetworkAddress=02-00-... ---- */

static VOID CheckValues(PLOOP_ADAPTER Adapter, NDIS_HANDLE Configuration)
{
    static WCHAR Hello[] = {'h', 'e', 'l', 'l', 'o'};
    PNDIS_CONFIGURATION_PARAMETER Parameter;

    Parameter = FormRead(Configuration, L"Number", NdisParameterInteger);
    if (Parameter == NULL)
        return; /* run without keywords */
    CHECK(Adapter,
          Parameter->ParameterType == NdisParameterInteger &&
              Parameter->ParameterData.IntegerData == 42,
          Parameter->ParameterData.IntegerData);
    Parameter = FormRead(Configuration, L"hex", NdisParameterHexInteger);
    CHECK(Adapter, Parameter != NULL && Parameter->ParameterData.IntegerData == 0x2A, Parameter);
    Parameter = FormRead(Configuration, L"Text", NdisParameterString);
    CHECK(Adapter,
          Parameter != NULL && Parameter->ParameterType == NdisParameterString &&
              Parameter->ParameterData.StringData.Length == sizeof(Hello) &&
              RtlCompareMemory(Parameter->ParameterData.StringData.Buffer, Hello, sizeof(Hello)) ==
                  sizeof(Hello),
          Parameter);
    Parameter = FormRead(Configuration, L"Text", NdisParameterInteger);
    CHECK(Adapter, Parameter != NULL && Parameter->ParameterData.IntegerData == 0, Parameter);
    Parameter = FormRead(Configuration, L"Word", NdisParameterString);
    CHECK(Adapter,
          Parameter != NULL && Parameter->ParameterType == NdisParameterInteger &&
              Parameter->ParameterData.IntegerData == 7,
          Parameter);
    CHECK(Adapter, FormRead(Configuration, L"Absent", NdisParameterInteger) == NULL, 0);
    Parameter = FormRead(Configuration, L"NdisVersion", NdisParameterInteger);
    CHECK(Adapter, Parameter != NULL && Parameter->ParameterData.IntegerData == 0x00060014,
          Parameter);
}

static VOID CheckWriting(PLOOP_ADAPTER Adapter, NDIS_HANDLE Configuration)
{
    NDIS_CONFIGURATION_PARAMETER Value;
    PNDIS_CONFIGURATION_PARAMETER Parameter;
    NDIS_STRING Name;
    NDIS_STATUS Status;

    NdisInitUnicodeString(&Name, L"Written");
    Value.ParameterType = NdisParameterInteger;
    Value.ParameterData.IntegerData = 1234;
    NdisWriteConfiguration(&Status, Configuration, &Name, &Value);
    CHECK(Adapter, Status == NDIS_STATUS_SUCCESS, Status);
    Parameter = FormRead(Configuration, L"Written", NdisParameterInteger);
    CHECK(Adapter, Parameter != NULL && Parameter->ParameterData.IntegerData == 1234, Parameter);
}

static VOID CheckConfiguration(PLOOP_ADAPTER Adapter)
{
    NDIS_CONFIGURATION_OBJECT Object;
    NDIS_HANDLE Configuration;
    NDIS_STATUS Status;
    PVOID Address;
    UINT Length;

    FormConfiguration(&Object, Adapter->Handle);
    Status = NdisOpenConfigurationEx(&Object, &Configuration);
    CHECK(Adapter, Status == NDIS_STATUS_SUCCESS, Status);
    if (Status != NDIS_STATUS_SUCCESS)
        return;
    CheckValues(Adapter, Configuration);
    CheckWriting(Adapter, Configuration);
    NdisReadNetworkAddress(&Status, &Address, &Length, Configuration);
    if (Status == NDIS_STATUS_SUCCESS)
        CHECK(Adapter, Length == 6 && ((PUCHAR)Address)[0] == 0x02 && ((PUCHAR)Address)[5] == 0xEF,
              Length);
    NdisCloseConfiguration(Configuration);
}

/* ---- Buffers ---- */

static PNET_BUFFER_LIST NewList(PLOOP_ADAPTER Adapter, PMDL Mdl, ULONG Offset, ULONG Length)
{
    PNET_BUFFER_LIST List =
        NdisAllocateNetBufferAndNetBufferList(Adapter->ListPool, 0, 0, Mdl, Offset, Length);

    CHECK(Adapter, List != NULL, 0);
    return List;
}

/* Data of 100 bytes over two MDLs of 64, 20 bytes before it unused. */
static VOID CheckDataSpace(PLOOP_ADAPTER Adapter, PUCHAR Memory, PMDL First, PMDL Second)
{
    PNET_BUFFER_LIST List = NewList(Adapter, First, 20, 100);
    PNET_BUFFER Nb = NET_BUFFER_LIST_FIRST_NB(List);
    UCHAR Storage[100];
    ULONG i;

    for (i = 0; i < 128; i++)
        Memory[i] = (UCHAR)i;
    CHECK(Adapter, NET_BUFFER_CURRENT_MDL(Nb) == First && NET_BUFFER_CURRENT_MDL_OFFSET(Nb) == 20,
          NET_BUFFER_CURRENT_MDL_OFFSET(Nb));
    CHECK(Adapter, NdisGetDataBuffer(Nb, 44, NULL, 1, 0) == Memory + 20, 0);
    CHECK(Adapter, NdisGetDataBuffer(Nb, 45, NULL, 1, 0) == NULL, 0);
    CHECK(Adapter, NdisGetDataBuffer(Nb, 100, Storage, 1, 0) == Storage, 0);
    CHECK(Adapter, RtlCompareMemory(Storage, Memory + 20, 100) == 100, Storage[0]);
    CHECK(Adapter, NdisQueryNetBufferPhysicalCount(Nb) >= 2, NdisQueryNetBufferPhysicalCount(Nb));
    NdisAdvanceNetBufferDataStart(Nb, 50, FALSE, NULL);
    CHECK(Adapter,
          NET_BUFFER_CURRENT_MDL(Nb) == Second && NET_BUFFER_CURRENT_MDL_OFFSET(Nb) == 6 &&
              NET_BUFFER_DATA_OFFSET(Nb) == 70 && NET_BUFFER_DATA_LENGTH(Nb) == 50,
          NET_BUFFER_CURRENT_MDL_OFFSET(Nb));
    CHECK(Adapter, NdisRetreatNetBufferDataStart(Nb, 60, 0, NULL) == NDIS_STATUS_SUCCESS, 0);
    CHECK(Adapter,
          NET_BUFFER_CURRENT_MDL(Nb) == First && NET_BUFFER_DATA_OFFSET(Nb) == 10 &&
              NET_BUFFER_DATA_LENGTH(Nb) == 110,
          NET_BUFFER_DATA_OFFSET(Nb));
    CHECK(Adapter, NdisRetreatNetBufferDataStart(Nb, 30, 4, NULL) == NDIS_STATUS_SUCCESS, 0);
    CHECK(Adapter,
          NET_BUFFER_FIRST_MDL(Nb) != First && NET_BUFFER_FIRST_MDL(Nb)->Next == First &&
              NET_BUFFER_DATA_LENGTH(Nb) == 140 && NET_BUFFER_DATA_OFFSET(Nb) == 4,
          NET_BUFFER_DATA_OFFSET(Nb));
    NdisAdvanceNetBufferDataStart(Nb, 30, TRUE, NULL);
    CHECK(Adapter, NET_BUFFER_FIRST_MDL(Nb) == First, NET_BUFFER_FIRST_MDL(Nb));
    NdisFreeNetBufferList(List);
}

static VOID CheckCopy(PLOOP_ADAPTER Adapter, PUCHAR Memory, PMDL First, PMDL Second)
{
    PNET_BUFFER_LIST From = NewList(Adapter, First, 0, 128), To = NewList(Adapter, Second, 10, 40);
    ULONG Copied = 0;
    NDIS_STATUS Status;
    UCHAR Byte = Memory[5];

    Status = NdisCopyFromNetBufferToNetBuffer(NET_BUFFER_LIST_FIRST_NB(To), 2, 30,
                                              NET_BUFFER_LIST_FIRST_NB(From), 5, &Copied);
    CHECK(Adapter, Status == NDIS_STATUS_SUCCESS && Copied == 30, Copied);
    CHECK(Adapter, Memory[64 + 12] == Byte, Memory[64 + 12]);
    NdisFreeNetBufferList(From);
    NdisFreeNetBufferList(To);
}

static VOID CheckContext(PLOOP_ADAPTER Adapter)
{
    PNET_BUFFER_LIST List = NdisAllocateNetBufferList(
        Adapter->ListPool, MEMORY_ALLOCATION_ALIGNMENT, 2 * MEMORY_ALLOCATION_ALIGNMENT);
    USHORT Size = MEMORY_ALLOCATION_ALIGNMENT;

    CHECK(Adapter, List != NULL && List->Context != NULL, List);
    if (List == NULL)
        return;
    CHECK(Adapter, NET_BUFFER_LIST_CONTEXT_DATA_SIZE(List) == 3 * Size, List->Context->Size);
    CHECK(Adapter, List->Context->Offset == 2 * Size, List->Context->Offset);
    NdisZeroMemory(NET_BUFFER_LIST_CONTEXT_DATA_START(List), Size);
    NdisAllocateNetBufferListContext(List, Size, 0, LOOP_TAG);
    CHECK(Adapter, NET_BUFFER_LIST_CONTEXT_DATA_SIZE(List) == 3 * Size, List->Context->Size);
    CHECK(Adapter, List->Context->Offset == Size, List->Context->Offset);
    NdisAllocateNetBufferListContext(List, 256, 0, LOOP_TAG);
    CHECK(Adapter, NET_BUFFER_LIST_CONTEXT_DATA_SIZE(List) == 256, List->Context->Size);
    NdisFreeNetBufferListContext(List, 256);
    CHECK(Adapter, NET_BUFFER_LIST_CONTEXT_DATA_SIZE(List) == 3 * Size, List->Context->Size);
    CHECK(Adapter, List->Context->Offset == Size, List->Context->Offset);
    NdisFreeNetBufferListContext(List, Size);
    NdisFreeNetBufferList(List);
}

static VOID CheckClone(PLOOP_ADAPTER Adapter, NDIS_HANDLE BufferPool, PMDL First)
{
    NET_BUFFER_LIST_POOL_PARAMETERS Parameters;
    PNET_BUFFER_LIST List = NewList(Adapter, First, 3, 100), Clone;
    NDIS_HANDLE Pool;

    FormListPool(&Parameters, LOOP_TAG);
    Parameters.fAllocateNetBuffer = FALSE;
    Pool = NdisAllocateNetBufferListPool(Adapter->Handle, &Parameters);
    Clone = NdisAllocateCloneNetBufferList(List, Pool, BufferPool, 0);
    CHECK(Adapter, Clone != NULL && Clone->ParentNetBufferList == List, Clone);
    if (Clone != NULL) {
        PNET_BUFFER Nb = NET_BUFFER_LIST_FIRST_NB(Clone);

        CHECK(Adapter,
              NET_BUFFER_DATA_LENGTH(Nb) == 100 && NET_BUFFER_DATA_OFFSET(Nb) == 0 &&
                  NET_BUFFER_FIRST_MDL(Nb) != First,
              NET_BUFFER_DATA_OFFSET(Nb));
        NdisFreeCloneNetBufferList(Clone, 0);
    }
    NdisFreeNetBufferListPool(Pool);
    NdisFreeNetBufferList(List);
}

static VOID CheckBufferPool(PLOOP_ADAPTER Adapter, PMDL First)
{
    NET_BUFFER_POOL_PARAMETERS Parameters;
    NDIS_HANDLE Pool;
    PNET_BUFFER Nb;

    FormBufferPool(&Parameters, LOOP_TAG);
    Pool = NdisAllocateNetBufferPool(Adapter->Handle, &Parameters);
    Nb = NdisAllocateNetBuffer(Pool, First, 1, 2);
    CHECK(Adapter, Nb != NULL && NdisGetPoolFromNetBuffer(Nb) == Pool, Nb);
    NdisFreeNetBuffer(Nb);
    CheckClone(Adapter, Pool, First);
    NdisFreeNetBufferPool(Pool);
    Parameters.DataSize = 300;
    Pool = NdisAllocateNetBufferPool(Adapter->Handle, &Parameters);
    Nb = NdisAllocateNetBufferMdlAndData(Pool);
    CHECK(Adapter, Nb != NULL && MmGetMdlByteCount(NET_BUFFER_FIRST_MDL(Nb)) == 300, Nb);
    NdisZeroMemory(MmGetSystemAddressForMdlSafe(NET_BUFFER_FIRST_MDL(Nb), NormalPagePriority), 300);
    NdisFreeNetBuffer(Nb);
    NdisFreeNetBufferPool(Pool);
}

static VOID CheckBuffers(PLOOP_ADAPTER Adapter)
{
    PUCHAR Memory =
        NdisAllocateMemoryWithTagPriority(Adapter->Handle, 128, LOOP_TAG, NormalPoolPriority);
    PMDL First = NdisAllocateMdl(Adapter->Handle, Memory, 64);
    PMDL Second = NdisAllocateMdl(Adapter->Handle, Memory + 64, 64);

    CHECK(Adapter, First != NULL && Second != NULL, First);
    if (First != NULL && Second != NULL) {
        First->Next = Second;
        CheckDataSpace(Adapter, Memory, First, Second);
        CheckCopy(Adapter, Memory, First, Second);
        CheckBufferPool(Adapter, First);
    }
    CheckContext(Adapter);
    NdisFreeMdl(Second);
    NdisFreeMdl(First);
    NdisFreeMemory(Memory, 0, 0);
}

/* ---- Time, threads, locks ---- */

static LARGE_INTEGER Milliseconds(LONG Count)
{
    LARGE_INTEGER Due;

    Due.QuadPart = (LONGLONG)Count * -10000;
    return Due;
}

static VOID CheckTimers(PLOOP_ADAPTER Adapter)
{
    ULONG i;

    NdisInitializeEvent(&Adapter->Event);
    CHECK(Adapter, !NdisWaitEvent(&Adapter->Event, 5), 0);
    CHECK(Adapter, !NdisSetTimerObject(Adapter->Timer, Milliseconds(10), 0, Adapter), 0);
    CHECK(Adapter, NdisWaitEvent(&Adapter->Event, 5000), Adapter->Fired);
    NdisMSleep(30000);
    CHECK(Adapter, Adapter->Fired == 1, Adapter->Fired);
    CHECK(Adapter, !NdisCancelTimerObject(Adapter->Timer), 0);
    NdisSetTimerObject(Adapter->Timer, Milliseconds(5), 5, Adapter);
    for (i = 0; i < 500 && Adapter->Fired < 4; i++)
        NdisMSleep(10000);
    CHECK(Adapter, NdisCancelTimerObject(Adapter->Timer), 0);
    CHECK(Adapter, Adapter->Fired >= 4, Adapter->Fired);
    Adapter->Fired = 0;
    NdisMSleep(30000);
    CHECK(Adapter, Adapter->Fired == 0, Adapter->Fired);
    NdisSetTimerObject(Adapter->Timer, Milliseconds(10000), 0, Adapter);
    CHECK(Adapter, NdisSetTimerObject(Adapter->Timer, Milliseconds(20000), 0, Adapter), 0);
    CHECK(Adapter, NdisCancelTimerObject(Adapter->Timer), 0);
}

static VOID CheckTime(PLOOP_ADAPTER Adapter)
{
    LARGE_INTEGER Before, After, UpBefore, UpAfter;

    NdisGetCurrentSystemTime(&Before);
    NdisGetSystemUpTimeEx(&UpBefore);
    NdisMSleep(20000);
    NdisGetCurrentSystemTime(&After);
    NdisGetSystemUpTimeEx(&UpAfter);
    CHECK(Adapter, After.QuadPart - Before.QuadPart >= 200000, After.QuadPart - Before.QuadPart);
    CHECK(Adapter, UpAfter.QuadPart - UpBefore.QuadPart >= 19, UpAfter.QuadPart);
    CHECK(Adapter, UpAfter.QuadPart - UpBefore.QuadPart < 10000, UpAfter.QuadPart);
    NdisStallExecution(20);
}

static NDIS_IO_WORKITEM_FUNCTION LoopWork;
static VOID NTAPI LoopWork(PVOID WorkItemContext, NDIS_HANDLE NdisIoWorkItemHandle)
{
    PLOOP_ADAPTER Adapter = WorkItemContext;

    CHECK(Adapter, KeGetCurrentIrql() == PASSIVE_LEVEL, KeGetCurrentIrql());
    CHECK(Adapter, NdisIoWorkItemHandle == Adapter->WorkItem, NdisIoWorkItemHandle);
    NdisSetEvent(&Adapter->Event);
}

static VOID CheckLocks(PLOOP_ADAPTER Adapter)
{
    PNDIS_RW_LOCK_EX Lock = NdisAllocateRWLock(Adapter->Handle);
    LOCK_STATE_EX First, Second;

    NdisAcquireSpinLock(&Adapter->Lock);
    CHECK(Adapter, KeGetCurrentIrql() == DISPATCH_LEVEL, KeGetCurrentIrql());
    NdisReleaseSpinLock(&Adapter->Lock);
    CHECK(Adapter, KeGetCurrentIrql() == PASSIVE_LEVEL, KeGetCurrentIrql());
    CHECK(Adapter, Lock != NULL, 0);
    if (Lock == NULL)
        return;
    NdisAcquireRWLockRead(Lock, &First, 0);
    NdisAcquireRWLockRead(Lock, &Second, NDIS_RWL_AT_DISPATCH_LEVEL);
    CHECK(Adapter, KeGetCurrentIrql() == DISPATCH_LEVEL, KeGetCurrentIrql());
    NdisReleaseRWLock(Lock, &Second);
    NdisReleaseRWLock(Lock, &First);
    CHECK(Adapter, KeGetCurrentIrql() == PASSIVE_LEVEL, KeGetCurrentIrql());
    NdisAcquireRWLockWrite(Lock, &First, 0);
    NdisReleaseRWLock(Lock, &First);
    NdisFreeRWLock(Lock);
}

static VOID CheckInterlocked(PLOOP_ADAPTER Adapter)
{
    LIST_ENTRY Head, First, Second;
    ULONG Number = 5;

    NdisInitializeListHead(&Head);
    CHECK(Adapter, NdisInterlockedAddUlong(&Number, 3, &Adapter->Lock) == 5 && Number == 8, Number);
    NdisInterlockedInsertTailList(&Head, &Second, &Adapter->Lock);
    NdisInterlockedInsertHeadList(&Head, &First, &Adapter->Lock);
    CHECK(Adapter, NdisInterlockedRemoveHeadList(&Head, &Adapter->Lock) == &First, 0);
    CHECK(Adapter, NdisInterlockedRemoveHeadList(&Head, &Adapter->Lock) == &Second, 0);
    CHECK(Adapter, NdisInterlockedRemoveHeadList(&Head, &Adapter->Lock) == NULL, 0);
}

/* ---- The rest ---- */

static VOID CheckStrings(PLOOP_ADAPTER Adapter)
{
    WCHAR Buffer[16];
    CHAR Narrow[16];
    NDIS_STRING Wide, Hello;
    NDIS_ANSI_STRING Ansi, Back;

    NdisInitAnsiString(&Ansi, "Hello");
    CHECK(Adapter, Ansi.Length == 5 && Ansi.MaximumLength == 6, Ansi.Length);
    Wide.Buffer = Buffer;
    Wide.Length = 0;
    Wide.MaximumLength = sizeof(Buffer);
    CHECK(Adapter, NdisAnsiStringToUnicodeString(&Wide, &Ansi) == NDIS_STATUS_SUCCESS, 0);
    NdisInitUnicodeString(&Hello, L"HELLO");
    CHECK(Adapter, NdisEqualString(&Wide, &Hello, TRUE), Wide.Length);
    CHECK(Adapter, !NdisEqualString(&Wide, &Hello, FALSE), Wide.Length);
    Back.Buffer = Narrow;
    Back.Length = 0;
    Back.MaximumLength = sizeof(Narrow);
    CHECK(Adapter, NdisUnicodeStringToAnsiString(&Back, &Wide) == NDIS_STATUS_SUCCESS, 0);
    CHECK(Adapter, Back.Length == 5 && Narrow[4] == 'o', Back.Length);
    NdisInitializeString(&Wide, (PUCHAR) "x");
    CHECK(Adapter, Wide.Length == 2 && Wide.Buffer[0] == 'x', Wide.Length);
    NdisFreeString(Wide);
    CHECK(Adapter, NdisMQueryAdapterInstanceName(&Wide, Adapter->Handle) == NDIS_STATUS_SUCCESS, 0);
    CHECK(Adapter, Wide.Length != 0 && Wide.Buffer[0] == 'a', Wide.Length);
    NdisFreeMemory(Wide.Buffer, 0, 0);
}

static VOID CheckSystem(PLOOP_ADAPTER Adapter)
{
    NDIS_STRING Name;
    KAFFINITY Affinity = 0;
    PROCESSOR_NUMBER Number;
    ULONG Count = NdisGroupActiveProcessorCount(0);

    CHECK(Adapter, NdisGetVersion() == 0x00060014, NdisGetVersion());
    CHECK(Adapter, Count >= 1 && Count <= 16, Count);
    CHECK(Adapter, NdisSystemActiveProcessorCount(&Affinity) == Count, Count);
    CHECK(Adapter, Affinity == ((KAFFINITY)1 << Count) - 1, Affinity);
    CHECK(Adapter, NdisGroupActiveProcessorMask(0) == Affinity, Affinity);
    CHECK(Adapter, NdisProcessorIndexToNumber(0, &Number) == NDIS_STATUS_SUCCESS, 0);
    CHECK(Adapter, NdisProcessorNumberToIndex(&Number) == 0, Number.Number);
    CHECK(Adapter, NdisProcessorIndexToNumber(Count, &Number) != NDIS_STATUS_SUCCESS, 0);
    CHECK(Adapter, NdisMaxGroupCount() == 1 && NdisActiveGroupCount() == 1, 0);
    CHECK(Adapter, NdisMGetDmaAlignment(Adapter->Handle) >= 1, 0);
    NdisInitUnicodeString(&Name, L"NdisMSleep");
    CHECK(Adapter, NdisGetRoutineAddress(&Name) == (PVOID)NdisMSleep, 0);
    NdisInitUnicodeString(&Name, L"NdisNotThere");
    CHECK(Adapter, NdisGetRoutineAddress(&Name) == NULL, 0);
}

static VOID CheckAsyncMemory(PLOOP_ADAPTER Adapter)
{
    NDIS_STATUS Status;

    NdisInitializeEvent(&Adapter->Event);
    Status = NdisMAllocateSharedMemoryAsync(Adapter->Handle, 5000, TRUE, &Adapter->AsyncVa);
    CHECK(Adapter, Status == NDIS_STATUS_PENDING, Status);
    CHECK(Adapter, NdisWaitEvent(&Adapter->Event, 5000), 0);
    CHECK(Adapter,
          Adapter->AsyncVa != NULL &&
              MmGetPhysicalAddress(Adapter->AsyncVa).QuadPart == Adapter->AsyncPa.QuadPart,
          Adapter->AsyncVa);
    if (Adapter->AsyncVa != NULL)
        NdisMFreeSharedMemory(Adapter->Handle, 5000, TRUE, Adapter->AsyncVa, Adapter->AsyncPa);
}

VOID LoopCheckEarly(PLOOP_ADAPTER Adapter, PNDIS_MINIPORT_INIT_PARAMETERS Parameters)
{
    CHECK(Adapter, Parameters->Header.Type == NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS,
          Parameters->Header.Type);
    CHECK(Adapter, Parameters->Header.Size >= NDIS_SIZEOF_MINIPORT_INIT_PARAMETER_REVISION_1,
          Parameters->Header.Size);
    CHECK(Adapter, Parameters->DefaultPortAuthStates != NULL, 0);
    CheckResources(Adapter, Parameters->AllocatedResources);
    CheckBus(Adapter);
    CheckConfiguration(Adapter);
    CheckBuffers(Adapter);
    CheckTimers(Adapter);
    CheckTime(Adapter);
    CheckLocks(Adapter);
    CheckInterlocked(Adapter);
    CheckStrings(Adapter);
    CheckSystem(Adapter);
    CheckAsyncMemory(Adapter);
    NdisInitializeEvent(&Adapter->Event);
    NdisQueueIoWorkItem(Adapter->WorkItem, LoopWork, Adapter);
    CHECK(Adapter, NdisWaitEvent(&Adapter->Event, 5000), 0);
}

static MINIPORT_SYNCHRONIZE_INTERRUPT LoopSynchronized;
static BOOLEAN NTAPI LoopSynchronized(NDIS_HANDLE SynchronizeContext)
{
    *(PULONG)SynchronizeContext = KeGetCurrentIrql();
    return TRUE;
}

/* A DPC on each of two processors: each adds a byte of its own to DpcsSeen. */
VOID LoopCheckLate(PLOOP_ADAPTER Adapter)
{
    GROUP_AFFINITY Affinity;
    KAFFINITY Queued;
    ULONG Irql = 0, i;

    CHECK(Adapter,
          NdisMSynchronizeWithInterruptEx(Adapter->Interrupt, 0, LoopSynchronized, &Irql) == TRUE,
          0);
    CHECK(Adapter, Irql > DISPATCH_LEVEL, Irql);
    NdisZeroMemory(&Affinity, sizeof(Affinity));
    Affinity.Mask = NdisGroupActiveProcessorCount(0) > 1 ? 3 : 1;
    Queued = NdisMQueueDpcEx(Adapter->Interrupt, 0, &Affinity, &Adapter->DpcsSeen);
    CHECK(Adapter, Queued == Affinity.Mask, Queued);
    for (i = 0; i < 500 && Adapter->DpcsSeen != (Affinity.Mask == 3 ? 0x101u : 1u); i++)
        NdisMSleep(10000);
    CHECK(Adapter, Adapter->DpcsSeen == (Affinity.Mask == 3 ? 0x101u : 1u), Adapter->DpcsSeen);
}
