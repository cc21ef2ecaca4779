/* SPDX-License-Identifier: MIT */
/*
 * The table of the rules for drivers, with the text of each rule. `ndishost rules` prints it. A
 * rule has the name that Static Driver Verifier gives it, if that tool has the rule. The device
 * model adds its own rules in bus/model/rule.h. To add a rule, add a row here, a call of
 * rule_violation, and a driver in tests/rules that breaks only this rule. rule_violation ends the
 * program if its rule has no row.
 */
#include <string.h>
#include "rules/rules.h"

static const struct rule table[] = {
    {"NdisObjectHeader",
     "each NDIS_OBJECT_HEADER has the type, revision and size of its structure"},
    {"NdisHandle",
     "each handle is one that NDIS returned, of the right kind, and not closed or freed"},
    /* Life cycle */
    {"NdisMRegisterMiniportDriver",
     "DriverEntry registers the miniport once, with every mandatory handler"},
    {"NdisMDeregisterMiniportDriver",
     "MiniportDriverUnload, or a DriverEntry that fails, deregisters the miniport once"},
    {"NdisMSetMiniportAttributes",
     "MiniportInitializeEx sets the registration attributes, then the general attributes, "
     "with valid values"},
    {"MiniportInitializeEx",
     "MiniportInitializeEx returns a final status, not NDIS_STATUS_PENDING"},
    {"MiniportRestart", "the miniport completes MiniportRestart once, and in time"},
    {"MiniportPause_Return",
     "MiniportPause returns SUCCESS or PENDING; a paused miniport indicates no frame and "
     "holds no send"},
    {"MiniportResetEx", "the miniport completes MiniportResetEx once, and in time"},
    {"SetPower",
     "the miniport completes OID_PNP_SET_POWER and OID_PNP_QUERY_POWER with NDIS_STATUS_SUCCESS"},
    {"LowPower",
     "the driver does not access a device in D1 to D3, and has disabled the device's DMA and "
     "interrupts"},
    {"Init_RegisterInterrupt",
     "the driver deregisters its interrupt in MiniportHaltEx, or before MiniportInitializeEx "
     "fails"},
    {"Init_DeRegisterInterrupt", "MiniportHaltEx deregisters the interrupt"},
    {"Init_RegisterSG",
     "the driver deregisters SG DMA in MiniportHaltEx, or before MiniportInitializeEx fails"},
    {"Init_NdisAllocateIoWorkItem",
     "the driver frees each work item of MiniportInitializeEx in MiniportHaltEx, or before "
     "MiniportInitializeEx fails"},
    /* Hardware resources */
    {"NdisMMapIoSpace",
     "the driver maps device memory only in MiniportInitializeEx, after it set the "
     "registration attributes"},
    {"NdisMUnmapIoSpace",
     "the driver unmaps only device memory that it mapped, with the same length"},
    {"NdisMRegisterIoPortRange",
     "the driver registers I/O ports only in MiniportInitializeEx, after it set the "
     "registration attributes"},
    {"NdisMDeregisterIoPortRange", "the driver deregisters only I/O ports that it registered"},
    {"NdisMGetBusData",
     "the driver reads and writes PCI configuration space only within its 256 bytes"},
    {"NdisMRegisterInterruptEx",
     "the driver registers its interrupt once, in MiniportInitializeEx, after it set the "
     "registration attributes"},
    {"NdisMDeregisterInterruptEx", "the driver does not use an interrupt that it deregistered"},
    {"ReceiveThrottle", "a DPC indicates at most as many lists as its throttle parameters allow"},
    /* DMA */
    {"NdisMRegisterScatterGatherDma",
     "the driver registers SG DMA once, in MiniportInitializeEx, after it set the "
     "registration attributes"},
    {"NdisMDeregisterScatterGatherDma",
     "the driver deregisters SG DMA once, after it freed all scatter/gather lists, and does "
     "not use it afterwards"},
    {"NdisMAllocateNetBufferSGList", "a NET_BUFFER has at most one scatter/gather list at a time"},
    {"NdisMFreeNetBufferSGList",
     "the driver frees a NET_BUFFER's scatter/gather list once, before it completes the send, "
     "and does not write to it afterwards"},
    {"NdisFreeScatterGatherList",
     "the driver frees only scatter/gather lists that the kernel built"},
    {"NdisMGetDmaAlignment",
     "the driver calls NdisMGetDmaAlignment only after it registered SG DMA"},
    {"NdisMAllocateSharedMemory",
     "the driver allocates shared memory only after it set the registration attributes"},
    {"NdisMAllocateSharedMemoryAsync",
     "only a miniport with a MiniportSharedMemoryAllocateComplete handler allocates shared "
     "memory asynchronously"},
    {"NdisMFreeSharedMemory",
     "the driver frees shared memory once, with the values of its allocation, and not in "
     "MiniportShutdownEx"},
    {"NdisFreeSharedMemory",
     "NdisMFreeSharedMemory frees only memory of NdisMAllocateSharedMemory"},
    {"DmaUnmapped", "the device accesses only memory that is mapped for DMA at that moment"},
    {"DmaDirection",
     "the device reads only memory that is mapped for reads, and writes only memory that is "
     "mapped for writes"},
    /* OID requests */
    {"OidRequest", "the driver completes an OID request with a valid status and valid lengths"},
    {"NdisOidComplete", "the driver calls NdisMOidRequestComplete with a final status"},
    {"NdisOidDoubleComplete", "the driver calls NdisMOidRequestComplete once for each OID request"},
    {"NdisOidDoubleRequest", "the driver completes only the OID request that is pending"},
    {"DoubleCompleteWorkItem", "a work item completes an OID request once"},
    {"NdisMNetPnPEventInOIDRequest", "MiniportOidRequest does not call NdisMNetPnPEvent"},
    {"NdisTimedOidComplete", "the driver completes each OID request within 12 seconds"},
    /* Data path */
    {"DoubleComplete",
     "the driver completes each NET_BUFFER_LIST once, and each OID request either at once or "
     "later, not both"},
    {"NdisMSendNetBufferListsComplete", "the driver completes only lists that NDIS sent"},
    {"NdisTimedDataSend", "the driver completes each send within 30 seconds"},
    {"NdisTimedDataHang",
     "while sends are pending, the driver completes one at least every 22 seconds"},
    {"SendStatus", "the driver completes a send with a status that is allowed for sends"},
    {"NetBufferListOwner", "only the owner of a NET_BUFFER_LIST uses it"},
    {"NetBufferOwner", "only the owner of a NET_BUFFER uses it"},
    {"NetBufferListSize", "the driver does not write past the end of a NET_BUFFER_LIST"},
    {"ChecksumOffload", "the driver uses checksum information only if it reported that offload"},
    {"NetBufferListSource", "the driver indicates only lists from a pool of its own"},
    {"NetBufferListContext",
     "the driver allocates and frees the context space of a NET_BUFFER_LIST in pairs, in "
     "aligned sizes"},
    {"NetBufferListPool", "the driver allocates a list only from a pool of the right type"},
    {"NetBufferData", "the data of a NET_BUFFER are within its MDL chain"},
    {"NdisFreeNetBufferListPool",
     "the driver frees a NET_BUFFER_LIST pool only after it freed all its lists"},
    {"NdisFreeNetBufferPool",
     "the driver frees a NET_BUFFER pool only after it freed all its buffers"},
    {"NdisMIndicateReceiveNetBufferLists",
     "the driver indicates lists only in a state that allows it"},
    {"NumberOfNetBufferLists", "NumberOfNetBufferLists is the number of lists in the chain"},
    {"PortNumber", "the driver passes the number of a port that the adapter has"},
    {"NdisMIndicateStatusEx",
     "the driver indicates a status with a valid structure, and never after MiniportHaltEx "
     "returned"},
    /* IRQL */
    {"Irql", "the driver calls each function of the kernel at an IRQL that the function allows"},
    {"Irql_Gather_DMA_Function", "the driver calls DMA functions at an IRQL that they allow"},
    {"Irql_Interfaces_Function",
     "the driver calls network interface functions at an IRQL that they allow"},
    {"Irql_Interrupt_Function", "the driver calls interrupt functions at an IRQL that they allow"},
    {"Irql_IrqlSetting_Function",
     "the driver raises the IRQL only to a higher one, lowers it only to a lower one, and "
     "stays at DISPATCH_LEVEL with a spin lock"},
    {"Irql_Miniport_Driver_Function",
     "the driver calls NdisMXxx functions at an IRQL that they allow"},
    {"Irql_Miscellaneous_Function",
     "the driver calls NDIS's other functions at an IRQL that they allow"},
    {"Irql_NetBuffer_Function", "the driver calls NET_BUFFER functions at an IRQL that they allow"},
    {"Irql_OID_Function", "the driver calls OID request functions at an IRQL that they allow"},
    {"Irql_SendRcv_Function",
     "the driver calls send and receive functions at an IRQL that they allow"},
    {"Irql_StatusIndication_Function", "the driver indicates a status at an IRQL that allows it"},
    {"Irql_Synch_Function", "the driver uses NDIS's locks and events at an IRQL that they allow"},
    {"Irql_Timer_Function", "the driver calls timer functions at an IRQL that they allow"},
    {"IrqlReturn", "a callback returns at the IRQL at which it was called"},
    {"Flags_Irql",
     "a DISPATCH_LEVEL flag matches the IRQL; a handler with such a flag does not query the "
     "IRQL"},
    /* Locks */
    {"SpinLock",
     "a thread does not acquire a spin lock that it holds, and does not free a lock that is held"},
    {"SpinLockBalanced", "a callback releases all spin locks before it returns"},
    {"SpinLockDpr", "a thread does not acquire, at DISPATCH_LEVEL, a spin lock that it holds"},
    {"SpinLockDprRelease",
     "the driver releases a spin lock with the counterpart of the function that acquired it"},
    {"SpinLockRelease", "only the holder of a spin lock releases it"},
    {"SpinLockIrql", "the driver releases a spin lock to the IRQL at which it was acquired"},
    {"SpinLockWord",
     "the driver initialises a spin lock before it uses it, and does not overwrite it"},
    {"SpinLockTimeout", "no thread waits longer than 5 seconds for a spin lock"},
    {"DeadlockOrder", "the driver always acquires the same spin locks in the same order"},
    {"FastMutex",
     "a thread acquires a fast mutex only if it does not hold it, and releases it only if it "
     "does"},
    {"MutexOwner", "only the owner of a mutex releases it"},
    {"CriticalRegion", "a thread leaves a critical or guarded region only after it entered one"},
    {"SemaphoreLimit", "the driver does not release a semaphore beyond its limit"},
    {"WaitBlocks",
     "a wait for multiple objects has 1 to 64 objects, and wait blocks if more than 3"},
    /* Timers, DPCs, work items, interrupts */
    {"CancelTimerObject",
     "the driver cancels a timer before it frees it, and before MiniportHaltEx returns"},
    {"PeriodicTimer", "the driver cancels a periodic timer at PASSIVE_LEVEL"},
    {"TimerInitialized",
     "the driver initialises a timer before it sets it, and does not free a timer that is set"},
    {"DpcInitialized", "the driver initialises a DPC before it queues it"},
    {"DpcQueued", "no DPC is queued when the driver is unloaded"},
    {"DpcTarget", "the driver targets a DPC at a processor that exists"},
    {"WorkItemFree", "the driver frees a work item once, and not while it is queued"},
    {"WorkItemQueue", "the driver queues only a valid work item that is not queued already"},
    {"InterruptStorm",
     "the ISR acknowledges its device's interrupt, and returns TRUE for that interrupt only"},
    {"NdisStallExecution_Delay", "the driver stalls a processor for at most 50 microseconds"},
    /* Memory */
    {"NdisAllocateMemoryWithTagPriority",
     "each allocation has a tag, and the driver frees it before MiniportHaltEx returns"},
    {"NdisAllocateMdl", "the driver frees each MDL before MiniportHaltEx returns"},
    {"NdisAllocateNetBuffer", "the driver frees each NET_BUFFER before MiniportHaltEx returns"},
    {"NdisAllocateGenericObject",
     "the driver frees each generic object before MiniportHaltEx returns"},
    {"NdisOpenConfigurationEx",
     "the driver closes each configuration handle before MiniportHaltEx returns"},
    {"NdisFreeMemory", "the driver frees memory with the length of its allocation"},
    {"PoolFree",
     "the driver frees memory once, with the counterpart of the function that allocated it"},
    {"PoolTag", "a pool allocation has a tag, and the driver frees it with the same tag"},
    {"PoolSize", "a pool allocation is not empty"},
    {"PoolOverrun", "the driver does not write past the end of an allocation"},
    {"PoolUnderrun", "the driver does not write before the start of an allocation"},
    {"SpecialPool", "the driver does not access the unmapped pages before and after an allocation"},
    {"PageFault", "the driver accesses only memory that is mapped"},
    {"PageFaultAtDispatch",
     "the driver accesses only memory that is mapped, at DISPATCH_LEVEL or above"},
    {"LookasideDelete", "the driver deletes a lookaside list once"},
    {"SListAlignment", "the entries of an SLIST are aligned"},
    {"MdlFree", "the driver frees an MDL once, after it unlocked the pages"},
    {"MdlMemory", "an MDL describes memory that a device can access"},
    {"MdlLocked",
     "the driver locks the pages of an MDL before it maps them, and unlocks them once"},
    {"MdlMapped", "the driver unmaps only pages of an MDL that it mapped"},
    {"MdlPartial", "a partial MDL is within its source MDL, and fits its target MDL"},
    {"UnmapIoSpace", "the driver unmaps only I/O space that it mapped"},
    /* The rest */
    {"WriteErrorLog",
     "MiniportInitializeEx writes a valid event log entry before it fails because a call failed"},
    {"CallbackReturns", "each call of the driver returns"},
    {"GlitchFree", "no callback uses 3 seconds of CPU time at DISPATCH_LEVEL or above"},
    {"DeviceMemory",
     "the driver accesses device memory within its range, with plain loads and stores"},
    {"PrivilegedInstruction",
     "the driver executes no privileged instruction that Windows does not allow or expect"},
    {"InvalidInstruction", "the driver executes only instructions that exist"},
    {"DivideByZero", "the driver does not divide by zero"},
    {"Breakpoint", "the driver executes no breakpoint without a debugger"},
    {"Assertion", "no assertion of the driver fails"},
    {"BugCheck", "the driver does not stop Windows with a bug check"},
    {"PrintRoom", "formatted text fits its buffer"},
    {"TraceUnregister", "the driver unregisters only a trace provider that it registered"},
    {"KeyHandle", "a function of the registry is given the handle of an open key"},
    {"Resource", "an executive resource is initialised, and released by who holds it"},
    {"BugCheckCallback", "a bug check callback is removed before its driver is unloaded"},
    {"CloseHandle", "the driver closes only a handle that is open"},
    /* Requests of programs */
    {"DeviceObject", "the driver deletes only a device object that exists"},
    {"DoubleCompletion", "the driver completes an IRP once"},
    {"PendedCompletedRequest",
     "a dispatch routine returns STATUS_PENDING for just the IRPs that it marked pending"},
    {"IrpProcessingComplete",
     "the driver completes each IRP, also a cancelled one, with a final status and without a "
     "cancel routine"},
    {"IrpInformation", "IoStatus.Information of a transfer is at most the length of its buffer"},
    {"ProbeBuffer", "the driver probes only aligned buffers of the program that made the request"},
};

#define RULES (sizeof table / sizeof table[0])

/* The linker defines these as start and end of the section of RULE_TABLE. They are weak because a
 * program may have no such section. */
extern const struct rule_table __start_rule_tables[] __attribute__((weak));
extern const struct rule_table __stop_rule_tables[] __attribute__((weak));

/* The index counts the rules of this file first, then those of each added table. Returns NULL after
 * the last rule. */
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
