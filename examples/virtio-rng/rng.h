/* SPDX-License-Identifier: MIT */
/*
 * rng.h: a driver for virtio's entropy device (virtio 1.2, section 5.4), as small as a driver can
 * be. It shows the two shared libraries at work outside virtio-net, and knows neither the machine
 * nor the operating system that it runs on.
 *
 * Typical usage:
 *
 *  1. rng_open(&rng, &platform)                the device is live
 *  2. count = rng_read(&rng, buffer, bytes)    again and again
 *     rng_interrupt(&rng)                      when the interrupt line is raised
 *  3. rng_close(&rng)
 *
 * Locks: one call of rng_open, rng_read and rng_close at a time. rng_interrupt runs at any time in
 * between, on any thread.
 */
#ifndef RNG_H
#define RNG_H

#include "virtio_pci_modern.h"
#include "virtqueue.h"

#define RNG_BUFFER_BYTES 256

/*
 * What the driver needs of its machine, besides the registers. dma_alloc returns zeroed memory that
 * the device can reach, contiguous for it and aligned to a page, and its device address; NULL if
 * there is none. wait returns at the latest when `seconds` are over, and at once after an interrupt
 * that rng_interrupt has acknowledged.
 */
struct rng_platform {
    const struct virtio_pci_io *io;
    void *(*dma_alloc)(void *context, virtio_u32 bytes, virtio_u64 *address);
    void (*dma_free)(void *context, void *memory);
    void *(*alloc)(void *context, virtio_u32 bytes);
    void (*free)(void *context, void *memory);
    void (*wait)(void *context, unsigned seconds);
    void *context; /* of these functions and of `io` */
};

struct rng {
    const struct rng_platform *platform;
    struct virtio_pci_device pci;
    struct virtqueue vq;
    struct virtio_pci_notify notify;
    void *ring;
    void *state;
    unsigned char *buffer; /* RNG_BUFFER_BYTES; the device's while a request is outstanding */
    virtio_u64 buffer_address;
    const char *error; /* why the last call failed, for people */
};

/* Brings the device up. 0, or -1 with the reason in rng->error; then nothing is left to be closed. */
int rng_open(struct rng *rng, const struct rng_platform *platform);

/*
 * Asks the device for up to `bytes` random bytes (at most RNG_BUFFER_BYTES) and waits for them, a
 * few seconds at most. Returns how many there are, at least 1: a device may give less than was
 * asked for. -1 with the reason in rng->error: the device does not answer, or broke the protocol;
 * close it.
 */
int rng_read(struct rng *rng, void *bytes_out, unsigned bytes);

/* Acknowledges the interrupt. Nonzero: it was this device's. */
int rng_interrupt(struct rng *rng);

/* Resets the device and frees everything. */
void rng_close(struct rng *rng);

#endif
