/* SPDX-License-Identifier: MIT */
/* ref_device.c: the device of ref_device.h. */
#include "ref_device.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void ref_error(struct ref_device *device, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void ref_error(struct ref_device *device, const char *format, ...)
{
    va_list arguments;

    if (device->error[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(device->error, sizeof(device->error), format, arguments);
        va_end(arguments);
    }
}

void ref_device_init(struct ref_device *device, uint32_t size, volatile void *desc,
                     volatile void *avail, volatile void *used)
{
    memset(device, 0, sizeof(*device));
    device->size = size;
    device->desc = desc;
    device->avail = avail;
    device->used = used;
    device->avail_event = (volatile uint16_t *)used + 2 + 4 * (size_t)size;
    device->pieces = calloc(size, sizeof(*device->pieces));
}

void ref_device_free(struct ref_device *device)
{
    free(device->pieces);
    device->pieces = NULL;
}

/* Reads one table from `index` on. 2.7.5, 2.7.5.3. */
static void ref_read_table(struct ref_device *device, struct ref_chain *chain,
                           volatile const struct virtq_desc *table, uint32_t entries,
                           uint16_t index, bool inside)
{
    for (;;) {
        uint16_t flags;
        struct ref_piece *piece;

        if (index >= entries) {
            ref_error(device, "descriptor %u of a table of %u", index, entries);
            return;
        }
        flags = table[index].flags;
        if ((flags & VIRTQ_DESC_F_INDIRECT) != 0) {
            if (inside || (flags & VIRTQ_DESC_F_NEXT) != 0 || table[index].len % 16 != 0 ||
                table[index].len == 0 || chain->count != 0) {
                ref_error(device, "INDIRECT with flags %#x, len %u%s", flags, table[index].len,
                          inside ? " in an indirect table" : "");
                return;
            }
            chain->indirect = true;
            ref_read_table(device, chain,
                           (volatile const struct virtq_desc *)(uintptr_t)table[index].addr,
                           table[index].len / 16, 0, true);
            return;
        }
        if (chain->count == device->size) {
            ref_error(device, "a chain longer than the queue (2.7.5.3.1), or a loop");
            return;
        }
        piece = &chain->pieces[chain->count++];
        piece->addr = table[index].addr;
        piece->len = table[index].len;
        piece->writable = (flags & VIRTQ_DESC_F_WRITE) != 0;
        if (piece->len == 0 || (flags & ~(VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE)) != 0) {
            ref_error(device, "descriptor with len %u, flags %#x", piece->len, flags);
        }
        if (!piece->writable && chain->count > 1 && piece[-1].writable) {
            ref_error(device, "device-readable after device-writable (2.7.4.2)");
        }
        if ((flags & VIRTQ_DESC_F_NEXT) == 0) {
            return;
        }
        index = table[index].next;
    }
}

bool ref_device_pop(struct ref_device *device, struct ref_chain *chain)
{
    uint16_t avail_idx = device->avail->idx;
    uint16_t waiting = (uint16_t)(avail_idx - device->last_avail_idx);

    if (waiting == 0) {
        return false;
    }
    if (waiting > device->size) {
        ref_error(device, "avail idx %u is more than the queue size ahead of %u", avail_idx,
                  device->last_avail_idx);
        return false;
    }
    atomic_thread_fence(memory_order_acquire);
    if (device->avail->flags > (device->event_idx ? 0 : 1)) {
        ref_error(device, "avail flags %#x (2.7.7.1)", device->avail->flags);
    }
    chain->head = device->avail->ring[device->last_avail_idx % device->size];
    chain->count = 0;
    chain->indirect = false;
    chain->pieces = device->pieces;
    device->last_avail_idx++;
    ref_read_table(device, chain, device->desc, device->size, chain->head, false);
    return true;
}

void ref_device_push(struct ref_device *device, uint32_t id, uint32_t len)
{
    volatile struct virtq_used_elem *elem = &device->used->ring[device->used_idx % device->size];

    elem->id = id;
    elem->len = len;
    device->used_idx++;
}

bool ref_device_flush(struct ref_device *device)
{
    uint16_t shown = device->used->idx;
    uint16_t event;

    if (shown == device->used_idx) {
        return false;
    }
    atomic_thread_fence(memory_order_release);
    device->used->idx = device->used_idx;
    atomic_thread_fence(memory_order_seq_cst);
    if (!device->event_idx) {
        return device->avail->flags == 0;
    }
    event = device->avail->ring[device->size];
    while (shown != device->used_idx && shown != event) { /* entry by entry, as 2.7.7.2 has it */
        shown++;
    }
    return shown != device->used_idx;
}

bool ref_device_no_notify(struct ref_device *device, bool on)
{
    if (!device->event_idx) {
        device->used->flags = on ? VIRTQ_USED_F_NO_NOTIFY : 0;
    } else if (!on) {
        *device->avail_event = device->last_avail_idx;
    }
    atomic_thread_fence(memory_order_seq_cst);
    return on || device->avail->idx == device->last_avail_idx;
}
