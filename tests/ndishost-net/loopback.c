/* SPDX-License-Identifier: MIT */
#include "loopback.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STATUS_MEDIA_DISCONNECTED ((int32_t)0xC023001F)
#define STATUS_PAUSED             ((int32_t)0xC023002A)

static bool full(const struct queue *queue)
{
    return queue->head - queue->tail == LOOPBACK_QUEUE;
}

static void put(struct queue *queue, const void *bytes, size_t length, uint32_t tag,
                uint64_t cookie)
{
    struct packet *packet = &queue->packets[queue->head++ % LOOPBACK_QUEUE];

    memcpy(packet->bytes, bytes, length);
    packet->length = length;
    packet->tag = tag;
    packet->cookie = cookie;
}

/* ---- The ports ---- */

static unsigned near_send(void *context, const struct net_frame *frames, unsigned count)
{
    struct loopback *loopback = context;
    unsigned taken = 0;

    pthread_mutex_lock(&loopback->lock);
    if (loopback->take_at_most && count > loopback->take_at_most)
        count = loopback->take_at_most;
    for (; taken < count && !loopback->paused && !loopback->refuse && !full(&loopback->queues[TX]);
         taken++) {
        put(&loopback->queues[TX], frames[taken].data, frames[taken].length, frames[taken].tag,
            frames[taken].cookie);
        loopback->short_frames += frames[taken].length < 60;
    }
    loopback->near_sends++;
    loopback->near_frames += taken;
    pthread_cond_broadcast(&loopback->changed);
    pthread_mutex_unlock(&loopback->lock);
    return taken;
}

static int far_send(void *context, const void *frame, size_t length)
{
    struct loopback *loopback = context;
    int result = -1;

    pthread_mutex_lock(&loopback->lock);
    while (!loopback->stopping && loopback->link_up && full(&loopback->queues[RX]))
        pthread_cond_wait(&loopback->changed, &loopback->lock);
    if (!loopback->stopping && loopback->link_up) {
        put(&loopback->queues[RX], frame, length, TAG_NONE, 0);
        pthread_cond_broadcast(&loopback->changed);
        result = 0;
    }
    pthread_mutex_unlock(&loopback->lock);
    return result;
}

static void finished(void *context)
{
    struct loopback *loopback = context;

    pthread_mutex_lock(&loopback->lock);
    loopback->finished = true;
    pthread_cond_broadcast(&loopback->changed);
    pthread_mutex_unlock(&loopback->lock);
}

/* ---- The wire ---- */

static const struct fault *fault_of(const struct loopback *loopback, enum way way, uint64_t at)
{
    for (unsigned i = 0; i < loopback->fault_count; i++) {
        const struct fault *fault = &loopback->faults[i];

        if (fault->way == way && (fault->kind == STALL ? at >= fault->at : at == fault->at))
            return fault;
    }
    return NULL;
}

static void deliver(struct loopback *loopback, enum way way, const struct packet *packet)
{
    const struct net_ops *ops = loopback->net->ops;

    if (way == TX && loopback->station)
        loopback->station(loopback, packet->bytes, packet->length);
    else if (way == TX && ops->far_receive)
        ops->far_receive(loopback->net, packet->bytes, packet->length);
    if (way == RX &&
        (!loopback->filter || loopback->filter(loopback, packet->bytes, packet->wire_tag)))
        ops->near_receive(loopback->net, packet->bytes, packet->length, packet->tag);
}

static void deliver_stray(struct loopback *loopback, enum way way, const struct packet *like)
{
    struct packet stray = {.length = 80, .tag = TAG_NONE};

    memcpy(stray.bytes, like->bytes, 12);
    memcpy(stray.bytes + 12, "\x08\x00 somebody else's frame", 24);
    deliver(loopback, way, &stray);
}

