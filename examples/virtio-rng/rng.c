/* SPDX-License-Identifier: MIT */
/* rng.c: the driver of rng.h. */
#include "rng.h"

#include <string.h>

#define REQUEST_QUEUE 0 /* virtio 1.2, 5.4.2: the only one */
#define QUEUE_SIZE    8 /* one request at a time needs no more */
#define WAIT_SECONDS  1
#define WAITS         5

static int fail(struct rng *rng, const char *error)
{
    rng->error = error;
    return -1;
}

/* What a step of the transport came to. */
static int step(struct rng *rng, enum virtio_pci_status status)
{
    return status == VIRTIO_PCI_OK ? 0 : fail(rng, virtio_pci_status_text(status));
}

static int make_ring(struct rng *rng, virtio_u16 size)
{
    const struct rng_platform *platform = rng->platform;
    struct virtq_layout layout;
    struct virtq_config config;

    virtq_layout(size, &layout);
    rng->ring = platform->dma_alloc(platform->context, layout.ring_bytes, &config.ring_addr);
    rng->state = platform->alloc(platform->context, layout.state_bytes);
    rng->buffer = platform->dma_alloc(platform->context, RNG_BUFFER_BYTES, &rng->buffer_address);
    if (!rng->ring || !rng->state || !rng->buffer)
        return fail(rng, "out of memory");
    config.size = size;
    config.ring = rng->ring;
    config.state = rng->state;
    if (virtq_init(&rng->vq, &config) != VIRTQ_OK)
        return fail(rng, "the memory for the ring is not aligned");
    virtq_set_features(&rng->vq, rng->pci.negotiated);
    return 0;
}

static int set_up_queue(struct rng *rng)
{
    struct virtio_pci_queue queue;
    virtio_u16 max;

    if (step(rng, virtio_pci_queue_size(&rng->pci, REQUEST_QUEUE, &max)) ||
        make_ring(rng, max < QUEUE_SIZE ? max : QUEUE_SIZE))
        return -1;
    queue.index = REQUEST_QUEUE;
    queue.size = rng->vq.size;
    queue.vector = VIRTIO_MSI_NO_VECTOR;
    queue.desc = rng->vq.desc_addr;
    queue.driver = rng->vq.avail_addr;
    queue.device = rng->vq.used_addr;
    return step(rng, virtio_pci_queue_setup(&rng->pci, &queue, &rng->notify));
}

/* virtio 1.2, 3.1.1. The entropy device has neither features nor a configuration of its own. */
static int bring_up(struct rng *rng)
{
    if (step(rng, virtio_pci_reset(&rng->pci)) ||
        step(rng, virtio_pci_negotiate(&rng->pci, VIRTIO_F_VERSION_1, VIRTIO_F_VERSION_1)) ||
        step(rng, virtio_pci_config_vector(&rng->pci, VIRTIO_MSI_NO_VECTOR)))
        return -1;
    if (set_up_queue(rng) || step(rng, virtio_pci_driver_ok(&rng->pci))) {
        virtio_pci_fail(&rng->pci);
        return -1;
    }
    return 0;
}

int rng_open(struct rng *rng, const struct rng_platform *platform)
{
    memset(rng, 0, sizeof(*rng));
    rng->platform = platform;
    if (step(rng, virtio_pci_open(&rng->pci, platform->io, platform->context, 0)))
        return -1;
    if (bring_up(rng)) {
        rng_close(rng);
        return -1;
    }
    return 0;
}

static void notify(struct rng *rng)
{
    if (virtq_publish(&rng->vq)) {
        virtio_pci_notify(&rng->pci, &rng->notify);
        virtq_notified(&rng->vq);
    }
}

int rng_read(struct rng *rng, void *bytes_out, unsigned bytes)
{
    struct virtq_sg piece;
    virtio_u32 length;
    unsigned waits;
    void *cookie;
    int status;

    piece.addr = rng->buffer_address;
    piece.len = bytes < RNG_BUFFER_BYTES ? bytes : RNG_BUFFER_BYTES;
    /* virtio 1.2, 5.4.6.1: no device-readable piece. */
    status = virtq_add(&rng->vq, &piece, 0, 1, NULL, rng->buffer);
    if (status != VIRTQ_OK)
        return fail(rng, virtq_status_text(status));
    notify(rng);

    for (waits = 0; (status = virtq_get(&rng->vq, &cookie, &length)) == VIRTQ_EMPTY; waits++) {
        if (waits == WAITS)
            return fail(rng, virtio_pci_is_gone(&rng->pci)
                                 ? virtio_pci_status_text(VIRTIO_PCI_E_GONE)
                                 : "the device does not answer");
        rng->platform->wait(rng->platform->context, WAIT_SECONDS);
    }
    /* The ring has checked that the length is at most what the device may write. */
    if (status != VIRTQ_OK)
        return fail(rng, virtq_status_text(status));
    /* virtio 1.2, 5.4.6.1: the driver examines the length; 5.4.6.2: at least one byte. */
    if (length == 0)
        return fail(rng, "the device returned no random byte");
    memcpy(bytes_out, cookie, length);
    return (int)length;
}

int rng_interrupt(struct rng *rng)
{
    virtio_u8 isr = virtio_pci_isr(&rng->pci);

    return isr != 0 && (isr != VIRTIO_PCI_GONE || !virtio_pci_is_gone(&rng->pci));
}

/* The device may write to the buffer until its reset is done. If it never is, the memory stays the
 * device's. */
void rng_close(struct rng *rng)
{
    const struct rng_platform *platform = rng->platform;
    enum virtio_pci_status status = virtio_pci_reset(&rng->pci);

    virtio_pci_close(&rng->pci);
    if (status == VIRTIO_PCI_OK || status == VIRTIO_PCI_E_GONE) {
        if (rng->buffer)
            platform->dma_free(platform->context, rng->buffer);
        if (rng->ring)
            platform->dma_free(platform->context, rng->ring);
    }
    if (rng->state)
        platform->free(platform->context, rng->state);
    rng->buffer = NULL;
    rng->ring = NULL;
    rng->state = NULL;
}
