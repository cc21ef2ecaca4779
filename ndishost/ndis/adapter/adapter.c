/* SPDX-License-Identifier: MIT */
/* An adapter: a device on a bus, network ends above and beyond it, and the miniport between. */
#include "ndis/adapter/life_cycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bus/narrow.h"
#include "ndis/adapter/cable.h"
#include "ndis/api/configuration.h"
#include "ndis/api/dma.h"
#include "ndis/adapter/filter.h"
#include "ndis/adapter/filter_resources.h"
#include "ndis/adapter/install.h"
#include "ndis/api/interrupt.h"
#include "ndis/api/messages.h"
#include "ndis/adapter/oid.h"
#include "ndis/protocol/protocol.h"
#include "ndis/adapter/report.h"
#include "ndis/api/resources.h"
#include "ndis/protocol/large_send.h"
#include "ndis/protocol/shape.h"
#include "ndis/protocol/transfer.h"
#include "ndis/watch/wire_watch.h"
#include "ndis/adapter/reset.h"
#include "nt/machine/clock.h"
#include "nt/api/log.h"
#include "nt/machine/processor.h"

/* Before the network end is left to start when the link comes; for a frame that was sent by hand to
 * reach the far end; for frames in flight before the adapter is paused to halt. */
#define LINK_WAIT            (2 * NT_SECOND)
#define OWN_WAIT             NT_SECOND
#define DRAIN_WAIT           (2 * NT_SECOND)
#define FAR_WAIT             100 /* ms that a network end waits for room on the wire, and then tries again */

#define PCI_COMMAND          4u
#define PCI_COMMAND_DECODE   0x0007u /* I/O, memory, bus master */
#define PCI_COMMAND_INTX_OFF 0x0400u

/* ---- What the bus and the network end call ---- */

static void bus_interrupt(void *context, bool asserted)
{
    interrupt_line(context, asserted);
}

static void bus_message(void *context, unsigned number)
{
    interrupt_message(context, number);
}

static void bus_wire_receive(void *context, const void *frame, size_t length)
{
    struct ndis_adapter *adapter = context;

    if (adapter->pcap_wire)
        pcap_frame(adapter->pcap_wire, frame, length);
    if (!wire_watch_take(adapter->watch, frame, length) && atomic_load(&adapter->net_started))
        adapter->net->ops->far_receive(adapter->net, frame, length);
}

static void adapter_wake(struct ndis_adapter *adapter)
{
    pthread_mutex_lock(&adapter->lock);
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
}

static void bus_failed(void *context, const char *why)
{
    struct ndis_adapter *adapter = context;

    fprintf(stderr, "ndishost: %s: the bus has failed: %s\n", adapter->name, why);
    pthread_mutex_lock(&adapter->lock);
    adapter->bus_failed = true;
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
}

static unsigned near_send(void *context, const struct net_frame *frames, unsigned count)
{
    struct ndis_adapter *adapter = context;
    unsigned taken;

    if (!transfer_enter(adapter))
        return 0;
    taken = protocol_send(adapter->protocol, frames, count);
    transfer_leave(adapter);
    return taken;
}

static unsigned near_send_large(void *context, const struct net_large *packets, unsigned count)
{
    struct ndis_adapter *adapter = context;
    unsigned taken;

    if (!transfer_enter(adapter))
        return 0;
    taken = protocol_send_large(adapter->protocol, packets, count);
    transfer_leave(adapter);
    return taken;
}

static bool net_large_limits(void *context, unsigned version, bool v6, bool options, uint32_t *most,
                             uint32_t *least)
{
    return large_limits(context, version, v6, options, most, least);
}

static void net_broken(void *context, const char *rule, const char *what)
{
    (void)context;
    if (rules_enabled)
        rule_violation(rule, NULL, "%s", what);
}

static int far_send(void *context, const void *frame, size_t length)
{
    struct ndis_adapter *adapter = context;

    return adapter->bus->ops->wire_send(adapter->bus, frame, length, FAR_WAIT) ? -1 : 0;
}

long adapter_step(struct ndis_adapter *adapter)
{
    long steps = 0;

    if (!adapter->bus->lockstep)
        return -1;
    processors_settle();
    while (adapter->bus->ops->step(adapter->bus)) {
        processors_settle();
        steps++;
    }
    return steps;
}

