/* SPDX-License-Identifier: MIT */
/*
 * virtqueue.h: the driver's side of a split virtqueue (virtio 1.2, section 2.7), for drivers of any
 * device type. It allocates nothing, waits for nothing and knows no bus. It believes nothing that
 * the device wrote: it checks each used element against a record that the device cannot reach.
 *
 * Typical usage:
 *
 *  1. virtq_layout(size, &layout)              how much memory the ring and the record need
 *  2. virtq_init(&vq, &config)                 the ring is empty; vq.desc_addr, vq.avail_addr and
 *                                              vq.used_addr go to the device
 *     virtq_indirect_init(&indirect, ...)      once for each table, if the caller has some
 *  3. virtq_set_features(&vq, negotiated)      after each negotiation
 *  4. virtq_add(&vq, sg, out, in, ...)         once a buffer; the device sees nothing yet
 *  5. if (virtq_publish(&vq)) {                once a batch; the device sees all that was added
 *         write the notification register      best without the lock
 *         virtq_notified(&vq);
 *     }
 *  6. on an interrupt:
 *         virtq_disable_interrupts(&vq);
 *         do
 *             while (virtq_get(&vq, &cookie, &len) == VIRTQ_OK)
 *                 ... the buffer is the driver's again ...
 *         while (!virtq_enable_interrupts(&vq));       something came in between: look again
 *  7. before a device reset, when nobody publishes any more:
 *         while (virtq_is_notifying(&vq)) wait a little;
 *  8. after a device reset:
 *         while ((cookie = virtq_detach(&vq)) != NULL) ... each buffer, once ...
 *         virtq_reset(&vq);
 *
 * Locks: the caller allows one call on a virtqueue at a time. Only virtq_notified,
 * virtq_is_notifying and virtq_used_count need no lock. The device works on the ring at the same time.
 * IRQL: any, if the memory is resident.
 *
 * The functions of steps 4 to 6 are inline (virtqueue_inline.h), the others are in virtqueue.c.
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
#define VIRTQ_FULL      (-2) /* virtq_add: not enough free descriptors; the buffer was not added */
#define VIRTQ_E_INVALID (-3) /* an argument that no caller may give; nothing was done */
/* The device reported what cannot be. The virtqueue is broken from then on: virtq_add and virtq_get
 * return the same code, virtq_publish publishes nothing and returns 0. The device must be reset. */
#define VIRTQ_E_USED_IDX (-4) /* used idx ran ahead of what was made available */
#define VIRTQ_E_USED_ID  (-5) /* a used id that is not the head of an outstanding chain */
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

/* An indirect table (virtio 1.2, 2.7.5.3): memory that the device can read. It is the virtqueue's
 * from the virtq_add that was given it until virtq_get or virtq_detach returns that buffer's
 * cookie. */
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

struct virtq_shadow; /* the record of one descriptor; in virtqueue_inline.h */

/*
 * Only the functions below write the members. The caller may read the three addresses, the size and
 * indirect_max.
 * The indices count from the last virtq_reset on and do not wrap at 16 bits; the ring has their
 * lower halves. What was added and not taken back is avail_idx - last_used_idx.
 */
struct virtqueue {
    /* Guarded by the lock that the caller holds around each call. */
    volatile struct virtq_desc *desc;
    volatile struct virtq_avail *avail;
    volatile struct virtq_used *used;
    volatile virtio_u16 *used_event_word;  /* the driver's, after the available ring */
    volatile virtio_u16 *avail_event_word; /* the device's, after the used ring */
    struct virtq_shadow *shadow;
    virtio_u32 mask; /* size - 1 */
    virtio_u32 free_head;
    virtio_u32 free_count;
    virtio_u32 avail_idx;     /* next to write, not yet seen by the device */
    virtio_u32 published_idx; /* what the device was last shown */
    virtio_u32 last_used_idx; /* the next one to read */
    virtio_u32 used_idx;      /* the device's idx as it was last read and checked */
    virtio_u32 indirect_max;  /* pieces of an indirect chain: the queue size; 0: not negotiated */
    virtio_u32 detach_next;
    virtio_u32 event_idx;       /* 1: VIRTIO_F_EVENT_IDX was negotiated */
    virtio_u32 used_event;      /* with it: the used buffer that interrupts */
    virtio_u32 quiet;           /* with it: interrupts are disabled */
    virtio_u32 interrupt_after; /* with it: so many used buffers interrupt */
    int broken;                 /* VIRTQ_OK, or the first VIRTQ_E_USED_xxx */
    /* Constant after virtq_init. */
    virtio_u32 size;
    virtio_u64 desc_addr; /* for the device's queue_desc, queue_driver, queue_device */
    virtio_u64 avail_addr;
    virtio_u64 used_addr;
    /* Notifications that virtq_publish asked for (written under the lock), and that were written
     * since (interlocked). Both wrap. */
    volatile virtio_u32 notifications;
    volatile virtio_u32 notified;
};

