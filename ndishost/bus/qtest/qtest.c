/* SPDX-License-Identifier: MIT */
/*
 * The bus back end `qtest`: QEMU's own device, without a guest. Registers and configuration space
 * go over the qtest socket, DMA over shared memory, frames over the socket of a netdev, cables over
 * QMP.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bus/access.h"
#include "bus/bus.h"
#include "bus/mailbox.h"
#include "bus/notify.h"
#include "bus/power.h"
#include "bus/qtest/firmware.h"
#include "bus/qtest/protocol.h"
#include "bus/qtest/qemu.h"
#include "bus/qtest/qmp.h"
#include "bus/qtest/wire.h"

#define WHY_BYTES 1280

struct qtest_bus {
    struct bus bus; /* first */
    struct qemu *qemu;
    struct qtest *qtest;
    struct qmp *qmp;
    struct wire *wire; /* NULL: not ours */
    struct firmware firmware;

    atomic_bool running; /* events are told: opened and not closing */
    atomic_bool gone;    /* pulled out, or QEMU is dead: registers read all ones */

    pthread_mutex_t control; /* one set_link or remove at a time */
    bool link_up;            /* the person's cable */

    pthread_mutex_t line_lock; /* guards the two below; not held during events */
    uint32_t raised;           /* IOAPIC inputs, a bit each */

    _Alignas(8) uint64_t reads, writes, config_accesses, interrupts;
    struct mailbox *mailbox; /* NULL until a message has a target */
    struct notify_counter notify;
    struct bus_power power;
};

static struct qtest_bus *of(struct bus *bus)
{
    return (struct qtest_bus *)bus;
}

/* --- registers --- */

static uint32_t config_read(struct bus *bus, unsigned offset, unsigned size)
{
    struct qtest_bus *self = of(bus);
    uint32_t value;

    bus_count(&self->config_accesses);
    if (offset + size > 256 || atomic_load(&self->gone) ||
        !qtest_config_read(self->qtest, self->firmware.address, offset, size, &value))
        return (uint32_t)bus_ones(size);
    return value;
}

static void config_write(struct bus *bus, unsigned offset, unsigned size, uint32_t value)
{
    struct qtest_bus *self = of(bus);

    bus_count(&self->config_accesses);
    if (offset + size <= 256 && !atomic_load(&self->gone))
        qtest_config_write(self->qtest, self->firmware.address, offset, size, value);
}

static uint64_t bar_read(struct bus *bus, unsigned index, uint64_t offset, unsigned size)
{
    struct qtest_bus *self = of(bus);
    const struct bus_bar *bar = &bus->bar[index];
    uint64_t value;

    bus_count(&self->reads);
    if (!bus_inside(bar, offset, size) || atomic_load(&self->gone) ||
        !qtest_read(self->qtest, bar->io ? QTEST_IO : QTEST_MEMORY, bar->base + offset, size,
                    &value))
        return bus_ones(size);
    return value;
}

/* Writes to memory are posted, as PCI does: a driver that must know that one has arrived reads. */
static void bar_write(struct bus *bus, unsigned index, uint64_t offset, unsigned size,
                      uint64_t value)
{
    struct qtest_bus *self = of(bus);
    const struct bus_bar *bar = &bus->bar[index];

    bus_count(&self->writes);
    notify_count(&self->notify, index, offset, value);
    if (!bus_inside(bar, offset, size) || atomic_load(&self->gone))
        return;
    if (bar->io)
        qtest_write(self->qtest, QTEST_IO, bar->base + offset, size, value);
    else
        qtest_post(self->qtest, QTEST_MEMORY, bar->base + offset, size, value);
}

/* --- events --- */

static void tell_interrupt(struct qtest_bus *self, bool asserted)
{
    if (asserted)
        bus_count(&self->interrupts);
    if (atomic_load(&self->running))
        self->bus.events->interrupt(self->bus.context, asserted);
}

static void on_message(void *context, unsigned number)
{
    struct qtest_bus *self = context;

    if (atomic_load(&self->running) && !atomic_load(&self->gone))
        self->bus.events->message(self->bus.context, number);
}