static void net_step(void *context)
{
    adapter_step(context);
}

static void finish(struct ndis_adapter *adapter)
{
    atomic_store(&adapter->finished, true);
    adapter_wake(adapter);
}

static void net_finished(void *context)
{
    struct ndis_adapter *idle = cable_idle_adapter(context);

    finish(context);
    if (idle)
        finish(idle);
}

/* ---- Adding and removing ---- */

/* One more than that of the newest adapter, whichever driver that has: they have one registry. */
static unsigned next_index(void)
{
    const struct ndis_driver *driver;
    unsigned next = 0;

    for (driver = ndis_drivers(); driver; driver = driver->next)
        if (driver->adapters && driver->adapters->index >= next)
            next = driver->adapters->index + 1;
    return next;
}

static int open_ends(struct ndis_adapter *adapter, const struct adapter_options *options,
                     char *error, size_t error_size)
{
    static const struct bus_events events = {bus_interrupt, bus_message, bus_wire_receive,
                                             bus_failed};

    adapter->bus = bus_open(options->bus, &events, adapter, error, error_size);
    if (!adapter->bus)
        return -1;
    if (options->queue_size && bus_narrow(adapter->bus, options->queue_size)) {
        snprintf(error, error_size, "--queue-size: the device has no common configuration");
        return -1;
    }
    adapter->ports.context = adapter;
    adapter->ports.near_send = near_send;
    adapter->ports.near_send_large = near_send_large;
    adapter->ports.large_limits = net_large_limits;
    adapter->ports.broken = net_broken;
    adapter->ports.near_accepts = filter_accepts;
    adapter->ports.far_send = adapter->bus->ops->wire_send ? far_send : NULL;
    adapter->ports.step = adapter->bus->lockstep ? net_step : NULL;
    adapter->ports.finished = net_finished;
    adapter->net = net_open(options->net, &adapter->ports, error, error_size);
    if (!adapter->net)
        return -1;
    if (adapter->bus->cable && cable_attach(adapter, adapter->net, error, error_size))
        return -1;
    if (adapter->bus->lockstep && !adapter->net->ops->steps) {
        snprintf(error, error_size,
                 "--net %s waits for a device that moves frames by itself; use gen or none with "
                 "--bus model:lockstep",
                 options->net);
        return -1;
    }
    if (options->pcap && !(adapter->pcap = pcap_create(options->pcap, error, error_size)))
        return -1;
    if (options->pcap_wire &&
        !(adapter->pcap_wire = pcap_create(options->pcap_wire, error, error_size)))
        return -1;
    return 0;
}

static void capture_close(struct pcap *pcap)
{
    if (pcap)
        pcap_close(pcap);
}

int adapter_end_captures(struct ndis_adapter *adapter)
{
    int near = adapter->pcap ? pcap_end(adapter->pcap) : 0;
    int wire = adapter->pcap_wire ? pcap_end(adapter->pcap_wire) : 0;

    return near || wire ? -1 : 0;
}

static void device_objects(struct ndis_adapter *adapter)
{
    adapter->physical_device.Type = 3; /* IO_TYPE_DEVICE */
    adapter->physical_device.Size = sizeof(DEVICE_OBJECT);
    adapter->functional_device.Type = 3;
    adapter->functional_device.Size = sizeof(DEVICE_OBJECT);
    adapter->functional_device.DriverObject = &adapter->driver->object;
}

/* Frees what has been made so far; the driver's own objects do not matter here. */
static void adapter_free(struct ndis_adapter *adapter)
{
    resources_register(adapter, false);
    if (adapter->bus) {
        interrupt_release(adapter);
        messages_release(adapter);
        resources_release(adapter);
        adapter->bus->ops->close(adapter->bus);
    }
    if (adapter->net)
        adapter->net->ops->close(adapter->net);
    protocol_destroy(adapter->protocol);
    capture_close(adapter->pcap);
    capture_close(adapter->pcap_wire);
    dma_release(adapter);
    shared_memory_release(adapter);
    oid_destroy(adapter);
    report_free(adapter);
    wire_watch_destroy(adapter->watch);
    free(adapter->oids);
    adapter->handle.kind = HANDLE_FREED;
    free(adapter);
}

