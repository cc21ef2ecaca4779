/* SPDX-License-Identifier: MIT */
/* virtqueue.c: the part of virtqueue.h that is not inline: set-up, take-down and rare outcomes. */
#include "virtqueue.h"

#define VIRTQ_NO_DESC 0xFFFF /* no descriptor: the largest queue's last is 32767 */

/* Keeps what the device writes off the cache lines that the driver writes. */
#define VIRTQ_PART_ALIGN 64

static int virtq_misaligned(const void *memory, virtio_u32 alignment)
{
    return ((virtio_uptr)memory & (alignment - 1)) != 0;
}

static virtio_u32 virtq_round_up(virtio_u32 bytes, virtio_u32 alignment)
{
    return (bytes + alignment - 1) & ~(alignment - 1);
}

static void virtq_lay_out(virtio_u16 size, struct virtq_layout *layout)
{
    /* virtio 1.2, 2.7 and 2.7.1: 16*size, 6+2*size and 6+8*size bytes, aligned to 16, 2 and 4. The
     * last two bytes of the second and third are the event words, with EVENT_IDX or without. */
    layout->desc_offset = 0;
    layout->avail_offset = virtq_round_up(16 * (virtio_u32)size, VIRTQ_PART_ALIGN);
    layout->used_offset =
        virtq_round_up(layout->avail_offset + 6 + 2 * (virtio_u32)size, VIRTQ_PART_ALIGN);
    layout->ring_bytes =
        virtq_round_up(layout->used_offset + 6 + 8 * (virtio_u32)size, VIRTQ_PART_ALIGN);
    layout->state_bytes = (virtio_u32)sizeof(struct virtq_shadow) * size;
}

int virtq_layout(virtio_u16 size, struct virtq_layout *layout)
{
    if (size == 0 || size > VIRTQ_MAX_SIZE || (size & (size - 1)) != 0) {
        return VIRTQ_E_INVALID;
    }

    virtq_lay_out(size, layout);
    return VIRTQ_OK;
}

int virtq_init(struct virtqueue *vq, const struct virtq_config *config)
{
    struct virtq_layout layout;
    virtio_u8 *ring = (virtio_u8 *)config->ring;

    if (virtq_layout(config->size, &layout) != VIRTQ_OK || config->ring == 0 ||
        config->state == 0 || virtq_misaligned(config->ring, 16) || (config->ring_addr & 15) != 0 ||
        virtq_misaligned(config->state, (virtio_u32)sizeof(void *))) {
        return VIRTQ_E_INVALID;
    }

    vq->desc = (volatile struct virtq_desc *)(ring + layout.desc_offset);
    vq->avail = (volatile struct virtq_avail *)(ring + layout.avail_offset);
    vq->used = (volatile struct virtq_used *)(ring + layout.used_offset);
    vq->used_event_word =
        (volatile virtio_u16 *)(ring + layout.avail_offset + 4 + 2 * (virtio_u32)config->size);
    vq->avail_event_word =
        (volatile virtio_u16 *)(ring + layout.used_offset + 4 + 8 * (virtio_u32)config->size);
    vq->shadow = (struct virtq_shadow *)config->state;
    vq->desc_addr = config->ring_addr + layout.desc_offset;
    vq->avail_addr = config->ring_addr + layout.avail_offset;
    vq->used_addr = config->ring_addr + layout.used_offset;
    vq->size = config->size;
    vq->mask = (virtio_u32)config->size - 1;
    vq->notifications = 0;
    vq->notified = 0;
    vq->interrupt_after = 1;
    virtq_set_features(vq, 0);
    virtq_reset(vq);
    return VIRTQ_OK;
}

void virtq_reset(struct virtqueue *vq)
{
    struct virtq_layout layout;
    volatile virtio_u8 *ring = (volatile virtio_u8 *)vq->desc;
    virtio_u32 i;

    virtq_lay_out((virtio_u16)vq->size, &layout);
    /* virtio 1.2, 2.7.10.1: used flags start as 0; 2.7.7.1: so do avail flags. Volatile also keeps
     * the compiler from calling a memset that a driver cannot import. */
    for (i = 0; i < layout.ring_bytes; i++) {
        ring[i] = 0;
    }

    for (i = 0; i < vq->size; i++) {
        vq->shadow[i].cookie = 0;
        vq->shadow[i].limit = 0;
        vq->shadow[i].next = (virtio_u16)(i < vq->mask ? i + 1 : VIRTQ_NO_DESC);
        vq->shadow[i].tail = VIRTQ_NO_DESC;
        vq->shadow[i].count = 0;
        vq->shadow[i].order = VIRTQ_NO_DESC;
    }

    vq->free_head = 0;
    vq->free_count = vq->size;
    vq->avail_idx = 0;
    vq->published_idx = 0;
    vq->last_used_idx = 0;
    vq->used_idx = 0;
    vq->detach_next = 0;
    vq->used_event = 0;
    vq->quiet = 0;
    vq->broken = VIRTQ_OK;
}

