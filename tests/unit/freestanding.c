/* SPDX-License-Identifier: MIT */
/*
 * freestanding.c: the ring as a driver has it: virtqueue.c and every inline function of
 * virtqueue_inline.h, each once as a whole. tests/unit/run compiles it for Windows with the
 * strictest warnings and sees that it needs no symbol of anybody else.
 */
#include "virtqueue.c"

int user_add(struct virtqueue *vq, const struct virtq_sg *sg, virtio_u16 out_count,
             virtio_u16 in_count, const struct virtq_indirect *indirect, void *cookie);
int user_add(struct virtqueue *vq, const struct virtq_sg *sg, virtio_u16 out_count,
             virtio_u16 in_count, const struct virtq_indirect *indirect, void *cookie)
{
    return virtq_add(vq, sg, out_count, in_count, indirect, cookie);
}

int call_add_table(struct virtqueue *vq, const struct virtq_indirect *indirect, void *cookie);
int call_add_table(struct virtqueue *vq, const struct virtq_indirect *indirect, void *cookie)
{
    virtq_table_write(indirect, 0, 4096, 1);
    virtq_table_end(indirect, 1);
    return virtq_add_table(vq, indirect, 1, cookie);
}

int user_notify(struct virtqueue *vq);
int user_notify(struct virtqueue *vq)
{
    if (virtq_publish(vq)) {
        virtq_notified(vq);
    }
    return virtq_is_notifying(vq);
}

int user_get(struct virtqueue *vq, void **cookie, virtio_u32 *len);
int user_get(struct virtqueue *vq, void **cookie, virtio_u32 *len)
{
    virtq_disable_interrupts(vq);
    return virtq_enable_interrupts(vq) ? VIRTQ_EMPTY : virtq_get(vq, cookie, len);
}

int user_defer(struct virtqueue *vq);
int user_defer(struct virtqueue *vq)
{
    virtq_interrupt_after(vq, 4);
    return virtq_used_count(vq);
}

int user_read(struct virtqueue *vq);
int user_read(struct virtqueue *vq)
{
    return virtq_free_count(vq) + virtq_outstanding(vq) + virtq_has_used(vq) + virtq_broken(vq);
}
