/* SPDX-License-Identifier: MIT */
/*
 * ring.c: the driver's side of a virtqueue at work, for counting the instructions of the library.
 * bench/ring builds it and runs it under valgrind, which counts only inside driver_send and
 * driver_receive: the device's part in between is free.
 *
 *   ring_bench send|receive FRAMES LIST PIECES
 *
 * sends or receives FRAMES frames in lists of LIST, each of PIECES pieces, the first of which is the
 * virtio header.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtqueue.h"

#define SIZE       256
#define PIECES_MAX 16

struct slot {
    struct virtq_sg sg[PIECES_MAX];
    struct virtq_indirect indirect;
    unsigned pieces;
};

static struct virtqueue ring;
static struct slot slots[SIZE];
static struct slot *waiting[SIZE];
static unsigned long notifications;

/* Puts `count` frames into the ring and shows them to the device. */
__attribute__((noinline)) static void driver_send(unsigned count)
{
    unsigned i;

    for (i = 0; i < count; i++) {
        struct slot *slot = waiting[i];

        if (virtq_add(&ring, slot->sg, (virtio_u16)slot->pieces, 0, &slot->indirect, slot) !=
            VIRTQ_OK) {
            abort();
        }
    }
    if (virtq_publish(&ring)) {
        notifications++;
        virtq_notified(&ring);
    }
}

__attribute__((noinline)) static void driver_post(unsigned count)
{
    unsigned i;

    for (i = 0; i < count; i++) {
        struct slot *slot = waiting[i];

        if (virtq_add(&ring, slot->sg, 0, 1, NULL, slot) != VIRTQ_OK) {
            abort();
        }
    }
    if (virtq_publish(&ring)) {
        notifications++;
        virtq_notified(&ring);
    }
}

/* Takes back all that the device has used; the number of buffers. */
__attribute__((noinline)) static unsigned driver_get(void)
{
    unsigned count = 0;
    virtio_u32 length;
    void *cookie;

    virtq_disable_interrupts(&ring);
    while (virtq_get(&ring, &cookie, &length) == VIRTQ_OK) {
        waiting[count++] = cookie;
    }
    if (!virtq_enable_interrupts(&ring)) {
        abort();
    }
    return count;
}

/* The device uses all that is available, in order. */
static void device_use(uint32_t length)
{
    static uint16_t seen;
    uint16_t idx = ring.avail->idx;

    while (seen != idx) {
        volatile struct virtq_used_elem *elem = &ring.used->ring[seen % SIZE];

        elem->id = ring.avail->ring[seen % SIZE];
        elem->len = length;
        seen++;
    }
    ring.used->idx = seen;
}

static void open_ring(unsigned pieces)
{
    struct virtq_layout layout;
    struct virtq_config config;
    struct virtq_desc *tables = aligned_alloc(64, SIZE * PIECES_MAX * sizeof(*tables));
    unsigned i, j;

    virtq_layout(SIZE, &layout);
    config.size = SIZE;
    config.ring = aligned_alloc(4096, (layout.ring_bytes + 4095) & ~4095u);
    config.ring_addr = 0x100000;
    config.state = malloc(layout.state_bytes);
    if (virtq_init(&ring, &config) != VIRTQ_OK) {
        abort();
    }
    virtq_set_features(&ring, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC);
    for (i = 0; i < SIZE; i++) {
        slots[i].pieces = pieces;
        virtq_indirect_init(&slots[i].indirect, tables + i * PIECES_MAX,
                            0x200000 + i * PIECES_MAX * sizeof(*tables), PIECES_MAX);
        for (j = 0; j < pieces; j++) {
            slots[i].sg[j].addr = 0x1000000u + i * 0x10000u + j * 0x1000u;
            slots[i].sg[j].len = j == 0 ? 12 : 100;
        }
    }
}

int main(int argc, char **argv)
{
    unsigned long frames, done;
    unsigned list, i;
    int sends;

    if (argc != 5) {
        fprintf(stderr, "usage: ring_bench send|receive FRAMES LIST PIECES\n");
        return 2;
    }
    sends = strcmp(argv[1], "send") == 0;
    frames = strtoul(argv[2], NULL, 0);
    list = (unsigned)strtoul(argv[3], NULL, 0);
    open_ring(sends ? (unsigned)strtoul(argv[4], NULL, 0) : 1);
    for (i = 0; i < list; i++) {
        waiting[i] = &slots[i];
    }
    for (done = 0; done < frames; done += list) {
        if (sends) {
            driver_send(list);
        } else {
            driver_post(list);
        }
        device_use(sends ? 0 : 12);
        if (driver_get() != list) {
            abort();
        }
    }
    printf("%lu frames, %lu notifications\n", done, notifications);
    return 0;
}
