/* SPDX-License-Identifier: MIT */
/*
 * virtqueue_inline.h: the functions of virtqueue.h that run for each buffer or batch, inline in
 * their callers: that saves a third of their instructions with every compiler, and a caller's
 * constants (no device-writable piece, no table) save more. Only virtqueue.h includes this file.
 *
 * The device can write the ring's memory at any moment, all of it, whatever the specification
 * allows it. So the ring is written here and, but for four words, never read: used flags, used
 * idx, avail_event, and the used element at last_used_idx. Each of them is read once for a decision.
 * What becomes an index or a length is checked against the shadow, which the device cannot reach. Free list and chains live in the shadow too;
 * desc.next is written for the device and never read back.
 *
 * virtio is little-endian and so is every target of this library: nothing is swapped.
 */
#ifndef VIRTQUEUE_INLINE_H
#define VIRTQUEUE_INLINE_H

/* All members but `order` are those of one descriptor. `limit`, `count` and `tail` lie side by side, so
 * that a compiler clears them in one store. */
struct virtq_shadow {
    void *cookie;
    virtio_u32 limit; /* of a head: 1 more than the bytes of the chain that the device may write */
    virtio_u16 count; /* of a head: the chain's descriptors */
    virtio_u16 tail;  /* of a head: the chain's last descriptor */
    virtio_u16 next;  /* the next in the chain, or in the free list */
    virtio_u16 order; /* of the available ring's slot of this number: the head put into it */
};

#define VIRTQ_NO_LEN 1 /* of virtq_check_len: the len means nothing */

/* The rare outcomes; in virtqueue.c. */
int virtq_refuse(const struct virtqueue *vq, virtio_u32 count, virtio_u32 needed);
void virtq_break(struct virtqueue *vq, int reason);
int virtq_check_len(const struct virtq_shadow *shadow, virtio_u32 written);
int virtq_get_beside(struct virtqueue *vq, void **cookie, virtio_u32 *len);

int virtq_enable_event(struct virtqueue *vq); /* with EVENT_IDX */

VIRTIO_INLINE void virtq_write_desc(volatile struct virtq_desc *desc, virtio_u64 addr,
                                    virtio_u32 len, virtio_u16 flags, virtio_u16 next)
{
    desc->addr = addr;
    desc->len = len;
    desc->flags = flags;
    desc->next = next;
}

/* Writes piece `i` of a buffer to `desc` and adds its length to `bytes`. Zero if the length is 0, or
 * if the bytes would no longer fit 32 bits (virtio 1.2, 2.7.5.2: no chain longer than 2^32 bytes).
 * virtio 1.2, 2.7.4.2: device-writable pieces come after the device-readable ones. */
VIRTIO_INLINE int virtq_write_piece(volatile struct virtq_desc *desc, const struct virtq_sg *sg,
                                    virtio_u32 i, virtio_u32 count, virtio_u32 out_count,
                                    virtio_u32 next, virtio_u32 *bytes)
{
    virtio_u32 flags = i >= out_count ? VIRTQ_DESC_F_WRITE : 0;
    virtio_u32 len = sg[i].len;

    if (i + 1 == count) {
        next = 0;
    } else {
        flags |= VIRTQ_DESC_F_NEXT;
    }
    virtq_write_desc(desc, sg[i].addr, len, (virtio_u16)flags, (virtio_u16)next);
    if (len - 1 >= 0xFFFFFFFFu - *bytes) {
        return 0;
    }
    *bytes += len;
    return 1;
}

/* virtio 1.2, 2.7.13.2: the ring entry, beyond the idx that the device was shown, and the record of a
 * chain whose descriptors are written. `next` is the new head of the free list. */
VIRTIO_INLINE void virtq_make_available(struct virtqueue *vq, virtio_u32 tail, virtio_u32 needed,
                                        virtio_u32 next, virtio_u32 writable, void *cookie)
{
    virtio_u32 head = vq->free_head;
    virtio_u32 slot = vq->avail_idx & vq->mask;
    struct virtq_shadow *shadow = vq->shadow;

    vq->free_head = next;
    vq->free_count -= needed;

    vq->avail->ring[slot] = (virtio_u16)head;
    shadow[slot].order = (virtio_u16)head;
    vq->avail_idx++;

    shadow += head;
    shadow->cookie = cookie;
    shadow->limit = writable + 1;
    shadow->count = (virtio_u16)needed;
    shadow->tail = (virtio_u16)tail;
}

