/* SPDX-License-Identifier: MIT */
/* From the transmit queue onto the wire (virtio 1.2, 5.1.6.2). */
#include <stdio.h>
#include <string.h>
#include "bus/model/features.h"
#include "bus/model/model.h"
#include "bus/model/segment.h"

struct outgoing {
    struct used_buffer used[BATCH];
    uint32_t length[BATCH]; /* of the frame in model->frames; 0: nothing to send */
    unsigned count;
    bool large; /* the last one is segmented: its packet is model->packet */
    struct segments segments;
};

/* ---- Checks ---- */

/* 5.1.6.2.1: HOST_TSO4, HOST_TSO6, and HOST_ECN for packets with CWR. */
static bool gso_allowed(const struct model *model, const struct spec_net_header *header)
{
    unsigned type = header->gso_type & ~NET_HDR_GSO_ECN;

    if (header->gso_type & NET_HDR_GSO_ECN && !(model->negotiated & FEATURE_HOST_ECN))
        return false;
    return (type == NET_HDR_GSO_TCPV4 && model->negotiated & FEATURE_HOST_TSO4) ||
           (type == NET_HDR_GSO_TCPV6 && model->negotiated & FEATURE_HOST_TSO6);
}

static inline __attribute__((always_inline)) bool header_good(struct model *model,
                                                              const struct ring *ring,
                                                              const struct chain *chain,
                                                              const struct spec_net_header *header)
{
    uint8_t allowed = model->negotiated & FEATURE_CSUM ? NET_HDR_F_NEEDS_CSUM : 0;

    if (header->flags & ~allowed)
        ring_violation(model, ring, RULE_TX_FLAGS, "chain %u: the header's flags are 0x%02x",
                       chain->head, header->flags);
    if (header->num_buffers)
        ring_violation(model, ring, RULE_TX_NUM_BUFFERS,
                       "chain %u: the header's num_buffers is %u (is the header 12 bytes long?)",
                       chain->head, header->num_buffers);
    if (!header->gso_type || gso_allowed(model, header))
        return true;
    ring_violation(model, ring, RULE_TX_GSO,
                   "chain %u: gso_type is 0x%02x, which was not negotiated", chain->head,
                   header->gso_type);
    return false;
}

static inline __attribute__((always_inline)) bool size_good(struct model *model,
                                                            const struct ring *ring,
                                                            const struct chain *chain,
                                                            const uint8_t *frame, uint64_t length)
{
    uint32_t most = ETHERNET_HEADER_SIZE + (uint32_t)model->mtu;
    bool tagged = length >= ETHERNET_HEADER_SIZE && frame[12] == 0x81 && frame[13] == 0x00;

    if (length >= ETHERNET_HEADER_SIZE && length <= most + (tagged ? ETHERNET_TAG_SIZE : 0))
        return true;
    ring_violation(model, ring, RULE_TX_SIZE, "chain %u: a frame of %llu bytes (%u to %u%s)",
                   chain->head, (unsigned long long)length, ETHERNET_HEADER_SIZE, most,
                   tagged ? ", and 4 for its tag" : "");
    return false;
}

