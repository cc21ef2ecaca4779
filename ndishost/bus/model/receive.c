/* SPDX-License-Identifier: MIT */
/* From the wire into the driver's receive buffers (virtio 1.2, 5.1.6.3, 5.1.6.4). */
#include <string.h>
#include "bus/model/features.h"
#include "bus/model/model.h"
#include "bus/model/partial.h"
#include "nt/machine/dma_map.h"

#define USED_MAX      256u /* buffers a batch */
#define BUFFERS_MAX   64u  /* a frame, with MRG_RXBUF */
#define REORDER_REACH 16u

struct incoming {
    struct used_buffer used[USED_MAX];
    unsigned count;  /* buffers */
    unsigned frames; /* done with, into a buffer or dropped */
    uint64_t bytes;
    unsigned received;
};

/* ---- One buffer ---- */

/* The next buffer, NULL if there is none. Lock held. */
static struct chain *take_buffer(struct model *model, struct ring *ring)
{
    bool merge = model->negotiated & FEATURE_MRG_RXBUF;
    uint32_t least = model->options.header + (merge ? 0 : NET_RX_BUFFER_MIN - NET_HEADER_SIZE);
    uint16_t reach = ring->queue_count < REORDER_REACH ? ring->queue_count : REORDER_REACH;
    struct chain *chain = ring_take(
        ring, model->options.reorder && reach ? (uint16_t)random_below(&model->random, reach) : 0);

    if (!chain || !chain_mapped(model, ring, chain))
        return NULL;
    if (chain->readable)
        ring_violation(model, ring, RULE_RX_READABLE, "chain %u: %llu device-readable bytes",
                       chain->head, (unsigned long long)chain->readable);
    if (chain->writable < least)
        ring_violation(model, ring, RULE_RX_SMALL, "chain %u: a receive buffer of %llu bytes (%u)",
                       chain->head, (unsigned long long)chain->writable, least);
    return chain;
}

/* ---- One frame ---- */

static void header_faults(struct model *model, struct spec_net_header *header)
{
    if (fault_hit(&model->faults, FAULT_RX_NUM_ZERO))
        header->num_buffers = 0;
    if (fault_hit(&model->faults, FAULT_RX_NUM_MANY))
        header->num_buffers = 2;
    if (fault_hit(&model->faults, FAULT_RX_FLAGS)) {
        header->flags = 0xFF;
        header->gso_type = 1;
        header->csum_start = header->csum_offset = 0xFFFF;
        header->hdr_len = header->gso_size = 0xFFFF;
    }
    if (fault_hit(&model->faults, FAULT_RX_TUNNEL))
        header->gso_type = NET_HDR_GSO_TUNNEL_4;
    if (fault_hit(&model->faults, FAULT_RX_TUNNELS))
        header->gso_type = NET_HDR_GSO_TUNNEL_4 | NET_HDR_GSO_TUNNEL_6;
}

/* What the used element says; the faults may have it otherwise. */
static uint32_t length_faults(struct model *model, const struct chain *chain, uint32_t length)
{
    if (fault_hit(&model->faults, FAULT_RX_SHORT))
        length = model->options.header - 1;
    if (fault_hit(&model->faults, FAULT_RX_EMPTY))
        length = model->options.header;
    if (fault_hit(&model->faults, FAULT_RX_RUNT))
        length = model->options.header + ETHERNET_HEADER_SIZE - 1;
    if (fault_hit(&model->faults, FAULT_RX_LONG))
        length = (uint32_t)chain->writable;
    return length;
}

/* Takes the buffers that header and frame need into used[], with their lengths; returns how many, 0 if
 * there are not enough now, -1 if the frame can never fit. */
static int take_buffers(struct model *model, struct ring *ring, uint32_t frame_length,
                        struct used_buffer *used)
{
    bool merge = model->negotiated & FEATURE_MRG_RXBUF;
    uint64_t left = (uint64_t)model->options.header + frame_length;
    int n = 0;

    while (left > 0 && n < (merge ? (int)BUFFERS_MAX : 1)) {
        struct chain *chain = take_buffer(model, ring);

        if (!chain)
            break;
        used[n].chain = chain;
        used[n].length = (uint32_t)(left < chain->writable ? left : chain->writable);
        left -= used[n++].length;
    }
    if (left == 0)
        return n;
    for (int i = n; i-- > 0;)
        ring_untake(ring, used[i].chain);
    return n == (merge ? (int)BUFFERS_MAX : 1) ? -1 : 0;
}

