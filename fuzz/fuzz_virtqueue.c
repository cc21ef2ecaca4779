/* SPDX-License-Identifier: MIT */
/*
 * fuzz_virtqueue.c: a driver that keeps to virtqueue.h, a device that does anything: the input says
 * what the driver calls next and what the device scribbles meanwhile, anywhere in the ring and the
 * indirect tables. Whatever it does, the driver's record stays true: each buffer comes home once,
 * with a len it can have, and the first lie breaks the virtqueue for good.
 *
 * fuzz-sources: drivers/windows/virtio/common/virtqueue.c
 */
#include "fuzz.h"
#include "virtqueue.h"

#define MAX_SIZE   64
#define MAX_PIECES 5

enum place { FREE, ADDED, PUBLISHED };

struct buffer {
    enum place place;
    uint16_t head; /* where virtq_add put it */
    uint32_t descriptors;
    uint64_t writable;
    _Alignas(16) struct virtq_desc table[MAX_PIECES];
};

struct bench {
    struct fuzz_input input;
    struct virtqueue vq;
    struct virtq_layout layout;
    uint16_t size;
    uint8_t *ring;
    void *state;
    struct virtq_desc *desc;
    volatile struct virtq_avail *avail;
    volatile struct virtq_used *used;
    struct buffer *buffers; /* `size` of them */
    uint16_t avail_idx;     /* as it must be */
    int indirect;           /* VIRTIO_F_INDIRECT_DESC is negotiated */
    int broken;
};

static void bench_init(struct bench *b, const uint8_t *data, size_t size)
{
    struct virtq_config config;
    uint32_t shape;

    memset(b, 0, sizeof(*b));
    b->input.data = data;
    b->input.size = size;
    shape = (uint32_t)fuzz_take(&b->input, 1, 0);
    b->size = (uint16_t)(1u << shape % 7);
    b->indirect = shape < 0xC0;
    FUZZ_ASSERT(virtq_layout(b->size, &b->layout) == VIRTQ_OK);
    b->ring = aligned_alloc(64, b->layout.ring_bytes);
    b->state = malloc(b->layout.state_bytes);
    b->buffers = aligned_alloc(16, (sizeof(*b->buffers) * b->size + 15) & ~(size_t)15);
    memset(b->buffers, 0, sizeof(*b->buffers) * b->size);
    config.size = b->size;
    config.ring = b->ring;
    config.ring_addr = 0x100000;
    config.state = b->state;
    FUZZ_ASSERT(virtq_init(&b->vq, &config) == VIRTQ_OK);
    virtq_set_features(&b->vq, b->indirect ? VIRTIO_F_INDIRECT_DESC : 0);
    b->desc = (struct virtq_desc *)(void *)(b->ring + b->layout.desc_offset);
    b->avail = (volatile struct virtq_avail *)(void *)(b->ring + b->layout.avail_offset);
    b->used = (volatile struct virtq_used *)(void *)(b->ring + b->layout.used_offset);
}

/* The record against the bench's own. */
static void check(const struct bench *b)
{
    uint32_t out = 0, descriptors = 0, i;

    for (i = 0; i < b->size; i++) {
        if (b->buffers[i].place != FREE) {
            out++;
            descriptors += b->buffers[i].descriptors;
        }
    }
    FUZZ_ASSERT(virtq_outstanding(&b->vq) == out);
    /* A broken virtqueue has none to give. What is detached from it counts again. */
    if (b->broken == VIRTQ_OK)
        FUZZ_ASSERT(virtq_free_count(&b->vq) == b->size - descriptors);
    else
        FUZZ_ASSERT(virtq_free_count(&b->vq) <= b->size - descriptors);
    FUZZ_ASSERT(virtq_broken(&b->vq) == b->broken);
}