/* What the driver left to the device: RFC 1071 over the frame from csum_start on. */
static bool complete_checksum(struct model *model, const struct ring *ring,
                              const struct chain *chain, const struct spec_net_header *header,
                              uint8_t *frame, uint32_t length)
{
    uint32_t at = (uint32_t)header->csum_start + header->csum_offset, sum = 0;

    if (header->csum_start >= length || at + 2 > length) {
        ring_violation(model, ring, RULE_TX_CSUM,
                       "chain %u: csum_start %u and csum_offset %u in a frame of %u bytes",
                       chain->head, header->csum_start, header->csum_offset, length);
        return false;
    }
    for (uint32_t i = header->csum_start; i < length; i++)
        sum += (i - header->csum_start) % 2 ? frame[i] : (uint32_t)frame[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    frame[at] = (uint8_t)(~sum >> 8);
    frame[at + 1] = (uint8_t)~sum;
    return true;
}

/* ---- One frame ---- */

/* A packet to segment, into model->packet. Returns its length, 0 if it does not go onto the wire. Lock held. */
static uint32_t take_packet(struct model *model, const struct ring *ring, const struct chain *chain,
                            const struct spec_net_header *header, struct segments *segments)
{
    uint64_t length = chain->readable - model->options.header;
    char why[160] = "";

    if (length > SEGMENT_PACKET) {
        snprintf(why, sizeof why, "a packet of %llu bytes to segment (%u)",
                 (unsigned long long)length, SEGMENT_PACKET);
    } else {
        chain_gather(chain, model->options.header, model->packet, (size_t)length);
        if (!segment_read(model->packet, (uint32_t)length, header, segments, why, sizeof why))
            length = 0;
        else if (segment_longest(segments) > ETHERNET_HEADER_SIZE + (uint32_t)model->mtu)
            snprintf(why, sizeof why, "gso_size is %u: a segment is longer than the MTU %u allows",
                     header->gso_size, model->mtu);
    }
    if (!*why)
        return (uint32_t)length;
    ring_violation(model, ring, RULE_TX_GSO, "chain %u: %s", chain->head, why);
    return 0;
}

/* Copies the frame to `to`; returns its length, 0 if it does not go onto the wire. Lock held. */
static inline __attribute__((always_inline)) uint32_t take_frame(struct model *model,
                                                                 const struct ring *ring,
                                                                 const struct chain *chain,
                                                                 uint8_t *to, struct outgoing *out)
{
    struct spec_net_header header = {0};
    uint32_t size = model->options.header;
    uint64_t length;

    if (!chain_mapped(model, ring, chain))
        return 0;
    if (chain->writable)
        ring_violation(model, ring, RULE_TX_WRITABLE, "chain %u: %llu device-writable bytes",
                       chain->head, (unsigned long long)chain->writable);
    if (chain_gather(chain, 0, &header, size) != size) {
        ring_violation(model, ring, RULE_TX_HEADER,
                       "chain %u: %llu bytes, less than the header's %u", chain->head,
                       (unsigned long long)chain->readable, size);
        return 0;
    }
    length = chain->readable - size;
    memset(to, 0, ETHERNET_HEADER_SIZE);
    chain_gather(chain, size, to, length < model->frame_max ? (size_t)length : model->frame_max);
    if (!header_good(model, ring, chain, &header))
        return 0;
    if (header.gso_type) {
        out->large = true;
        return take_packet(model, ring, chain, &header, &out->segments);
    }
    if (!size_good(model, ring, chain, to, length))
        return 0;
    if ((header.flags & NET_HDR_F_NEEDS_CSUM) && (model->negotiated & FEATURE_CSUM) &&
        !complete_checksum(model, ring, chain, &header, to, (uint32_t)length))
        return 0;
    return (uint32_t)length;
}

/* ---- A batch ---- */

static inline __attribute__((always_inline)) bool stalled(struct model *model)
{
    if (fault_hit(&model->faults, FAULT_DEAD))
        atomic_store(&model->dead, true);
    return atomic_load(&model->dead) || fault_hit(&model->faults, FAULT_TX_STALL);
}

/* 5.1.6.5.6.1: a pair that the driver has not set, or not any more. What it sent there before is allowed. Lock held. */
static bool beyond(struct model *model, struct ring *ring, const struct chain *chain)
{
    if (ring->index < 2 * model->pairs_used)
        return false;
    if (ring->allowed) {
        ring->allowed--;
        return false;
    }
    ring_violation(model, ring, RULE_MQ_QUEUE,
                   "chain %u: a frame in transmit queue %u, while %u of %u pairs are in use",
                   chain->head, ring->index, model->pairs_used, model->options.pairs);
    return true;
}

/* Lock held. */
static inline __attribute__((always_inline)) void collect(struct model *model, struct ring *ring,
                                                          struct outgoing *out)
{
    out->count = 0;
    while (out->count < BATCH && !out->large && ring->queue_count && !stalled(model)) {
        struct chain *chain = ring_take(ring, 0);

        out->length[out->count] =
            model_is_wide(model) && beyond(model, ring, chain)
                ? 0
                : take_frame(model, ring, chain,
                             model->frames + (size_t)out->count * model->frame_max, out);
        out->used[out->count++] = (struct used_buffer){chain, 0};
    }
}

static void deliver_frame(struct model *model, const uint8_t *frame, uint32_t length)
{
    const struct bus_events *events = model->bus.events;

    count(model, COUNT_TX_FRAMES, 1);
    count(model, COUNT_TX_BYTES, length);
    if (events->wire_receive)
        events->wire_receive(model->bus.context, frame, length);
}

static void deliver_segments(struct model *model, struct segments *segments)
{
    uint8_t *frame = model->frames; /* those before it are delivered */
    uint32_t length;

    while ((length = segment_next(segments, frame)))
        deliver_frame(model, frame, length);
}

/* No lock held: the receiver may take its time. */
static inline __attribute__((always_inline)) void deliver(struct model *model, struct outgoing *out,
                                                          unsigned pair)
{
    for (unsigned i = 0; i < out->count; i++) {
        bool large = out->large && i == out->count - 1;
        const uint8_t *frame = large ? model->packet : model->frames + (size_t)i * model->frame_max;

        thread_frame_fault(model);
        if (model_is_wide(model) && model->pairs_used > 1 && out->length[i])
            steer_sent(&model->steer, frame, out->length[i], pair);
        if (out->length[i] == 0) {
            count(model, COUNT_TX_REFUSED, 1);
        } else if (!model->link_up) {
            count(model, COUNT_TX_NO_LINK, 1);
        } else if (large) {
            deliver_segments(model, &out->segments);
        } else {
            deliver_frame(model, frame, out->length[i]);
        }
    }
}

/* Inline: the path of every batch. */
static inline __attribute__((always_inline)) bool look(struct model *model, struct ring *ring,
                                                       unsigned index)
{
    bool notified = model->look[index] == LOOK_NOTIFIED;

    model->look[index] = LOOK_ON;
    ring_want_notifications(model, ring, false);
    if (!ring_fetch(model, ring) && notified && !ring->queue_count)
        count(model, COUNT_NOTIFICATIONS_VAIN, 1);
    while (!ring->queue_count && !model->broken)
        if (thread_await_notification(model, ring) || !ring_fetch(model, ring))
            return false;
    return !model->broken;
}

bool transmit_look(struct model *model, struct ring *ring)
{
    return look(model, ring, ring->index);
}

static inline __attribute__((always_inline)) bool batch(struct model *model, unsigned pair)
{
    const unsigned index = 2 * pair + QUEUE_TX;
    struct ring *ring = &model->ring[index];
    struct outgoing out;
    bool interrupt = false, more = false;

    if (model->look[index] == LOOK_NOT)
        return false;
    out.count = 0;
    out.large = false;
    pthread_mutex_lock(&model->lock);
    if (!thread_stale(model) && look(model, ring, index))
        collect(model, ring, &out);
    pthread_mutex_unlock(&model->lock);
    if (out.count == 0)
        return false;
    deliver(model, &out, pair);
    thread_delay(model);
    pthread_mutex_lock(&model->lock);
    if (!thread_stale(model)) {
        thread_shuffle(model, out.used, out.count);
        ring_publish(model, ring, out.used, out.count);
        interrupt = ring_wants_interrupt(model, ring);
        more = true;
    }
    pthread_mutex_unlock(&model->lock);
    if (interrupt && !fault_hit(&model->faults, FAULT_LOST))
        interrupt_queue(model, index);
    return more;
}

bool transmit_batch(struct model *model)
{
    return batch(model, 0);
}

bool transmit_further(struct model *model, unsigned pair)
{
    return batch(model, pair);
}
