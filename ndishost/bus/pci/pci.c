/* SPDX-License-Identifier: MIT */
/*
 * The bus back end `pci`: a real function, lent by the kernel's uio_pci_generic. Registers are
 * memory of this process; an interrupt is a read of /dev/uioN, after which the kernel has masked
 * the pin (command register, bit 10), until interrupt_done clears that bit.
 *
 * With `poll` the function has no driver in the kernel, and its pin stays masked. Instead a thread
 * asserts the line every POLL_MILLISECONDS, as if another device shared it: the ISR then asks the
 * device. This serves functions without a usable pin. uio_pci_generic needs the interrupt disable
 * bit and the interrupt status bit (PCI 3.0, 6.2.2 and 6.2.3); a device that keeps neither floods
 * Linux until it disables the line.
 *
 * The kernel gives uio no MSI-X. ndishost needs none of it: the function writes its messages to memory that
 * ndishost looks at (bus/mailbox.h). An IOMMU that lets the function reach its rings lets it write them too.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bus/access.h"
#include "bus/bus.h"
#include "bus/mailbox.h"
#include "bus/msix.h"
#include "bus/notify.h"
#include "bus/pci/bind.h"
#include "bus/pci/sysfs.h"
#include "bus/thread.h"

#define POLL_MILLISECONDS    2

#define COMMAND              0x04 /* PCI 3.0, 6.2.2 */
#define COMMAND_IO           0x0001
#define COMMAND_MEMORY       0x0002
#define COMMAND_MASTER       0x0004
#define COMMAND_INTX_DISABLE 0x0400

#define RESOURCE_IO          0x00000100u /* the kernel's flags in the file `resource` */
#define RESOURCE_MEMORY      0x00000200u
#define RESOURCE_64          0x00100000u

struct pci_bus {
    struct bus bus; /* first */
    struct binding binding;
    int config, uio, stop; /* descriptors, -1: none */
    int port[BUS_BARS];    /* resourceN of an I/O BAR */
    void *map[BUS_BARS];   /* the pages of a memory BAR */
    size_t map_length[BUS_BARS];
    unsigned char *registers[BUS_BARS]; /* its first byte */
    uint32_t id;
    pthread_t thread;
    bool thread_runs;
    bool polled;

    pthread_mutex_t intx_lock; /* guards the two below and bit 10 of the command register */
    /* From the kernel's word to interrupt_done, as the kernel masks; polled: always. */
    bool asserted;
    bool disabled; /* the driver has disabled INTx */

    struct mailbox *mailbox; /* NULL until a message has a target */
    struct notify_counter notify;
    _Alignas(8) uint64_t interrupts, polls, config_accesses, reads, writes;
};

static struct pci_bus *of(struct bus *bus)
{
    return (struct pci_bus *)bus;
}

/* --- configuration space --- */

/* Where the kernel's and the driver's bit 10 of the command register lies in an access; 0:
 * outside. */
static uint32_t intx_bit(unsigned offset, unsigned size)
{
    if (offset > COMMAND + 1 || offset + size <= COMMAND + 1)
        return 0;
    return (uint32_t)COMMAND_INTX_DISABLE >> 8 << 8 * (COMMAND + 1 - offset);
}

static uint32_t config_read(struct bus *bus, unsigned offset, unsigned size)
{
    struct pci_bus *self = of(bus);
    uint32_t value = 0, bit = intx_bit(offset, size);

    bus_count(&self->config_accesses);
    if (pread(self->config, &value, size, offset) != (ssize_t)size)
        return (uint32_t)bus_ones(size);
    if (bit) {
        pthread_mutex_lock(&self->intx_lock);
        value = self->disabled ? value | bit : value & ~bit;
        pthread_mutex_unlock(&self->intx_lock);
    }
    return value;
}

static void config_put(struct pci_bus *self, unsigned offset, unsigned size, uint32_t value)
{
    if (pwrite(self->config, &value, size, offset) != (ssize_t)size)
        fprintf(stderr, "pci: cannot write the configuration space at 0x%x: %s\n", offset,
                strerror(errno));
}

/* The driver sees a command register in which the kernel's masking is not. */
static void config_write(struct bus *bus, unsigned offset, unsigned size, uint32_t value)
{
    struct pci_bus *self = of(bus);
    uint32_t bit = intx_bit(offset, size);

    bus_count(&self->config_accesses);
    pthread_mutex_lock(&self->intx_lock);
    if (bit) {
        self->disabled = value & bit;
        value = self->disabled || self->asserted ? value | bit : value & ~bit;
    }
    config_put(self, offset, size, value);
    pthread_mutex_unlock(&self->intx_lock);
}