struct ndis_adapter *ndis_adapter_add(struct ndis_driver *driver,
                                      const struct adapter_options *options, char *error,
                                      size_t error_size)
{
    struct ndis_adapter *adapter = calloc(1, sizeof(*adapter));
    struct random random;

    if (adapter && !(adapter->watch = wire_watch_create())) {
        free(adapter);
        adapter = NULL;
    }
    if (!adapter) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    adapter->handle.kind = HANDLE_ADAPTER;
    adapter->driver = driver;
    adapter->index = next_index();
    snprintf(adapter->name, sizeof(adapter->name), "adapter %u", adapter->index + 1);
    adapter->seed = options->seed + adapter->index;
    adapter->liberties = options->liberties;
    adapter->pieces = options->pieces;
    adapter->map_registers = options->map_registers;
    adapter->message_limit = options->messages;
    pthread_mutex_init(&adapter->lock, NULL);
    pthread_mutex_init(&adapter->interrupt_lock, NULL);
    pthread_mutex_init(&adapter->groups.lock, NULL);
    pthread_mutex_init(&adapter->link_lock, NULL);
    nt_clock_cond_init(&adapter->changed);
    device_objects(adapter);
    random_seed(&random, adapter->seed);
    random_seed(&adapter->power_random, random_next(&random));
    if (open_ends(adapter, options, error, error_size) ||
        install_adapter(adapter, error, error_size) ||
        configuration_load(adapter, options->keywords, error, error_size))
        goto failed;
    adapter->protocol = protocol_create(adapter, random_next(&random), options->liberties,
                                        &options->hold, error, error_size);
    if (!adapter->protocol)
        goto failed;
    if (oid_create(adapter) || report_create(adapter) ||
        messages_assign(adapter, adapter->message_limit) || resources_build(adapter, &random)) {
        snprintf(error, error_size, "out of memory");
        goto failed;
    }
    resources_register(adapter, true);
    adapter->next = driver->adapters;
    driver->adapters = adapter;
    return adapter;

failed:
    adapter_free(adapter);
    return NULL;
}

void ndis_adapter_remove(struct ndis_adapter *adapter)
{
    struct ndis_adapter **at;

    if (driver_calls_add_device(adapter->driver) && adapter->added)
        adapter->driver->pnp.MiniportRemoveDeviceHandler(adapter->add_device_context);
    for (at = &adapter->driver->adapters; *at; at = &(*at)->next)
        if (*at == adapter) {
            *at = adapter->next;
            break;
        }
    adapter_free(adapter);
}

bool adapter_registry(struct ndis_adapter *adapter, const char *name, char *text, size_t size)
{
    return configuration_value(adapter, name, text, size);
}

int adapter_registry_set(struct ndis_adapter *adapter, const char *text, char *error,
                         size_t error_size)
{
    return configuration_set(adapter, text, error, error_size);
}

struct ndis_adapter *adapter_of_device(const DEVICE_OBJECT *device)
{
    const struct ndis_driver *driver;
    struct ndis_adapter *adapter;

    for (driver = ndis_drivers(); driver; driver = driver->next)
        for (adapter = driver->adapters; adapter; adapter = adapter->next)
            if (device == &adapter->physical_device)
                return adapter;
    return NULL;
}

/* ---- Starting ---- */

/* Windows' PCI driver turns decoding and bus mastering on before it starts the driver. */
static void enable_device(struct ndis_adapter *adapter)
{
    struct bus *bus = adapter->bus;
    uint32_t command;

    if (bus->no_device)
        return;
    command = bus->ops->config_read(bus, PCI_COMMAND, 2);
    bus->ops->config_write(bus, PCI_COMMAND, 2,
                           (command | PCI_COMMAND_DECODE) & ~PCI_COMMAND_INTX_OFF);
}

static NDIS_STATUS add_device(struct ndis_adapter *adapter, const char **what)
{
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    *what = "MiniportAddDevice";
    if (driver_calls_add_device(adapter->driver) && !adapter->added) {
        struct callback call = callback_begin("MiniportAddDevice");

        status = adapter->driver->pnp.MiniportAddDeviceHandler(adapter, adapter->driver->context);
        callback_end(&call);
        adapter->added = status == NDIS_STATUS_SUCCESS;
        if (adapter->added && adapter->driver->pnp.MiniportFilterResourceRequirementsHandler) {
            *what = "MiniportFilterResourceRequirements";
            status = filter_resources(adapter);
        }
    }
    return status;
}