static void fill(struct model *model, struct used_buffer *used, int n,
                 const struct wire_frame *frame)
{
    struct spec_net_header header = {.num_buffers = (uint16_t)n};
    uint32_t done, room = used[0].length, size = model->options.header;
    struct partial partial;
    bool is_partial = model->options.partial && model->negotiated & FEATURE_GUEST_CSUM &&
                      partial_find(frame->data, frame->length, &partial);

    if (is_partial) {
        header.flags = NET_HDR_F_NEEDS_CSUM;
        header.csum_start = partial.start;
        header.csum_offset = partial.offset;
        partial_leave(frame->data, &partial);
    }
    header_faults(model, &header);
    chain_scatter(used[0].chain, 0, &header, size);
    done = room > size ? room - size : 0;
    chain_scatter(used[0].chain, size, frame->data, done);
    for (int i = 1; i < n; i++) {
        chain_scatter(used[i].chain, 0, frame->data + done, used[i].length);
        done += used[i].length;
    }
    used[0].length = length_faults(model, used[0].chain, used[0].length);
    if (is_partial) /* another life of the device may want the frame again, whole */
        partial_restore(frame->data, &partial);
}

/* ---- A batch ---- */

static bool stalled(struct model *model)
{
    if (fault_hit(&model->faults, FAULT_DEAD))
        atomic_store(&model->dead, true);
    return atomic_load(&model->dead) || fault_hit(&model->faults, FAULT_RX_STALL);
}

/* The queue that a frame goes to. */
static struct ring *choose(struct model *model, const struct wire_frame *frame)
{
    unsigned pair = 0;

    if (model->pairs_used > 1)
        pair = steer_choose(&model->steer, frame->data, frame->length, model->pairs_used);
    return &model->ring[2 * pair + QUEUE_RX];
}

static bool wanted(const struct model *model, const struct wire_frame *frame)
{
    return !(model->negotiated & (FEATURE_CTRL_RX | FEATURE_CTRL_VLAN)) ||
           rx_filter_accepts(&model->filter, model->negotiated, frame->data, frame->length);
}

enum ended { FRAMES_DONE, BUFFERS_DONE, STALLED };

/* Puts frames into the queue's buffers until one of them, or this batch, is at its end. */
static enum ended place_frames(struct model *model, struct ring *ring, struct incoming *in,
                               const struct wire_frame *const *frames, uint32_t available)
{
    while (in->frames < available && in->count + BUFFERS_MAX <= USED_MAX) {
        const struct wire_frame *frame = frames[in->frames];
        int n;

        if (model_is_wide(model) && choose(model, frame) != ring)
            break; /* the next batch's */
        if (stalled(model))
            return STALLED;
        if (model_is_wide(model) && !wanted(model, frame)) {
            count(model, COUNT_RX_FILTERED, 1);
            in->frames++;
            continue;
        }
        n = take_buffers(model, ring, frame->length, &in->used[in->count]);
        if (n == 0)
            return BUFFERS_DONE;
        in->frames++;
        if (n < 0) {
            count(model, COUNT_RX_TOO_LONG, 1);
            continue;
        }
        fill(model, &in->used[in->count], n, frame);
        in->count += (unsigned)n;
        in->received++;
        in->bytes += frame->length;
    }
    return FRAMES_DONE;
}

/* The driver has made the buffer available again, under whichever head. Lock held. */
static bool given_back(const struct ring *ring, const struct chain_piece *buffer)
{
    for (uint32_t i = 0; i < ring->size; i++)
        if (ring->chain[i].outstanding && ring->chain[i].piece[0].data == buffer->data)
            return true;
    return false;
}

/* FAULT_RX_WRITES_ON: the buffer that was used last, to its end. A further frame has come, so the driver
 * has had time to hand the buffer up. Lock held, and the queue fetched. */
static void write_on(struct model *model, const struct ring *ring)
{
    struct chain_piece buffer = model->last_received;

    model->last_received.data = NULL;
    if (!fault_armed(&model->faults, FAULT_RX_WRITES_ON) || !buffer.data || !ring->live ||
        given_back(ring, &buffer) ||
        !model_may_touch(model, ring, buffer.copy.addr, buffer.copy.len, DMA_MAP_WRITE,
                         "writes into a used buffer") ||
        !fault_hit(&model->faults, FAULT_RX_WRITES_ON))
        return;
    atomic_fetch_or(&model->bus.lies, 1);
    memset(buffer.data, 0xFF, buffer.copy.len);
}

