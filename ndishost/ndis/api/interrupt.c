/* SPDX-License-Identifier: MIT */
/* NDIS interrupts: registration, the ISR, the DPCs it asks for, synchronisation with it. */
#include "ndis/api/interrupt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ndis/api/messages.h"
#include "nt/api/interrupt.h"
#include "nt/api/pool.h"
#include "nt/machine/interrupt.h"
#include "nt/machine/irql.h"
#include "nt/machine/processor.h"

/* What interrupts: the line, or one message. */
struct source {
    struct interrupt_registration *owner;
    ULONG id; /* MessageId; 0 for the line */
    struct nt_interrupt *interrupt;
    PKINTERRUPT object; /* of a message */
    struct dpc_slot {
        struct source *source;
        KDPC dpc;
        struct random random; /* touched only by the slot's own DPC */
    } slots[NT_PROCESSORS_MAX];
};

struct interrupt_registration {
    struct handle handle;
    struct interrupt_registration *next; /* all that the adapter ever registered */
    struct ndis_adapter *adapter;
    NDIS_HANDLE context; /* MiniportInterruptContext */
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS characteristics;
    bool connected;
    atomic_bool closing;
    char name[64];
    bool messages;
    uintptr_t shared_lock;                   /* of all messages, with MsiSyncWithAllMessages */
    IO_INTERRUPT_MESSAGE_INFO *table, *copy; /* the driver's, and what it was */
    size_t table_bytes;
    unsigned sources;
    struct source source[];
};

/* Lists that the DPC on this thread has indicated so far. */
static __thread unsigned indicated;

void interrupt_indicated(unsigned count)
{
    indicated += count;
}

/* ---- What the device sends ---- */

/* The line has no listener, or several. The caller holds interrupt_lock. */
static void tell_all(struct ndis_adapter *adapter, bool asserted)
{
    unsigned i;

    if (adapter->ndis_line)
        nt_interrupt_line(adapter->ndis_line, asserted);
    for (i = 0; i < CONNECTED_MAX; i++)
        if (adapter->connected[i])
            nt_interrupt_line(adapter->connected[i], asserted);
}

void interrupt_line(struct ndis_adapter *adapter, bool asserted)
{
    pthread_mutex_lock(&adapter->interrupt_lock);
    adapter->line_asserted = asserted;
    if (adapter->line)
        nt_interrupt_line(adapter->line, asserted);
    else
        tell_all(adapter, asserted);
    pthread_mutex_unlock(&adapter->interrupt_lock);
}

void interrupt_message(struct ndis_adapter *adapter, unsigned number)
{
    pthread_mutex_lock(&adapter->interrupt_lock);
    if (number < BUS_MESSAGES && adapter->message[number])
        nt_interrupt_message(adapter->message[number]);
    pthread_mutex_unlock(&adapter->interrupt_lock);
}

/* One listener alone is told without looking at the others. The caller holds interrupt_lock. */
static void settle(struct ndis_adapter *adapter)
{
    unsigned i;

    adapter->line = adapter->ndis_line;
    for (i = 0; i < CONNECTED_MAX; i++)
        if (adapter->connected[i])
            adapter->line = NULL;
}

/* Tells the interrupt of what comes from now on. NULL: nobody. The caller holds interrupt_lock. */
static void listen(struct ndis_adapter *adapter, const struct source *source, bool on)
{
    struct nt_interrupt *interrupt = on ? source->interrupt : NULL;

    if (source->owner->messages) {
        adapter->message[source->id] = interrupt;
        return;
    }
    adapter->ndis_line = interrupt;
    settle(adapter);
    if (interrupt)
        nt_interrupt_line(interrupt, adapter->line_asserted);
}