/* "MiniportInitializeEx failed with ...", and what the driver wrote to the event log about it. */
static NDIS_STATUS start_failed(const char *what, NDIS_STATUS status, size_t mark, char *error,
                                size_t error_size)
{
    char name[64];
    int length = snprintf(error, error_size, "%s failed with %s\n", what,
                          status_name(status, name, sizeof(name)));

    if (length > 0 && (size_t)length < error_size &&
        !nt_log_text(mark, error + length, error_size - (size_t)length))
        snprintf(error + length, error_size - (size_t)length,
                 "the driver wrote no event log entry about it\n");
    return status;
}

static int start_net(struct ndis_adapter *adapter, char *error, size_t error_size)
{
    atomic_store(&adapter->net_started, true);
    if (adapter->net->ops->start(adapter->net, error, error_size)) {
        atomic_store(&adapter->net_started, false);
        return -1;
    }
    return 0;
}

/* Waits for the link, or for adapter_stop, until the deadline. true: the link is up. */
static bool wait_link(struct ndis_adapter *adapter, uint64_t deadline)
{
    pthread_mutex_lock(&adapter->lock);
    while (!atomic_load(&adapter->link_up) && !adapter->stopping && nt_clock_now() < deadline)
        nt_clock_wait(&adapter->changed, &adapter->lock, deadline);
    pthread_mutex_unlock(&adapter->lock);
    return atomic_load(&adapter->link_up);
}

static void starter_run(void *context)
{
    struct ndis_adapter *adapter = context;
    char error[256];

    if (wait_link(adapter, NT_FOREVER) && start_net(adapter, error, sizeof(error))) {
        fprintf(stderr, "ndishost: %s\n", error);
        net_finished(adapter);
    }
}

static NDIS_STATUS start_ends(struct ndis_adapter *adapter, char *error, size_t error_size)
{
    if (wait_link(adapter, nt_clock_now() + LINK_WAIT))
        return start_net(adapter, error, error_size) ? NDIS_STATUS_OPEN_FAILED
                                                     : NDIS_STATUS_SUCCESS;
    fprintf(stderr, "ndishost: the link is down; the network end starts when it comes up\n");
    if (nt_thread_start(&adapter->starter, "link", starter_run, adapter)) {
        snprintf(error, error_size, "cannot start a thread");
        return NDIS_STATUS_RESOURCES;
    }
    adapter->starter_runs = true;
    return NDIS_STATUS_SUCCESS;
}

/* Filters may be bound before the adapter runs or after: frames get through when both is done. */
static NDIS_STATUS run(struct ndis_adapter *adapter)
{
    bool late_filters = adapter->seed & 1;
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    atomic_store(&adapter->closed, true);
    if (!late_filters)
        status = oid_bind_filters(adapter);
    if (status == NDIS_STATUS_SUCCESS)
        status = adapter_restart(adapter);
    if (status == NDIS_STATUS_SUCCESS && late_filters)
        status = oid_bind_filters(adapter);
    atomic_store(&adapter->closed, false);
    if (status == NDIS_STATUS_SUCCESS)
        transfer_tell_net(adapter, false);
    return status;
}

NDIS_STATUS life_cycle_come_up(struct ndis_adapter *adapter, const char **what)
{
    NDIS_STATUS status;

    enable_device(adapter);
    messages_start(adapter);
    *what = "MiniportInitializeEx";
    status = life_cycle_initialize(adapter);
    if (status != NDIS_STATUS_SUCCESS)
        return status;
    *what = "starting a thread";
    if (hang_check_start(adapter)) {
        life_cycle_halt(adapter, NdisHaltDeviceInitializationFailed);
        return NDIS_STATUS_RESOURCES;
    }
    life_cycle_pnp_event(adapter, NdisDevicePnPEventPowerProfileChanged);
    oid_bind_queries(adapter);
    *what = "MiniportRestart or setting the packet filter";
    status = run(adapter);
    if (status != NDIS_STATUS_SUCCESS)
        adapter_stop(adapter);
    return status;
}