/* What the device would read now of the chain at `head` is what was asked for. */
static void check_chain(const struct bench *b, uint16_t head, const struct virtq_sg *sg,
                        uint32_t out, uint32_t total, const struct virtq_desc *table)
{
    const struct virtq_desc *desc = b->desc;
    uint32_t index = head;
    uint32_t i;

    FUZZ_ASSERT(head < b->size);
    if (table != NULL) {
        FUZZ_ASSERT(desc[head].addr == (uintptr_t)table);
        FUZZ_ASSERT(desc[head].len == 16 * total);
        FUZZ_ASSERT(desc[head].flags == VIRTQ_DESC_F_INDIRECT);
        desc = table;
        index = 0;
    }
    for (i = 0; i < total; i++) {
        FUZZ_ASSERT(index < (table != NULL ? total : b->size));
        FUZZ_ASSERT(desc[index].addr == sg[i].addr && desc[index].len == sg[i].len);
        FUZZ_ASSERT(desc[index].flags == ((i >= out ? VIRTQ_DESC_F_WRITE : 0) |
                                          (i + 1 < total ? VIRTQ_DESC_F_NEXT : 0)));
        index = desc[index].next;
    }
}

static void driver_add(struct bench *b, int with_table)
{
    uint32_t shape = (uint32_t)fuzz_take(&b->input, 1, 0);
    uint32_t total = 1 + shape % MAX_PIECES;
    uint32_t out = shape / MAX_PIECES % (total + 1);
    struct virtq_sg sg[MAX_PIECES];
    struct virtq_indirect indirect;
    struct buffer *buffer = NULL;
    int as_indirect = with_table && b->indirect && total > 1; /* a table is for several pieces */
    uint64_t writable = 0;
    uint32_t i;
    int status;

    for (i = 0; i < b->size && buffer == NULL; i++) {
        buffer = b->buffers[i].place == FREE ? &b->buffers[i] : NULL;
    }
    if (buffer == NULL) {
        return;
    }
    for (i = 0; i < total; i++) {
        sg[i].addr = 0x1000 * (i + 1);
        sg[i].len = 1 + (uint32_t)fuzz_take(&b->input, 1, 0);
        writable += i >= out ? sg[i].len : 0;
    }
    FUZZ_ASSERT(virtq_indirect_init(&indirect, buffer->table, (uintptr_t)buffer->table,
                                    MAX_PIECES) == VIRTQ_OK);
    status = virtq_add(&b->vq, sg, (uint16_t)out, (uint16_t)(total - out),
                       with_table ? &indirect : NULL, buffer);
    if (b->broken != VIRTQ_OK) {
        FUZZ_ASSERT(status == b->broken);
    } else if (total > b->size) {
        FUZZ_ASSERT(status == VIRTQ_E_INVALID);
    } else if ((as_indirect ? 1 : total) > virtq_free_count(&b->vq) && status != VIRTQ_OK) {
        FUZZ_ASSERT(status == VIRTQ_FULL);
    } else {
        FUZZ_ASSERT(status == VIRTQ_OK);
        buffer->place = ADDED;
        buffer->descriptors = as_indirect ? 1 : total;
        buffer->writable = writable;
        buffer->head = b->avail->ring[b->avail_idx % b->size];
        b->avail_idx++;
        check_chain(b, buffer->head, sg, out, total, as_indirect ? buffer->table : NULL);
    }
}

static void driver_publish(struct bench *b)
{
    uint32_t added = 0, i;
    uint16_t flags = b->used->flags;
    int notify = virtq_publish(&b->vq);

    if (b->broken != VIRTQ_OK) {
        FUZZ_ASSERT(!notify);
        return;
    }
    for (i = 0; i < b->size; i++) {
        if (b->buffers[i].place == ADDED) {
            b->buffers[i].place = PUBLISHED;
            added++;
        }
    }
    FUZZ_ASSERT(!!notify == (added != 0 && (flags & 1) == 0));
    FUZZ_ASSERT(added == 0 || b->avail->idx == b->avail_idx);
}