/* virtq_get looks at used idx again, and sees that there are chains which the device does not know yet. */
VIRTIO_INLINE void virtq_begin_adding(struct virtqueue *vq)
{
    vq->used_idx = vq->last_used_idx;
}

VIRTIO_INLINE void virtq_table_write(const struct virtq_indirect *indirect, virtio_u32 i,
                                     virtio_u64 addr, virtio_u32 len)
{
    virtq_write_desc(&indirect->table[i], addr, len, VIRTQ_DESC_F_NEXT, (virtio_u16)(i + 1));
}

VIRTIO_INLINE void virtq_table_end(const struct virtq_indirect *indirect, virtio_u32 count)
{
    volatile struct virtq_desc *last = &indirect->table[count - 1];

    last->flags = 0;
    last->next = 0;
}

VIRTIO_INLINE int virtq_add_table(struct virtqueue *vq, const struct virtq_indirect *indirect,
                                  virtio_u16 count, void *cookie)
{
    virtio_u32 head = vq->free_head;
    /* virtio 1.2, 2.7.5.3.1: no chain longer than the queue size, indirect ones included. */
    virtio_u32 needed = count != 0 && count <= indirect->capacity && count <= vq->indirect_max;

    if (needed == 0 || vq->free_count == 0 || cookie == 0) {
        return virtq_refuse(vq, count, needed);
    }
    /* virtio 1.2, 2.7.5.3.1: INDIRECT never in the table itself, nor beside NEXT. */
    virtq_write_desc(&vq->desc[head], indirect->addr, (virtio_u32)sizeof(struct virtq_desc) * count,
                     VIRTQ_DESC_F_INDIRECT, 0);
    virtq_begin_adding(vq);
    virtq_make_available(vq, head, 1, vq->shadow[head].next, 0, cookie);
    return VIRTQ_OK;
}

/* One function, because it is on the path of every frame.
 * NOLINTNEXTLINE(readability-function-cognitive-complexity) */
VIRTIO_INLINE int virtq_add_next(struct virtqueue *vq, const struct virtq_sg *sg,
                                 virtio_u16 out_count, virtio_u16 in_count,
                                 const struct virtq_indirect *indirect, void *cookie)
{
    virtio_u32 count = (virtio_u32)out_count + in_count;
    virtio_u32 needed = count;
    virtio_u32 head = vq->free_head;
    virtio_u32 tail = head;
    virtio_u32 bytes = 0;
    virtio_u32 out_bytes = 0;
    struct virtq_shadow *shadow = vq->shadow;
    virtio_u32 next;
    virtio_u32 i;

    /* virtio 1.2, 2.7.5.3.1: no chain longer than the queue size, indirect ones included. */
    if (indirect != 0 && count > 1 && count <= indirect->capacity && count <= vq->indirect_max) {
        needed = 1;
    }
    if (needed == 0 || needed > vq->free_count || cookie == 0) {
        return virtq_refuse(vq, count, needed);
    }

    /* virtio 1.2, 2.7.13.1. Every member is written anew, because the device may have written here
     * since. The device looks at none of it before the next publish, so a bad piece leaves nothing
     * to be undone. */
    next = shadow[head].next;
    if (count == 1) {
        if (!virtq_write_piece(&vq->desc[head], sg, 0, 1, out_count, 0, &bytes)) {
            return VIRTQ_E_INVALID;
        }
    } else if (needed == 1) {
        for (i = 0; i < count; i++) {
            if (i == out_count) {
                out_bytes = bytes;
            }
            if (!virtq_write_piece(&indirect->table[i], sg, i, count, out_count, i + 1, &bytes)) {
                return VIRTQ_E_INVALID;
            }
        }
        /* virtio 1.2, 2.7.5.3.1: INDIRECT never in the table itself, nor beside NEXT. */
        virtq_write_desc(&vq->desc[head], indirect->addr,
                         (virtio_u32)sizeof(struct virtq_desc) * count, VIRTQ_DESC_F_INDIRECT, 0);
    } else {
        for (i = 0;; i++) {
            if (i == out_count) {
                out_bytes = bytes;
            }
            if (!virtq_write_piece(&vq->desc[tail], sg, i, count, out_count, next, &bytes)) {
                return VIRTQ_E_INVALID;
            }
            if (i + 1 == count) {
                break;
            }
            tail = next;
            next = shadow[tail].next;
        }
    }
    virtq_make_available(vq, tail, needed, next, in_count != 0 ? bytes - out_bytes : 0, cookie);
    return VIRTQ_OK;
}

