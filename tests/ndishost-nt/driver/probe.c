/* SPDX-License-Identifier: MIT */
/* A driver that looks at how it was loaded, and at the host's functions from where drivers stand. */
#include <ntddk.h>
#include "probe.h"

/* What Microsoft's linker puts into an image, and mingw's does not: a load configuration. Only the
 * cookie's place matters; the directory entry is set by the test. */
#if defined(_AMD64_)
#define LOAD_CONFIG_WORDS 28
#define COOKIE_WORD       11
#else
#define LOAD_CONFIG_WORDS 18
#define COOKIE_WORD       15
#endif
ULONG_PTR TheCookie = 0xBB40E64E;
ULONG_PTR TheLoadConfig[LOAD_CONFIG_WORDS] = {
    [0] = sizeof(TheLoadConfig), [COOKIE_WORD] = (ULONG_PTR)&TheCookie};

static int Initialised = 0x12345678;
static int Zeroed[3000];
static int *volatile PointerToData = &Initialised;
static const int ReadOnly = 0x5EED;
static const int *const volatile PointerToConst = &ReadOnly;
NTSTATUS (*volatile PointerToFunction)(struct probe *);

static NTSTATUS NTAPI InitFunction(void);

typedef NTSTATUS NTAPI INIT_FUNCTION(void);
static INIT_FUNCTION *volatile PointerToInit = InitFunction;

#if defined(_AMD64_)
#define ACQUIRE(Lock, Irql) (Irql) = KeAcquireSpinLockRaiseToDpc(Lock)
#define RELEASE(Lock, Irql) KeReleaseSpinLock(Lock, Irql)
#else
#define ACQUIRE(Lock, Irql) (Irql) = KfAcquireSpinLock(Lock)
#define RELEASE(Lock, Irql) KfReleaseSpinLock(Lock, Irql)
#endif

DRIVER_INITIALIZE DriverEntry;

__attribute__((section("INIT"), noinline)) static NTSTATUS NTAPI InitFunction(void)
{
    return STATUS_PENDING;
}

__attribute__((noinline)) static NTSTATUS BreakTheRule(struct probe *Probe)
{
    KSPIN_LOCK Lock = 0;
    KIRQL First, Second;

    (void)Probe;
    ACQUIRE(&Lock, First);
    ACQUIRE(&Lock, Second);
    RELEASE(&Lock, Second);
    RELEASE(&Lock, First);
    return STATUS_SUCCESS;
}

/* Each line is one check; its number is what the test prints. */
__attribute__((noinline)) static unsigned CheckImage(void)
{
    unsigned i;

    if (Initialised != 0x12345678)
        return 1;
    if (*PointerToData != 0x12345678 || PointerToData != &Initialised)
        return 2;
    for (i = 0; i < 3000; i++)
        if (Zeroed[i] != 0)
            return 3;
    Zeroed[2999] = 1;
    if (*PointerToConst != 0x5EED)
        return 4;
    PointerToFunction = BreakTheRule;
    if (PointerToFunction != BreakTheRule)
        return 5;
    if (PointerToInit() != STATUS_PENDING)
        return 6;
    return 0;
}

__attribute__((noinline)) static unsigned CheckCalls(void)
{
    static const UCHAR Same[] = "abcdefgh", Other[] = "abcdEfgh";
    LARGE_INTEGER Frequency, Now;
    UNICODE_STRING Name;
    WCHAR Digits[16];
    KEVENT Event;
    PVOID Pool;
    KIRQL Old;

    if (RtlCompareMemory(Same, Other, 8) != 4)
        return 10;
    Now = KeQueryPerformanceCounter(&Frequency); /* eight bytes in a structure */
    if (Frequency.QuadPart == 0 || Now.QuadPart == 0)
        return 11;
    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Now.QuadPart = 0;
    if (KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Now) != STATUS_TIMEOUT)
        return 12;
    KeSetEvent(&Event, 0, FALSE);
    if (KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, &Now) != STATUS_SUCCESS)
        return 13;
    Pool = ExAllocatePoolWithTag(NonPagedPool, 100, 0x74736554);
    if (!Pool)
        return 14;
    ExFreePoolWithTag(Pool, 0x74736554);
    Name.Buffer = Digits;
    Name.Length = 0;
    Name.MaximumLength = sizeof(Digits);
    if (RtlIntegerToUnicodeString(0xBEEF, 16, &Name) != STATUS_SUCCESS || Name.Length != 8 ||
        Digits[0] != 'B' || Digits[3] != 'F')
        return 15;
    KeRaiseIrql(DISPATCH_LEVEL, &Old); /* CR8 on x64, HAL on x86 */
    if (Old != PASSIVE_LEVEL || KeGetCurrentIrql() != DISPATCH_LEVEL)
        return 16;
    KeLowerIrql(Old);
    if (KeGetCurrentIrql() != PASSIVE_LEVEL)
        return 17;
    DbgPrint("probe: %s %d %x %ws %I64d %p\n", "text", -5, 0xABC, L"wide", (LONGLONG)1 << 40,
             (PVOID)0x10);
    return 0;
}

