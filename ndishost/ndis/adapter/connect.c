/* SPDX-License-Identifier: MIT */
/*
 * Interrupts that a driver connects past NDIS: IoConnectInterrupt by the vector of its resources, IoConnectInterruptEx
 * by its device. Documentation: kernel/registering-an-isr, wdm/ns-wdm-_io_connect_interrupt_parameters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "loader/exports.h"
#include "ndis/adapter/life_cycle.h"
#include "ndis/api/interrupt.h"
#include "ndis/api/messages.h"
#include "nt/api/interrupt.h"
#include "nt/api/pool.h"
#include "nt/machine/interrupt.h"

#define TRACK_KIND          "connected interrupt"
#define FULLY_SPECIFIED     1 /* Version: CONNECT_XXX */
#define LINE_BASED          2
#define MESSAGE_BASED       3
#define FULLY_SPECIFIED_GRP 4

typedef BOOLEAN NTAPI message_service(PKINTERRUPT interrupt, PVOID context, ULONG message);

struct fully_specified {
    PDEVICE_OBJECT PhysicalDeviceObject;
    PKINTERRUPT *InterruptObject;
    PKSERVICE_ROUTINE ServiceRoutine;
    PVOID ServiceContext;
    PKSPIN_LOCK SpinLock;
    KIRQL SynchronizeIrql;
    BOOLEAN FloatingSave;
    BOOLEAN ShareVector;
    ULONG Vector;
    KIRQL Irql;
    KINTERRUPT_MODE InterruptMode;
    KAFFINITY ProcessorEnableMask;
    USHORT Group;
};

struct line_based {
    PDEVICE_OBJECT PhysicalDeviceObject;
    PKINTERRUPT *InterruptObject;
    PKSERVICE_ROUTINE ServiceRoutine;
    PVOID ServiceContext;
    PKSPIN_LOCK SpinLock;
    KIRQL SynchronizeIrql;
    BOOLEAN FloatingSave;
};

struct message_based {
    PDEVICE_OBJECT PhysicalDeviceObject;
    PVOID *ConnectionContext;
    message_service *MessageServiceRoutine;
    PVOID ServiceContext;
    PKSPIN_LOCK SpinLock;
    KIRQL SynchronizeIrql;
    BOOLEAN FloatingSave;
    PKSERVICE_ROUTINE FallBackServiceRoutine;
};

struct connect_parameters {
    ULONG Version;
    union {
        struct fully_specified FullySpecified;
        struct line_based LineBased;
        struct message_based MessageBased;
    };
};

struct disconnect_parameters {
    ULONG Version;
    PVOID ConnectionContext;
};