/* QEMU's device writes its messages to the memory that it shares with ndishost. */
static bool message_target(struct bus *bus, unsigned number, struct bus_message *message)
{
    struct qtest_bus *self = of(bus);

    if (!self->mailbox)
        self->mailbox = mailbox_open(on_message, self);
    return self->mailbox && mailbox_target(self->mailbox, number, message);
}

static void on_line(void *context, unsigned line, bool level)
{
    struct qtest_bus *self = context;
    uint32_t bit = line < 32 ? 1u << line & self->firmware.lines : 0;
    bool before, after;

    if (!bit)
        return;
    pthread_mutex_lock(&self->line_lock);
    before = self->raised;
    self->raised = level ? self->raised | bit : self->raised & ~bit;
    if (atomic_load(&self->gone))
        self->raised = 0;
    after = self->raised;
    pthread_mutex_unlock(&self->line_lock);
    if (before != after)
        tell_interrupt(self, after);
}

/* From now on registers read all ones, and no line is pulled: an ISR that does not know the device
 * any more could not lower it. False: it was gone already. */
static bool go(struct qtest_bus *self)
{
    bool was_gone, before;

    pthread_mutex_lock(&self->line_lock);
    was_gone = atomic_exchange(&self->gone, true);
    before = self->raised;
    self->raised = 0;
    pthread_mutex_unlock(&self->line_lock);
    if (before)
        tell_interrupt(self, false);
    return !was_gone;
}

static void on_hung_up(void *context)
{
    struct qtest_bus *self = context;
    char why[WHY_BYTES];

    go(self);
    if (!atomic_load(&self->running))
        return;
    qemu_why(self->qemu, why, sizeof why);
    qemu_kill(self->qemu); /* this also ends each wait for the wire or for QMP */
    if (atomic_load(&self->running))
        self->bus.events->failed(self->bus.context, why);
}

static void on_frame(void *context, const void *frame, size_t length)
{
    struct qtest_bus *self = context;

    if (atomic_load(&self->running))
        self->bus.events->wire_receive(self->bus.context, frame, length);
}

/* --- wire, link, removal --- */

static int send_frame(struct bus *bus, const void *frame, size_t length, int milliseconds)
{
    struct qtest_bus *self = of(bus);

    return atomic_load(&self->gone) ? -1 : wire_send(self->wire, frame, length, milliseconds);
}

/* QEMU is told before senders may go on, and after they have been stopped: no frame is let into a
 * cable that is cut. */
static int set_link_locked(struct qtest_bus *self, bool up)
{
    char command[192], error[256];
    int result;

    if (atomic_load(&self->gone))
        return -1;
    if (!up && self->wire)
        wire_set_up(self->wire, false);
    snprintf(command, sizeof command,
             "{\"execute\": \"set_link\", \"arguments\": {\"name\": \"%s\", \"up\": %s}}",
             qemu_device(self->qemu), up ? "true" : "false");
    result = qmp_execute(self->qmp, command, error, sizeof error);
    if (result == 0)
        self->link_up = up;
    else
        fprintf(stderr, "qtest: cannot set the link: %s\n", error);
    if (self->wire && self->link_up && !atomic_load(&self->gone))
        wire_set_up(self->wire, true);
    return result;
}

static int set_link(struct bus *bus, bool up)
{
    struct qtest_bus *self = of(bus);
    int result;

    pthread_mutex_lock(&self->control);
    result = set_link_locked(self, up);
    pthread_mutex_unlock(&self->control);
    return result;
}

/* ACPI PCI hot-plug of `pc`: which bus, and the slots to eject (QEMU's
 * docs/specs/acpi_pci_hotplug). */
#define ACPI_EJECT       0xae08
#define ACPI_BUS         0xae10
#define PCI_COMMAND      0x04
#define PCI_INTX_DISABLE 0x0400
#define EJECT_MS         2000

/* Pulls the device out of QEMU: device_del asks the guest's ACPI, and the eject register is its
 * answer. On a bus without hot-plug (q35's root bus) the device stays where it is, cut off from its
 * registers and from memory. */
