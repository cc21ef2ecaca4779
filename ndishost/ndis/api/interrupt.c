/* SPDX-License-Identifier: MIT */
/* NDIS interrupts: registration, the ISR, the DPCs it asks for, synchronisation with it. */
#include "ndis/api/interrupt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nt/api/pool.h"
#include "nt/machine/interrupt.h"
#include "nt/machine/irql.h"
#include "nt/machine/processor.h"

struct interrupt_registration {
    struct handle handle;
    struct interrupt_registration *next; /* all that the adapter ever registered */
    struct ndis_adapter *adapter;
    NDIS_HANDLE context; /* MiniportInterruptContext */
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS characteristics;
    struct nt_interrupt *line; /* NULL: deregistered */
    atomic_bool closing;
    char name[64];
    struct dpc_slot {
        struct interrupt_registration *owner;
        KDPC dpc;
        struct random random; /* touched only by the slot's own DPC */
    } slots[NT_PROCESSORS_MAX];
};

/* Lists that the DPC on this thread has indicated so far. */
static __thread unsigned indicated;

void interrupt_indicated(unsigned count)
{
    indicated += count;
}

/* ---- The line ---- */

void interrupt_line(struct ndis_adapter *adapter, bool asserted)
{
    pthread_mutex_lock(&adapter->interrupt_lock);
    adapter->line_asserted = asserted;
    if (adapter->interrupt && adapter->interrupt->line)
        nt_interrupt_line(adapter->interrupt->line, asserted);
    pthread_mutex_unlock(&adapter->interrupt_lock);
}

static bool queue_dpc(struct interrupt_registration *registration, unsigned processor,
                      void *dpc_context)
{
    if (atomic_load(&registration->closing))
        return false;
    return KeInsertQueueDpc(&registration->slots[processor].dpc, dpc_context, NULL);
}

static bool isr(void *context)
{
    struct interrupt_registration *registration = context;
    BOOLEAN queue_default = FALSE;
    ULONG targets = 0;
    struct callback call = callback_begin("MiniportInterrupt");
    bool mine;
    unsigned i;

    mine = registration->characteristics.InterruptHandler(registration->context, &queue_default,
                                                          &targets);
    callback_end(&call);
    COUNT(registration->adapter, isr_calls, 1);
    if (mine)
        COUNT(registration->adapter, isr_claimed, 1);
    if (queue_default) {
        queue_dpc(registration, nt_self()->processor, NULL);
        return mine;
    }
    for (i = 0; i < nt_processors(); i++)
        if (targets & 1u << i)
            queue_dpc(registration, i, NULL);
    return mine;
}

bool interrupt_shared(struct ndis_adapter *adapter)
{
    struct interrupt_registration *registration = adapter->interrupt;

    return registration && registration->line &&
           nt_interrupt_synchronize(registration->line, isr, registration);
}

static void interrupt_done(void *context)
{
    struct interrupt_registration *registration = context;
    struct bus *bus = registration->adapter->bus;

    if (bus->ops->interrupt_done)
        bus->ops->interrupt_done(bus);
}

/* How many lists the DPC may indicate: mostly all, as Windows does unless it is short of time. */
static ULONG throttle(struct dpc_slot *slot)
{
    if (slot->owner->adapter->plain || !random_chance(&slot->random, 1, 8))
        return NDIS_INDICATE_ALL_NBLS;
    return 1 + (ULONG)random_below(&slot->random, 64);
}

static VOID NTAPI dpc_routine(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                              PVOID SystemArgument2)
{
    struct dpc_slot *slot = DeferredContext;
    struct interrupt_registration *registration = slot->owner;
    NDIS_RECEIVE_THROTTLE_PARAMETERS parameters;
    ULONG most = throttle(slot);
    struct callback call;

    (void)SystemArgument2;
    if (atomic_load(&registration->adapter->crashed))
        return;
    call = callback_begin("MiniportInterruptDPC");
    memset(&parameters, 0, sizeof(parameters));
    parameters.MaxNblsToIndicate = most;
    indicated = 0;
    registration->characteristics.InterruptDpcHandler(registration->context, SystemArgument1,
                                                      &parameters, NULL);
    callback_end(&call);
    COUNT(registration->adapter, dpcs, 1);
    if (indicated > SHARED_GET(registration->adapter->counters.dpc_most_lists))
        SHARED_SET(registration->adapter->counters.dpc_most_lists, indicated);
    if (indicated > most)
        rule_violation("ReceiveThrottle",
                       (const void *)registration->characteristics.InterruptDpcHandler,
                       "MiniportInterruptDPC indicated %u NET_BUFFER_LISTs, MaxNblsToIndicate was "
                       "%lu",
                       indicated, (unsigned long)most);
    if (!parameters.MoreNblsPending)
        return;
    if (most == NDIS_INDICATE_ALL_NBLS)
        rule_violation("ReceiveThrottle",
                       (const void *)registration->characteristics.InterruptDpcHandler,
                       "MiniportInterruptDPC set MoreNblsPending although it had no limit");
    else if (!atomic_load(&registration->closing))
        KeInsertQueueDpc(Dpc, SystemArgument1, NULL);
}

