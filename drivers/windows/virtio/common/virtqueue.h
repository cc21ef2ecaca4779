/* SPDX-License-Identifier: MIT */
/*
 * virtqueue.h: the driver's side of a split virtqueue (virtio 1.2, section 2.7).
 * It knows rings; it knows neither buses nor networks, allocates nothing, sleeps never, and
 * believes nothing that the device wrote: each used element is held against a record of its own.
 *
 * In order:
 *
 *  1. virtq_layout(size, &layout)       how much memory the ring and the record need
 *  2. virtq_init(&vq, &config)          ring empty; give ring_addr + layout offsets to the device
 *  3. virtq_add(...)                    once a buffer; the device sees nothing yet
 *     virtq_add_indirect(...)
 *  4. if (virtq_publish(&vq))           once a batch; nonzero: the device wants the notification,
 *         notify the device             write it now
 *  5. on an interrupt:
 *         virtq_disable_interrupts(&vq);
 *         do
 *             while (virtq_get(&vq, &cookie, &len) == VIRTQ_OK)
 *                 ... the buffer is the driver's again ...
 *         while (!virtq_enable_interrupts(&vq));       something came in between: look again
 *  6. when the device has been reset:
 *         while ((cookie = virtq_detach(&vq)) != NULL) ... every buffer comes back once ...
 *
 * Locking is the caller's: no two calls on one virtqueue may overlap. Any IRQL, provided the memory
 * is resident. The device runs at the same time on the other side, on any processor.
 */
#ifndef VIRTQUEUE_H
#define VIRTQUEUE_H

#include "virtio_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VIRTQ_MAX_SIZE 32768 /* virtio 1.2, 2.7: the largest queue size */

/* struct virtq_desc's flags; virtio 1.2, 2.7.5 */
#define VIRTQ_DESC_F_NEXT          1
#define VIRTQ_DESC_F_WRITE         2
#define VIRTQ_DESC_F_INDIRECT      4

#define VIRTQ_AVAIL_F_NO_INTERRUPT 1 /* virtio 1.2, 2.7.6 */
#define VIRTQ_USED_F_NO_NOTIFY     1 /* virtio 1.2, 2.7.8 */

/* What the calls return. Zero is success, less than zero is not. */
#define VIRTQ_OK        0
#define VIRTQ_EMPTY     (-1) /* virtq_get: the device has used nothing more */
#define VIRTQ_FULL      (-2) /* virtq_add: not enough free descriptors; nothing was changed */
#define VIRTQ_E_INVALID (-3) /* an argument that no caller may give; nothing was changed */
/* The device lied. The virtqueue is broken from then on: virtq_add and virtq_get return the same
 * code, virtq_publish publishes nothing and returns 0, and the device must be reset. */
#define VIRTQ_E_USED_IDX (-4) /* used idx ran ahead of what was made available */
#define VIRTQ_E_USED_ID  (-5) /* a used id that is no head of an outstanding chain */
#define VIRTQ_E_USED_LEN (-6) /* a used len beyond the chain's device-writable bytes */

/* The ring's three parts in memory, as the device reads them (virtio 1.2, 2.7.5, 2.7.6, 2.7.8). */
struct virtq_desc {
    virtio_u64 addr;
    virtio_u32 len;
    virtio_u16 flags;
    virtio_u16 next;
};

struct virtq_avail {
    virtio_u16 flags;
    virtio_u16 idx;
    virtio_u16 ring[1]; /* queue size of them */
};

struct virtq_used_elem {
    virtio_u32 id;
    virtio_u32 len;
};

struct virtq_used {
    virtio_u16 flags;
    virtio_u16 idx;
    struct virtq_used_elem ring[1]; /* queue size of them */
};

/* One device-contiguous piece of a buffer. len is in bytes and never 0. */
struct virtq_sg {
    virtio_u64 addr;
    virtio_u32 len;
};

/* A table for virtq_add_indirect: memory the device can read, 16-byte aligned, that belongs to the
 * virtqueue from the add until its cookie comes back. */
struct virtq_indirect {
    struct virtq_desc *table;
    virtio_u64 addr;     /* the table's device address */
    virtio_u16 capacity; /* entries the table holds */
};

/* Where the parts lie in one contiguous block, and how large block and record are, in bytes. */
struct virtq_layout {
    virtio_u32 desc_offset;
    virtio_u32 avail_offset;
    virtio_u32 used_offset;
    virtio_u32 ring_bytes;  /* contiguous for the device, 16-byte aligned at least */
    virtio_u32 state_bytes; /* ordinary resident memory, aligned for a pointer */
};

struct virtq_config {
    virtio_u16 size;      /* a power of two, 1..VIRTQ_MAX_SIZE */
    void *ring;           /* layout.ring_bytes, mapped for both sides */
    virtio_u64 ring_addr; /* its device address */
    void *state;          /* layout.state_bytes */
};