static void eject(struct qtest_bus *self)
{
    char command[192], error[256];

    snprintf(command, sizeof command,
             "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"%s\"}}",
             qemu_device(self->qemu));
    if (!self->firmware.q35 && qmp_execute(self->qmp, command, error, sizeof error) == 0) {
        qtest_write(self->qtest, QTEST_IO, ACPI_BUS, 4, 0);
        qtest_write(self->qtest, QTEST_IO, ACPI_EJECT, 4, 1u << self->bus.slot);
        if (qmp_wait_event(self->qmp, "DEVICE_DELETED", EJECT_MS))
            return;
    }
    qtest_config_write(self->qtest, self->firmware.address, PCI_COMMAND, 2, PCI_INTX_DISABLE);
}

/* The last word about the line comes when no other can come any more: eject has waited for QEMU's
 * replies, and so for what it said before them. */
static int remove_device(struct bus *bus)
{
    struct qtest_bus *self = of(bus);
    bool went;

    pthread_mutex_lock(&self->control);
    went = go(self);
    if (went) {
        if (self->wire)
            wire_set_up(self->wire, false);
        eject(self);
        tell_interrupt(self, false);
    }
    pthread_mutex_unlock(&self->control);
    return went ? 0 : -1;
}

static int set_power(struct bus *bus, unsigned state)
{
    struct qtest_bus *self = of(bus);

    pthread_mutex_lock(&self->control);
    if (state)
        power_off(&self->power, bus, state);
    else
        power_on(&self->power, bus);
    pthread_mutex_unlock(&self->control);
    return 0;
}

static int command(struct bus *bus, const char *line, char *error, size_t error_size)
{
    (void)bus;
    snprintf(error, error_size, "the bus back end qtest has no command \"%s\"", line);
    return -1;
}

/* --- telling --- */

static void describe(struct bus *bus, char *text, size_t size)
{
    struct qtest_bus *self = of(bus);

    snprintf(text, size, "%04x:%04x at %02x:%02x.%x (QEMU %s, %s)", self->firmware.vendor,
             self->firmware.device, bus->number, bus->slot, bus->function, qmp_version(self->qmp),
             qemu_driver(self->qemu));
}

static void report(struct bus *bus, FILE *json)
{
    struct qtest_bus *self = of(bus);
    struct wire_counters wire;

    fprintf(
        json, "\"register_reads\": %llu, \"register_writes\": %llu, \"config_accesses\": %llu, ",
        bus_counted(&self->reads), bus_counted(&self->writes), bus_counted(&self->config_accesses));
    notify_report(&self->notify, json);
    fprintf(json, ", \"interrupts\": %llu, \"messages\": %llu", bus_counted(&self->interrupts),
            self->mailbox ? (unsigned long long)mailbox_count(self->mailbox) : 0);
    if (!self->wire)
        return;
    wire_count(self->wire, &wire);
    fprintf(json,
            ", \"tx_frames\": %llu, \"tx_bytes\": %llu, \"wire_rx_frames\": %llu, "
            "\"wire_rx_bytes\": %llu",
            (unsigned long long)wire.out_frames, (unsigned long long)wire.out_bytes,
            (unsigned long long)wire.in_frames, (unsigned long long)wire.in_bytes);
}

/* --- open, close --- */

/* Parts that were not made are NULL. The qtest connection goes last of the three: while it stands,
 * a thread of the host that still reads a register gets an answer. */
static void close_bus(struct bus *bus)
{
    struct qtest_bus *self = of(bus);

    atomic_store(&self->running, false);
    if (self->wire)
        wire_close(self->wire);
    if (self->qmp)
        qmp_close(self->qmp);
    if (self->qtest)
        qtest_close(self->qtest);
    if (self->qemu)
        qemu_stop(self->qemu);
    if (self->mailbox)
        mailbox_close(self->mailbox);
    pthread_mutex_destroy(&self->control);
    pthread_mutex_destroy(&self->line_lock);
    free(self);
}

