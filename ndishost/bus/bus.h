/* SPDX-License-Identifier: MIT */
/*
 * bus.h: one PCI function that is a virtio-net device, whatever carries it: `model` (in this
 * process), `qtest` (QEMU's own device), `pci` (a real function through uio_pci_generic). And `virtual`,
 * for drivers without hardware: it carries nothing.
 *   bus = bus_open("qtest:-device virtio-net-pci", &events, context, error, sizeof error);
 *   bus->ops->config_read(bus, ...), ...;  bus->ops->close(bus);
 * physical memory (nt/machine/phys.h) is open before a bus is, of the kind bus_memory_kind(spec) says.
 */
#ifndef NDISHOST_BUS_H
#define NDISHOST_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "bus/negotiated.h"
#include "nt/machine/phys.h"

#define BUS_BARS 6

struct bus;

/* What a bus tells its owner; called from threads of the bus, never with a lock of the bus held
 * that ops need. */
struct bus_events {
    /* The INTx line as it is now. May be called with the same level twice; after the final lower
     * no interrupt is pending. */
    void (*interrupt)(void *context, bool asserted);
    /* The device has sent message `number` of ops->message_target. */
    void (*message)(void *context, unsigned number);
    /* A frame that the device put on its wire; valid during the call. Only if wire_send exists. */
    void (*wire_receive)(void *context, const void *frame, size_t length);
    /* The back end cannot go on (QEMU ended, the model found the driver breaking virtio's rules
     * with fatal effect): one line for a person. */
    void (*failed)(void *context, const char *why);
};

/* What a device writes to interrupt by message. */
struct bus_message {
    uint64_t address;
    uint32_t data;
};
#define BUS_MESSAGES 64u

/* A BAR as firmware would have assigned it. length 0: not implemented. */
struct bus_bar {
    uint64_t base;   /* physical (PCI) address */
    uint64_t length; /* bytes */
    bool io;
    bool wide; /* 64-bit: the next BAR's slot holds the upper half */
    void
        *direct; /* ordinary loads and stores reach it (pci); NULL: go through bar_read/bar_write */
};

struct bus_ops {
    /* PCI configuration space; size 1, 2, 4, naturally aligned. All ones: the device is gone. */
    uint32_t (*config_read)(struct bus *bus, unsigned offset, unsigned size);
    void (*config_write)(struct bus *bus, unsigned offset, unsigned size, uint32_t value);
    /* Registers; size 1, 2, 4, 8, at any offset. Thread-safe: processors race. */
    uint64_t (*bar_read)(struct bus *bus, unsigned bar, uint64_t offset, unsigned size);
    void (*bar_write)(struct bus *bus, unsigned bar, uint64_t offset, unsigned size,
                      uint64_t value);
    /* Message-signalled interrupts: where the device has to write what, so that events->message tells of
     * `number`, below BUS_MESSAGES. The owner puts it into the MSI-X table (bus/msix.h). Returns false if the
     * bus cannot see it. NULL where no message can be seen. */
    bool (*message_target)(struct bus *bus, unsigned number, struct bus_message *message);
    /* After the chain of ISRs has run for one assertion: lets the next one through (pci clears INTx
     * disable). NULL where nothing is to be done. */
    void (*interrupt_done)(struct bus *bus);
    /* Far end of the wire: a frame arrives at the device. Blocks for up to so many milliseconds (negative:
     * without limit) while the wire, a bounded queue, is full; 1 when it still is. -1 when the bus is
     * closing or the link is down. NULL where the far end is not ours (pci). */
    int (*wire_send)(struct bus *bus, const void *frame, size_t length, int milliseconds);
    /* Raises or cuts the cable. NULL where it cannot be done. */
    int (*set_link)(struct bus *bus, bool up);
    /* Sets the power state: 1 to 3 is D1 to D3, in which the device answers no register and loses its
     * state. 0 is D0: the device is as after a reset, and has the configuration space that firmware and
     * the PCI driver restore. NULL if the bus cannot do it. */
    int (*set_power)(struct bus *bus, unsigned state);
    /* Pulls the device out: registers read all ones from now on. NULL where it cannot be done. */
    int (*remove)(struct bus *bus);
    /* One line for people: "1af4:1000 at 00:03.0 (QEMU 7.2.22 virtio-net-pci)". */
    void (*describe)(struct bus *bus, char *text, size_t size);
    /* Further commands of scenario control ("fault ..."); -1 and a line in error if unknown. */
    int (*command)(struct bus *bus, const char *line, char *error, size_t error_size);
    /* How often an ordered fault has struck: what the driver then does may be the device's doing. NULL
     * where there are no faults. */
    uint64_t (*faults)(struct bus *bus);
    /* What driver and device have agreed on by now; bus/negotiated.h. Only while the driver does not start, stop or
     * reset the device, unless negotiated_any_time. false: the device does not tell. NULL where there is none. */
    bool (*negotiated)(struct bus *bus, struct bus_negotiated *agreed);
    bool negotiated_any_time;
    /* Numbers for reports, as a JSON object's members, each `"name": value`, comma-separated, or
     * nothing ("register_reads", "register_writes", "interrupts", ...): the same thing has the same name on each bus. */
    void (*report)(struct bus *bus, FILE *json);
    /* In lockstep: the device does on this thread all that it has been told of, then tells the level of its
     * interrupt line. false: there was nothing. NULL where the device moves frames by itself alone. */
    bool (*step)(struct bus *bus);
    /* Stops threads, ends QEMU, frees. No event is delivered after it returns. */
    void (*close)(struct bus *bus);
};

/* The head of every back end's own structure. */
struct bus {
    const struct bus_ops *ops;
    const struct bus_events *events;
    void *context;
    struct bus_bar bar[BUS_BARS];
    uint16_t domain;
    uint8_t number, slot,
        function;       /* bus number, device, function: for resource lists and reports */
    uint8_t irq_vector; /* what a resource list will say; any nonzero number */
    bool lockstep;      /* the device moves frames only in ops->step */
    bool no_device;     /* no function, no resources: nothing of PCI is asked of it */
    bool cable;         /* no_device: another adapter of the driver is the far end */
    const char *id;     /* no_device: its hardware id, or "" */
    /* The owner's: the device is in D1 to D3, and a driver that accesses its registers breaks a
     * rule. */
    _Atomic bool asleep;
    /* The back end's: odd while the device, told to by a fault, has lied about which buffers it has used.
     * Until its next reset it may write into the buffers that it made the driver reuse. */
    _Atomic unsigned lies;
};

/* A back end: `name` is what stands before the colon in --bus. */
struct bus_backend {
    const char *name;
    const char *help; /* lines for --help: syntax and options */
    enum phys_kind memory;
    bool no_device; /* what it opens has none */
    struct bus *(*open)(const char *arguments, const struct bus_events *events, void *context,
                        char *error, size_t error_size);
};
extern const struct bus_backend bus_model, bus_qtest, bus_pci, bus_virtual;

/* Adds a back end to those that --bus knows: one line behind its definition. */
#define BUS_BACKEND(backend)                                           \
    static const struct bus_backend *const bus_backend_entry_##backend \
        __attribute__((used, aligned(sizeof(void *)), section("bus_backends"))) = &(backend)

/* "NAME" or "NAME:ARGUMENTS". NULL with one line in error. The device is as after power-on and
 * firmware: BARs assigned, memory and I/O decoding and bus mastering off or on as firmware leaves
 * it. */
struct bus *bus_open(const char *spec, const struct bus_events *events, void *context, char *error,
                     size_t error_size);
const struct bus_backend *bus_backend_find(const char *spec);
void bus_help(FILE *out);

#endif
