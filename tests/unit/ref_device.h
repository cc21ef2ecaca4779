/* SPDX-License-Identifier: MIT */
/*
 * ref_device.h: the device's side of a split virtqueue, written from virtio 1.2, section 2.7, for
 * the tests of the driver's side. It believes the driver no more than the driver believes it:
 * whatever the specification forbids a driver is recorded in `error`. Device addresses are
 * pointers.
 *
 * In order:
 *
 *  1. ref_device_init(&device, size, desc, avail, used)
 *  2. while (ref_device_pop(&device, &chain)) ...        what the driver made available
 *  3. ref_device_push(&device, chain.head, len)          in any order
 *  4. if (ref_device_flush(&device)) interrupt           shows the driver all that was pushed
 *  5. ref_device_no_notify(&device, 1) ... if (!ref_device_no_notify(&device, 0)) look again
 */
#ifndef REF_DEVICE_H
#define REF_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "virtqueue.h"

struct ref_piece {
    uint64_t addr;
    uint32_t len;
    bool writable;
};

struct ref_chain {
    uint16_t head;
    uint32_t count;
    bool indirect;
    struct ref_piece *pieces; /* of the device; until the next pop */
};

struct ref_device {
    uint32_t size;
    volatile struct virtq_desc *desc;
    volatile struct virtq_avail *avail;
    volatile struct virtq_used *used;
    volatile uint16_t *avail_event; /* after the used ring */
    uint16_t last_avail_idx;
    uint16_t used_idx; /* next to write, not yet shown */
    bool event_idx;    /* VIRTIO_F_EVENT_IDX was negotiated */
    struct ref_piece *pieces;
    char error[160]; /* the first thing that the driver must not have done, or empty */
};

void ref_device_init(struct ref_device *device, uint32_t size, volatile void *desc,
                     volatile void *avail, volatile void *used);
void ref_device_free(struct ref_device *device);

bool ref_device_pop(struct ref_device *device, struct ref_chain *chain);
void ref_device_push(struct ref_device *device, uint32_t id, uint32_t len);

/* True: the driver asked for the interrupt. */
bool ref_device_flush(struct ref_device *device);

/* Sets VIRTQ_USED_F_NO_NOTIFY or clears it; with EVENT_IDX, clearing it moves avail_event, and setting
 * it leaves avail_event behind. False: something is available that was not announced. */
bool ref_device_no_notify(struct ref_device *device, bool on);

#endif