/* What is new in the queue, fetched. Lock held. */
static inline __attribute__((always_inline)) void look(struct model *model, unsigned index)
{
    struct ring *ring = &model->ring[index];
    bool notified = model->look[index] == LOOK_NOTIFIED;

    model->look[index] = LOOK_ON;
    ring_want_notifications(model, ring, false);
    if (!ring_fetch(model, ring) && notified)
        count(model, COUNT_NOTIFICATIONS_VAIN, 1);
}

/* Frames wait and no buffer is there. true: one came in just now. Lock held. */
static bool starved(struct model *model, struct ring *ring)
{
    if (!thread_await_notification(model, ring))
        return true;
    count(model, COUNT_RX_STARVED, 1);
    return false;
}

/* With FAULT_USED_IDX_BACK a driver that has not looked yet misses the whole batch and the frame before,
 * and cannot know: the next frames take their places in the used ring. */
static void publish_locked(struct model *model, struct ring *ring, struct incoming *in)
{
    uint16_t before = ring->used_idx;

    ring_publish(model, ring, in->used, in->count);
    if (in->count)
        model->last_received = in->used[in->count - 1].chain->piece[0];
    if (in->count && ring->used_idx == (uint16_t)(before - 1))
        count(model, COUNT_RX_UNTOLD, in->received + 1);
    if (ring->misled)
        count(model, COUNT_RX_MISLED, in->received);
    count(model, COUNT_RX_FRAMES, in->received);
    count(model, COUNT_RX_BYTES, in->bytes);
}

static bool publish(struct model *model, struct ring *ring, struct incoming *in)
{
    bool interrupt = false;

    thread_delay(model);
    pthread_mutex_lock(&model->lock);
    if (!thread_stale(model)) {
        publish_locked(model, ring, in);
        interrupt = in->count && ring_wants_interrupt(model, ring);
    } else {
        in->frames = 0; /* the next life gets them */
    }
    pthread_mutex_unlock(&model->lock);
    return interrupt;
}

/* The receive queues after the first, also those of pairs not in use: the driver may fill them before. */
static bool looking_further(const struct model *model)
{
    for (unsigned pair = 1; pair < atomic_load(&model->pairs); pair++)
        if (model->look[2 * pair + QUEUE_RX] != LOOK_NOT)
            return true;
    return false;
}

/* Lock held. */
static void look_further(struct model *model)
{
    for (unsigned pair = 1; pair < atomic_load(&model->pairs); pair++)
        if (model->look[2 * pair + QUEUE_RX] != LOOK_NOT)
            look(model, 2 * pair + QUEUE_RX);
}

bool receive_batch(struct model *model)
{
    struct ring *ring = &model->ring[QUEUE_RX];
    const struct wire_frame *frames[BATCH];
    struct incoming in = {.count = 0};
    uint32_t available;
    bool more = false;

    if (model->look[QUEUE_RX] == LOOK_NOT && !(model_is_wide(model) && looking_further(model)))
        return false;
    available = wire_peek(&model->wire, frames, BATCH);
    pthread_mutex_lock(&model->lock);
    if (!thread_stale(model)) {
        enum ended ended;

        if (model->look[QUEUE_RX] != LOOK_NOT)
            look(model, QUEUE_RX);
        if (model_is_wide(model)) {
            look_further(model);
            if (available)
                ring = choose(model, frames[0]);
        }
        if (available)
            write_on(model, ring);
        ended = place_frames(model, ring, &in, frames, available);
        /* A queue that waits for its notification keeps the frames behind waiting, too: none is lost. */
        more = ended == FRAMES_DONE
                   ? in.frames > 0
                   : ended == BUFFERS_DONE && model->look[ring->index] != LOOK_NOT &&
                         starved(model, ring);
    }
    pthread_mutex_unlock(&model->lock);
    if (in.frames == 0)
        return more;
    if (publish(model, ring, &in) && !fault_hit(&model->faults, FAULT_LOST))
        interrupt_queue(model, ring->index);
    wire_drop(&model->wire, in.frames);
    for (unsigned i = 0; i < in.received; i++)
        thread_frame_fault(model);
    return more;
}
