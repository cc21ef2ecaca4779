/* SPDX-License-Identifier: MIT */
/*
 * virtqueue.c: the split virtqueue of virtqueue.h.
 *
 * The device can write the ring's memory at any moment, all of it, whatever the specification
 * allows it. So the ring is written here and, but for three words, never read: used flags, used
 * idx, and the used element at last_used_idx. Each of them is read once for a decision and held
 * against the shadow, which the device cannot reach. Free list and chains live in the shadow too;
 * desc.next is told to the device and never read back.
 *
 * virtio is little-endian and so is every target of this library: nothing is swapped.
 */
#include "virtqueue.h"

#define VIRTQ_NO_DESC 0xFFFF /* no descriptor: the largest queue's last is 32767 */

/* Keeps what the device writes off the cache lines that the driver writes. */
#define VIRTQ_PART_ALIGN 64

/* What a descriptor is to the device. Only the head of a chain is ever anything but NO_HEAD. */
#define VIRTQ_NO_HEAD   0 /* free, or the middle of a chain */
#define VIRTQ_ADDED     1 /* in the available ring, beyond the idx that the device was shown */
#define VIRTQ_PUBLISHED 2 /* the device's */

struct virtq_shadow {
    void *cookie;
    virtio_u32 writable;   /* bytes of the chain that the device may write, 2^32-1 at most */
    virtio_u16 next;       /* the next in the chain, or in the free list */
    virtio_u16 tail;       /* of a head: the chain's last descriptor */
    virtio_u16 count;      /* of a head: the chain's descriptors */
    virtio_u16 state;      /* VIRTQ_NO_HEAD, VIRTQ_ADDED, VIRTQ_PUBLISHED */
    virtio_u16 added_next; /* of an ADDED head: the one that was added after it */
};

VIRTIO_INLINE virtio_u16 virtq_slot(const struct virtqueue *vq, virtio_u16 idx)
{
    return (virtio_u16)(idx & (vq->size - 1));
}

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
     * event words at the end of two of them are there, though EVENT_IDX is never negotiated. */
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
    vq->shadow = (struct virtq_shadow *)config->state;
    vq->desc_addr = config->ring_addr + layout.desc_offset;
    vq->avail_addr = config->ring_addr + layout.avail_offset;
    vq->used_addr = config->ring_addr + layout.used_offset;
    vq->size = config->size;
    virtq_reset(vq);
    return VIRTQ_OK;
}

void virtq_reset(struct virtqueue *vq)
{
    struct virtq_layout layout;
    volatile virtio_u8 *ring = (volatile virtio_u8 *)vq->desc;
    virtio_u32 i;

    virtq_lay_out(vq->size, &layout);
    /* virtio 1.2, 2.7.10.1: used flags start as 0; 2.7.7.1: so do avail flags. Volatile also keeps
     * the compiler from calling a memset that a driver cannot import. */
    for (i = 0; i < layout.ring_bytes; i++) {
        ring[i] = 0;
    }

    for (i = 0; i < vq->size; i++) {
        vq->shadow[i].cookie = 0;
        vq->shadow[i].writable = 0;
        vq->shadow[i].next = (virtio_u16)(i + 1 < vq->size ? i + 1 : VIRTQ_NO_DESC);
        vq->shadow[i].tail = VIRTQ_NO_DESC;
        vq->shadow[i].count = 0;
        vq->shadow[i].state = VIRTQ_NO_HEAD;
        vq->shadow[i].added_next = VIRTQ_NO_DESC;
    }

    vq->free_head = 0;
    vq->free_count = vq->size;
    vq->avail_idx = 0;
    vq->published_idx = 0;
    vq->last_used_idx = 0;
    vq->outstanding = 0;
    vq->added_head = VIRTQ_NO_DESC;
    vq->added_tail = VIRTQ_NO_DESC;
    vq->detach_next = 0;
    vq->broken = VIRTQ_OK;
}

/* Checks the pieces of one buffer, and adds up what of it the device may write. */
static int virtq_check_pieces(const struct virtqueue *vq, const struct virtq_sg *sg,
                              virtio_u16 out_count, virtio_u16 in_count, virtio_u32 *writable)
{
    virtio_u32 total = (virtio_u32)out_count + in_count;
    virtio_u64 bytes = 0;
    virtio_u64 out_bytes = 0;
    virtio_u32 i;

    /* virtio 1.2, 2.7.5.3.1: no chain longer than the queue size, indirect ones included. */
    if (sg == 0 || total == 0 || total > vq->size) {
        return VIRTQ_E_INVALID;
    }

    for (i = 0; i < total; i++) {
        if (sg[i].len == 0) {
            return VIRTQ_E_INVALID;
        }
        if (i == out_count) {
            out_bytes = bytes;
        }
        bytes += sg[i].len;
    }
    if (in_count == 0) {
        out_bytes = bytes;
    }

    /* virtio 1.2, 2.7.5.2: no chain longer than 2^32 bytes. */
    if (bytes > (virtio_u64)1 << 32) {
        return VIRTQ_E_INVALID;
    }

    bytes -= out_bytes;
    *writable = bytes > 0xFFFFFFFFu ? 0xFFFFFFFFu : (virtio_u32)bytes;
    return VIRTQ_OK;
}