bool interrupt_connect(struct ndis_adapter *adapter, struct nt_interrupt *interrupt, int message)
{
    bool connected = false;
    unsigned i;

    pthread_mutex_lock(&adapter->interrupt_lock);
    if (message >= 0) {
        connected = (unsigned)message < BUS_MESSAGES && !adapter->message[message];
        if (connected)
            adapter->message[message] = interrupt;
    }
    for (i = 0; message < 0 && i < CONNECTED_MAX && !connected; i++)
        if (!adapter->connected[i]) {
            adapter->connected[i] = interrupt;
            connected = true;
        }
    if (connected && message < 0) {
        settle(adapter);
        nt_interrupt_line(interrupt, adapter->line_asserted);
    }
    pthread_mutex_unlock(&adapter->interrupt_lock);
    return connected;
}

void interrupt_disconnect(struct ndis_adapter *adapter, struct nt_interrupt *interrupt)
{
    unsigned i;

    pthread_mutex_lock(&adapter->interrupt_lock);
    for (i = 0; i < BUS_MESSAGES; i++)
        if (adapter->message[i] == interrupt)
            adapter->message[i] = NULL;
    for (i = 0; i < CONNECTED_MAX; i++)
        if (adapter->connected[i] == interrupt)
            adapter->connected[i] = NULL;
    settle(adapter);
    pthread_mutex_unlock(&adapter->interrupt_lock);
}

static bool queue_dpc(struct source *source, unsigned processor, void *dpc_context)
{
    if (atomic_load(&source->owner->closing))
        return false;
    return KeInsertQueueDpc(&source->slots[processor].dpc, dpc_context, NULL);
}

static bool call_isr(struct source *source, BOOLEAN *queue_default, ULONG *targets)
{
    struct interrupt_registration *registration = source->owner;
    const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *c = &registration->characteristics;
    struct callback call;
    bool mine;

    if (!registration->messages) {
        call = callback_begin("MiniportInterrupt");
        mine = c->InterruptHandler(registration->context, queue_default, targets);
        callback_end(&call);
        return mine;
    }
    call = callback_begin("MiniportMessageInterrupt");
    mine = c->MessageInterruptHandler(registration->context, source->id, queue_default, targets);
    callback_end(&call);
    if (!mine && rules_enabled)
        rule_violation("MessageInterrupt", (const void *)c->MessageInterruptHandler,
                       "MiniportMessageInterrupt returned FALSE for message %lu; no other device "
                       "sends it",
                       (unsigned long)source->id);
    return mine;
}

static bool isr(void *context)
{
    struct source *source = context;
    struct ndis_adapter *adapter = source->owner->adapter;
    BOOLEAN queue_default = FALSE;
    ULONG targets = 0;
    bool mine = call_isr(source, &queue_default, &targets);
    unsigned i;

    COUNT(adapter, isr_calls, 1);
    if (mine)
        COUNT(adapter, isr_claimed, 1);
    if (queue_default) {
        queue_dpc(source, nt_self()->processor, NULL);
        return mine;
    }
    for (i = 0; i < nt_processors(); i++)
        if (targets & 1u << i)
            queue_dpc(source, i, NULL);
    return mine;
}

bool interrupt_shared(struct ndis_adapter *adapter)
{
    struct interrupt_registration *registration = adapter->interrupt;

    return registration && registration->connected && !registration->messages &&
           nt_interrupt_synchronize(registration->source[0].interrupt, isr,
                                    &registration->source[0]);
}

static void interrupt_done(void *context)
{
    const struct source *source = context;
    struct bus *bus = source->owner->adapter->bus;

    if (bus->ops->interrupt_done)
        bus->ops->interrupt_done(bus);
}

/* How many lists the DPC may indicate: mostly all, as Windows does unless it is short of time. */
static ULONG throttle(struct dpc_slot *slot)
{
    if (!(slot->source->owner->adapter->liberties & LIBERTY_THROTTLE) ||
        !random_chance(&slot->random, 1, 8))
        return NDIS_INDICATE_ALL_NBLS;
    return 1 + (ULONG)random_below(&slot->random, 64);
}