/* Computes sizes and offsets for a queue of `size` descriptors. VIRTQ_E_INVALID: a queue
 * cannot have this size. */
int virtq_layout(virtio_u16 size, struct virtq_layout *layout);

/* Takes over the memory of `config` and makes an empty ring of it; all of it is written. Interrupts
 * start enabled, and no feature is negotiated. VIRTQ_E_INVALID: bad size, null or misaligned
 * memory. */
int virtq_init(struct virtqueue *vq, const struct virtq_config *config);

/* Makes the ring empty again, in the same memory, after a device reset. It forgets outstanding
 * buffers: call virtq_detach before. The features stay. */
void virtq_reset(struct virtqueue *vq);

/* Tells the ring which features were negotiated; it follows VIRTIO_F_INDIRECT_DESC and
 * VIRTIO_F_EVENT_IDX. Call it while the ring is empty. */
void virtq_set_features(struct virtqueue *vq, virtio_u64 negotiated);

/*
 * With EVENT_IDX, for a driver that need not hear of each buffer: the device interrupts when it has used
 * `count` buffers more than were taken, or all, if they are fewer. Each virtq_publish puts the interrupt
 * off; each virtq_enable_interrupts returns zero if so many were used. An interrupt must lead to
 * virtq_enable_interrupts. `count` is 1 after virtq_init, and always without EVENT_IDX.
 */
void virtq_interrupt_after(struct virtqueue *vq, virtio_u32 count);

/* Prepares a table of `capacity` entries for virtq_add. `addr` is its device address.
 * VIRTQ_E_INVALID: no capacity, or memory that is null or not aligned to 16 bytes. */
int virtq_indirect_init(struct virtq_indirect *indirect, void *table, virtio_u64 addr,
                        virtio_u16 capacity);

/*
 * Puts one buffer in the ring: `out_count` device-readable pieces, then `in_count` device-writable
 * ones (virtio 1.2, 2.7.13, 2.7.4.2). At least one piece in all, and less than 2^32 bytes.
 *
 * With `indirect`, several pieces go into that table and take one descriptor of the ring, if
 * VIRTIO_F_INDIRECT_DESC was negotiated and the table is large enough. Otherwise, and with NULL,
 * each piece takes a descriptor.
 *
 * `cookie` is not NULL; virtq_get or virtq_detach returns it. The array `sg` is the caller's again
 * after the call. The memory that it names, and the table, are the device's until the cookie is
 * back.
 *
 * VIRTQ_FULL: there are fewer free descriptors than the buffer takes; try again after virtq_get.
 * VIRTQ_E_INVALID: a bad argument, or more pieces than the queue size: waiting would not help.
 */
VIRTIO_INLINE int virtq_add(struct virtqueue *vq, const struct virtq_sg *sg, virtio_u16 out_count,
                            virtio_u16 in_count, const struct virtq_indirect *indirect,
                            void *cookie);

/*
 * For a caller that adds many buffers, with no virtq_get between them:
 *     virtq_begin_adding(&vq);
 *     virtq_add_next(&vq, sg, out, in, indirect, cookie);     each
 */
VIRTIO_INLINE void virtq_begin_adding(struct virtqueue *vq);
VIRTIO_INLINE int virtq_add_next(struct virtqueue *vq, const struct virtq_sg *sg,
                                 virtio_u16 out_count, virtio_u16 in_count,
                                 const struct virtq_indirect *indirect, void *cookie);

/*
 * The same for a caller that writes the table itself, without an array between, and without the lock:
 *     virtq_table_write(&indirect, 0, addr, len);     each device-readable piece in order
 *     virtq_table_write(&indirect, 1, addr, len);     at most `capacity`; no len is 0
 *     virtq_table_end(&indirect, 2);                  how many there are
 *     virtq_add_table(&vq, &indirect, 2, cookie);     with the lock
 * The lengths come to less than 2^32 bytes. The table may be written while it is the caller's.
 * virtq_add_table returns what virtq_add does. VIRTQ_E_INVALID also: VIRTIO_F_INDIRECT_DESC was not
 * negotiated.
 */