struct virtq_shadow; /* the driver's own record of one descriptor; in virtqueue.c */

/* Guarded by the lock that the caller holds around each call. Only the functions below touch it. */
struct virtqueue {
    volatile struct virtq_desc *desc;
    volatile struct virtq_avail *avail;
    volatile struct virtq_used *used;
    struct virtq_shadow *shadow;
    virtio_u64 desc_addr; /* for the device's queue_desc, queue_driver, queue_device */
    virtio_u64 avail_addr;
    virtio_u64 used_addr;
    virtio_u16 size;
    virtio_u16 free_head;
    virtio_u16 free_count;
    virtio_u16 avail_idx;     /* next to write, not yet seen by the device */
    virtio_u16 published_idx; /* what the device was last shown */
    virtio_u16 last_used_idx; /* next to read */
    virtio_u16 outstanding;   /* chains the device owns, or will own at the next publish */
    virtio_u16 added_head;    /* the unpublished chains, in the order they were added */
    virtio_u16 added_tail;
    virtio_u16 detach_next;
    int broken; /* VIRTQ_OK, or the first VIRTQ_E_USED_xxx */
};

/* Sizes and offsets for a queue of `size` descriptors; VIRTQ_E_INVALID if that is no queue size. */
int virtq_layout(virtio_u16 size, struct virtq_layout *layout);

/* Takes over the memory of `config` and makes an empty ring of it (all of it is written).
 * Interrupts start enabled. VIRTQ_E_INVALID: bad size, null or misaligned memory. */
int virtq_init(struct virtqueue *vq, const struct virtq_config *config);

/* Makes the ring empty again, in the same memory, after a device reset. What was outstanding is
 * forgotten: call virtq_detach first. */
void virtq_reset(struct virtqueue *vq);

/*
 * Puts one buffer in the ring: `out_count` device-readable pieces, then `in_count` device-writable
 * ones, each a descriptor, chained (virtio 1.2, 2.7.13, 2.7.4.2). At least one piece in all, and no
 * more than 2^32 bytes. `cookie` is not NULL and comes back from virtq_get or virtq_detach.
 * VIRTQ_FULL: fewer free descriptors than pieces. VIRTQ_E_INVALID also for more pieces than the
 * queue size: waiting would not help. The array may go after the call; the memory it names is the
 * device's until the cookie is back.
 */
int virtq_add(struct virtqueue *vq, const struct virtq_sg *sg, virtio_u16 out_count,
              virtio_u16 in_count, void *cookie);

/* The same with one descriptor of the ring and the pieces in `indirect` (virtio 1.2, 2.7.5.3); only
 * when VIRTIO_F_INDIRECT_DESC was negotiated. VIRTQ_E_INVALID also for more pieces than capacity or
 * than the queue size. */
int virtq_add_indirect(struct virtqueue *vq, const struct virtq_sg *sg, virtio_u16 out_count,
                       virtio_u16 in_count, const struct virtq_indirect *indirect, void *cookie);

/* Shows the device all that was added since the last call. Returns nonzero if the device must
 * now be notified: something was published and VIRTQ_USED_F_NO_NOTIFY is clear (virtio 1.2,
 * 2.7.10). */
int virtq_publish(struct virtqueue *vq);

/* Takes back the next used buffer: its cookie and, in *len, the bytes that the device says it wrote
 * (never more than the chain's device-writable bytes). VIRTQ_EMPTY, or VIRTQ_E_USED_xxx. */
int virtq_get(struct virtqueue *vq, void **cookie, virtio_u32 *len);

/* Asks the device for no interrupts while the driver polls. A hint: one may come all the same. */
void virtq_disable_interrupts(struct virtqueue *vq);

/* Asks for interrupts again and looks at used idx once more (virtio 1.2, 2.7.7.1). Nonzero: nothing
 * is waiting and the next use will interrupt. Zero: something is; interrupts are on, poll again. A
 * broken virtqueue returns nonzero, so that the loop ends. */
int virtq_enable_interrupts(struct virtqueue *vq);

/* After the device has been reset: the cookie of one buffer that never came back, published or not,
 * each once; NULL when none is left. Then virtq_reset, before anything else is added. */
void *virtq_detach(struct virtqueue *vq);

/* Readers. */
virtio_u16 virtq_free_count(const struct virtqueue *vq);  /* descriptors that an add may use */
virtio_u16 virtq_outstanding(const struct virtqueue *vq); /* chains not yet returned */
int virtq_has_used(const struct virtqueue *vq); /* nonzero: virtq_get has work; 0: broken */
int virtq_broken(const struct virtqueue *vq);   /* VIRTQ_OK or the lie that broke it */

#ifdef __cplusplus
}
#endif

#endif
