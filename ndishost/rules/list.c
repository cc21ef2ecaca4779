/* SPDX-License-Identifier: MIT */
/*
 * Every rule that a driver can break, and what it demands; `ndishost rules` prints the table. Names
 * are those of Static Driver Verifier where it has the rule.
 * A rule that is not here cannot be reported: rule_violation ends the program, and a test finds it
 * before. A new rule is a row here, its calls of rule_violation, and a driver in tests/rules that
 * breaks it and nothing else.
 */
#include <string.h>
#include "rules/rules.h"

static const struct rule table[] = {
    {"NdisObjectHeader", "an NDIS_OBJECT_HEADER has the type, revision and size of what it heads"},
    {"NdisHandle", "a handle is one that NDIS gave out, of the right kind, and not given back"},
    /* Life cycle */
    {"NdisMRegisterMiniportDriver",
     "DriverEntry registers the miniport once, with every mandatory handler"},
    {"NdisMDeregisterMiniportDriver",
     "the miniport is deregistered once, in MiniportDriverUnload or a DriverEntry that fails"},
    {"NdisMSetMiniportAttributes",
     "MiniportInitializeEx sets registration, then general attributes, with sound values"},
    {"MiniportInitializeEx", "MiniportInitializeEx returns a final status"},
    {"MiniportRestart", "MiniportRestart completes once, and in time"},
    {"MiniportPause_Return",
     "MiniportPause returns SUCCESS or PENDING; paused means no indication and no send held"},
    {"MiniportResetEx", "MiniportResetEx completes once, and in time"},
    {"SetPower", "OID_PNP_SET_POWER and OID_PNP_QUERY_POWER succeed"},
    {"LowPower", "a sleeping device is not accessed, does no DMA, and has no interrupt of its own"},
    {"Init_RegisterInterrupt",
     "an interrupt registered in MiniportInitializeEx is deregistered when it fails, and in Halt"},
    {"Init_DeRegisterInterrupt", "MiniportHaltEx deregisters the interrupt"},
    {"Init_RegisterSG",
     "SG DMA registered in MiniportInitializeEx is deregistered when it fails, and in Halt"},
    {"Init_NdisAllocateIoWorkItem",
     "a work item of MiniportInitializeEx is freed when it fails, and in Halt"},
    /* Hardware resources */
    {"NdisMMapIoSpace",
     "device memory is mapped in MiniportInitializeEx only, after the registration attributes"},
    {"NdisMUnmapIoSpace", "what is unmapped was mapped, and with that length"},
    {"NdisMRegisterIoPortRange",
     "ports are registered in MiniportInitializeEx only, after the registration attributes"},
    {"NdisMDeregisterIoPortRange", "what is deregistered was registered"},
    {"NdisMGetBusData", "PCI configuration is read and written within its 256 bytes"},
    {"NdisMRegisterInterruptEx", "the interrupt is registered in MiniportInitializeEx, once, after "
                                 "the registration attributes"},
    {"NdisMDeregisterInterruptEx", "nobody synchronises with an interrupt that was deregistered"},
    {"ReceiveThrottle", "a DPC indicates no more lists than its throttle parameters allow"},
    /* DMA */
    {"NdisMRegisterScatterGatherDma",
     "SG DMA is registered in MiniportInitializeEx, once, after the registration attributes"},
    {"NdisMDeregisterScatterGatherDma",
     "SG DMA is deregistered once, when no list is outstanding, and not used after"},
    {"NdisMAllocateNetBufferSGList", "a NET_BUFFER has one scatter/gather list at a time"},
    {"NdisMFreeNetBufferSGList",
     "a NET_BUFFER's scatter/gather list is freed once, after delivery, before the completion, and "
     "not written to after"},
    {"NdisFreeScatterGatherList", "a scatter/gather list that is freed was built"},
    {"NdisMGetDmaAlignment", "the alignment of DMA is asked for after SG DMA was registered"},
    {"NdisMAllocateSharedMemory", "shared memory is allocated after the registration attributes"},
    {"NdisMAllocateSharedMemoryAsync",
     "shared memory is allocated asynchronously only by a miniport with a handler for it"},
    {"NdisMFreeSharedMemory",
     "shared memory is freed once, as it was allocated, and not from MiniportShutdownEx"},
    {"NdisFreeSharedMemory",
     "NdisMFreeSharedMemory frees only memory of NdisMAllocateSharedMemory"},
    {"DmaUnmapped", "a device touches what is mapped for it at that moment, and nothing else"},
    {"DmaDirection", "a device reads what is mapped for reading, and writes what is for writing"},
    /* OID requests */
    {"OidRequest", "an OID request is answered with a sound status and sound lengths"},
    {"NdisOidComplete", "NdisMOidRequestComplete has a final status"},
    {"NdisOidDoubleComplete", "NdisMOidRequestComplete is called once for an OID request"},
    {"NdisOidDoubleRequest", "the OID request that is completed is the one that is pending"},
    {"DoubleCompleteWorkItem", "an OID request that a work item completes is completed once"},
    {"NdisMNetPnPEventInOIDRequest", "NdisMNetPnPEvent is not called from MiniportOidRequest"},
    {"NdisTimedOidComplete", "each OID request is completed within 12 seconds"},
    /* Data path */
    {"DoubleComplete",
     "each NET_BUFFER_LIST is completed once, each OID request in one of the two ways"},
    {"NdisMSendNetBufferListsComplete", "only lists that NDIS sent are completed"},
    {"NdisTimedDataSend", "each send is completed within 30 seconds"},
    {"NdisTimedDataHang", "while sends are pending, 22 seconds do not pass with none completed"},
    {"SendStatus", "a send is completed with a status that a send may have"},
    {"NetBufferListOwner", "a NET_BUFFER_LIST is used by its owner only"},
    {"NetBufferOwner", "a NET_BUFFER is used by its owner only"},
    {"NetBufferListSize", "nothing is written behind a NET_BUFFER_LIST"},
    {"ChecksumOffload", "nothing is said of checksums unless that offload was announced"},
    {"NetBufferListSource", "an indicated list is the miniport's own, from a pool of its own"},
    {"NetBufferListContext", "the context space of a NET_BUFFER_LIST is used in pairs, aligned"},
    {"NetBufferListPool", "a list is allocated from a pool that can give it"},
    {"NetBufferData", "the data of a NET_BUFFER lie within its MDL chain"},
    {"NdisFreeNetBufferListPool", "a NET_BUFFER_LIST pool is freed when all its lists are back"},
    {"NdisFreeNetBufferPool", "a NET_BUFFER pool is freed when all its buffers are back"},
    {"NdisMIndicateReceiveNetBufferLists", "lists are indicated while the adapter may indicate"},
    {"NumberOfNetBufferLists", "NumberOfNetBufferLists is the number of lists in the chain"},
    {"PortNumber", "the port number is the default port's"},
    {"NdisMIndicateStatusEx", "status is indicated properly, and never after Halt returned"},
    /* IRQL */
    {"Irql", "every function of the kernel is called at an IRQL that it allows"},
    {"Irql_Gather_DMA_Function", "functions for DMA are called at an IRQL that they allow"},
    {"Irql_Interfaces_Function",
     "functions for network interfaces are called at an IRQL that they allow"},
    {"Irql_Interrupt_Function", "functions for interrupts are called at an IRQL that they allow"},
    {"Irql_IrqlSetting_Function", "the IRQL is raised upwards and lowered downwards, and not below "
                                  "DISPATCH_LEVEL with a spin lock"},
    {"Irql_Miniport_Driver_Function", "NdisMXxx functions are called at an IRQL that they allow"},
    {"Irql_Miscellaneous_Function", "NDIS's other functions are called at an IRQL that they allow"},
    {"Irql_NetBuffer_Function", "functions for NET_BUFFERs are called at an IRQL that they allow"},
    {"Irql_OID_Function", "functions for OID requests are called at an IRQL that they allow"},
    {"Irql_SendRcv_Function",
     "functions for sends and receives are called at an IRQL that they allow"},
    {"Irql_StatusIndication_Function", "status is indicated at an IRQL that allows it"},
    {"Irql_Synch_Function", "NDIS's locks and events are used at an IRQL that they allow"},
    {"Irql_Timer_Function", "functions for timers are called at an IRQL that they allow"},
    {"IrqlReturn", "a callback returns at the IRQL at which it was called"},
    {"Flags_Irql", "a flag that says DISPATCH_LEVEL is true, and is believed"},
    /* Locks */
    {"SpinLock", "no spin lock is taken by who holds it, or freed while it is held"},
    {"SpinLockBalanced", "no spin lock is held when a callback returns"},
    {"SpinLockDpr", "no spin lock is taken at DISPATCH_LEVEL by who holds it"},
    {"SpinLockDprRelease", "a spin lock is released in the way in which it was taken"},
    {"SpinLockRelease", "only the holder of a spin lock releases it"},
    {"SpinLockIrql", "a spin lock is released to the IRQL at which it was taken"},
    {"SpinLockWord", "a spin lock is initialised, and nothing writes over it"},
    {"SpinLockTimeout", "no spin lock is waited for longer than 5 seconds"},
    {"DeadlockOrder", "spin locks that are held together are always taken in the same order"},
    {"FastMutex", "a fast mutex is taken by who does not hold it, and released by who does"},
    {"MutexOwner", "a mutex is released by its owner"},
    {"CriticalRegion", "critical and guarded regions are left as often as they are entered"},
    {"SemaphoreLimit", "a semaphore is not released over its limit"},
    {"WaitBlocks", "a wait for many objects has 1 to 64 of them, and wait blocks when over 3"},
    /* Timers, DPCs, work items, interrupts */
    {"CancelTimerObject", "a timer is cancelled before it is freed, and before Halt returns"},
    {"PeriodicTimer", "a periodic timer is cancelled at PASSIVE_LEVEL"},
    {"TimerInitialized", "a timer that is set is initialised, and not freed while it is set"},
    {"DpcInitialized", "a DPC that is queued is initialised"},
    {"DpcQueued", "no DPC is queued when the driver is gone"},
    {"DpcTarget", "a DPC is targeted at a processor that exists"},
    {"WorkItemFree", "a work item is freed once, and not while it is queued"},
    {"WorkItemQueue", "a work item is queued when it is not queued already"},
    {"InterruptStorm", "an ISR quiets its device, and knows its own interrupts"},
    {"NdisStallExecution_Delay", "no processor is stalled for more than 50 microseconds"},
    /* Memory */
    {"NdisAllocateMemoryWithTagPriority",
     "every allocation has a tag, and all of them are freed by the end of Halt"},
    {"NdisAllocateMdl", "each MDL is freed by the end of Halt"},
    {"NdisAllocateNetBuffer", "each NET_BUFFER is freed by the end of Halt"},
    {"NdisAllocateGenericObject", "each generic object is freed by the end of Halt"},
    {"NdisOpenConfigurationEx", "each configuration handle is closed by the end of Halt"},
    {"NdisFreeMemory", "memory is freed with the length with which it was allocated"},
    {"PoolFree", "memory is freed once, by the function that belongs to its allocation"},
    {"PoolTag", "pool has a tag, and is freed with the same"},
    {"PoolSize", "an allocation of pool has a size"},
    {"PoolOverrun", "nothing is written behind an allocation"},
    {"PoolUnderrun", "nothing is written before an allocation"},
    {"SpecialPool", "no access reaches the unmapped pages before and behind an allocation"},
    {"PageFault", "no access to memory that is not there"},
    {"PageFaultAtDispatch", "no access to memory that is not there, at DISPATCH_LEVEL or above"},
    {"LookasideDelete", "a lookaside list is deleted once"},
    {"SListAlignment", "the entries of an SLIST are aligned"},
    {"MdlFree", "an MDL is freed once, when its pages are unlocked"},
    {"MdlMemory", "an MDL describes memory that a device can reach"},
    {"MdlLocked", "the pages of an MDL are locked before they are mapped, and unlocked once"},
    {"MdlMapped", "what is unmapped of an MDL was mapped"},
    {"MdlPartial", "a partial MDL lies within its source, and fits its target"},
    {"UnmapIoSpace", "I/O space that is unmapped was mapped"},
    /* The rest */
    {"WriteErrorLog", "what fails in MiniportInitializeEx is written to the event log, soundly"},
    {"GlitchFree", "no call of the driver at DISPATCH_LEVEL or above works for 3 seconds"},
    {"DeviceMemory", "device memory is accessed within its range, by plain loads and stores"},
    {"PrivilegedInstruction", "no privileged instruction that Windows would not allow or expect"},
    {"InvalidInstruction", "no instruction that does not exist"},
    {"DivideByZero", "no division by zero"},
    {"Breakpoint", "no breakpoint when no debugger is there"},
    {"Assertion", "no assertion of the driver's fails"},
    {"BugCheck", "the driver does not stop Windows by itself"},
    {"PrintRoom", "formatted text fits its buffer"},
    {"TraceUnregister", "a trace provider that is unregistered was registered"},
    {"CloseHandle", "a handle that is closed is open"},
};