/* --- registers --- */

static uint64_t load(const volatile void *at, unsigned size)
{
    switch (size) {
    case 1:
        return *(const volatile uint8_t *)at;
    case 2:
        return *(const volatile uint16_t *)at;
    case 4:
        return *(const volatile uint32_t *)at;
    default:
        return *(const volatile uint64_t *)at;
    }
}

static void store(volatile void *at, unsigned size, uint64_t value)
{
    switch (size) {
    case 1:
        *(volatile uint8_t *)at = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)at = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)at = value;
    }
}

/* The kernel carries out port accesses of 1, 2 and 4 bytes. */
static uint64_t port_read(struct pci_bus *self, unsigned index, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    if (size == 8)
        return port_read(self, index, offset, 4) | port_read(self, index, offset + 4, 4) << 32;
    if (pread(self->port[index], &value, size, (off_t)offset) != (ssize_t)size)
        return bus_ones(size);
    return value;
}

static void port_write(struct pci_bus *self, unsigned index, uint64_t offset, unsigned size,
                       uint64_t value)
{
    if (size == 8) {
        port_write(self, index, offset, 4, value);
        port_write(self, index, offset + 4, 4, value >> 32);
    } else if (pwrite(self->port[index], &value, size, (off_t)offset) != (ssize_t)size) {
        fprintf(stderr, "pci: cannot write port 0x%x of BAR %u: %s\n", (unsigned)offset, index,
                strerror(errno));
    }
}

static uint64_t bar_read(struct bus *bus, unsigned index, uint64_t offset, unsigned size)
{
    struct pci_bus *self = of(bus);

    bus_count(&self->reads);
    if (!bus_inside(&bus->bar[index], offset, size))
        return bus_ones(size);
    if (bus->bar[index].io)
        return port_read(self, index, offset, size);
    return load(self->registers[index] + offset, size);
}

static void bar_write(struct bus *bus, unsigned index, uint64_t offset, unsigned size,
                      uint64_t value)
{
    struct pci_bus *self = of(bus);

    bus_count(&self->writes);
    notify_count(&self->notify, index, offset, value);
    if (!bus_inside(&bus->bar[index], offset, size))
        return;
    if (bus->bar[index].io)
        port_write(self, index, offset, size, value);
    else
        store(self->registers[index] + offset, size, value);
}

/* --- interrupts --- */

/* With intx_lock. Both bytes, although one would do: QEMU looks at a write only if it covers the
 * lower one. The kernel touches the register too, but not while it is masked, as it is here. */
static void unmask_intx(struct pci_bus *self)
{
    uint32_t value = 0;

    if (!self->disabled && pread(self->config, &value, 2, COMMAND) == 2)
        config_put(self, COMMAND, 2, value & ~COMMAND_INTX_DISABLE);
}

/* If the device still asserts the line, the kernel says so again at once. */
static void interrupt_done(struct bus *bus)
{
    struct pci_bus *self = of(bus);
    bool was;

    pthread_mutex_lock(&self->intx_lock);
    was = self->asserted;
    pthread_mutex_unlock(&self->intx_lock);
    if (!was)
        return;
    bus->events->interrupt(bus->context, false);
    if (self->polled)
        return;
    pthread_mutex_lock(&self->intx_lock);
    self->asserted = false;
    unmask_intx(self);
    pthread_mutex_unlock(&self->intx_lock);
}

static void on_message(void *context, unsigned number)
{
    struct pci_bus *self = context;

    self->bus.events->message(self->bus.context, number);
}

/* The kernel has no part in it: it neither writes the table nor has a handler. */
static bool message_target(struct bus *bus, unsigned number, struct bus_message *message)
{
    struct pci_bus *self = of(bus);

    if (!self->mailbox)
        self->mailbox = mailbox_open(on_message, self);
    return self->mailbox && mailbox_target(self->mailbox, number, message);
}

/* The driver may have ended with messages on: the memory that they are written to goes. */
static void messages_end(struct pci_bus *self)
{
    struct msix msix;

    if (!self->mailbox)
        return;
    if (msix_find(&self->bus, &msix))
        msix_enable(&self->bus, &msix, false);
    mailbox_close(self->mailbox);
    self->mailbox = NULL;
}