static void driver_get(struct bench *b)
{
    int had = virtq_has_used(&b->vq);
    void *cookie = b;
    uint32_t len = 0;
    int status = virtq_get(&b->vq, &cookie, &len);
    struct buffer *buffer = cookie;

    FUZZ_ASSERT(b->broken == VIRTQ_OK || (status == b->broken && !had));
    if (status == VIRTQ_OK) {
        FUZZ_ASSERT(had);
        FUZZ_ASSERT(buffer >= b->buffers && buffer < b->buffers + b->size);
        FUZZ_ASSERT(buffer->place == PUBLISHED);
        FUZZ_ASSERT(len <= buffer->writable);
        FUZZ_ASSERT(buffer->writable != 0 || len == 0);
        buffer->place = FREE;
        return;
    }
    FUZZ_ASSERT(cookie == b);
    if (status == VIRTQ_EMPTY) {
        FUZZ_ASSERT(!had);
        return;
    }
    FUZZ_ASSERT(status == VIRTQ_E_USED_IDX || status == VIRTQ_E_USED_ID ||
                status == VIRTQ_E_USED_LEN);
    b->broken = status;
}

static void driver_reset(struct bench *b)
{
    struct buffer *buffer;
    uint32_t i;

    while ((buffer = virtq_detach(&b->vq)) != NULL) {
        FUZZ_ASSERT(buffer >= b->buffers && buffer < b->buffers + b->size);
        FUZZ_ASSERT(buffer->place != FREE);
        buffer->place = FREE;
        check(b);
    }
    for (i = 0; i < b->size; i++) {
        FUZZ_ASSERT(b->buffers[i].place == FREE);
    }
    virtq_reset(&b->vq);
    b->avail_idx = 0;
    b->broken = VIRTQ_OK;
}

static void driver_enable(struct bench *b)
{
    int nothing = virtq_enable_interrupts(&b->vq);

    FUZZ_ASSERT(b->broken == VIRTQ_OK || nothing);
    FUZZ_ASSERT(b->broken != VIRTQ_OK || nothing == !virtq_has_used(&b->vq));
}

/* A used element and idx as an honest device would write them, for a buffer of the input's
 * choice: so that runs get past the first lie. */
static void device_use(struct bench *b)
{
    struct buffer *buffer = &b->buffers[fuzz_take(&b->input, 1, 0) % b->size];
    uint32_t len = (uint32_t)fuzz_take(&b->input, 1, 0);
    uint16_t idx = b->used->idx;

    b->used->ring[idx % b->size].id = buffer->head;
    b->used->ring[idx % b->size].len =
        len > buffer->writable && len % 4 != 0 ? (uint32_t)buffer->writable : len;
    b->used->idx = (uint16_t)(idx + 1);
}

static void device_scribble(struct bench *b)
{
    uint32_t at = (uint32_t)fuzz_take(&b->input, 2, 0) % b->layout.ring_bytes;
    uint32_t bytes = (uint32_t)fuzz_take(&b->input, 1, 0) % 16 + 1;

    for (; bytes != 0 && at < b->layout.ring_bytes; bytes--) {
        b->ring[at++] = (uint8_t)fuzz_take(&b->input, 1, 0xFF);
    }
}

static void device_scribble_table(struct bench *b)
{
    struct buffer *buffer = &b->buffers[fuzz_take(&b->input, 1, 0) % b->size];

    memset(buffer->table, (int)fuzz_take(&b->input, 1, 0), sizeof(buffer->table));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bench bench;
    struct bench *b = &bench;

    bench_init(b, data, size);
    while (b->input.size != 0) {
        switch (fuzz_take(&b->input, 1, 0) % 16) {
        case 0 ... 1:
            driver_add(b, 0);
            break;
        case 2:
            driver_add(b, 1);
            break;
        case 3 ... 4:
            driver_publish(b);
            break;
        case 5 ... 6:
            driver_get(b);
            break;
        case 7:
            virtq_disable_interrupts(&b->vq);
            break;
        case 8:
            driver_enable(b);
            break;
        case 9 ... 11:
            device_use(b);
            break;
        case 12:
            device_scribble(b);
            break;
        case 13:
            b->used->idx = (uint16_t)fuzz_take(&b->input, 2, 0);
            break;
        case 14:
            device_scribble_table(b);
            break;
        default:
            if (fuzz_take(&b->input, 1, 0) == 0xA5) {
                driver_reset(b);
            }
            b->used->flags = (uint16_t)fuzz_take(&b->input, 1, 0);
            break;
        }
        check(b);
    }
    driver_reset(b);
    check(b);
    free(b->buffers);
    free(b->state);
    free(b->ring);
    return 0;
}