#define RULES (sizeof table / sizeof table[0])

/* The linker's names for the ends of what RULE_TABLE adds; weak, for a program without. */
extern const struct rule_table __start_rule_tables[] __attribute__((weak));
extern const struct rule_table __stop_rule_tables[] __attribute__((weak));

/* Rules are numbered: those of this file, then those of each added table. NULL behind the last. */
static const struct rule *rule_at(size_t index)
{
    if (index < RULES)
        return &table[index];
    index -= RULES;
    for (const struct rule_table *t = __start_rule_tables; t && t < __stop_rule_tables; t++) {
        if (index < t->count)
            return &t->rows[index];
        index -= t->count;
    }
    return NULL;
}

int rule_find(const char *name)
{
    const struct rule *rule;

    for (size_t i = 0; i < RULES_MAX && (rule = rule_at(i)); i++)
        if (!strcmp(rule->name, name))
            return (int)i;
    return -1;
}

const char *rule_name(size_t index)
{
    const struct rule *rule = index < RULES_MAX ? rule_at(index) : NULL;

    return rule ? rule->name : NULL;
}

void rules_list(FILE *out)
{
    const struct rule *rule;

    for (size_t i = 0; (rule = rule_at(i)); i++)
        fprintf(out, "%s\t%s%s\n", rule->name,
                rule->text[0] >= '0' && rule->text[0] <= '9' ? "virtio 1.2, section " : "",
                rule->text);
}