static void *wait_interrupts(void *argument)
{
    struct pci_bus *self = argument;
    struct pollfd wait[2] = {{.fd = self->uio, .events = POLLIN},
                             {.fd = self->stop, .events = POLLIN}};
    char why[128];
    uint32_t total;

    for (;;) {
        if (poll(wait, 2, -1) < 0)
            continue;
        if (wait[1].revents)
            return NULL;
        if (read(self->uio, &total, sizeof total) != sizeof total)
            break;
        pthread_mutex_lock(&self->intx_lock);
        self->asserted = true;
        pthread_mutex_unlock(&self->intx_lock);
        bus_count(&self->interrupts);
        self->bus.events->interrupt(self->bus.context, true);
    }
    snprintf(why, sizeof why, "the device %s was removed: read of /dev/%s: %s", self->binding.name,
             self->binding.uio, strerror(errno));
    self->bus.events->failed(self->bus.context, why);
    return NULL;
}

/* An interrupt that the device asserts while the ISR runs is found by the next poll. */
static void *poll_device(void *argument)
{
    struct pci_bus *self = argument;
    struct pollfd wait = {.fd = self->stop, .events = POLLIN};
    bool disabled;

    while (poll(&wait, 1, POLL_MILLISECONDS) <= 0) {
        pthread_mutex_lock(&self->intx_lock);
        disabled = self->disabled;
        pthread_mutex_unlock(&self->intx_lock);
        if (disabled)
            continue;
        bus_count(&self->polls);
        self->bus.events->interrupt(self->bus.context, true);
    }
    return NULL;
}

/* --- telling --- */

static void describe(struct bus *bus, char *text, size_t size)
{
    struct pci_bus *self = of(bus);
    const char *place = self->binding.name + (bus->domain ? 0 : 5);

    if (self->polled)
        snprintf(text, size, "%04x:%04x at %s (polled each %d ms)", self->id & 0xffff,
                 self->id >> 16, place, POLL_MILLISECONDS);
    else
        snprintf(text, size, "%04x:%04x at %s (uio_pci_generic, %s)", self->id & 0xffff,
                 self->id >> 16, place, self->binding.uio);
}

static int command(struct bus *bus, const char *line, char *error, size_t error_size)
{
    (void)bus;
    snprintf(error, error_size, "the bus back end pci has no command \"%s\"", line);
    return -1;
}

/* Register accesses are counted only where they come by here. */
static void report(struct bus *bus, FILE *json)
{
    struct pci_bus *self = of(bus);

    fprintf(json, "\"config_accesses\": %llu, \"interrupts\": %llu",
            bus_counted(&self->config_accesses), bus_counted(&self->interrupts));
    if (self->mailbox)
        fprintf(json, ", \"messages\": %llu", (unsigned long long)mailbox_count(self->mailbox));
    if (self->polled)
        fprintf(json, ", \"polls\": %llu", bus_counted(&self->polls));
    for (unsigned i = 0; i < BUS_BARS; i++)
        if (bus->bar[i].direct)
            return;
    fprintf(json, ", \"register_reads\": %llu, \"register_writes\": %llu, ",
            bus_counted(&self->reads), bus_counted(&self->writes));
    notify_report(&self->notify, json);
}

/* --- open --- */

static int refuse(const struct pci_bus *self, char *error, size_t error_size, const char *what,
                  int number)
{
    snprintf(error, error_size, "%s: %s: %s%s", self->binding.name, what, strerror(number),
             number == EPERM || number == EACCES
                 ? " (needs root, and a kernel that is not locked down)"
                 : "");
    return -1;
}

static int open_files(struct pci_bus *self, char *error, size_t error_size)
{
    char path[SYSFS_PATH];

    self->config = open(sysfs_path(path, "%s/config", self->binding.device), O_RDWR | O_CLOEXEC);
    if (self->config < 0)
        return refuse(self, error, error_size, "cannot open its configuration space", errno);
    if (!self->polled) {
        self->uio = open(sysfs_path(path, "/dev/%s", self->binding.uio), O_RDWR | O_CLOEXEC);
        if (self->uio < 0)
            return refuse(self, error, error_size, path, errno);
    }
    self->stop = eventfd(0, EFD_CLOEXEC);
    if (self->stop < 0)
        return refuse(self, error, error_size, "eventfd", errno);
    return 0;
}

