/* SPDX-License-Identifier: MIT */
/*
 * main.c: reads random bytes from QEMU's own virtio-rng-pci, without a guest: the driver of rng.h
 * over ndishost's bus back end `qtest`.
 *
 *   virtio-rng BYTES ['QEMU-OPTIONS']     writes them to standard output
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bus/bus.h"
#include "bus_io.h"
#include "nt/machine/phys.h"
#include "rng.h"

#define DEFAULT_OPTIONS "-device virtio-rng-pci"
#define MEMORY_BYTES    (64ull << 20)
#define PCI_COMMAND     4
#define PCI_MASTER      7 /* I/O, memory, bus mastering */
#define PCI_ID          0

/* Vendor and device: the entropy device, transitional and modern (virtio 1.2, 4.1.2.1). */
#define ENTROPY_TRANSITIONAL 0x10051AF4u
#define ENTROPY_MODERN       0x10441AF4u

struct machine {
    struct bus *bus;
    struct rng rng;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool raised; /* the interrupt line, until the device is asked why */
    char failed[1024];
};

static void on_interrupt(void *context, bool asserted)
{
    struct machine *machine = context;

    pthread_mutex_lock(&machine->lock);
    machine->raised = asserted;
    pthread_cond_broadcast(&machine->changed);
    pthread_mutex_unlock(&machine->lock);
}

static void on_frame(void *context, const void *frame, size_t length)
{
    (void)context;
    (void)frame;
    (void)length;
}

static void on_failed(void *context, const char *why)
{
    struct machine *machine = context;

    pthread_mutex_lock(&machine->lock);
    snprintf(machine->failed, sizeof machine->failed, "%s", why);
    pthread_cond_broadcast(&machine->changed);
    pthread_mutex_unlock(&machine->lock);
}

static void *dma_alloc(void *context, virtio_u32 bytes, virtio_u64 *address)
{
    (void)context;
    return phys_alloc(bytes, PHYS_CONTIGUOUS, (uint64_t *)address);
}

static void dma_free(void *context, void *memory)
{
    (void)context;
    phys_free(memory);
}

static void *alloc(void *context, virtio_u32 bytes)
{
    (void)context;
    return malloc(bytes);
}

static void free_memory(void *context, void *memory)
{
    (void)context;
    free(memory);
}

static struct machine machine = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                 .changed = PTHREAD_COND_INITIALIZER};

/* The thread that waits is also the one that serves the interrupt. The device is asked without the
 * lock, because its answer comes after the news that the line has fallen. */
static void wait(void *context, unsigned seconds)
{
    struct timespec end;
    bool raised;

    (void)context;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += seconds;
    pthread_mutex_lock(&machine.lock);
    while (!machine.raised && !*machine.failed &&
           pthread_cond_timedwait(&machine.changed, &machine.lock, &end) == 0) {
    }
    raised = machine.raised;
    pthread_mutex_unlock(&machine.lock);
    if (raised)
        rng_interrupt(&machine.rng);
}

static int copy_out(unsigned long wanted)
{
    unsigned char bytes[RNG_BUFFER_BYTES];
    unsigned long done = 0;

    while (done < wanted) {
        unsigned long left = wanted - done;
        int count = rng_read(&machine.rng, bytes,
                             left < sizeof bytes ? (unsigned)left : (unsigned)sizeof bytes);

        if (count < 0) {
            fprintf(stderr, "virtio-rng: after %lu bytes: %s%s%s\n", done, machine.rng.error,
                    *machine.failed ? ": " : "", machine.failed);
            return 1;
        }
        if (fwrite(bytes, 1, (size_t)count, stdout) != (size_t)count) {
            fprintf(stderr, "virtio-rng: standard output: %s\n", strerror(errno));
            return 1;
        }
        done += (unsigned long)count;
    }
    if (fflush(stdout)) {
        fprintf(stderr, "virtio-rng: standard output: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}

static int run(unsigned long wanted)
{
    struct rng_platform platform = {.io = &bus_io,
                                    .dma_alloc = dma_alloc,
                                    .dma_free = dma_free,
                                    .alloc = alloc,
                                    .free = free_memory,
                                    .wait = wait,
                                    .context = machine.bus};
    uint32_t id = machine.bus->ops->config_read(machine.bus, PCI_ID, 4);
    int status;

    if (id != ENTROPY_TRANSITIONAL && id != ENTROPY_MODERN) {
        fprintf(stderr,
                "virtio-rng: the device is %04x:%04x, no entropy device (1af4:1005 or 1af4:1044): "
                "give QEMU '" DEFAULT_OPTIONS "'\n",
                id & 0xffff, id >> 16);
        return 1;
    }
    if (rng_open(&machine.rng, &platform)) {
        fprintf(stderr, "virtio-rng: the device cannot be used: %s\n", machine.rng.error);
        return 1;
    }
    status = copy_out(wanted);
    rng_close(&machine.rng);
    return status;
}

int main(int argc, char **argv)
{
    static const struct bus_events events = {
        .interrupt = on_interrupt, .wire_receive = on_frame, .failed = on_failed};
    char error[1536], *end = NULL;
    unsigned long wanted = 0;
    int status;

    if (argc == 2 || argc == 3) {
        errno = 0;
        wanted = strtoul(argv[1], &end, 0);
    }
    if (!end || *end || end == argv[1] || *argv[1] == '-' || errno) {
        fprintf(stderr, "usage: virtio-rng BYTES ['QEMU-OPTIONS']   (" DEFAULT_OPTIONS ")\n");
        return 2;
    }
    if (phys_open(PHYS_PAGES, MEMORY_BYTES, 1, error, sizeof error) < 0) {
        fprintf(stderr, "virtio-rng: no memory for the machine: %s\n", error);
        return 1;
    }
    machine.bus = bus_qtest.open(argc == 3 ? argv[2] : DEFAULT_OPTIONS, &events, &machine, error,
                                 sizeof error);
    if (!machine.bus) {
        fprintf(stderr, "virtio-rng: %s\n", error);
        phys_close();
        return 1;
    }
    machine.bus->ops->config_write(machine.bus, PCI_COMMAND, 2, PCI_MASTER);
    status = run(wanted);
    machine.bus->ops->close(machine.bus);
    phys_close();
    return status;
}