VIRTIO_INLINE int virtq_add(struct virtqueue *vq, const struct virtq_sg *sg, virtio_u16 out_count,
                            virtio_u16 in_count, const struct virtq_indirect *indirect,
                            void *cookie)
{
    virtq_begin_adding(vq);
    return virtq_add_next(vq, sg, out_count, in_count, indirect, cookie);
}

VIRTIO_INLINE int virtq_event_passed(virtio_u16 event, virtio_u16 before, virtio_u16 after)
{
    return (virtio_u16)(event - before) < (virtio_u16)(after - before);
}

/* The used buffer that interrupts: the driver's word after the available ring (virtio 1.2, 2.7.6). */
VIRTIO_INLINE void virtq_set_used_event(struct virtqueue *vq, virtio_u32 at)
{
    vq->used_event = at;
    *vq->used_event_word = (virtio_u16)at;
}

/* Moves the interrupt to what was added last, or to the buffer that interrupt_after names. The event only
 * moves forward. A device that passes the old place and the new one at once interrupts, whichever it
 * reads. If it passed the old one before, it has interrupted. A place further back it might have passed
 * unseen. */
VIRTIO_INLINE void virtq_defer_event(struct virtqueue *vq)
{
    virtio_u32 out = vq->avail_idx - vq->last_used_idx;
    virtio_u32 count = vq->interrupt_after;
    virtio_u32 at = vq->last_used_idx + (count < out ? count : out) - 1;

    if (vq->quiet == 0 && at - vq->used_event < 0x80000000u) {
        virtq_set_used_event(vq, at);
    }
}

/* virtio 1.2, 2.7.13.3.1: descriptors and ring entries before idx; 2.7.6.1: idx only grows; 2.7.13.4.1:
 * idx before flags or avail_event are read, or a notification is missed. */
VIRTIO_INLINE void virtq_write_idx(struct virtqueue *vq, virtio_u32 idx)
{
    virtio_compiler_barrier();
    vq->avail->idx = (virtio_u16)idx;
    virtio_full_barrier();
}

VIRTIO_INLINE int virtq_publish(struct virtqueue *vq)
{
    virtio_u32 idx = vq->avail_idx;
    int wanted;

    if (idx == vq->published_idx) {
        return 0;
    }

    if (vq->event_idx == 0) {
        virtq_write_idx(vq, idx);
        /* virtio 1.2, 2.7.10.1: flags 0 demands the notification. */
        wanted = (vq->used->flags & VIRTQ_USED_F_NO_NOTIFY) == 0;
    } else {
        virtq_defer_event(vq);
        virtq_write_idx(vq, idx);
        /* virtio 1.2, 2.7.10.1: the entry that avail_event names demands the notification; the flags
         * are ignored. */
        wanted = virtq_event_passed(*vq->avail_event_word, (virtio_u16)vq->published_idx,
                                    (virtio_u16)idx);
    }
    vq->published_idx = idx;
    if (!wanted) {
        return 0;
    }
    vq->notifications++;
    return 1;
}

/* A used buffer waits, in a virtqueue that is not broken. */
VIRTIO_INLINE int virtq_is_waiting(const struct virtqueue *vq)
{
    return vq->used_idx != vq->last_used_idx || vq->used->idx != (virtio_u16)vq->last_used_idx;
}

VIRTIO_INLINE void virtq_notified(struct virtqueue *vq)
{
    virtio_atomic_increment(&vq->notified);
}

VIRTIO_INLINE int virtq_is_notifying(const struct virtqueue *vq)
{
    return vq->notified != vq->notifications;
}

/* Nonzero: a chain with this head was added and not published. */
VIRTIO_INLINE int virtq_is_unpublished(const struct virtqueue *vq, virtio_u32 id)
{
    virtio_u32 idx;

    for (idx = vq->published_idx; idx != vq->avail_idx; idx++) {
        if (vq->shadow[idx & vq->mask].order == id) {
            return 1;
        }
    }
    return 0;
}

/* Takes the used element at last_used_idx, which the device has written. `beside`: there are chains that
 * the device does not know yet, and must not return. */