static const char *dpc_name(const struct interrupt_registration *registration)
{
    return registration->messages ? "MiniportMessageInterruptDPC" : "MiniportInterruptDPC";
}

static const void *dpc_handler(const struct interrupt_registration *registration)
{
    return registration->messages
               ? (const void *)registration->characteristics.MessageInterruptDpcHandler
               : (const void *)registration->characteristics.InterruptDpcHandler;
}

static void call_dpc(const struct source *source, void *dpc_context,
                     NDIS_RECEIVE_THROTTLE_PARAMETERS *parameters)
{
    const struct interrupt_registration *registration = source->owner;
    struct callback call = callback_begin(dpc_name(registration));

    if (registration->messages)
        registration->characteristics.MessageInterruptDpcHandler(registration->context, source->id,
                                                                 dpc_context, parameters, NULL);
    else
        registration->characteristics.InterruptDpcHandler(registration->context, dpc_context,
                                                          parameters, NULL);
    callback_end(&call);
}

static VOID NTAPI dpc_routine(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
                              PVOID SystemArgument2)
{
    struct dpc_slot *slot = DeferredContext;
    struct interrupt_registration *registration = slot->source->owner;
    NDIS_RECEIVE_THROTTLE_PARAMETERS parameters;
    ULONG most = throttle(slot);

    (void)SystemArgument2;
    if (atomic_load(&registration->adapter->crashed))
        return;
    memset(&parameters, 0, sizeof(parameters));
    parameters.MaxNblsToIndicate = most;
    indicated = 0;
    call_dpc(slot->source, SystemArgument1, &parameters);
    COUNT(registration->adapter, dpcs, 1);
    if (indicated > SHARED_GET(registration->adapter->counters.dpc_most_lists))
        SHARED_SET(registration->adapter->counters.dpc_most_lists, indicated);
    if (indicated > most)
        rule_violation("ReceiveThrottle", dpc_handler(registration),
                       "%s indicated %u NET_BUFFER_LISTs, MaxNblsToIndicate was %lu",
                       dpc_name(registration), indicated, (unsigned long)most);
    if (!parameters.MoreNblsPending)
        return;
    if (most == NDIS_INDICATE_ALL_NBLS)
        rule_violation("ReceiveThrottle", dpc_handler(registration),
                       "%s set MoreNblsPending although it had no limit", dpc_name(registration));
    else if (!atomic_load(&registration->closing))
        KeInsertQueueDpc(Dpc, SystemArgument1, NULL);
}

/* ---- Registration ---- */

/* The name of a handler that has to be there and is not; NULL if all are. */
static const char *handler_missing(const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *c)
{
    const struct {
        const char *name;
        bool missing;
    } handlers[] = {
        {"InterruptHandler", !c->InterruptHandler},
        {"InterruptDpcHandler", !c->InterruptDpcHandler},
        {"DisableInterruptHandler", !c->DisableInterruptHandler},
        {"EnableInterruptHandler", !c->EnableInterruptHandler},
        {"MessageInterruptHandler", c->MsiSupported && !c->MessageInterruptHandler},
        {"MessageInterruptDpcHandler", c->MsiSupported && !c->MessageInterruptDpcHandler},
        {"DisableMessageInterruptHandler", c->MsiSupported && !c->DisableMessageInterruptHandler},
        {"EnableMessageInterruptHandler", c->MsiSupported && !c->EnableMessageInterruptHandler},
    };
    unsigned i;

    for (i = 0; i < ARRAYSIZE(handlers); i++)
        if (handlers[i].missing)
            return handlers[i].name;
    return NULL;
}