VIRTIO_INLINE void virtq_table_write(const struct virtq_indirect *indirect, virtio_u32 i,
                                     virtio_u64 addr, virtio_u32 len);
VIRTIO_INLINE void virtq_table_end(const struct virtq_indirect *indirect, virtio_u32 count);
VIRTIO_INLINE int virtq_add_table(struct virtqueue *vq, const struct virtq_indirect *indirect,
                                  virtio_u16 count, void *cookie);

/*
 * Shows the device all that was added since the last call. Returns nonzero if the device must be
 * notified: something was published and the device has not asked for silence (virtio 1.2, 2.7.10).
 * The device asks by VIRTQ_USED_F_NO_NOTIFY, or with EVENT_IDX by avail_event. The caller then writes
 * the notification register and calls virtq_notified.
 *
 * Both words are the device's, and it may lie in them. A lie costs notifications that were not needed,
 * or keeps the device from hearing of its own work. No address and no index is made of them.
 */
VIRTIO_INLINE int virtq_publish(struct virtqueue *vq);

/* Ends a notification that virtq_publish asked for: the register is written. Once for each. Needs
 * no lock; from any processor. */
VIRTIO_INLINE void virtq_notified(struct virtqueue *vq);

/*
 * Nonzero while a notification that virtq_publish asked for may not be written yet. A device must
 * not be notified between its reset and DRIVER_OK (virtio 1.2, 3.1.1). So before a reset the caller
 * makes sure that nobody publishes any more, and waits until this is 0. Needs no lock.
 */
VIRTIO_INLINE int virtq_is_notifying(const struct virtqueue *vq);

/*
 * Takes back the next used buffer: its cookie and, in *len, how many bytes the device reports to
 * have written: never more than the chain's device-writable bytes, and 0 for a chain without any,
 * whatever the device reports (virtio 1.2, 2.7.8). VIRTQ_EMPTY, or VIRTQ_E_USED_xxx: nothing was
 * taken.
 */
VIRTIO_INLINE int virtq_get(struct virtqueue *vq, void **cookie, virtio_u32 *len);

/* Nonzero: an idx that went from `before` to `after` has passed entry `event`, which is one of
 * `before` to `after` - 1. All count modulo 65536 (virtio 1.2, 2.7.7.2, 2.7.10.1). */
VIRTIO_INLINE int virtq_event_passed(virtio_u16 event, virtio_u16 before, virtio_u16 after);

/* Asks the device for no interrupts while the driver polls. A hint: one may still come. */
VIRTIO_INLINE void virtq_disable_interrupts(struct virtqueue *vq);

/* Asks for interrupts again and looks at used idx once more (virtio 1.2, 2.7.7.1). Nonzero: nothing
 * is waiting and the next use will interrupt. Zero: something is; interrupts are on, poll again. A
 * broken virtqueue returns nonzero, so that the loop ends. */
VIRTIO_INLINE int virtq_enable_interrupts(struct virtqueue *vq);

/* How many buffers virtq_get may return now. A hint, which the device can make anything of. Needs no
 * lock. */
VIRTIO_INLINE virtio_u16 virtq_used_count(const struct virtqueue *vq);

/* After the device has been reset: the cookie of one buffer that virtq_get has not returned,
 * published or not, each once; NULL when none is left. Then virtq_reset, before anything else is
 * added. */
void *virtq_detach(struct virtqueue *vq);

/* Descriptors that virtq_add may use: none, if the virtqueue is broken. */
VIRTIO_INLINE virtio_u16 virtq_free_count(const struct virtqueue *vq);

/* Buffers that were added, and that neither virtq_get nor virtq_detach has returned. */
VIRTIO_INLINE virtio_u16 virtq_outstanding(const struct virtqueue *vq);

/* Nonzero: virtq_get has something to return. 0 if the virtqueue is broken. */
VIRTIO_INLINE int virtq_has_used(const struct virtqueue *vq);

/* VIRTQ_OK, or the VIRTQ_E_USED_xxx that broke the virtqueue. */
VIRTIO_INLINE int virtq_broken(const struct virtqueue *vq);

/* A short English sentence for what a call returned, for logs and tools. Never NULL. */
const char *virtq_status_text(int status);

#include "virtqueue_inline.h"

#ifdef __cplusplus
}
#endif

#endif