/* Puts the chain `head`..`tail`, just taken off the free list, in the available ring, where the
 * device does not look before the next publish (virtio 1.2, 2.7.13.2). */
static void virtq_make_available(struct virtqueue *vq, virtio_u16 head, virtio_u16 tail,
                                 virtio_u16 count, virtio_u32 writable, void *cookie)
{
    struct virtq_shadow *shadow = &vq->shadow[head];

    vq->free_head = vq->shadow[tail].next;
    vq->free_count = (virtio_u16)(vq->free_count - count);

    shadow->cookie = cookie;
    shadow->writable = writable;
    shadow->tail = tail;
    shadow->count = count;
    shadow->state = VIRTQ_ADDED;
    shadow->added_next = VIRTQ_NO_DESC;
    if (vq->added_head == VIRTQ_NO_DESC) {
        vq->added_head = head;
    } else {
        vq->shadow[vq->added_tail].added_next = head;
    }
    vq->added_tail = head;

    vq->avail->ring[virtq_slot(vq, vq->avail_idx)] = head;
    vq->avail_idx = (virtio_u16)(vq->avail_idx + 1);
    vq->outstanding = (virtio_u16)(vq->outstanding + 1);
}

static void virtq_write_desc(volatile struct virtq_desc *desc, virtio_u64 addr, virtio_u32 len,
                             virtio_u16 flags, virtio_u16 next)
{
    desc->addr = addr;
    desc->len = len;
    desc->flags = flags;
    desc->next = next;
}

int virtq_add(struct virtqueue *vq, const struct virtq_sg *sg, virtio_u16 out_count,
              virtio_u16 in_count, void *cookie)
{
    virtio_u16 count = (virtio_u16)(out_count + in_count);
    virtio_u16 id = vq->free_head;
    virtio_u16 tail = id;
    virtio_u16 flags;
    virtio_u32 writable;
    virtio_u16 i;

    if (vq->broken != VIRTQ_OK) {
        return vq->broken;
    }
    if (cookie == 0 || virtq_check_pieces(vq, sg, out_count, in_count, &writable) != VIRTQ_OK) {
        return VIRTQ_E_INVALID;
    }
    if (count > vq->free_count) {
        return VIRTQ_FULL;
    }

    /* virtio 1.2, 2.7.13.1; 2.7.4.2: device-writable pieces come after the device-readable. Every
     * member is written anew: the device may have written here since. */
    for (i = 0; i < count; i++) {
        flags = (virtio_u16)((i >= out_count ? VIRTQ_DESC_F_WRITE : 0) |
                             (i + 1 < count ? VIRTQ_DESC_F_NEXT : 0));
        tail = id;
        id = vq->shadow[tail].next;
        virtq_write_desc(&vq->desc[tail], sg[i].addr, sg[i].len, flags,
                         (virtio_u16)(i + 1 < count ? id : 0));
    }

    virtq_make_available(vq, vq->free_head, tail, count, writable, cookie);
    return VIRTQ_OK;
}

int virtq_add_indirect(struct virtqueue *vq, const struct virtq_sg *sg, virtio_u16 out_count,
                       virtio_u16 in_count, const struct virtq_indirect *indirect, void *cookie)
{
    virtio_u16 count = (virtio_u16)(out_count + in_count);
    virtio_u16 head = vq->free_head;
    virtio_u16 flags;
    virtio_u32 writable;
    virtio_u16 i;

    if (vq->broken != VIRTQ_OK) {
        return vq->broken;
    }
    if (cookie == 0 || indirect == 0 || indirect->table == 0 || (indirect->addr & 15) != 0 ||
        virtq_misaligned(indirect->table, 16) ||
        virtq_check_pieces(vq, sg, out_count, in_count, &writable) != VIRTQ_OK ||
        count > indirect->capacity) {
        return VIRTQ_E_INVALID;
    }
    if (vq->free_count == 0) {
        return VIRTQ_FULL;
    }

    /* virtio 1.2, 2.7.5.3.1: INDIRECT never in the table itself, nor beside NEXT. */
    for (i = 0; i < count; i++) {
        flags = (virtio_u16)((i >= out_count ? VIRTQ_DESC_F_WRITE : 0) |
                             (i + 1 < count ? VIRTQ_DESC_F_NEXT : 0));
        virtq_write_desc(&indirect->table[i], sg[i].addr, sg[i].len, flags,
                         (virtio_u16)(i + 1 < count ? i + 1 : 0));
    }
    virtq_write_desc(&vq->desc[head], indirect->addr, (virtio_u32)sizeof(struct virtq_desc) * count,
                     VIRTQ_DESC_F_INDIRECT, 0);

    virtq_make_available(vq, head, head, 1, writable, cookie);
    return VIRTQ_OK;
}