static const struct bus_ops ops = {
    .config_read = config_read,
    .config_write = config_write,
    .bar_read = bar_read,
    .bar_write = bar_write,
    .message_target = message_target,
    .wire_send = send_frame,
    .set_link = set_link,
    .set_power = set_power,
    .remove = remove_device,
    .describe = describe,
    .command = command,
    .negotiated = bus_negotiated_read,
    .report = report,
    .close = close_bus,
};

/* The person has given the device a netdev: the far end is wherever that leads. */
static const struct bus_ops ops_without_wire = {
    .config_read = config_read,
    .config_write = config_write,
    .bar_read = bar_read,
    .bar_write = bar_write,
    .message_target = message_target,
    .set_link = set_link,
    .set_power = set_power,
    .remove = remove_device,
    .describe = describe,
    .command = command,
    .negotiated = bus_negotiated_read,
    .report = report,
    .close = close_bus,
};

static struct qtest_bus *new_bus(const struct bus_events *events, void *context)
{
    struct qtest_bus *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->bus.ops = &ops;
    self->bus.events = events;
    self->bus.context = context;
    self->link_up = true;
    pthread_mutex_init(&self->control, NULL);
    pthread_mutex_init(&self->line_lock, NULL);
    return self;
}

/* Makes of the three streams what they are for; those not taken over are closed. */
static int connect_streams(struct qtest_bus *self, const struct qemu_streams *streams, char *error,
                           size_t error_size)
{
    static const struct qtest_events events = {on_line, on_hung_up};
    char why[WHY_BYTES];

    self->qmp = qmp_open(streams->qmp);
    if (!self->qmp) {
        qemu_why(self->qemu, why, sizeof why);
        snprintf(error, error_size, "QEMU did not start: %s", why);
        close(streams->qtest);
        if (streams->wire >= 0)
            close(streams->wire);
        return -1;
    }
    self->qtest = qtest_open(streams->qtest, &events, self, error, error_size);
    if (streams->wire < 0)
        self->bus.ops = &ops_without_wire;
    else
        self->wire = wire_open(streams->wire, on_frame, self, error, error_size);
    return self->qtest && (streams->wire < 0 || self->wire) ? 0 : -1;
}

static int start(struct qtest_bus *self, const char *arguments, char *error, size_t error_size)
{
    struct qemu_streams streams;

    self->qemu = qemu_start(arguments, &streams, error, error_size);
    if (!self->qemu || connect_streams(self, &streams, error, error_size) < 0 ||
        firmware_run(self->qtest, &self->bus, &self->firmware, error, error_size) < 0 ||
        firmware_check_memory(self->qtest, &self->firmware, error, error_size) < 0)
        return -1;
    notify_find(&self->notify, &self->bus);
    qemu_pass_words(self->qemu);
    atomic_store(&self->running, true);
    if (self->wire)
        wire_set_up(self->wire, true);
    return 0;
}

static struct bus *open_bus(const char *arguments, const struct bus_events *events, void *context,
                            char *error, size_t error_size)
{
    struct qtest_bus *self = new_bus(events, context);
    char why[WHY_BYTES];

    if (!self) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    if (start(self, arguments ? arguments : "", error, error_size) == 0)
        return &self->bus;
    /* If QEMU died on the way, that is why, whatever came of it. */
    if (self->qtest && atomic_load(&self->gone)) {
        qemu_why(self->qemu, why, sizeof why);
        snprintf(error, error_size, "%s", why);
    }
    close_bus(&self->bus);
    return NULL;
}

const struct bus_backend bus_qtest = {
    .name = "qtest",
    .help =
        "qtest[:QEMU OPTIONS]   QEMU's own device. ndishost starts QEMU with these options and "
        "without a\n"
        "                       guest, and drives the first virtio-net -device among them "
        "(default:\n"
        "                       -device virtio-net-pci). If that -device names no netdev, its far "
        "end\n"
        "                       is ndishost's. $NDISHOST_QEMU names another qemu-system-x86_64.\n"
        "                       Example: 'qtest:-device virtio-net-pci,rx_queue_size=1024'\n",
    .memory = PHYS_PAGES,
    .open = open_bus,
};
BUS_BACKEND(bus_qtest);