static bool characteristics_valid(const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *c,
                                  const void *caller)
{
    const char *missing;

    if (!header_check(&c->Header, NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT,
                      NDIS_MINIPORT_INTERRUPT_REVISION_1,
                      NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1,
                      "NdisMRegisterInterruptEx", caller))
        return false;
    missing = handler_missing(c);
    if (missing)
        rule_violation("NdisMRegisterInterruptEx", caller,
                       "%s of NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS is NULL%s; see "
                       "https://learn.microsoft.com/windows-hardware/drivers/ddi/ndis/"
                       "ns-ndis-_ndis_miniport_interrupt_characteristics",
                       missing, strstr(missing, "Message") ? " although MsiSupported is TRUE" : "");
    return !missing;
}

/* May it be registered now? */
static NDIS_STATUS admit(struct ndis_adapter *adapter,
                         const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *c, const void *caller)
{
    if (!characteristics_valid(c, caller))
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    if (adapter->interrupt && adapter->interrupt->connected) {
        rule_violation_object("NdisMRegisterInterruptEx", adapter->interrupt, caller,
                              "%s already has an interrupt, %p; deregister it first", adapter->name,
                              (void *)adapter->interrupt);
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    if (messages_count(adapter) && !c->MsiSupported) {
        /* msi-x-resource-filtering */
        rule_violation("MessageInterrupt", caller,
                       "MsiSupported is FALSE, but %s was assigned %u messages, as the INF's "
                       "MSISupported asks for: Windows fails NdisMRegisterInterruptEx",
                       adapter->name, messages_count(adapter));
        return NDIS_STATUS_RESOURCE_CONFLICT;
    }
    return NDIS_STATUS_SUCCESS;
}

static void source_initialize(struct interrupt_registration *registration, ULONG id)
{
    struct source *source = &registration->source[id];
    unsigned i;

    source->owner = registration;
    source->id = id;
    for (i = 0; i < NT_PROCESSORS_MAX; i++) {
        struct dpc_slot *slot = &source->slots[i];

        slot->source = source;
        random_seed(&slot->random,
                    registration->adapter->seed ^ (0x6470630000ull + i) ^ ((uint64_t)id << 48));
        KeInitializeDpc(&slot->dpc, dpc_routine, slot);
        if (i < nt_processors())
            KeSetTargetProcessorDpc(&slot->dpc, (CCHAR)i);
    }
}

static bool source_connect(struct source *source)
{
    static const struct nt_interrupt_callbacks callbacks = {isr, interrupt_done};
    struct interrupt_registration *registration = source->owner;
    struct nt_interrupt_kind message = {.message = true};

    if (!registration->messages) {
        source->interrupt = nt_interrupt_connect(registration->name, &callbacks, source, NULL);
        return source->interrupt;
    }
    message.processors = (uint32_t)messages_get(registration->adapter, source->id)->targets;
    if (registration->characteristics.MsiSyncWithAllMessages)
        message.lock = &registration->shared_lock;
    source->interrupt = nt_interrupt_connect(registration->name, &callbacks, source, &message);
    source->object = source->interrupt ? kinterrupt_create(source->interrupt) : NULL;
    return source->object;
}

static void registration_free(struct interrupt_registration *registration)
{
    unsigned i;

    for (i = 0; i < registration->sources; i++) {
        if (registration->source[i].object)
            kinterrupt_destroy(registration->source[i].object);
        if (registration->source[i].interrupt)
            nt_interrupt_disconnect(registration->source[i].interrupt);
        registration->source[i].object = NULL;
        registration->source[i].interrupt = NULL;
    }
    free(registration->table);
    free(registration->copy);
    free(registration);
}

/* What a driver learns of its messages. */
static bool table_create(struct interrupt_registration *registration)
{
    size_t bytes = offsetof(IO_INTERRUPT_MESSAGE_INFO, MessageInfo) +
                   registration->sources * sizeof(IO_INTERRUPT_MESSAGE_INFO_ENTRY);
    IO_INTERRUPT_MESSAGE_INFO *table = calloc(1, bytes);
    unsigned i;

    registration->table = table;
    registration->copy = calloc(1, bytes);
    registration->table_bytes = bytes;
    if (!table || !registration->copy)
        return false;
    table->UnifiedIrql = IRQL_DEVICE;
    table->MessageCount = registration->sources;
    for (i = 0; i < registration->sources; i++) {
        const struct message *message = messages_get(registration->adapter, i);
        IO_INTERRUPT_MESSAGE_INFO_ENTRY *entry = &table->MessageInfo[i];

        entry->MessageAddress.QuadPart = (LONGLONG)message->write.address;
        entry->TargetProcessorSet = message->targets;
        entry->InterruptObject = registration->source[i].object;
        entry->MessageData = message->write.data;
        entry->Vector = message->vector;
        entry->Irql = IRQL_DEVICE;
        entry->Mode = Latched;
        entry->Polarity = InterruptActiveHigh;
    }
    memcpy(registration->copy, table, bytes);
    return true;
}

/* All of it but the listening. NULL without memory. */
static struct interrupt_registration *registration_create(
    struct ndis_adapter *adapter, NDIS_HANDLE context,
    const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *c)
{
    unsigned sources = messages_count(adapter) ? messages_count(adapter) : 1, i;
    struct interrupt_registration *registration =
        calloc(1, sizeof(*registration) + sources * sizeof(struct source));
    bool good = registration;

    if (!registration)
        return NULL;
    registration->handle.kind = HANDLE_INTERRUPT;
    registration->adapter = adapter;
    registration->context = context;
    registration->characteristics = *c;
    registration->messages = messages_count(adapter) != 0;
    registration->sources = sources;
    snprintf(registration->name, sizeof(registration->name), "%s interrupt",
             image_name(adapter->driver->image));
    for (i = 0; i < sources && good; i++) {
        source_initialize(registration, i);
        good = source_connect(&registration->source[i]);
    }
    if (good && registration->messages)
        good = table_create(registration);
    if (!good)
        registration_free(registration);
    return good ? registration : NULL;
}

static void set_listening(struct interrupt_registration *registration, bool on)
{
    struct ndis_adapter *adapter = registration->adapter;
    unsigned i;

    pthread_mutex_lock(&adapter->interrupt_lock);
    registration->connected = on;
    for (i = 0; i < registration->sources; i++)
        listen(adapter, &registration->source[i], on);
    pthread_mutex_unlock(&adapter->interrupt_lock);
}

NDIS_STATUS NTAPI
NdisMRegisterInterruptEx(NDIS_HANDLE MiniportAdapterHandle, NDIS_HANDLE MiniportInterruptContext,
                         PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS MiniportInterruptCharacteristics,
                         PNDIS_HANDLE NdisInterruptHandle)
{
    struct ndis_adapter *adapter = handle_adapter(MiniportAdapterHandle, __func__, RULE_CALLER);
    struct interrupt_registration *registration;
    NDIS_STATUS status;

    HOST_CALL(PASSIVE_LEVEL);
    HOST_ALLOCATES();
    *NdisInterruptHandle = NULL;
    if (!adapter)
        return NDIS_STATUS_FAILURE;
    adapter_claims_hardware(adapter, "NdisMRegisterInterruptEx", __func__, RULE_CALLER);
    if (adapter->bus->no_device)
        return NDIS_STATUS_FAILURE; /* there is no interrupt among its resources */
    status = admit(adapter, MiniportInterruptCharacteristics, RULE_CALLER);
    if (status != NDIS_STATUS_SUCCESS)
        return status;
    if (nt_allocation_fails() ||
        !(registration = registration_create(adapter, MiniportInterruptContext,
                                             MiniportInterruptCharacteristics)))
        return NDIS_STATUS_RESOURCES;
    MiniportInterruptCharacteristics->InterruptType =
        registration->messages ? NDIS_CONNECT_MESSAGE_BASED : NDIS_CONNECT_LINE_BASED;
    MiniportInterruptCharacteristics->MessageInfoTable = registration->table;
    *NdisInterruptHandle = registration; /* the ISR may run before this function returns */
    track_add("interrupt", registration, sizeof(*registration), RULE_CALLER);
    registration->next = adapter->interrupt;
    adapter->interrupt = registration;
    set_listening(registration, true);
    if (registration->messages)
        messages_connected(adapter, true);
    return NDIS_STATUS_SUCCESS;
}
HOST_EXPORT("NDIS.SYS", NdisMRegisterInterruptEx);

/* After it neither the ISR nor a DPC runs. */
static void disconnect(struct interrupt_registration *registration)
{
    unsigned i;

    if (!registration->connected)
        return;
    if (registration->messages)
        messages_connected(registration->adapter, false);
    set_listening(registration, false);
    for (i = 0; i < registration->sources; i++) {
        struct source *source = &registration->source[i];

        if (source->object)
            kinterrupt_destroy(source->object);
        source->object = NULL;
        nt_interrupt_disconnect(source->interrupt);
        source->interrupt = NULL;
    }
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
    if (registration->messages &&
        memcmp(registration->table, registration->copy, registration->table_bytes) != 0)
        rule_violation_object("MessageInterrupt", registration, RULE_CALLER,
                              "the driver has written to MessageInfoTable, %p, which is NDIS's",
                              (void *)registration->table);
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
        registration_free(registration);
    }
    adapter->interrupt = NULL;
}