int32_t adapter_start(struct ndis_adapter *adapter, char *error, size_t error_size)
{
    size_t mark = nt_log_mark();
    const char *what;
    NDIS_STATUS status;

    if (!cable_complete(adapter)) {
        snprintf(error, error_size,
                 "%s is alone at its cable: give --bus virtual:cable for the adapter at the other "
                 "end too",
                 adapter->name);
        return NDIS_STATUS_OPEN_FAILED;
    }
    status = add_device(adapter, &what);
    if (status == NDIS_STATUS_SUCCESS)
        status = life_cycle_come_up(adapter, &what);
    if (status != NDIS_STATUS_SUCCESS)
        return start_failed(what, status, mark, error, error_size);
    status = start_ends(adapter, error, error_size);
    if (status != NDIS_STATUS_SUCCESS)
        adapter_stop(adapter);
    return status;
}

/* ---- Stopping ---- */

static void stop_ends(struct ndis_adapter *adapter)
{
    pthread_mutex_lock(&adapter->lock);
    adapter->stopping = true;
    pthread_cond_broadcast(&adapter->changed);
    pthread_mutex_unlock(&adapter->lock);
    if (adapter->starter_runs)
        pthread_join(adapter->starter, NULL);
    adapter->starter_runs = false;
    if (atomic_load(&adapter->net_started))
        adapter->net->ops->stop(adapter->net);
}

static void drain(struct ndis_adapter *adapter)
{
    uint64_t deadline = nt_clock_now() + DRAIN_WAIT;

    while (protocol_in_flight(adapter->protocol) && nt_clock_now() < deadline &&
           !adapter->bus_failed)
        nt_clock_sleep(NT_MILLISECOND);
}

void adapter_stop(struct ndis_adapter *adapter)
{
    /* The network end goes on when the miniport is halted to sleep, or does not come up after that. */
    stop_ends(adapter);
    if (adapter_state(adapter) == ADAPTER_HALTED) {
        atomic_store(&adapter->net_started, false);
        return;
    }
    if (adapter_state(adapter) == ADAPTER_RUNNING) {
        drain(adapter);
        adapter_pause(adapter);
    }
    adapter_collect_last(adapter);
    /* Asleep: "a bus driver did not power up the NIC on resume" (nc-ndis-miniport_halt). */
    life_cycle_halt(adapter, adapter->remove_requested || adapter_power_state(adapter)
                                 ? NdisHaltDeviceFailed
                                 : NdisHaltDeviceDisabled);
    atomic_store(&adapter->net_started, false);
}

int32_t adapter_surprise_remove(struct ndis_adapter *adapter, bool present, char *error,
                                size_t error_size)
{
    atomic_store(&adapter->closed, true);
    transfer_tell_net(adapter, true); /* what is under way is gone with the device */
    if (!present && (!adapter->bus->ops->remove || adapter->bus->ops->remove(adapter->bus))) {
        atomic_store(&adapter->closed, false);
        transfer_tell_net(adapter, adapter_state(adapter) != ADAPTER_RUNNING);
        snprintf(error, error_size, "this bus cannot remove its device");
        return NDIS_STATUS_NOT_SUPPORTED;
    }
    adapter->gone = true;
    if (adapter_state(adapter) != ADAPTER_HALTED)
        life_cycle_pnp_event(adapter, NdisDevicePnPEventSurpriseRemoved);
    stop_ends(adapter);
    if (adapter_state(adapter) == ADAPTER_RUNNING)
        adapter_pause(adapter);
    if (adapter_state(adapter) != ADAPTER_HALTED)
        life_cycle_halt(adapter, NdisHaltDeviceSurpriseRemoved);
    atomic_store(&adapter->net_started, false);
    return NDIS_STATUS_SUCCESS;
}

/* ---- What else the command line and scenario control want ---- */

/* Frames get through while the cable is in and the miniport has said so: it may well not notice when the
 * cable is out for a moment only. */
void life_cycle_tell_link(struct ndis_adapter *adapter)
{
    if (!atomic_load(&adapter->net_started) || !adapter->net->ops->link)
        return;
    pthread_mutex_lock(&adapter->link_lock);
    adapter->net->ops->link(adapter->net,
                            !atomic_load(&adapter->cable_out) && atomic_load(&adapter->link_up));
    pthread_mutex_unlock(&adapter->link_lock);
}

void life_cycle_link_changed(struct ndis_adapter *adapter)
{
    adapter_wake(adapter);
    life_cycle_tell_link(adapter);
}