/* The line, or all messages of a device. */
struct connection {
    struct connection *next;
    struct ndis_adapter *adapter;
    PKSERVICE_ROUTINE service; /* NULL: `message` */
    message_service *message;
    PVOID context;
    uintptr_t own_lock; /* of all messages, unless the driver has one for them */
    IO_INTERRUPT_MESSAGE_INFO *table;
    bool unmasked; /* the messages, for it */
    unsigned sources;
    struct connected {
        struct connection *connection;
        ULONG id;
        struct nt_interrupt *interrupt;
        PKINTERRUPT object;
    } source[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct connection *connections;

/* ---- The ISR ---- */

static bool isr(void *context)
{
    const struct connected *source = context;
    const struct connection *connection = source->connection;
    struct callback call;
    bool mine;

    if (connection->service) {
        call = callback_begin("InterruptService");
        mine = connection->service(source->object, connection->context);
    } else {
        call = callback_begin("InterruptMessageService");
        mine = connection->message(source->object, connection->context, source->id);
    }
    callback_end(&call);
    COUNT(connection->adapter, isr_calls, 1);
    if (mine)
        COUNT(connection->adapter, isr_claimed, 1);
    return mine;
}

static void done(void *context)
{
    const struct connected *source = context;
    struct bus *bus = source->connection->adapter->bus;

    if (bus->ops->interrupt_done)
        bus->ops->interrupt_done(bus);
}

/* ---- Connecting ---- */

static void release(struct connection *connection)
{
    unsigned i;

    if (connection->unmasked)
        messages_connected(connection->adapter, false);
    for (i = 0; i < connection->sources; i++) {
        struct connected *source = &connection->source[i];

        if (!source->interrupt)
            continue;
        interrupt_disconnect(connection->adapter, source->interrupt);
        if (source->object)
            kinterrupt_destroy(source->object);
        nt_interrupt_disconnect(source->interrupt);
    }
    free(connection->table);
    free(connection);
}

/* An object that can be used; nobody tells its interrupt of anything yet. */
static bool make(struct connected *source, const struct nt_interrupt_kind *kind)
{
    static const struct nt_interrupt_callbacks callbacks = {isr, done};
    char name[64];

    snprintf(name, sizeof(name), "%s interrupt",
             image_name(source->connection->adapter->driver->image));
    source->interrupt = nt_interrupt_connect(name, &callbacks, source, kind);
    source->object = source->interrupt ? kinterrupt_create(source->interrupt) : NULL;
    return source->object;
}

static struct connection *create(struct ndis_adapter *adapter, unsigned sources)
{
    struct connection *connection =
        calloc(1, sizeof(*connection) + sources * sizeof(connection->source[0]));
    unsigned i;

    if (!connection)
        return NULL;
    connection->adapter = adapter;
    connection->sources = sources;
    for (i = 0; i < sources; i++) {
        connection->source[i].connection = connection;
        connection->source[i].id = i;
    }
    return connection;
}

static void remember(struct connection *connection, const void *key, const void *caller)
{
    pthread_mutex_lock(&lock);
    connection->next = connections;
    connections = connection;
    pthread_mutex_unlock(&lock);
    track_add(TRACK_KIND, key, sizeof(*connection), caller);
}

/* What identifies a connection at IoDisconnectInterruptEx. */
static const void *key_of(const struct connection *connection)
{
    return connection->table ? (const void *)connection->table
                             : (const void *)connection->source[0].object;
}

/* The ISR may run before *object is read by the driver: it is written first. */
static NTSTATUS connect_line(struct ndis_adapter *adapter, const struct line_based *p,
                             KAFFINITY processors, const void *caller)
{
    struct nt_interrupt_kind kind = {
        .lock = p->SpinLock, .processors = (uint32_t)processors & ((1u << nt_processors()) - 1)};
    struct connection *connection = create(adapter, 1);

    *p->InterruptObject = NULL;
    if (!connection)
        return STATUS_INSUFFICIENT_RESOURCES;
    connection->service = p->ServiceRoutine;
    connection->context = p->ServiceContext;
    if (make(&connection->source[0], &kind)) {
        *p->InterruptObject = connection->source[0].object;
        remember(connection, key_of(connection), caller);
        if (interrupt_connect(adapter, connection->source[0].interrupt, -1))
            return STATUS_SUCCESS;
        *p->InterruptObject = NULL;
        pthread_mutex_lock(&lock);
        connections = connection->next;
        pthread_mutex_unlock(&lock);
        track_remove(TRACK_KIND, key_of(connection), caller);
    }
    release(connection);
    return STATUS_INSUFFICIENT_RESOURCES;
}

static bool fill_table(struct connection *connection)
{
    IO_INTERRUPT_MESSAGE_INFO *table =
        calloc(1, sizeof(*table) + connection->sources * sizeof(table->MessageInfo[0]));
    unsigned i;

    connection->table = table;
    if (!table)
        return false;
    table->UnifiedIrql = IRQL_DEVICE;
    table->MessageCount = connection->sources;
    for (i = 0; i < connection->sources; i++) {
        const struct message *message = messages_get(connection->adapter, i);

        table->MessageInfo[i] = (IO_INTERRUPT_MESSAGE_INFO_ENTRY){
            .MessageAddress.QuadPart = (LONGLONG)message->write.address,
            .TargetProcessorSet = message->targets,
            .InterruptObject = connection->source[i].object,
            .MessageData = message->write.data,
            .Vector = message->vector,
            .Irql = IRQL_DEVICE,
            .Mode = Latched,
            .Polarity = InterruptActiveHigh};
    }
    return true;
}

static NTSTATUS connect_messages(struct ndis_adapter *adapter, const struct message_based *p,
                                 const void *caller)
{
    struct connection *connection = create(adapter, messages_count(adapter));
    bool good = connection;
    unsigned i;

    *p->ConnectionContext = NULL;
    if (!connection)
        return STATUS_INSUFFICIENT_RESOURCES;
    connection->message = p->MessageServiceRoutine;
    connection->context = p->ServiceContext;
    for (i = 0; good && i < connection->sources; i++) {
        struct nt_interrupt_kind kind = {.message = true,
                                         .processors = (uint32_t)messages_get(adapter, i)->targets,
                                         .lock = p->SpinLock ? (volatile void *)p->SpinLock
                                                             : &connection->own_lock};

        good = make(&connection->source[i], &kind);
    }
    good = good && fill_table(connection);
    if (good)
        *p->ConnectionContext = connection->table;
    for (i = 0; good && i < connection->sources; i++)
        good = interrupt_connect(adapter, connection->source[i].interrupt, (int)i);
    if (!good) {
        *p->ConnectionContext = NULL;
        release(connection);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    remember(connection, key_of(connection), caller);
    connection->unmasked = true;
    messages_connected(adapter, true);
    return STATUS_SUCCESS;
}

/* The device whose line has this vector; NULL: none has it, or its device has messages. */
static struct ndis_adapter *adapter_with(ULONG vector)
{
    const struct ndis_driver *driver;
    struct ndis_adapter *adapter;

    for (driver = ndis_drivers(); driver; driver = driver->next)
        for (adapter = driver->adapters; adapter; adapter = adapter->next)
            if (!adapter->bus->no_device && adapter->bus->irq_vector == vector &&
                !messages_count(adapter))
                return adapter;
    return NULL;
}

NTSTATUS NTAPI IoConnectInterrupt(PKINTERRUPT *InterruptObject, PKSERVICE_ROUTINE ServiceRoutine,
                                  PVOID ServiceContext, PKSPIN_LOCK SpinLock, ULONG Vector,
                                  KIRQL Irql, KIRQL SynchronizeIrql, KINTERRUPT_MODE InterruptMode,
                                  BOOLEAN ShareVector, KAFFINITY ProcessorEnableMask,
                                  BOOLEAN FloatingSave)
{
    struct line_based line = {NULL,     InterruptObject, ServiceRoutine, ServiceContext,
                              SpinLock, SynchronizeIrql, FloatingSave};
    struct ndis_adapter *adapter = adapter_with(Vector);

    HOST_CALL(PASSIVE_LEVEL);
    (void)ShareVector;
    *InterruptObject = NULL;
    if (HOST_FAILS())
        return STATUS_INSUFFICIENT_RESOURCES;
    if (!adapter || Irql != IRQL_DEVICE || SynchronizeIrql < Irql ||
        InterruptMode != LevelSensitive || !ProcessorEnableMask)
        return STATUS_INVALID_PARAMETER;
    return connect_line(adapter, &line, ProcessorEnableMask, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoConnectInterrupt);

static NTSTATUS connect_specified(const struct fully_specified *p, const void *caller)
{
    struct line_based line = {p->PhysicalDeviceObject, p->InterruptObject, p->ServiceRoutine,
                              p->ServiceContext,       p->SpinLock,        p->SynchronizeIrql,
                              p->FloatingSave};
    struct ndis_adapter *adapter = adapter_of_device(p->PhysicalDeviceObject);

    if (!adapter || adapter->bus->no_device || messages_count(adapter) ||
        p->Vector != adapter->bus->irq_vector || p->Irql != IRQL_DEVICE ||
        p->SynchronizeIrql < p->Irql || p->InterruptMode != LevelSensitive ||
        !p->ProcessorEnableMask)
        return STATUS_INVALID_PARAMETER;
    return connect_line(adapter, &line, p->ProcessorEnableMask, caller);
}

static NTSTATUS connect_any_line(const struct line_based *p, const void *caller)
{
    struct ndis_adapter *adapter = adapter_of_device(p->PhysicalDeviceObject);

    if (!adapter || adapter->bus->no_device || messages_count(adapter))
        return STATUS_NOT_FOUND;
    return connect_line(adapter, p, ~(KAFFINITY)0, caller);
}

/* The messages, or the line if the device has none and the driver an ISR for it. */
static NTSTATUS connect_any(struct connect_parameters *parameters, const void *caller)
{
    const struct message_based *p = &parameters->MessageBased;
    struct ndis_adapter *adapter = adapter_of_device(p->PhysicalDeviceObject);
    struct line_based line = {p->PhysicalDeviceObject,
                              (PKINTERRUPT *)(void *)p->ConnectionContext,
                              p->FallBackServiceRoutine,
                              p->ServiceContext,
                              p->SpinLock,
                              p->SynchronizeIrql,
                              p->FloatingSave};
    NTSTATUS status;

    if (adapter && messages_count(adapter))
        return connect_messages(adapter, p, caller);
    if (!p->FallBackServiceRoutine)
        return STATUS_NOT_FOUND;
    status = connect_any_line(&line, caller);
    if (status == STATUS_SUCCESS)
        parameters->Version = LINE_BASED;
    return status;
}

NTSTATUS NTAPI IoConnectInterruptEx(struct connect_parameters *Parameters)
{
    HOST_CALL(PASSIVE_LEVEL);
    if (HOST_FAILS())
        return STATUS_INSUFFICIENT_RESOURCES;
    switch (Parameters->Version) {
    case FULLY_SPECIFIED:
    case FULLY_SPECIFIED_GRP:
        return connect_specified(&Parameters->FullySpecified, RULE_CALLER);
    case LINE_BASED:
        return connect_any_line(&Parameters->LineBased, RULE_CALLER);
    case MESSAGE_BASED:
        return connect_any(Parameters, RULE_CALLER);
    default:
        return STATUS_NOT_SUPPORTED;
    }
}
HOST_EXPORT("ntoskrnl.exe", IoConnectInterruptEx);

/* ---- Disconnecting ---- */

static void disconnect(const void *key, const char *function, const void *caller)
{
    struct connection **at, *connection;

    pthread_mutex_lock(&lock);
    for (at = &connections; *at && key_of(*at) != key; at = &(*at)->next)
        ;
    connection = *at;
    if (connection)
        *at = connection->next;
    pthread_mutex_unlock(&lock);
    if (!connection) {
        rule_violation("InterruptObject", caller, "%s: %p is not what a connected interrupt has",
                       function, key);
        return;
    }
    release(connection);
    track_remove(TRACK_KIND, key, caller);
}

VOID NTAPI IoDisconnectInterrupt(PKINTERRUPT InterruptObject)
{
    HOST_CALL(PASSIVE_LEVEL);
    disconnect(InterruptObject, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoDisconnectInterrupt);

VOID NTAPI IoDisconnectInterruptEx(struct disconnect_parameters *Parameters)
{
    HOST_CALL(PASSIVE_LEVEL);
    disconnect(Parameters->ConnectionContext, __func__, RULE_CALLER);
}
HOST_EXPORT("ntoskrnl.exe", IoDisconnectInterruptEx);