void virtq_set_features(struct virtqueue *vq, virtio_u64 negotiated)
{
    vq->indirect_max = (negotiated & VIRTIO_F_INDIRECT_DESC) != 0 ? vq->size : 0;
    vq->event_idx = (negotiated & VIRTIO_F_EVENT_IDX) != 0;
}

int virtq_indirect_init(struct virtq_indirect *indirect, void *table, virtio_u64 addr,
                        virtio_u16 capacity)
{
    if (table == 0 || virtq_misaligned(table, 16) || (addr & 15) != 0 || capacity == 0) {
        return VIRTQ_E_INVALID;
    }

    indirect->table = (struct virtq_desc *)table;
    indirect->addr = addr;
    indirect->capacity = capacity;
    return VIRTQ_OK;
}

/* What virtq_add returns for a buffer of `count` pieces that takes `needed` descriptors and cannot
 * be added: not enough are free, or an argument is bad, or the virtqueue is broken. */
int virtq_refuse(const struct virtqueue *vq, virtio_u32 count, virtio_u32 needed)
{
    if (vq->broken != VIRTQ_OK) {
        return vq->broken;
    }
    return count <= vq->size && needed > vq->free_count ? VIRTQ_FULL : VIRTQ_E_INVALID;
}

/* Stops the virtqueue for what the device reported. virtq_add and virtq_publish need
 * not look at `broken`: nothing is free, and nothing waits to be published. */
void virtq_break(struct virtqueue *vq, int reason)
{
    vq->broken = reason;
    vq->used_idx = vq->last_used_idx; /* so that virtq_get looks at `broken` */
    vq->free_count = 0;
    vq->published_idx = vq->avail_idx;
}

/* What `written` bytes mean for a used descriptor, when they are not fewer than its limit. */
int virtq_check_len(const struct virtq_shadow *shadow, virtio_u32 written)
{
    virtio_u32 writable = shadow->limit - 1; /* 2^32 - 1 bytes have the limit 0 */

    if (shadow->count == 0) {
        return VIRTQ_E_USED_ID;
    }
    if (written <= writable) {
        return VIRTQ_OK;
    }
    /* virtio 1.2, 2.7.8: without a device-writable part the len means nothing, and devices exist that
     * report the bytes they read. */
    if (writable != 0) {
        return VIRTQ_E_USED_LEN;
    }
    return VIRTQ_NO_LEN;
}

/* virtq_get while buffers are added that are not published. */
int virtq_get_beside(struct virtqueue *vq, void **cookie, virtio_u32 *len)
{
    int status = virtq_take(vq, 1, cookie, len);

    vq->used_idx = vq->last_used_idx;
    return status;
}

void virtq_interrupt_after(struct virtqueue *vq, virtio_u32 count)
{
    vq->interrupt_after = count != 0 ? count : 1;
}

int virtq_enable_event(struct virtqueue *vq)
{
    virtio_u32 there = vq->published_idx - vq->last_used_idx;
    virtio_u32 count = vq->interrupt_after;

    if (count > there) {
        count = there != 0 ? there : 1; /* none: the next one that is added */
    }
    vq->quiet = 0;
    virtq_set_used_event(vq, vq->last_used_idx + count - 1);
    /* As in virtq_enable_interrupts. */
    virtio_full_barrier();
    return virtq_used_count(vq) < count;
}

void *virtq_detach(struct virtqueue *vq)
{
    struct virtq_shadow *shadow;
    virtio_u32 id;

    /* What was not published never will be. What is left is counted as if it were used. */
    vq->published_idx = vq->avail_idx;
    vq->used_idx = vq->last_used_idx;

    while (vq->last_used_idx != vq->avail_idx) {
        id = vq->detach_next;
        vq->detach_next = (id + 1) & vq->mask;
        shadow = &vq->shadow[id];
        if (shadow->count != 0) {
            vq->shadow[shadow->tail].next = (virtio_u16)vq->free_head;
            vq->free_head = id;
            vq->free_count += shadow->count;
            shadow->limit = 0;
            shadow->count = 0;
            vq->last_used_idx++;
            vq->used_idx++;
            return shadow->cookie;
        }
    }
    vq->free_count = vq->size; /* a broken virtqueue had none */
    return 0;
}

const char *virtq_status_text(int status)
{
    switch (status) {
    case VIRTQ_OK:
        return "success";
    case VIRTQ_EMPTY:
        return "the device has used no further buffer";
    case VIRTQ_FULL:
        return "the ring has not enough free descriptors";
    case VIRTQ_E_INVALID:
        return "an argument is not valid";
    case VIRTQ_E_USED_IDX:
        return "the device's used idx is ahead of what was made available";
    case VIRTQ_E_USED_ID:
        return "the device returned a buffer that it does not have";
    case VIRTQ_E_USED_LEN:
        return "the device reported more bytes written than the buffer holds";
    }
    return "unknown status";
}
