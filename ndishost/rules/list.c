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
    {"NdisObjectHeader", "each NDIS_OBJECT_HEADER has the type, revision and size of its structure",
     "ddi/objectheader/ns-objectheader-ndis_object_header", NULL},
    {"NdisHandle",
     "each handle is one that NDIS returned, of the right kind, and not closed or freed",
     "ddi/ndis/nc-ndis-miniport_initialize", NULL},
    /* Life cycle */
    {"NdisMRegisterMiniportDriver",
     "DriverEntry registers the miniport once, with every mandatory handler",
     "ddi/ndis/nf-ndis-ndismregisterminiportdriver", NULL},
    {"NdisMDeregisterMiniportDriver",
     "MiniportDriverUnload, or a DriverEntry that fails, deregisters the miniport once",
     "ddi/ndis/nf-ndis-ndismderegisterminiportdriver", NULL},
    {"NdisMSetMiniportAttributes",
     "MiniportInitializeEx sets the registration attributes, then the general attributes, "
     "with valid values",
     "ddi/ndis/nf-ndis-ndismsetminiportattributes", NULL},
    {"MiniportInitializeEx", "MiniportInitializeEx returns a final status, not NDIS_STATUS_PENDING",
     "ddi/ndis/nc-ndis-miniport_initialize", NULL},
    {"MiniportRestart", "the miniport completes MiniportRestart once, and in time",
     "ddi/ndis/nc-ndis-miniport_restart", NULL},
    {"MiniportPause_Return",
     "MiniportPause returns SUCCESS or PENDING; a paused miniport indicates no frame and "
     "holds no send",
     "devtest/ndis-miniportpause-return", NULL},
    {"MiniportResetEx", "the miniport completes MiniportResetEx once, and in time",
     "ddi/ndis/nc-ndis-miniport_reset", NULL},
    {"SetPower",
     "the miniport completes OID_PNP_SET_POWER and OID_PNP_QUERY_POWER with NDIS_STATUS_SUCCESS",
     "network/oid-pnp-set-power", NULL},
    {"LowPower",
     "the driver does not access a device in D1 to D3, and has disabled the device's DMA and "
     "interrupts",
     "network/device-power-states-for-network-adapters", NULL},
    {"Init_RegisterInterrupt",
     "the driver deregisters its interrupt in MiniportHaltEx, or before MiniportInitializeEx "
     "fails",
     "devtest/ndis-init-registerinterrupt", NULL},
    {"Init_DeRegisterInterrupt", "MiniportHaltEx deregisters the interrupt",
     "devtest/ndis-init-deregisterinterrupt", NULL},
    {"Init_RegisterSG",
     "the driver deregisters SG DMA in MiniportHaltEx, or before MiniportInitializeEx fails",
     "devtest/ndis-init-registersg", NULL},
    {"Init_NdisAllocateIoWorkItem",
     "the driver frees each work item of MiniportInitializeEx in MiniportHaltEx, or before "
     "MiniportInitializeEx fails",
     "devtest/ndis-init-ndisallocateioworkitem", NULL},
    /* Hardware resources */
    {"NdisMMapIoSpace",
     "the driver maps device memory only in MiniportInitializeEx, after it set the "
     "registration attributes",
     "devtest/ndis-ndismmapiospace", NULL},
    {"NdisMUnmapIoSpace",
     "the driver unmaps only device memory that it mapped, with the same length",
     "ddi/ndis/nf-ndis-ndismunmapiospace", NULL},
    {"NdisMRegisterIoPortRange",
     "the driver registers I/O ports only in MiniportInitializeEx, after it set the "
     "registration attributes",
     "devtest/ndis-ndismregisterioportrange", NULL},
    {"NdisMDeregisterIoPortRange", "the driver deregisters only I/O ports that it registered",
     "ddi/ndis/nf-ndis-ndismderegisterioportrange", NULL},
    {"NdisMGetBusData",
     "the driver reads and writes PCI configuration space only within its 256 bytes",
     "ddi/ndis/nf-ndis-ndismgetbusdata", NULL},
    {"NdisMRegisterInterruptEx",
     "the driver registers its interrupt once, in MiniportInitializeEx, after it set the "
     "registration attributes, with all handlers",
     "ddi/ndis/nf-ndis-ndismregisterinterruptex", NULL},
    {"NdisMDeregisterInterruptEx", "the driver does not use an interrupt that it deregistered",
     "devtest/ndis-ndismderegisterinterruptex", NULL},
    {"MessageInterrupt",
     "a driver with MsiSupported claims each message, names only messages that NDIS granted, and "
     "does not write to MessageInfoTable; without it no messages are assigned",
     "network/handling-an-msi-interrupt", NULL},
    {"InterruptObject", "the driver names an interrupt only by the object of a connected interrupt",
     "ddi/wdm/nf-wdm-kesynchronizeexecution", NULL},
    {"ReceiveThrottle", "a DPC indicates at most as many lists as its throttle parameters allow",
     "network/receive-side-throttle-in-ndis-6-20", NULL},
    /* DMA */
    {"NdisMRegisterScatterGatherDma",
     "the driver registers SG DMA once, in MiniportInitializeEx, after it set the "
     "registration attributes",
     "ddi/ndis/nf-ndis-ndismregisterscattergatherdma", NULL},
    {"NdisMDeregisterScatterGatherDma",
     "the driver deregisters SG DMA once, after it freed all scatter/gather lists, and does "
     "not use it afterwards",
     "ddi/ndis/nf-ndis-ndismderegisterscattergatherdma", NULL},
    {"NdisMAllocateNetBufferSGList", "a NET_BUFFER has at most one scatter/gather list at a time",
     "ddi/ndis/nf-ndis-ndismallocatenetbuffersglist", NULL},
    {"NdisMFreeNetBufferSGList",
     "the driver frees a NET_BUFFER's scatter/gather list once, before it completes the send, "
     "and does not write to it afterwards",
     "ddi/ndis/nf-ndis-ndismfreenetbuffersglist", NULL},
    {"NdisFreeScatterGatherList",
     "the driver frees only scatter/gather lists that the kernel built",
     "ddi/ndis/nf-ndis-ndisfreescattergatherlist", NULL},
    {"NdisMGetDmaAlignment",
     "the driver calls NdisMGetDmaAlignment only after it registered SG DMA",
     "ddi/ndis/nf-ndis-ndismgetdmaalignment", NULL},
    {"NdisMAllocateSharedMemory",
     "the driver allocates shared memory only after it set the registration attributes",
     "ddi/ndis/nf-ndis-ndismallocatesharedmemory", NULL},
    {"NdisMAllocateSharedMemoryAsync",
     "only a miniport with a MiniportSharedMemoryAllocateComplete handler allocates shared "
     "memory asynchronously",
     "ddi/ndis/nc-ndis-miniport_allocate_shared_mem_complete", NULL},
    {"NdisMFreeSharedMemory",
     "the driver frees shared memory once, with the values of its allocation, and not in "
     "MiniportShutdownEx",
     "devtest/ndis-ndismfreesharedmemory", NULL},
    {"NdisFreeSharedMemory", "NdisMFreeSharedMemory frees only memory of NdisMAllocateSharedMemory",
     "ddi/ndis/nf-ndis-ndisfreesharedmemory", NULL},
    {"DmaUnmapped", "the device accesses only memory that is mapped for DMA at that moment",
     "network/ndis-scatter-gather-dma", NULL},
    {"DmaDirection",
     "the device reads only memory that is mapped for reads, and writes only memory that is "
     "mapped for writes",
     "ddi/ndis/nf-ndis-ndismallocatenetbuffersglist", NULL},
    /* OID requests */
    {"OidRequest", "the driver completes an OID request with a valid status and valid lengths",
     "ddi/ndis/nc-ndis-miniport_oid_request", NULL},
    {"NdisOidComplete", "the driver calls NdisMOidRequestComplete with a final status",
     "devtest/ndis-ndisoidcomplete", NULL},
    {"NdisOidDoubleComplete", "the driver calls NdisMOidRequestComplete once for each OID request",
     "devtest/ndis-ndisoiddoublecomplete", NULL},
    {"NdisOidDoubleRequest", "the driver completes only the OID request that is pending",
     "devtest/ndis-ndisoiddoublerequest", NULL},
    {"DoubleCompleteWorkItem", "a work item completes an OID request once",
     "devtest/ndis-doublecompleteworkitem", NULL},
    {"NdisMNetPnPEventInOIDRequest", "MiniportOidRequest does not call NdisMNetPnPEvent",
     "devtest/ndis-ndismnetpnpeventinoidrequest", NULL},
    {"NdisTimedOidComplete", "the driver completes each OID request within 12 seconds",
     "devtest/ndis-ndistimedoidcomplete", NULL},
    /* Data path */
    {"DoubleComplete",
     "the driver completes each NET_BUFFER_LIST once, and each OID request either at once or "
     "later, not both",
     "devtest/ndis-doublecomplete", NULL},
    {"NdisMSendNetBufferListsComplete", "the driver completes only lists that NDIS sent",
     "ddi/ndis/nf-ndis-ndismsendnetbufferlistscomplete", NULL},
    {"NdisTimedDataSend", "the driver completes each send within 30 seconds",
     "devtest/ndis-ndistimeddatasend", NULL},
    {"NdisTimedDataHang",
     "while sends are pending, the driver completes one at least every 22 seconds",
     "devtest/ndis-ndistimeddatahang", NULL},
    {"SendStatus", "the driver completes a send with a status that is allowed for sends",
     "ddi/ndis/nf-ndis-ndismsendnetbufferlistscomplete", NULL},
    {"NetBufferListOwner", "only the owner of a NET_BUFFER_LIST uses it",
     "ddi/ndis/nc-ndis-miniport_send_net_buffer_lists", NULL},
    {"NetBufferOwner", "only the owner of a NET_BUFFER uses it", "network/net-buffer-architecture",
     NULL},
    {"NetBufferListSize", "the driver does not write past the end of a NET_BUFFER_LIST",
     "network/net-buffer-list-structure", NULL},
    {"ChecksumOffload",
     "the driver reports results of checksums only for an offload that is on, and they are true",
     "network/offloading-checksum-tasks", NULL},
    {"ReceiveScale", "a driver that says it has RSS accepts the parameters of RSS",
     "network/oid-gen-receive-scale-parameters", NULL},
    {"ReceiveHash",
     "the driver hashes received frames by the types and the key that the protocol set, and says "
     "the "
     "true value",
     "network/rss-hashing-types", NULL},
    {"LargeSendOffload",
     "the driver segments a large TCP packet as its headers and MSS say, and completes it with "
     "what "
     "LSOv1 or LSOv2 demands",
     "network/offloading-the-segmentation-of-large-tcp-packets", NULL},
    {"TaskOffloadConfig",
     "the driver accepts what the protocol sets of its offloads, does it, and indicates its "
     "configuration after that",
     "network/ndis-status-task-offload-current-config", NULL},
    {"NetBufferListSource", "the driver indicates only lists from a pool of its own",
     "ddi/ndis/nf-ndis-ndismindicatereceivenetbufferlists", NULL},
    {"NetBufferListContext",
     "the driver allocates and frees the context space of a NET_BUFFER_LIST in pairs, in "
     "aligned sizes",
     "ddi/nblapi/nf-nblapi-ndisallocatenetbufferlistcontext", NULL},
    {"NetBufferListPool", "the driver allocates a list only from a pool of the right type",
     "ddi/nblapi/nf-nblapi-ndisallocatenetbufferlistpool", NULL},
    {"NetBufferData", "the data of a NET_BUFFER are within its MDL chain",
     "network/net-buffer-structure", NULL},
    {"NdisFreeNetBufferListPool",
     "the driver frees a NET_BUFFER_LIST pool only after it freed all its lists",
     "ddi/nblapi/nf-nblapi-ndisfreenetbufferlistpool", NULL},
    {"NdisFreeNetBufferPool",
     "the driver frees a NET_BUFFER pool only after it freed all its buffers",
     "ddi/nblapi/nf-nblapi-ndisfreenetbufferpool", NULL},
    {"NdisMIndicateReceiveNetBufferLists",
     "the driver indicates lists only in a state that allows it",
     "ddi/ndis/nf-ndis-ndismindicatereceivenetbufferlists", NULL},
    {"NumberOfNetBufferLists", "NumberOfNetBufferLists is the number of lists in the chain",
     "ddi/ndis/nf-ndis-ndismindicatereceivenetbufferlists", NULL},
    {"PortNumber", "the driver passes the number of a port that the adapter has",
     "ddi/ndis/nf-ndis-ndismindicatereceivenetbufferlists", NULL},
    {"NdisMIndicateStatusEx",
     "the driver indicates a status with a valid structure, and never after MiniportHaltEx "
     "returned",
     "devtest/ndis-ndismindicatestatusex", NULL},
    /* IRQL */
    {"Irql", "the driver calls each function of the kernel at an IRQL that the function allows",
     "kernel/managing-hardware-priorities", NULL},
    {"Irql_Gather_DMA_Function", "the driver calls DMA functions at an IRQL that they allow",
     "devtest/ndis-irql-gather-dma-function", NULL},
    {"Irql_Interfaces_Function",
     "the driver calls network interface functions at an IRQL that they allow",
     "devtest/ndis-irql-interfaces-function", NULL},
    {"Irql_Interrupt_Function", "the driver calls interrupt functions at an IRQL that they allow",
     "devtest/ndis-irql-interrupt-function", NULL},
    {"Irql_IrqlSetting_Function",
     "the driver raises the IRQL only to a higher one, lowers it only to a lower one, and "
     "stays at DISPATCH_LEVEL with a spin lock",
     "devtest/ndis-irql-irqlsetting-function", NULL},
    {"Irql_Miniport_Driver_Function",
     "the driver calls NdisMXxx functions at an IRQL that they allow",
     "devtest/ndis-irql-miniport-driver-function", NULL},
    {"Irql_Miscellaneous_Function",
     "the driver calls NDIS's other functions at an IRQL that they allow",
     "devtest/ndis-irql-miscellaneous-function", NULL},
    {"Irql_NetBuffer_Function", "the driver calls NET_BUFFER functions at an IRQL that they allow",
     "devtest/ndis-irql-netbuffer-function", NULL},
    {"Irql_OID_Function", "the driver calls OID request functions at an IRQL that they allow",
     "devtest/ndis-irql-oid-function", NULL},
    {"Irql_SendRcv_Function",
     "the driver calls send and receive functions at an IRQL that they allow",
     "devtest/ndis-irql-sendrcv-function", NULL},
    {"Irql_StatusIndication_Function", "the driver indicates a status at an IRQL that allows it",
     "devtest/ndis-irql-statusindication-function", NULL},
    {"Irql_Synch_Function", "the driver uses NDIS's locks and events at an IRQL that they allow",
     "devtest/ndis-irql-synch-function", NULL},
    {"Irql_Timer_Function", "the driver calls timer functions at an IRQL that they allow",
     "devtest/ndis-irql-timer-function", NULL},
    {"IrqlReturn", "a callback returns at the IRQL at which it was called",
     "kernel/managing-hardware-priorities", NULL},
    {"Flags_Irql",
     "a DISPATCH_LEVEL flag matches the IRQL; a handler with such a flag does not query the "
     "IRQL",
     "devtest/ndis-flags-irql", NULL},
    /* Locks */
    {"SpinLock",
     "a thread does not acquire a spin lock that it holds, and does not free a lock that is held",
     "devtest/ndis-spinlock", NULL},
    {"SpinLockBalanced", "a callback releases all spin locks before it returns",
     "devtest/ndis-spinlockbalanced", NULL},
    {"SpinLockDpr", "a thread does not acquire, at DISPATCH_LEVEL, a spin lock that it holds",
     "devtest/ndis-spinlockdpr", NULL},
    {"SpinLockDprRelease",
     "the driver releases a spin lock with the counterpart of the function that acquired it",
     "devtest/ndis-spinlockdprrelease", NULL},
    {"SpinLockRelease", "only the holder of a spin lock releases it",
     "devtest/ndis-spinlockrelease", NULL},
    {"SpinLockIrql", "the driver releases a spin lock to the IRQL at which it was acquired",
     "ddi/wdm/nf-wdm-kereleasespinlock", NULL},
    {"SpinLockWord",
     "the driver initialises a spin lock before it uses it, and does not overwrite it",
     "ddi/wdm/nf-wdm-keinitializespinlock", NULL},
    {"SpinLockTimeout", "no thread waits longer than 5 seconds for a spin lock",
     "kernel/introduction-to-spin-locks", NULL},
    {"DeadlockOrder", "the driver always acquires the same spin locks in the same order",
     "kernel/preventing-errors-and-deadlocks-while-using-spin-locks", NULL},
    {"FastMutex",
     "a thread acquires a fast mutex only if it does not hold it, and releases it only if it "
     "does",
     "kernel/fast-mutexes-and-guarded-mutexes", NULL},
    {"MutexOwner", "only the owner of a mutex releases it", "ddi/wdm/nf-wdm-kereleasemutex", NULL},
    {"CriticalRegion", "a thread leaves a critical or guarded region only after it entered one",
     "kernel/critical-regions-and-guarded-regions", NULL},
    {"SemaphoreLimit", "the driver does not release a semaphore beyond its limit",
     "ddi/wdm/nf-wdm-kereleasesemaphore", NULL},
    {"WaitBlocks",
     "a wait for multiple objects has 1 to 64 objects, and wait blocks if more than 3",
     "ddi/wdm/nf-wdm-kewaitformultipleobjects", NULL},
    /* Timers, DPCs, work items, interrupts */
    {"CancelTimerObject",
     "the driver cancels a timer before it frees it, and before MiniportHaltEx returns",
     "devtest/ndis-canceltimerobject", NULL},
    {"PeriodicTimer", "the driver cancels a periodic timer at PASSIVE_LEVEL",
     "devtest/ndis-periodictimer", NULL},
    {"TimerInitialized",
     "the driver initialises a timer before it sets it, and does not free a timer that is set",
     "ddi/wdm/nf-wdm-keinitializetimer", NULL},
    {"DpcInitialized", "the driver initialises a DPC before it queues it",
     "ddi/wdm/nf-wdm-keinitializedpc", NULL},
    {"DpcQueued", "no DPC is queued when the driver is unloaded",
     "ddi/wdm/nf-wdm-keflushqueueddpcs", NULL},
    {"DpcTarget", "the driver targets a DPC at a processor that exists",
     "ddi/wdm/nf-wdm-kesettargetprocessordpc", NULL},
    {"WorkItemFree", "the driver frees a work item once, and not while it is queued",
     "ddi/ndis/nf-ndis-ndisfreeioworkitem", NULL},
    {"WorkItemQueue", "the driver queues only a valid work item that is not queued already",
     "ddi/ndis/nf-ndis-ndisqueueioworkitem", NULL},
    {"InterruptStorm",
     "the ISR acknowledges its device's interrupt, and returns TRUE for that interrupt only",
     "ddi/ndis/nc-ndis-miniport_isr", NULL},
    {"NdisStallExecution_Delay", "the driver stalls a processor for at most 50 microseconds",
     "devtest/ndis-ndisstallexecution-delay", NULL},
    /* Memory */
    {"NdisAllocateMemoryWithTagPriority",
     "each allocation has a tag, and the driver frees it before MiniportHaltEx returns",
     "devtest/ndis-ndisallocatememorywithtagpriority", NULL},
    {"NdisAllocateMdl", "the driver frees each MDL before MiniportHaltEx returns",
     "devtest/ndis-ndisallocatemdl", NULL},
    {"NdisAllocateNetBuffer", "the driver frees each NET_BUFFER before MiniportHaltEx returns",
     "devtest/ndis-ndisallocatenetbuffer", NULL},
    {"NdisAllocateGenericObject",
     "the driver frees each generic object before MiniportHaltEx returns",
     "devtest/ndis-ndisallocategenericobject", NULL},
    {"NdisOpenConfigurationEx",
     "the driver closes each configuration handle before MiniportHaltEx returns",
     "devtest/ndis-ndisopenconfigurationex", NULL},
    {"NdisFreeMemory", "the driver frees memory with the length of its allocation",
     "ddi/ndis/nf-ndis-ndisfreememory", NULL},
    {"PoolFree",
     "the driver frees memory once, with the counterpart of the function that allocated it",
     "ddi/wdm/nf-wdm-exfreepoolwithtag", NULL},
    {"PoolTag", "a pool allocation has a tag, and the driver frees it with the same tag",
     "ddi/wdm/nf-wdm-exallocatepoolwithtag", NULL},
    {"PoolSize", "a pool allocation is not empty", "ddi/wdm/nf-wdm-exallocatepoolwithtag", NULL},
    {"PoolOverrun", "the driver does not write past the end of an allocation",
     "devtest/special-pool", NULL},
    {"PoolUnderrun", "the driver does not write before the start of an allocation",
     "devtest/special-pool", NULL},
    {"SpecialPool", "the driver does not access the unmapped pages before and after an allocation",
     "devtest/special-pool", NULL},
    {"PageFault", "the driver accesses only memory that is mapped",
     "debugger/bug-check-0x50--page-fault-in-nonpaged-area", NULL},
    {"PageFaultAtDispatch",
     "the driver accesses only memory that is mapped, at DISPATCH_LEVEL or above",
     "debugger/bug-check-0xd1--driver-irql-not-less-or-equal", NULL},
    {"LookasideDelete", "the driver deletes a lookaside list once",
     "ddi/wdm/nf-wdm-exdeletenpagedlookasidelist", NULL},
    {"SListAlignment", "the entries of an SLIST are aligned",
     "kernel/singly-and-doubly-linked-lists", NULL},
    {"MdlFree", "the driver frees an MDL once, after it unlocked the pages",
     "ddi/wdm/nf-wdm-iofreemdl", NULL},
    {"MdlMemory", "an MDL describes memory that a device can access", "kernel/using-mdls", NULL},
    {"MdlLocked", "the driver locks the pages of an MDL before it maps them, and unlocks them once",
     "ddi/wdm/nf-wdm-mmprobeandlockpages", NULL},
    {"MdlMapped", "the driver unmaps only pages of an MDL that it mapped",
     "ddi/wdm/nf-wdm-mmunmaplockedpages", NULL},
    {"MdlPartial", "a partial MDL is within its source MDL, and fits its target MDL",
     "ddi/wdm/nf-wdm-iobuildpartialmdl", NULL},
    {"UnmapIoSpace", "the driver unmaps only I/O space that it mapped",
     "ddi/wdm/nf-wdm-mmunmapiospace", NULL},
    /* The rest */
    {"WriteErrorLog",
     "MiniportInitializeEx writes a valid event log entry before it fails because a call failed",
     "devtest/ndis-writeerrorlog", NULL},
    {"CallbackReturns", "each call of the driver returns",
     "debugger/bug-check-0x133-dpc-watchdog-violation", NULL},
    {"GlitchFree", "no callback uses 3 seconds of CPU time at DISPATCH_LEVEL or above",
     "kernel/guidelines-for-writing-dpc-routines", NULL},
    {"DeviceMemory",
     "the driver accesses device memory within its range, with plain loads and stores",
     "ddi/ndis/nf-ndis-ndismmapiospace", NULL},
    {"PrivilegedInstruction",
     "the driver executes no privileged instruction that Windows does not allow or expect",
     "kernel/managing-hardware-priorities", NULL},
    {"InvalidInstruction", "the driver executes only instructions that exist",
     "debugger/bug-check-0x1e--kmode-exception-not-handled", NULL},
    {"DivideByZero", "the driver does not divide by zero",
     "debugger/bug-check-0x1e--kmode-exception-not-handled", NULL},
    {"Breakpoint", "the driver executes no breakpoint without a debugger",
     "debugger/bug-check-0x1e--kmode-exception-not-handled", NULL},
    {"Assertion", "no assertion of the driver fails", "ddi/wdm/nf-wdm-assertmsg", NULL},
    {"BugCheck", "the driver does not stop Windows with a bug check", "ddi/wdm/nf-wdm-kebugcheckex",
     NULL},
    {"PrintRoom", "formatted text fits its buffer", "kernel/using-safe-string-functions", NULL},
    {"TraceUnregister", "the driver unregisters only a trace provider that it registered",
     "ddi/wdm/nf-wdm-etwunregister", NULL},
    {"KeyHandle", "a function of the registry is given the handle of an open key",
     "kernel/using-a-handle-to-a-registry-key-object", NULL},
    {"Resource", "an executive resource is initialised, and released by who holds it",
     "ddi/wdm/nf-wdm-exreleaseresourcelite", NULL},
    {"RundownProtection",
     "run-down protection is released by who acquired it, and initialised again only when it is "
     "run "
     "down",
     "ddi/wdm/nf-wdm-exreleaserundownprotection", NULL},
    {"BugCheckCallback", "a bug check callback is removed before its driver is unloaded",
     "ddi/wdm/nf-wdm-kederegisterbugcheckcallback", NULL},
    {"CloseHandle", "the driver closes only a handle that is open", "ddi/wdm/nf-wdm-zwclose", NULL},
    /* Requests of programs */
    {"DeviceObject", "the driver deletes only a device object that exists",
     "ddi/wdm/nf-wdm-iodeletedevice", NULL},
    {"DoubleCompletion", "the driver completes an IRP once", "devtest/wdm-doublecompletion", NULL},
    {"IoAllocateFree", "IoFreeIrp gets only an IRP that IoAllocateIrp has made",
     "devtest/wdm-ioallocatefree", NULL},
    {"IoAllocateForward", "a driver sets a completion routine before it sends an IRP of its own",
     "devtest/wdm-ioallocateforward", NULL},
    {"IrpStackLocation", "an IRP has a stack location for each driver that it is sent to",
     "ddi/wdm/nf-wdm-ioallocateirp", NULL},
    {"PendedCompletedRequest",
     "a dispatch routine returns STATUS_PENDING for just the IRPs that it marked pending",
     "devtest/wdm-pendedcompletedrequest", NULL},
    {"IrpProcessingComplete",
     "the driver completes each IRP, also a cancelled one, with a final status and without a "
     "cancel routine",
     "devtest/wdm-irpprocessingcomplete", NULL},
    {"IrpInformation", "IoStatus.Information of a transfer is at most the length of its buffer",
     "kernel/completing-irps", NULL},
    {"ProbeBuffer", "the driver probes only aligned buffers of the program that made the request",
     "ddi/wdm/nf-wdm-probeforread", NULL},
};

#define RULES (sizeof table / sizeof table[0])

/* The linker defines these as start and end of the section of RULE_TABLE. They are weak because a
 * program may have no such section. */
extern const struct rule_table __start_rule_tables[] __attribute__((weak));
extern const struct rule_table __stop_rule_tables[] __attribute__((weak));

/* The index counts the rules of this file first, then those of each added table. Returns NULL after
 * the last rule. */
const struct rule *rule_at(size_t index)
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