/* Arguments of several sizes, and enough of them to lie on the stack on x64 too. */
__attribute__((noinline)) static unsigned CheckManyArguments(void)
{
    PHYSICAL_ADDRESS Low, High, Boundary;
    PVOID Memory;
    KEVENT Events[4];
    PVOID Objects[4];
    KWAIT_BLOCK Blocks[4];
    LARGE_INTEGER Zero;
    unsigned i;

    for (i = 0; i < 4; i++) {
        KeInitializeEvent(&Events[i], NotificationEvent, i == 3);
        Objects[i] = &Events[i];
    }
    Zero.QuadPart = 0;
    if (KeWaitForMultipleObjects(4, Objects, WaitAny, Executive, KernelMode, FALSE, &Zero,
                                 Blocks) != STATUS_WAIT_3)
        return 20;
    Low.QuadPart = 0;
    High.QuadPart = 0xFFFFFFFF;
    Boundary.QuadPart = 0;
    Memory = MmAllocateContiguousMemorySpecifyCache(5000, Low, High, Boundary, MmCached);
    if (!Memory)
        return 21;
    Low = MmGetPhysicalAddress(Memory);
    if (Low.QuadPart == 0 || Low.QuadPart > High.QuadPart)
        return 22;
    MmFreeContiguousMemory(Memory);
    return 0;
}

__attribute__((noinline)) static void WriteLog(PVOID Object)
{
    PIO_ERROR_LOG_PACKET Packet = IoAllocateErrorLogEntry(Object, sizeof(IO_ERROR_LOG_PACKET) + 4);

    if (!Packet)
        return;
    Packet->ErrorCode = (NTSTATUS)0xC0000007;
    Packet->DumpDataSize = 8;
    Packet->DumpData[0] = 0x11;
    Packet->DumpData[1] = 0x22;
    IoWriteErrorLogEntry(Packet);
}

static unsigned Check(void)
{
    unsigned Failed = CheckImage();

    if (!Failed)
        Failed = CheckCalls();
    if (!Failed)
        Failed = CheckManyArguments();
    return Failed;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    struct probe *Probe = (struct probe *)RegistryPath;
    UCHAR *Pool;

    switch (Probe->command) {
    case PROBE_CHECK:
        Probe->result = Check();
        break;
    case PROBE_READ_COOKIE:
        Probe->wide = TheCookie;
        Probe->pointer = TheLoadConfig;
        break;
    case PROBE_BREAK_LOCK:
        BreakTheRule(Probe);
        break;
    case PROBE_WRITE_CODE:
        *(volatile UCHAR *)(ULONG_PTR)BreakTheRule = 0xC3;
        break;
    case PROBE_WRITE_CONST:
        *(volatile int *)(ULONG_PTR)PointerToConst = 1;
        break;
    case PROBE_CALL_DATA:
        Zeroed[0] = 0xC3;
        ((void (*)(void))(ULONG_PTR)Zeroed)();
        break;
    case PROBE_CALL_INIT:
        PointerToInit();
        break;
    case PROBE_OVERRUN:
        Pool = ExAllocatePoolWithTag(NonPagedPool, 64, 0x74736554);
        *(volatile UCHAR *)(Pool + 64) = 1;
        break;
    case PROBE_LOG:
        WriteLog(DriverObject);
        break;
    default:
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}