/* As a driver does it: the tag goes into the frame, and short frames leave padded. */
static void to_wire(const struct loopback *loopback, struct packet *packet,
                    const struct fault *fault)
{
    uint32_t tag = tag_sent(loopback->ports.tags, packet->tag == TAG_NONE ? 0 : packet->tag);
    bool dirty = fault && fault->kind == PAD_DIRTY;

    if (fault && fault->kind == TAG_FORGOTTEN)
        tag = TAG_NONE;
    if (fault && fault->kind == TAG_WRONG)
        tag ^= (uint32_t)fault->value;
    packet->length = tag_insert(packet->bytes, packet->bytes, packet->length, tag);
    if (fault && fault->kind == TAG_TWICE)
        packet->length = tag_insert(packet->bytes, packet->bytes, packet->length, tag);
    if (packet->length < 60) {
        memset(packet->bytes + packet->length, dirty ? 0xA5 : 0, 60 - packet->length);
        packet->length = 60;
    }
}

/* The tag comes out of the frame, and goes out of band if that is what the miniport advertises. */
static void from_wire(const struct loopback *loopback, struct packet *packet,
                      const struct fault *fault)
{
    uint32_t tag = packet->wire_tag = tag_read(packet->bytes, packet->length);

    if (tag == TAG_NONE || (fault && fault->kind == TAG_LEFT))
        return;
    packet->length = tag_strip(packet->bytes, packet->bytes, packet->length);
    if (loopback->copies_tags && tag && !(fault && fault->kind == TAG_FORGOTTEN))
        packet->tag = tag;
    if (fault && fault->kind == TAG_WRONG)
        packet->tag ^= (uint32_t)fault->value;
}

/* Carries one frame over, or does the fault to it. */
static void carry(struct loopback *loopback, enum way way, struct packet *packet,
                  const struct fault *fault, struct packet *held)
{
    struct packet kept = *held;

    (way == TX ? to_wire : from_wire)(loopback, packet, fault);
    held->length = 0;
    switch (fault ? (int)fault->kind : -1) {
    case LOSE:
    case FAIL:
        break;
    case DUPLICATE:
        deliver(loopback, way, packet);
        deliver(loopback, way, packet);
        break;
    case SWAP:
        *held = *packet;
        break;
    case DAMAGE:
        packet->bytes[fault->value] ^= 1;
        deliver(loopback, way, packet);
        break;
    case TRUNCATE:
        packet->length = (size_t)fault->value;
        deliver(loopback, way, packet);
        break;
    case GROW:
        packet->bytes[packet->length++] = 0;
        deliver(loopback, way, packet);
        break;
    case STRAY:
        deliver_stray(loopback, way, packet);
        deliver(loopback, way, packet);
        break;
    default:
        deliver(loopback, way, packet);
        break;
    }
    if (kept.length)
        deliver(loopback, way, &kept);
}

static void give_back(struct loopback *loopback, const struct packet *packet,
                      const struct fault *fault, int32_t status)
{
    const struct net_ops *ops = loopback->net->ops;

    if (fault && fault->kind == NEVER_BACK)
        return;
    if (fault && fault->kind == FAIL)
        status = (int32_t)fault->value;
    ops->near_sent(loopback->net, packet->cookie, status);
    if (fault && fault->kind == TWICE_BACK)
        ops->near_sent(loopback->net, packet->cookie, status);
}

static bool wait_for_packet(struct loopback *loopback, enum way way)
{
    struct queue *queue = &loopback->queues[way];
    const struct fault *fault;

    for (;;) {
        fault = fault_of(loopback, way, loopback->passed[way]);
        if (queue->head != queue->tail && (!fault || fault->kind != STALL || loopback->stopping))
            return true;
        if (loopback->stopping)
            return false;
        pthread_cond_wait(&loopback->changed, &loopback->lock);
    }
}