int adapter_send_frame(struct ndis_adapter *adapter, const void *frame, uint32_t length,
                       int32_t *status)
{
    struct wire_frame own = {
        .data = frame, .length = length, .tag = tag_sent(adapter->ports.tags, TAG_NONE)};
    int failed;

    if (adapter_state(adapter) == ADAPTER_HALTED || length > shape_longest(adapter->liberties))
        return -1;
    atomic_fetch_add(&adapter->senders, 1);
    wire_watch_begin(adapter->watch, &own, 1);
    failed = protocol_send_one(adapter->protocol, frame, length, nt_clock_now() + 30 * NT_SECOND,
                               status);
    if (!failed && *status == NDIS_STATUS_SUCCESS && adapter_shows_wire(adapter))
        wire_watch_wait(adapter->watch, nt_clock_now() + OWN_WAIT); /* it may come a little later */
    wire_watch_end(adapter->watch);
    transfer_leave(adapter);
    return failed;
}

int adapter_wire_send(struct ndis_adapter *adapter, const void *frame, size_t length,
                      unsigned milliseconds)
{
    struct bus *bus = adapter->bus;

    if (bus->cable)
        return cable_send(adapter, frame, length, milliseconds);
    return bus->ops->wire_send ? bus->ops->wire_send(bus, frame, length, (int)milliseconds) : -1;
}

int adapter_go(struct ndis_adapter *adapter, char *error, size_t error_size)
{
    if (!adapter->net->ops->go) {
        snprintf(error, error_size, "this network end does not wait for `go`");
        return -1;
    }
    if (!atomic_load(&adapter->net_started)) {
        snprintf(error, error_size, "the network end has not started: the link of %s is down",
                 adapter->name);
        return -1;
    }
    return adapter->net->ops->go(adapter->net, error, error_size);
}

void adapter_wait_until(struct ndis_adapter *adapter, bool (*over)(void *context), void *context)
{
    adapter->over = over;
    adapter->over_context = context;
}

const char *adapter_gone(const struct ndis_adapter *adapter, char *buf, size_t size)
{
    const char *why = adapter->shut_down ? "is off: MiniportShutdownEx has run"
                      : adapter->gone    ? "was removed"
                                         : NULL;

    if (!why)
        return NULL;
    snprintf(buf, size, "%s %s", adapter->name, why);
    return buf;
}

int adapter_set_link(struct ndis_adapter *adapter, bool up)
{
    int result;

    if (!adapter->bus->ops->set_link)
        return -1;
    atomic_store(&adapter->cable_out, true);
    if (!up)
        life_cycle_tell_link(adapter);
    result = adapter->bus->ops->set_link(adapter->bus, up);
    atomic_store(&adapter->cable_out, !up && !result);
    if (up || result)
        life_cycle_tell_link(adapter);
    return result;
}

int adapter_switch_interrupts(struct ndis_adapter *adapter, bool enable)
{
    return interrupt_switch(adapter, enable) ? 0 : -1;
}

bool adapter_link_up(const struct ndis_adapter *adapter)
{
    return atomic_load(&adapter->link_up);
}

struct net *adapter_net(struct ndis_adapter *adapter)
{
    return adapter->net;
}

struct bus *adapter_bus(struct ndis_adapter *adapter)
{
    return adapter->bus;
}

bool adapter_finished(struct ndis_adapter *adapter)
{
    return atomic_load(&adapter->finished) || adapter->bus_failed || adapter->remove_requested;
}

bool adapter_removal_requested(const struct ndis_adapter *adapter)
{
    return adapter->remove_requested;
}

bool adapter_bus_failed(const struct ndis_adapter *adapter)
{
    return adapter->bus_failed;
}

const char *adapter_state_text(struct ndis_adapter *adapter)
{
    return adapter_state_name(adapter_state(adapter));
}

bool adapter_oid_number(const char *name, uint32_t *oid)
{
    return oid_number(name, oid);
}

const char *adapter_status_name(int32_t status, char *buf, size_t size)
{
    return status_name(status, buf, size);
}

void adapter_frames(struct ndis_adapter *adapter, uint64_t *sent, uint64_t *received)
{
    *sent = SHARED_GET(adapter->counters.sent_frames);
    *received = SHARED_GET(adapter->counters.indicated_frames);
}