static int map_bar(struct pci_bus *self, unsigned index, char *error, size_t error_size)
{
    struct bus_bar *bar = &self->bus.bar[index];
    char path[SYSFS_PATH], what[64];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (size_t)(bar->base & (page - 1));
    int fd = open(sysfs_path(path, "%s/resource%u", self->binding.device, index),
                  O_RDWR | O_SYNC | O_CLOEXEC);

    snprintf(what, sizeof what, "cannot access BAR %u", index);
    if (fd < 0)
        return refuse(self, error, error_size, what, errno);
    if (bar->io) {
        self->port[index] = fd;
        return 0;
    }
    self->map_length[index] = (inside + (size_t)bar->length + page - 1) & ~(page - 1);
    self->map[index] =
        mmap(NULL, self->map_length[index], PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (self->map[index] == MAP_FAILED)
        return refuse(self, error, error_size, what, errno);
    self->registers[index] = (unsigned char *)self->map[index] + inside;
    return 0;
}

/* The file `resource` has a line "start end flags" for each BAR. */
static int find_bars(struct pci_bus *self, bool trap, char *error, size_t error_size)
{
    char path[SYSFS_PATH];
    FILE *file = fopen(sysfs_path(path, "%s/resource", self->binding.device), "r");
    unsigned long long start, end, flags;
    int result = 0;

    if (!file)
        return refuse(self, error, error_size, path, errno);
    for (unsigned i = 0; i < BUS_BARS && result == 0; i++) {
        struct bus_bar *bar = &self->bus.bar[i];

        if (fscanf(file, "%llx %llx %llx", &start, &end, &flags) != 3)
            break;
        if (!(flags & (RESOURCE_IO | RESOURCE_MEMORY)) || end < start || !start)
            continue;
        bar->base = start;
        bar->length = end - start + 1;
        bar->io = flags & RESOURCE_IO;
        bar->wide = flags & RESOURCE_64;
        result = map_bar(self, i, error, error_size);
        if (result == 0 && !bar->io && !trap)
            bar->direct = self->registers[i];
    }
    fclose(file);
    return result;
}

/* As after power-on, where the kernel knows a way to reset this function alone (many have none). */
static void reset(const struct pci_bus *self)
{
    char path[SYSFS_PATH];

    if (self->binding.taken && sysfs_exists(sysfs_path(path, "%s/reset", self->binding.device)))
        sysfs_write(path, "1");
}

/* As firmware leaves it; the kernel has already enabled what its driver needs. Polled, the pin
 * stays masked: nobody in the kernel would lower it. */
static void enable(struct pci_bus *self)
{
    uint32_t interrupt = 0, value = 0;

    pthread_mutex_lock(&self->intx_lock);
    self->asserted = self->polled;
    if (pread(self->config, &value, 2, COMMAND) == 2) {
        value |= COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER;
        config_put(self, COMMAND, 2,
                   self->polled ? value | COMMAND_INTX_DISABLE : value & ~COMMAND_INTX_DISABLE);
    }
    pthread_mutex_unlock(&self->intx_lock);
    if (pread(self->config, &interrupt, 1, 0x3c) != 1 || interrupt == 0 || interrupt == 0xff)
        interrupt = 11;
    self->bus.irq_vector = (uint8_t)interrupt;
    self->id = config_read(&self->bus, 0, 4);
}

static int start_thread(struct pci_bus *self, char *error, size_t error_size)
{
    int failed = self->polled ? bus_thread_start(&self->thread, "poll", poll_device, self)
                              : bus_thread_start(&self->thread, "uio", wait_interrupts, self);

    if (failed)
        return refuse(self, error, error_size, "cannot start a thread", failed);
    self->thread_runs = true;
    return 0;
}

struct options {
    char name[16];
    bool trap, poll;
};

/* Returns whether all words of `text`, each after a comma, are known. `unknown` is the first unknown
 * word. */
static bool parse_words(const char *text, struct options *options, char unknown[static 32])
{
    while (*text) {
        size_t length = strcspn(++text, ",");

        if (length == 4 && memcmp(text, "trap", 4) == 0) {
            options->trap = true;
        } else if (length == 4 && memcmp(text, "poll", 4) == 0) {
            options->poll = true;
        } else {
            snprintf(unknown, 32, "%.*s", (int)(length < 31 ? length : 31), text);
            return false;
        }
        text += length;
    }
    return true;
}

/* "BDF", then ",trap" and ",poll" in any order. */
static int parse(const char *arguments, struct options *options, char *error, size_t error_size)
{
    char text[32], unknown[32];
    size_t length = strcspn(arguments, ",");

    memset(options, 0, sizeof *options);
    snprintf(text, sizeof text, "%.*s", (int)(length < 31 ? length : 31), arguments);
    if (length >= sizeof text || !bind_name(text, options->name)) {
        snprintf(error, error_size,
                 "pci:%s is not a PCI function: write pci:00:03.0 or pci:0000:00:03.0", arguments);
        return -1;
    }
    if (parse_words(arguments + length, options, unknown))
        return 0;
    snprintf(error, error_size,
             "pci:%s: unknown word \"%s\": use ,trap (count register accesses) or ,poll (use no "
             "interrupt) after the PCI function",
             arguments, unknown);
    return -1;
}

static void place(struct bus *bus, const char *name)
{
    unsigned domain = 0, number = 0, slot = 0, function = 0;

    sscanf(name, "%x:%x:%x.%x", &domain, &number, &slot, &function);
    bus->domain = (uint16_t)domain;
    bus->number = (uint8_t)number;
    bus->slot = (uint8_t)slot;
    bus->function = (uint8_t)function;
}

/* --- close --- */

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* Bus mastering goes off first: from then on the device touches no memory. */
static void close_bus(struct bus *bus)
{
    struct pci_bus *self = of(bus);
    uint32_t value = 0;

    if (self->thread_runs) {
        eventfd_write(self->stop, 1);
        pthread_join(self->thread, NULL);
    }
    if (self->config >= 0 && pread(self->config, &value, 2, COMMAND) == 2)
        config_put(self, COMMAND, 2, (value & ~COMMAND_MASTER) | COMMAND_INTX_DISABLE);
    messages_end(self);
    reset(self);
    for (unsigned i = 0; i < BUS_BARS; i++) {
        if (self->map[i] && self->map[i] != MAP_FAILED)
            munmap(self->map[i], self->map_length[i]);
        close_fd(self->port[i]);
    }
    close_fd(self->uio);
    close_fd(self->config);
    close_fd(self->stop);
    bind_give_back(&self->binding);
    pthread_mutex_destroy(&self->intx_lock);
    free(self);
}

static const struct bus_ops ops = {
    .config_read = config_read,
    .config_write = config_write,
    .bar_read = bar_read,
    .bar_write = bar_write,
    .message_target = message_target,
    .interrupt_done = interrupt_done,
    .describe = describe,
    .command = command,
    .negotiated = bus_negotiated_read,
    .report = report,
    .close = close_bus,
};

static struct pci_bus *new_bus(const struct bus_events *events, void *context)
{
    struct pci_bus *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->bus.ops = &ops;
    self->bus.events = events;
    self->bus.context = context;
    self->config = self->uio = self->stop = -1;
    for (unsigned i = 0; i < BUS_BARS; i++)
        self->port[i] = -1;
    pthread_mutex_init(&self->intx_lock, NULL);
    return self;
}

static struct bus *open_bus(const char *arguments, const struct bus_events *events, void *context,
                            char *error, size_t error_size)
{
    struct pci_bus *self;
    struct options options;

    if (parse(arguments ? arguments : "", &options, error, error_size) < 0)
        return NULL;
    self = new_bus(events, context);
    if (!self) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    self->polled = options.poll;
    place(&self->bus, options.name);
    if (bind_take(&self->binding, options.name, options.poll ? BIND_NONE : BIND_UIO, error,
                  error_size) == 0 &&
        open_files(self, error, error_size) == 0 &&
        find_bars(self, options.trap, error, error_size) == 0) {
        reset(self);
        enable(self);
        notify_find(&self->notify, &self->bus);
        if (start_thread(self, error, error_size) == 0)
            return &self->bus;
    }
    close_bus(&self->bus);
    return NULL;
}

const struct bus_backend bus_pci = {
    .name = "pci",
    .help = "pci:BDF[,trap][,poll]  a real PCI function, such as 0000:00:03.0 or 00:03.0. Needs "
            "root and the\n"
            "                       kernel module uio_pci_generic. At the end ndishost rebinds the "
            "driver\n"
            "                       that the function had.\n"
            "                       trap: ndishost traps and counts register accesses, as on the "
            "other\n"
            "                       buses. This is slower.\n"
            "                       poll: ndishost calls the ISR every 2 ms and needs no interrupt "
            "and no\n"
            "                       uio_pci_generic. For a function without a usable INTx pin\n",
    .memory = PHYS_HUGE,
    .open = open_bus,
};
BUS_BACKEND(bus_pci);