/* ---- Enabling and disabling ---- */

struct switching {
    const struct source *source;
    bool enable;
};

static bool switch_message(const struct source *source, bool enable)
{
    const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *c = &source->owner->characteristics;
    struct callback call = callback_begin(enable ? "MiniportEnableMessageInterrupt"
                                                 : "MiniportDisableMessageInterrupt");

    (enable ? c->EnableMessageInterruptHandler
            : c->DisableMessageInterruptHandler)(source->owner->context, source->id);
    callback_end(&call);
    return true;
}

static bool switch_run(void *context)
{
    const struct switching *switching = context;
    const struct interrupt_registration *registration = switching->source->owner;
    const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *c = &registration->characteristics;
    struct callback call;

    if (registration->messages)
        return switch_message(switching->source, switching->enable);
    call = callback_begin(switching->enable ? "MiniportEnableInterruptEx"
                                            : "MiniportDisableInterruptEx");
    (switching->enable ? c->EnableInterruptHandler
                       : c->DisableInterruptHandler)(registration->context);
    callback_end(&call);
    return true;
}

bool interrupt_switch(struct ndis_adapter *adapter, bool enable)
{
    const struct interrupt_registration *registration = adapter->interrupt;
    unsigned i;

    if (!registration || !registration->connected)
        return false;
    for (i = 0; i < registration->sources; i++) {
        struct switching switching = {&registration->source[i], enable};

        nt_interrupt_synchronize(registration->source[i].interrupt, switch_run, &switching);
    }
    return true;
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

/* The message that the driver names, or the line, for which "NDIS ignores this parameter". NULL: there is no
 * such message. */
static struct source *source_of(struct interrupt_registration *registration, ULONG id,
                                const char *function, const void *caller)
{
    if (!registration->messages)
        return &registration->source[0];
    if (id < registration->sources)
        return &registration->source[id];
    rule_violation_object("MessageInterrupt", registration, caller,
                          "%s of message %lu: NDIS has granted %u", function, (unsigned long)id,
                          registration->sources);
    return NULL;
}

BOOLEAN NTAPI NdisMSynchronizeWithInterruptEx(
    NDIS_HANDLE NdisInterruptHandle, ULONG MessageId,
    MINIPORT_SYNCHRONIZE_INTERRUPT_HANDLER SynchronizeFunction, PVOID SynchronizeContext)
{
    struct interrupt_registration *registration =
        interrupt_of(NdisInterruptHandle, __func__, RULE_CALLER);
    struct synchronize call = {SynchronizeFunction, SynchronizeContext};
    const struct source *source;

    HOST_CALL(IRQL_DEVICE);
    if (!registration || !registration->connected || irql_get() > IRQL_DEVICE)
        return FALSE;
    source = source_of(registration, MessageId, __func__, RULE_CALLER);
    return source && nt_interrupt_synchronize(source->interrupt, synchronize_run, &call);
}
HOST_EXPORT("NDIS.SYS", NdisMSynchronizeWithInterruptEx);

static KAFFINITY queue_dpcs(struct source *source, KAFFINITY targets, void *dpc_context)
{
    KAFFINITY queued = 0;
    unsigned i;

    for (i = 0; source && i < nt_processors(); i++)
        if ((targets & (KAFFINITY)1 << i) && queue_dpc(source, i, dpc_context))
            queued |= (KAFFINITY)1 << i;
    return queued;
}

KAFFINITY NTAPI NdisMQueueDpcEx(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId,
                                PGROUP_AFFINITY TargetProcessors, PVOID MiniportDpcContext)
{
    struct interrupt_registration *registration =
        interrupt_of(NdisInterruptHandle, __func__, RULE_CALLER);

    HOST_CALL(RULE_ANY_IRQL);
    if (!registration || TargetProcessors->Group != 0)
        return 0;
    return queue_dpcs(source_of(registration, MessageId, __func__, RULE_CALLER),
                      TargetProcessors->Mask, MiniportDpcContext);
}
HOST_EXPORT("NDIS.SYS", NdisMQueueDpcEx);

ULONG NTAPI NdisMQueueDpc(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId, ULONG TargetProcessors,
                          PVOID MiniportDpcContext)
{
    struct interrupt_registration *registration =
        interrupt_of(NdisInterruptHandle, __func__, RULE_CALLER);

    HOST_CALL(RULE_ANY_IRQL);
    if (!registration)
        return 0;
    return (ULONG)queue_dpcs(source_of(registration, MessageId, __func__, RULE_CALLER),
                             TargetProcessors, MiniportDpcContext);
}
HOST_EXPORT("NDIS.SYS", NdisMQueueDpc);

NDIS_STATUS NTAPI NdisMConfigMSIXTableEntry(NDIS_HANDLE NdisMiniportHandle,
                                            PNDIS_MSIX_CONFIG_PARAMETERS MSIXConfigParameters)
{
    struct ndis_adapter *adapter = handle_adapter(NdisMiniportHandle, __func__, RULE_CALLER);
    const NDIS_MSIX_CONFIG_PARAMETERS *p = MSIXConfigParameters;
    bool set = p->ConfigOperation == NdisMSIXTableConfigSetTableEntry, good = false;

    HOST_CALL_VARYING(set ? DISPATCH_LEVEL : RULE_ANY_IRQL);
    if (!adapter ||
        !header_check(&p->Header, NDIS_OBJECT_TYPE_DEFAULT, NDIS_MSIX_CONFIG_PARAMETERS_REVISION_1,
                      NDIS_SIZEOF_MSIX_CONFIG_PARAMETERS_REVISION_1, __func__, RULE_CALLER))
        return NDIS_STATUS_INVALID_PARAMETER;
    if (!messages_count(adapter))
        return NDIS_STATUS_NOT_SUPPORTED;
    if (set)
        good = messages_map(adapter, p->TableEntry, p->MessageNumber);
    else if (p->ConfigOperation < NdisMSIXTableConfigMax)
        good = messages_mask(adapter, p->TableEntry,
                             p->ConfigOperation == NdisMSIXTableConfigMaskTableEntry);
    return good ? NDIS_STATUS_SUCCESS : NDIS_STATUS_INVALID_PARAMETER;
}
HOST_EXPORT("NDIS.SYS", NdisMConfigMSIXTableEntry);