int virtq_publish(struct virtqueue *vq)
{
    virtio_u16 id;

    if (vq->broken != VIRTQ_OK || vq->avail_idx == vq->published_idx) {
        return 0;
    }

    for (id = vq->added_head; id != VIRTQ_NO_DESC; id = vq->shadow[id].added_next) {
        vq->shadow[id].state = VIRTQ_PUBLISHED;
    }
    vq->added_head = VIRTQ_NO_DESC;
    vq->published_idx = vq->avail_idx;

    /* virtio 1.2, 2.7.13.3.1: descriptors and ring entries before idx; 2.7.6.1: idx only grows. */
    virtio_compiler_barrier();
    vq->avail->idx = vq->avail_idx;
    /* virtio 1.2, 2.7.13.4.1: idx before flags are read, or a notification is missed. */
    virtio_full_barrier();
    /* virtio 1.2, 2.7.10.1: flags 0 demands the notification. */
    return (vq->used->flags & VIRTQ_USED_F_NO_NOTIFY) == 0;
}

static int virtq_break(struct virtqueue *vq, int lie)
{
    vq->broken = lie;
    return lie;
}

/* Takes the chain out of the record and gives its descriptors back to the free list. */
static void *virtq_release(struct virtqueue *vq, virtio_u16 head)
{
    struct virtq_shadow *shadow = &vq->shadow[head];
    void *cookie = shadow->cookie;

    shadow->cookie = 0;
    shadow->state = VIRTQ_NO_HEAD;
    vq->shadow[shadow->tail].next = vq->free_head;
    vq->free_head = head;
    vq->free_count = (virtio_u16)(vq->free_count + shadow->count);
    vq->outstanding = (virtio_u16)(vq->outstanding - 1);
    return cookie;
}

int virtq_get(struct virtqueue *vq, void **cookie, virtio_u32 *len)
{
    volatile struct virtq_used_elem *elem;
    virtio_u16 unpublished = (virtio_u16)(vq->avail_idx - vq->published_idx);
    virtio_u16 waiting;
    virtio_u32 id;
    virtio_u32 written;

    if (vq->broken != VIRTQ_OK) {
        return vq->broken;
    }

    waiting = (virtio_u16)(vq->used->idx - vq->last_used_idx);
    if (waiting == 0) {
        return VIRTQ_EMPTY;
    }
    if (waiting > vq->outstanding - unpublished) {
        return virtq_break(vq, VIRTQ_E_USED_IDX);
    }

    /* The device sets the element before idx (virtio 1.2, 2.7.8.2): idx is read before it. */
    virtio_compiler_barrier();
    elem = &vq->used->ring[virtq_slot(vq, vq->last_used_idx)];
    id = elem->id;
    written = elem->len;
    if (id >= vq->size || vq->shadow[id].state != VIRTQ_PUBLISHED) {
        return virtq_break(vq, VIRTQ_E_USED_ID);
    }
    if (written > vq->shadow[id].writable) {
        return virtq_break(vq, VIRTQ_E_USED_LEN);
    }

    vq->last_used_idx = (virtio_u16)(vq->last_used_idx + 1);
    *cookie = virtq_release(vq, (virtio_u16)id);
    *len = written;
    return VIRTQ_OK;
}

void virtq_disable_interrupts(struct virtqueue *vq)
{
    vq->avail->flags = VIRTQ_AVAIL_F_NO_INTERRUPT;
}

int virtq_enable_interrupts(struct virtqueue *vq)
{
    if (vq->broken != VIRTQ_OK) {
        return 1;
    }

    vq->avail->flags = 0;
    /* virtio 1.2, 2.7.7.1, 2.7.14: what was used before the device saw this has not interrupted. */
    virtio_full_barrier();
    return vq->used->idx == vq->last_used_idx;
}

void *virtq_detach(struct virtqueue *vq)
{
    virtio_u16 id;

    /* What was not published never will be. */
    vq->added_head = VIRTQ_NO_DESC;
    vq->avail_idx = vq->published_idx;

    while (vq->outstanding != 0) {
        id = vq->detach_next;
        vq->detach_next = virtq_slot(vq, (virtio_u16)(id + 1));
        if (vq->shadow[id].state != VIRTQ_NO_HEAD) {
            return virtq_release(vq, id);
        }
    }
    return 0;
}

virtio_u16 virtq_free_count(const struct virtqueue *vq)
{
    return vq->free_count;
}

virtio_u16 virtq_outstanding(const struct virtqueue *vq)
{
    return vq->outstanding;
}

int virtq_has_used(const struct virtqueue *vq)
{
    return vq->broken == VIRTQ_OK && vq->used->idx != vq->last_used_idx;
}

int virtq_broken(const struct virtqueue *vq)
{
    return vq->broken;
}