/* One way of the wire. At the end, frames in flight complete as a halting miniport completes them. */
static void wire(struct loopback *loopback, enum way way)
{
    struct queue *queue = &loopback->queues[way];
    struct packet held = {.length = 0};

    pthread_mutex_lock(&loopback->lock);
    while (wait_for_packet(loopback, way)) {
        struct packet packet = queue->packets[queue->tail++ % LOOPBACK_QUEUE];
        const struct fault *fault = fault_of(loopback, way, loopback->passed[way]++);
        bool dead = !loopback->link_up || loopback->paused || loopback->stopping;
        int32_t status = !dead ? 0 : loopback->link_up ? STATUS_PAUSED : STATUS_MEDIA_DISCONNECTED;
        bool last = queue->head == queue->tail;

        pthread_cond_broadcast(&loopback->changed);
        pthread_mutex_unlock(&loopback->lock);
        if (!dead)
            carry(loopback, way, &packet, fault, &held);
        if (way == TX)
            give_back(loopback, &packet, fault, status);
        else if (last && loopback->net->ops->near_receive_end)
            loopback->net->ops->near_receive_end(loopback->net);
        pthread_mutex_lock(&loopback->lock);
    }
    pthread_mutex_unlock(&loopback->lock);
}

static void *tx_thread(void *argument)
{
    wire(argument, TX);
    return NULL;
}

static void *rx_thread(void *argument)
{
    wire(argument, RX);
    return NULL;
}

/* ---- Life ---- */

void loopback_init(struct loopback *loopback, bool has_far)
{
    pthread_condattr_t attributes;

    memset(loopback, 0, sizeof *loopback);
    loopback->ports = (struct net_ports){.context = loopback,
                                         .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56},
                                         .near_send = near_send,
                                         .far_send = has_far ? far_send : NULL,
                                         .finished = finished};
    loopback->ports.tags = (struct tag_options){.priority = true, .vlan = true};
    loopback->link_up = loopback->copies_tags = true;
    pthread_mutex_init(&loopback->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&loopback->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void loopback_destroy(struct loopback *loopback)
{
    pthread_cond_destroy(&loopback->changed);
    pthread_mutex_destroy(&loopback->lock);
}

void loopback_fault(struct loopback *loopback, enum fault_kind kind, enum way way, uint64_t at,
                    int64_t value)
{
    loopback->faults[loopback->fault_count++] =
        (struct fault){.kind = kind, .way = way, .at = at, .value = value};
}

int loopback_start(struct loopback *loopback, struct net *net, char *error, size_t size)
{
    loopback->net = net;
    pthread_create(&loopback->threads[TX], NULL, tx_thread, loopback);
    pthread_create(&loopback->threads[RX], NULL, rx_thread, loopback);
    return net->ops->start(net, error, size);
}

bool loopback_wait(struct loopback *loopback, unsigned milliseconds)
{
    struct timespec until;
    bool done;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&loopback->lock);
    while (!loopback->finished) {
        if (pthread_cond_timedwait(&loopback->changed, &loopback->lock, &until))
            break;
    }
    done = loopback->finished;
    pthread_mutex_unlock(&loopback->lock);
    return done;
}

void loopback_stop(struct loopback *loopback)
{
    loopback->net->ops->stop(loopback->net);
    pthread_mutex_lock(&loopback->lock);
    loopback->stopping = true;
    pthread_cond_broadcast(&loopback->changed);
    pthread_mutex_unlock(&loopback->lock);
    pthread_join(loopback->threads[TX], NULL);
    pthread_join(loopback->threads[RX], NULL);
}

void loopback_link(struct loopback *loopback, bool up)
{
    pthread_mutex_lock(&loopback->lock);
    loopback->link_up = up;
    pthread_cond_broadcast(&loopback->changed);
    pthread_mutex_unlock(&loopback->lock);
    loopback->net->ops->link(loopback->net, up);
}

void loopback_pause(struct loopback *loopback, bool paused)
{
    struct net *net = loopback->net;

    if (paused && net && net->ops->pause)
        net->ops->pause(net, true);
    pthread_mutex_lock(&loopback->lock);
    loopback->paused = paused;
    pthread_cond_broadcast(&loopback->changed);
    pthread_mutex_unlock(&loopback->lock);
    if (!paused && net && net->ops->pause)
        net->ops->pause(net, false);
}