/* ---- Registration ---- */

static bool characteristics_valid(const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *c)
{
    if (!header_valid(&c->Header, NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT,
                      NDIS_MINIPORT_INTERRUPT_REVISION_1,
                      NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1))
        return false;
    if (!c->InterruptHandler || !c->InterruptDpcHandler || !c->DisableInterruptHandler ||
        !c->EnableInterruptHandler)
        return false;
    return !c->MsiSupported ||
           (c->MessageInterruptHandler && c->MessageInterruptDpcHandler &&
            c->DisableMessageInterruptHandler && c->EnableMessageInterruptHandler);
}

static void dpcs_initialize(struct interrupt_registration *registration)
{
    unsigned i;

    for (i = 0; i < NT_PROCESSORS_MAX; i++) {
        struct dpc_slot *slot = &registration->slots[i];

        slot->owner = registration;
        random_seed(&slot->random, registration->adapter->seed ^ (0x6470630000ull + i));
        KeInitializeDpc(&slot->dpc, dpc_routine, slot);
        if (i < nt_processors())
            KeSetTargetProcessorDpc(&slot->dpc, (CCHAR)i);
    }
}

NDIS_STATUS NTAPI
NdisMRegisterInterruptEx(NDIS_HANDLE MiniportAdapterHandle, NDIS_HANDLE MiniportInterruptContext,
                         PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS MiniportInterruptCharacteristics,
                         PNDIS_HANDLE NdisInterruptHandle)
{
    static const struct nt_interrupt_callbacks callbacks = {isr, interrupt_done};
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    struct interrupt_registration *registration;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *NdisInterruptHandle = NULL;
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    adapter_claims_hardware(adapter, "NdisMRegisterInterruptEx", __func__, RULE_CALLER);
    if (!characteristics_valid(MiniportInterruptCharacteristics)) {
        rule_violation("NdisObjectHeader", RULE_CALLER,
                       "NdisMRegisterInterruptEx: characteristics of type 0x%02x revision %u size "
                       "%u, or a mandatory handler is NULL",
                       MiniportInterruptCharacteristics->Header.Type,
                       MiniportInterruptCharacteristics->Header.Revision,
                       MiniportInterruptCharacteristics->Header.Size);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if (adapter->interrupt && adapter->interrupt->line) {
        rule_violation_object("NdisMRegisterInterruptEx", adapter->interrupt, RULE_CALLER,
                              "%s already has an interrupt, %p; deregister it first", adapter->name,
                              (void *)adapter->interrupt);
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    if (nt_allocation_fails() || !(registration = calloc(1, sizeof(*registration))))
        return NDIS_STATUS_RESOURCES;
    registration->handle.kind = HANDLE_INTERRUPT;
    registration->adapter = adapter;
    registration->context = MiniportInterruptContext;
    registration->characteristics = *MiniportInterruptCharacteristics;
    snprintf(registration->name, sizeof(registration->name), "%s interrupt",
             image_name(adapter->driver->image));
    dpcs_initialize(registration);
    MiniportInterruptCharacteristics->InterruptType = NDIS_CONNECT_LINE_BASED;
    MiniportInterruptCharacteristics->MessageInfoTable = NULL;
    *NdisInterruptHandle = registration; /* the ISR may run before this function returns */
    track_add("interrupt", registration, sizeof(*registration), RULE_CALLER);
    pthread_mutex_lock(&adapter->interrupt_lock);
    registration->next = adapter->interrupt;
    registration->line = nt_interrupt_connect(registration->name, &callbacks, registration);
    adapter->interrupt = registration;
    nt_interrupt_line(registration->line, adapter->line_asserted);
    pthread_mutex_unlock(&adapter->interrupt_lock);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisMRegisterInterruptEx);

/* After it neither the ISR nor a DPC runs. */
static void disconnect(struct interrupt_registration *registration)
{
    struct ndis_adapter *adapter = registration->adapter;
    struct nt_interrupt *line;

    pthread_mutex_lock(&adapter->interrupt_lock);
    line = registration->line;
    registration->line = NULL;
    pthread_mutex_unlock(&adapter->interrupt_lock);
    if (!line)
        return;
    nt_interrupt_disconnect(line);
    KeFlushQueuedDpcs();
    atomic_store(&registration->closing, true);
    KeFlushQueuedDpcs(); /* those that the last ones queued */
}

/* Returns the registration of a handle. A use after NdisMDeregisterInterruptEx breaks a rule of its own. */
static struct interrupt_registration *interrupt_of(NDIS_HANDLE handle, const char *function,
                                                   const void *caller)
{
    struct interrupt_registration *registration =
        handle_check(handle, HANDLE_INTERRUPT, function, caller);

    if (registration && atomic_load(&registration->closing)) {
        rule_violation_object("NdisMDeregisterInterruptEx", registration, caller,
                              "%s on an interrupt that was deregistered", function);
        return NULL;
    }
    return registration;
}

VOID NTAPI NdisMDeregisterInterruptEx(NDIS_HANDLE NdisInterruptHandle)
{
    struct interrupt_registration *registration =
        interrupt_of(NdisInterruptHandle, __func__, RULE_CALLER);

    HOST_CALL(PASSIVE_LEVEL);
    if (!registration)
        return;
    disconnect(registration);
    track_remove("interrupt", registration, RULE_CALLER);
}
HOST_EXPORT("NDIS.SYS", NdisMDeregisterInterruptEx);

/* Registrations stay until the adapter goes, so that a late use is named instead of followed. */
void interrupt_release(struct ndis_adapter *adapter)
{
    struct interrupt_registration *registration, *next;

    for (registration = adapter->interrupt; registration; registration = registration->next)
        disconnect(registration);
    for (registration = adapter->interrupt; registration; registration = next) {
        next = registration->next;
        free(registration);
    }
    adapter->interrupt = NULL;
}

/* ---- What a driver calls on it ---- */

struct synchronize {
    MINIPORT_SYNCHRONIZE_INTERRUPT_HANDLER function;
    void *context;
};

static bool synchronize_run(void *context)
{
    struct synchronize *call = context;
    struct callback callback = callback_begin("MiniportSynchronizeInterrupt");
    bool result = call->function(call->context);

    callback_end(&callback);
    return result;
}

BOOLEAN NTAPI NdisMSynchronizeWithInterruptEx(
    NDIS_HANDLE NdisInterruptHandle, ULONG MessageId,
    MINIPORT_SYNCHRONIZE_INTERRUPT_HANDLER SynchronizeFunction, PVOID SynchronizeContext)
{
    struct interrupt_registration *registration =
        interrupt_of(NdisInterruptHandle, __func__, RULE_CALLER);
    struct synchronize call = {SynchronizeFunction, SynchronizeContext};

    HOST_CALL(IRQL_DEVICE);
    (void)MessageId;
    if (!registration || !registration->line)
        return FALSE;
    return nt_interrupt_synchronize(registration->line, synchronize_run, &call);
}
HOST_EXPORT("NDIS.SYS", NdisMSynchronizeWithInterruptEx);

static KAFFINITY queue_dpcs(struct interrupt_registration *registration, KAFFINITY targets,
                            void *dpc_context)
{
    KAFFINITY queued = 0;
    unsigned i;

    for (i = 0; i < nt_processors(); i++)
        if ((targets & (KAFFINITY)1 << i) && queue_dpc(registration, i, dpc_context))
            queued |= (KAFFINITY)1 << i;
    return queued;
}

KAFFINITY NTAPI NdisMQueueDpcEx(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId,
                                PGROUP_AFFINITY TargetProcessors, PVOID MiniportDpcContext)
{
    struct interrupt_registration *registration =
        interrupt_of(NdisInterruptHandle, __func__, RULE_CALLER);

    HOST_CALL(RULE_ANY_IRQL);
    (void)MessageId;
    if (!registration || TargetProcessors->Group != 0)
        return 0;
    return queue_dpcs(registration, TargetProcessors->Mask, MiniportDpcContext);
}
HOST_EXPORT("NDIS.SYS", NdisMQueueDpcEx);

ULONG NTAPI NdisMQueueDpc(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId, ULONG TargetProcessors,
                          PVOID MiniportDpcContext)
{
    struct interrupt_registration *registration =
        interrupt_of(NdisInterruptHandle, __func__, RULE_CALLER);

    HOST_CALL(RULE_ANY_IRQL);
    (void)MessageId;
    if (!registration)
        return 0;
    return (ULONG)queue_dpcs(registration, TargetProcessors, MiniportDpcContext);
}
HOST_EXPORT("NDIS.SYS", NdisMQueueDpc);

NDIS_STATUS NTAPI NdisMConfigMSIXTableEntry(NDIS_HANDLE NdisMiniportHandle,
                                            PNDIS_MSIX_CONFIG_PARAMETERS MSIXConfigParameters)
{
    HOST_CALL(RULE_ANY_IRQL);
    (void)NdisMiniportHandle;
    (void)MSIXConfigParameters;
    return NDIS_STATUS_NOT_SUPPORTED; /* no adapter of this host is granted messages */
}
HOST_EXPORT("NDIS.SYS", NdisMConfigMSIXTableEntry);
