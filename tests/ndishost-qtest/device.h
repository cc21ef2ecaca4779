/* SPDX-License-Identifier: MIT */
/*
 * device.h: a small virtio-net driver for tests of a bus back end: the two shared libraries over
 * struct bus, and just enough of a network to send and receive a frame.
 *   device_open(&d, "-device virtio-net-pci");  device_start(&d, FEATURES, 256);
 *   device_fill_rx(&d, 64);  device_send(&d, frame, length);  device_receive(&d, frame, &length);
 *   device_close(&d);
 * Failures are cmocka's: whatever goes wrong ends the test with the place and the reason.
 */
#ifndef TEST_DEVICE_H
#define TEST_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bus/bus.h"
#include "bus/msix.h"
#include "virtio_pci_modern.h"
#include "virtqueue.h"

#define NET_F_MAC    ((virtio_u64)1 << 5)
#define NET_F_STATUS ((virtio_u64)1 << 16)
#define FEATURES     (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | NET_F_MAC | NET_F_STATUS)
#define NET_HEADER   12 /* virtio 1.2, 5.1.6, with VERSION_1 */
#define FRAME_ROOM   2048
#define BUFFERS      1024
#define WIRE_ROOM    8192
#define RX           0
#define TX           1

struct device_buffer {
    unsigned char *va; /* NET_HEADER, then the frame */
    uint64_t pa;
};

/* What came out of the device on the wire, in order. */
struct wire_frame {
    size_t length;
    unsigned char data[FRAME_ROOM];
};

struct device {
    struct bus *bus;
    char error[1536];
    struct virtio_pci_device pci;
    struct virtqueue vq[2];
    struct virtio_pci_notify notify[2];
    void *ring[2], *state[2];
    struct device_buffer buffer[2][BUFFERS];
    unsigned buffers; /* of each queue */

    pthread_mutex_t lock; /* what the bus's threads write */
    pthread_cond_t changed;
    unsigned asserted, raised, lowered; /* the line, and how often it was told */
    unsigned messages[BUS_MESSAGES];    /* how often each has come */
    struct msix msix;                   /* of device_messages */
    bool messages_on;
    char failed[1536]; /* why; "" */
    struct wire_frame *wire;
    unsigned wire_count, wire_taken;
};

/* physical memory of the size that a test wants; 0: 5 GiB. */
void device_memory(uint64_t bytes);

/* NULL arguments mean none. device_try_open leaves the reason of a failure in d->error. */
bool device_try_open(struct device *d, const struct bus_backend *backend, const char *arguments);
void device_open(struct device *d, const char *arguments);
void device_close(struct device *d);

enum virtio_pci_status device_find(struct device *d);
/* Everything up to DRIVER_OK, with both queues at `size` (0: what the device has at most). */
void device_start(struct device *d, virtio_u64 wanted, unsigned size);
void device_reset(struct device *d);

/* Gives the device `count` receive buffers. */
void device_fill_rx(struct device *d, unsigned count);
/* Takes one received frame; false if none is there within the time. The buffer goes back. */
bool device_receive(struct device *d, void *frame, size_t *length, unsigned milliseconds);
/* Sends one frame and waits until the device has used it. */
void device_send(struct device *d, const void *frame, size_t length);
/* The next frame that came out on the wire. */
bool device_wire(struct device *d, void *frame, size_t *length, unsigned milliseconds);

/* The line as it was last told, and how often it was told. */
bool device_asserted(struct device *d);
unsigned device_raised(struct device *d);
unsigned device_lowered(struct device *d);
/* Waits until the line is as told. */
bool device_wait_line(struct device *d, bool asserted, unsigned milliseconds);
bool device_wait_failed(struct device *d, unsigned milliseconds);

/* Before device_start: entry 0 of the MSI-X table, a received frame's, sends message 5, and entry 1 message 6. */
void device_messages(struct device *d);
/* Waits until each send has sent a message; and what is masked sends it when it is unmasked. */
void device_check_messages(struct device *d);

/* A frame of `length` bytes whose content follows from `number`. */
void make_frame(unsigned char *frame, size_t length, uint32_t number);

#endif