VIRTIO_INLINE int virtq_take(struct virtqueue *vq, int beside, void **cookie, virtio_u32 *len)
{
    virtio_u32 at = vq->last_used_idx;
    volatile struct virtq_used_elem *elem = &vq->used->ring[at & vq->mask];
    struct virtq_shadow *shadow;
    virtio_u32 id = elem->id;
    virtio_u32 written = elem->len;
    virtio_u32 count;
    int status;

    if (VIRTIO_DEVICE_LIES(id >= vq->size)) {
        virtq_break(vq, VIRTQ_E_USED_ID);
        return VIRTQ_E_USED_ID;
    }
    if (beside && VIRTIO_DEVICE_LIES(virtq_is_unpublished(vq, id))) {
        virtq_break(vq, VIRTQ_E_USED_ID);
        return VIRTQ_E_USED_ID;
    }
    shadow = &vq->shadow[id];
    /* One comparison for two checks: no chain begins at a descriptor of limit 0. */
    if (VIRTIO_DEVICE_LIES(written >= shadow->limit)) {
        status = virtq_check_len(shadow, written);
        if (status < VIRTQ_OK) {
            virtq_break(vq, status);
            return status;
        }
        if (status == VIRTQ_NO_LEN) {
            written = 0;
        }
    }

    vq->last_used_idx = at + 1;
    count = shadow->count;
    if (count > 1) {
        vq->shadow[shadow->tail].next = (virtio_u16)vq->free_head;
    } else {
        shadow->next = (virtio_u16)vq->free_head;
    }
    shadow->limit = 0;
    shadow->count = 0;
    shadow->tail = 0;
    vq->free_head = id;
    vq->free_count += count;
    *cookie = shadow->cookie;
    *len = written;
    return VIRTQ_OK;
}

VIRTIO_INLINE int virtq_get(struct virtqueue *vq, void **cookie, virtio_u32 *len)
{
    virtio_u32 at = vq->last_used_idx;
    virtio_u32 waiting;
    virtio_u32 bytes;
    void *found;
    int status;

    if (at == vq->used_idx) {
        if (vq->broken != VIRTQ_OK) {
            return vq->broken;
        }
        waiting = (virtio_u16)(vq->used->idx - at);
        if (waiting == 0) {
            return VIRTQ_EMPTY;
        }
        if (VIRTIO_DEVICE_LIES(waiting > vq->published_idx - at)) {
            virtq_break(vq, VIRTQ_E_USED_IDX);
            return VIRTQ_E_USED_IDX;
        }
        /* The device sets the element before idx (virtio 1.2, 2.7.8.2): idx is read before it. */
        virtio_compiler_barrier();
        if (vq->avail_idx != vq->published_idx) {
            /* Variables of its own, so that those of the caller stay in registers. */
            status = virtq_get_beside(vq, &found, &bytes);
            if (status == VIRTQ_OK) {
                *cookie = found;
                *len = bytes;
            }
            return status;
        }
        vq->used_idx = at + waiting;
    }
    return virtq_take(vq, 0, cookie, len);
}

VIRTIO_INLINE void virtq_disable_interrupts(struct virtqueue *vq)
{
    if (vq->event_idx != 0) {
        /* virtio 1.2, 2.7.7.1: the flags stay 0. The event is one that the device has passed: it comes
         * there again after 65535 buffers more. */
        vq->quiet = 1;
        virtq_set_used_event(vq, vq->last_used_idx - 1);
        return;
    }
    vq->avail->flags = VIRTQ_AVAIL_F_NO_INTERRUPT;
}

VIRTIO_INLINE int virtq_enable_interrupts(struct virtqueue *vq)
{
    if (vq->broken != VIRTQ_OK) {
        return 1;
    }

    if (vq->event_idx != 0) {
        return virtq_enable_event(vq);
    }
    vq->avail->flags = 0;
    /* virtio 1.2, 2.7.7.1, 2.7.14: what was used before the device saw this has not interrupted. */
    virtio_full_barrier();
    return !virtq_is_waiting(vq);
}

VIRTIO_INLINE virtio_u16 virtq_free_count(const struct virtqueue *vq)
{
    return (virtio_u16)vq->free_count;
}

VIRTIO_INLINE virtio_u16 virtq_outstanding(const struct virtqueue *vq)
{
    return (virtio_u16)(vq->avail_idx - vq->last_used_idx);
}

VIRTIO_INLINE virtio_u16 virtq_used_count(const struct virtqueue *vq)
{
    return vq->broken == VIRTQ_OK ? (virtio_u16)(vq->used->idx - vq->last_used_idx) : 0;
}

VIRTIO_INLINE int virtq_has_used(const struct virtqueue *vq)
{
    return vq->broken == VIRTQ_OK && virtq_is_waiting(vq);
}

VIRTIO_INLINE int virtq_broken(const struct virtqueue *vq)
{
    return vq->broken;
}

#endif
