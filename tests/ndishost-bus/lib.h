/* SPDX-License-Identifier: MIT */
/*
 * lib.h: a driver of good manners for the model: the two libraries that aerovnet is built on, over the
 * host's trapped register accesses.
 *   lib_open(&l, "queue_size=16");  status = lib_find(&l);  lib_start(&l, FEATURES);
 *   lib_traffic(&l, &traffic);  lib_close(&l);
 */
#ifndef TEST_LIB_H
#define TEST_LIB_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include "bus/bus.h"
#include "virtio_pci_modern.h"
#include "virtqueue.h"

#define LIB_RX      0
#define LIB_TX      1
#define LIB_HEADER  12
#define LIB_BUFFERS 256 /* of each kind at most */
#define LIB_BUFFER  2048

struct lib {
    struct bus *bus;
    char error[256];
    struct virtio_pci_device pci;
    struct virtqueue vq[2];
    struct virtio_pci_notify notify[2];
    void *ring[2], *state[2];
    uint8_t *data[2]; /* LIB_BUFFERS of LIB_BUFFER bytes, scattered by the page */
    void *tables;     /* indirect, one a transmit buffer */
    uint64_t tables_pa;

    pthread_mutex_t lock; /* what the bus's threads tell */
    pthread_cond_t changed;
    bool asserted;
    char failed[256];
    /* Frames out of the device are numbered; the next number, and how many were not as they should be. */
    uint32_t wire_next, wire_bad;
    bool echo; /* each goes back into the device, from the device's own thread */
};

void lib_open(struct lib *l, const char *arguments);
void lib_close(struct lib *l);
enum virtio_pci_status lib_find(struct lib *l);
/* Up to DRIVER_OK with the features that are offered among `wanted`. */
enum virtio_pci_status lib_start(struct lib *l, uint64_t wanted);
void lib_stop(struct lib *l); /* reset, and the queues' memory back */

struct lib_traffic {
    uint32_t out, in;        /* frames each way */
    uint32_t pieces;         /* descriptors a transmitted frame, 1 to 4 */
    bool indirect;           /* in an indirect table */
    uint32_t least, most;    /* bytes a frame */
    unsigned long long seed; /* for the sizes */
};
/* Moves them, all checked. Fails the test if it does not get on for 5 s. */
void lib_traffic(struct lib *l, const struct lib_traffic *traffic);

/* Frame `number`: its content follows from the number. Its length for traffic. */
void lib_frame(uint8_t *frame, uint32_t length, uint32_t number);
bool lib_frame_good(const uint8_t *frame, uint32_t length, uint32_t number);

#endif
