/* SPDX-License-Identifier: MIT */
/* The protocol driver above the miniport: what it sends, what it does with what it receives. */
#include "ndis/api/offload.h"
#include "ndis/protocol/protocol.h"
#include "ndis/api/net_buffer_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ndis/watch/ownership.h"
#include "ndis/watch/send_watch.h"
#include "ndis/protocol/large_send.h"
#include "ndis/protocol/shape.h"
#include "ndis/protocol/transfer.h"
#include "nt/machine/clock.h"
#include "nt/machine/phys.h"

#define HOLD_LONGEST    (2 * NT_MILLISECOND)  /* a received list is kept, unless --hold says more */
#define RETURNER_WAITS  (50 * NT_MILLISECOND) /* with --hold, for the thread that indicates */
#define WATCH_EVERY     NT_SECOND             /* sends that take too long are looked for */
#define COMPLETION_PART 64                    /* frames handed to near_sent at a time */
#define FLATTEN_MAX     65536
#define OVER_LOOK       (20 * NT_MILLISECOND) /* between looks at whether the run is to end */
#define OWN_COOKIE      UINT64_MAX            /* of protocol_send_one: no network end hears of it */
/* The high-order byte of this protocol's cancel ids, as NdisGeneratePartialCancelId would give it. */
#define CANCEL_PARTIAL ((uintptr_t)0x4E << (8 * sizeof(uintptr_t) - 8))

/* A list that the protocol keeps for a while; the lists hang together by Next. */
struct held {
    NET_BUFFER_LIST *first, *last;
    uint64_t due; /* hold_now() */
};
#define HELD_MAX 1024

struct protocol {
    struct ndis_adapter *adapter;
    unsigned liberties;

    pthread_mutex_t lock; /* never held across a call into the miniport or the network end */
    struct random random;
    struct frame_slot *free_frames[PROTOCOL_IN_FLIGHT];
    unsigned free_frame_count;
    NET_BUFFER_LIST *free_lists[PROTOCOL_IN_FLIGHT];
    unsigned free_list_count;
    unsigned cancel_number; /* of the latest list's cancel id */
    uint64_t hold_longest;  /* 0: no list is kept */
    bool hold_all;          /* and not every other chain */
    bool hold_frames;       /* the times of `held` are counts of received lists */
    uint64_t received;      /* lists */
    struct held held[HELD_MAX];
    unsigned held_count, held_lists;
    bool stopping;
    pthread_cond_t wake; /* the returner: something is held, or stop */

    unsigned foreign_out; /* lists of protocol_send_foreign with the miniport */
    void (*foreign_back)(void *context, NET_BUFFER_LIST *nbl);
    void *foreign_context;

    struct large_sends *large; /* NULL before the first */

    bool own_out; /* a frame of protocol_send_one is with the miniport */
    NDIS_STATUS own_status;
    pthread_cond_t own_back;

    pthread_t returner;
    bool returner_runs;
    struct shape_memory memory;
    struct frame_slot frames[PROTOCOL_IN_FLIGHT];
    char *list_blocks;
};

static __thread uint8_t flat[FLATTEN_MAX];

/* ---- 802.1Q out of band: NDIS_NET_BUFFER_LIST_8021Q_INFO ---- */

void protocol_set_tag(NET_BUFFER_LIST *nbl, uint32_t tag)
{
    NDIS_NET_BUFFER_LIST_8021Q_INFO info = {.Value = NULL};

    if (tag < TAG_NONE) {
        info.TagHeader.UserPriority = tag >> 13;
        info.TagHeader.CanonicalFormatId = (tag & TAG_DEI) != 0;
        info.TagHeader.VlanId = tag & TAG_VLAN;
    }
    NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = info.Value;
}

/* Reserved bits make a tag that nobody expects. */
static uint32_t tag_get(NET_BUFFER_LIST *nbl)
{
    NDIS_NET_BUFFER_LIST_8021Q_INFO info;

    info.Value = NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo);
    if (!info.Value)
        return TAG_NONE;
    return (uint32_t)info.TagHeader.UserPriority << 13 |
           (info.TagHeader.CanonicalFormatId ? TAG_DEI : 0) | info.TagHeader.VlanId |
           (info.TagHeader.Reserved ? TAG_RESERVED : 0);
}

/* The capture has frames as the wire has them. */
static void capture(struct ndis_adapter *adapter, const void *frame, size_t length, uint32_t tag)
{
    static __thread uint8_t tagged[FLATTEN_MAX + TAG_BYTES];

    if (!adapter->pcap)
        return;
    if (tag < TAG_NONE && length >= 12 && length <= FLATTEN_MAX) {
        length = tag_insert(tagged, frame, length, tag);
        frame = tagged;
    }
    pcap_frame(adapter->pcap, frame, length);
}

/* ---- Set-up ---- */

static void returner_run(void *context);

struct protocol *protocol_create(struct ndis_adapter *adapter, uint64_t seed, unsigned liberties,
                                 const struct hold *hold, char *error, size_t error_size)
{
    struct protocol *protocol = calloc(1, sizeof(*protocol));
    unsigned i;

    if (!protocol ||
        !(protocol->list_blocks = aligned_alloc(16, PROTOCOL_IN_FLIGHT * NBL_BLOCK_SIZE)))
        goto out_of_memory;
    protocol->adapter = adapter;
    protocol->liberties = liberties;
    protocol->hold_all = hold->by != HOLD_BY_SHAPE;
    protocol->hold_frames = hold->by == HOLD_FRAMES;
    if (protocol->hold_frames)
        protocol->hold_longest = hold->longest;
    else if (protocol->hold_all)
        protocol->hold_longest = hold->longest * NT_MICROSECOND;
    else if (liberties & LIBERTY_HOLD)
        protocol->hold_longest = HOLD_LONGEST;
    pthread_mutex_init(&protocol->lock, NULL);
    nt_clock_cond_init(&protocol->wake);
    nt_clock_cond_init(&protocol->own_back);
    random_seed(&protocol->random, seed);
    if (shape_memory_create(&protocol->memory, protocol->frames, PROTOCOL_IN_FLIGHT, liberties,
                            adapter->ports.longest))
        goto out_of_memory;
    if (adapter->pieces)
        shape_pieces(protocol->frames, PROTOCOL_IN_FLIGHT, adapter->pieces);
    for (i = 0; i < PROTOCOL_IN_FLIGHT; i++) {
        protocol->free_frames[i] = &protocol->frames[PROTOCOL_IN_FLIGHT - 1 - i];
        protocol->free_lists[i] =
            nbl_initialize(protocol->list_blocks + i * NBL_BLOCK_SIZE, NULL, NBL_WITH_PROTOCOL);
    }
    protocol->free_frame_count = protocol->free_list_count = PROTOCOL_IN_FLIGHT;
    if (nt_thread_start(&protocol->returner, "protocol", returner_run, protocol))
        goto out_of_memory;
    protocol->returner_runs = true;
    return protocol;

out_of_memory:
    snprintf(error, error_size, "out of memory for the frames in flight");
    protocol_destroy(protocol);
    return NULL;
}

void protocol_destroy(struct protocol *protocol)
{
    unsigned i;

    if (!protocol)
        return;
    if (protocol->returner_runs) {
        pthread_mutex_lock(&protocol->lock);
        protocol->stopping = true;
        pthread_cond_signal(&protocol->wake);
        pthread_mutex_unlock(&protocol->lock);
        pthread_join(protocol->returner, NULL);
    }
    for (i = 0; i < protocol->free_frame_count; i++)
        poison_end_buffer(protocol->free_frames[i]->nb);
    for (i = 0; i < protocol->free_list_count; i++)
        poison_end_list(protocol->free_lists[i]);
    large_sends_destroy(protocol->large);
    shape_memory_destroy(&protocol->memory);
    free(protocol->list_blocks);
    free(protocol);
}

unsigned protocol_in_flight(struct protocol *protocol)
{
    unsigned count;

    pthread_mutex_lock(&protocol->lock);
    count = PROTOCOL_IN_FLIGHT - protocol->free_frame_count + protocol->foreign_out +
            large_sends_in_flight(protocol->large);
    pthread_mutex_unlock(&protocol->lock);
    return count;
}

unsigned protocol_held(struct protocol *protocol)
{
    unsigned count;

    pthread_mutex_lock(&protocol->lock);
    count = protocol->held_lists;
    pthread_mutex_unlock(&protocol->lock);
    return count;
}

/* ---- Cancel ids ---- */

void *protocol_cancel_id(unsigned number)
{
    return (void *)(CANCEL_PARTIAL | number);
}

unsigned protocol_cancel_number(const void *cancel_id)
{
    uintptr_t number = (uintptr_t)cancel_id ^ CANCEL_PARTIAL;

    return number <= CANCEL_IDS ? (unsigned)number : 0;
}

unsigned protocol_outstanding(struct protocol *protocol, const void *cancel_id)
{
    unsigned count = 0, i;

    for (i = 0; i < PROTOCOL_IN_FLIGHT; i++) {
        struct nbl_header *header = (void *)(protocol->list_blocks + i * NBL_BLOCK_SIZE);

        count += atomic_load(&header->owner) == NBL_WITH_MINIPORT &&
                 atomic_load(&header->cancel_id) == cancel_id;
    }
    return count;
}

/* The list that has been with the miniport for longest, and since when; NULL when none is there. */
static NET_BUFFER_LIST *oldest_send(struct protocol *protocol, uint64_t *since)
{
    NET_BUFFER_LIST *oldest = NULL;
    unsigned i;

    for (i = 0; i < PROTOCOL_IN_FLIGHT; i++) {
        struct nbl_header *header = (void *)(protocol->list_blocks + i * NBL_BLOCK_SIZE);
        uint64_t time;

        if (atomic_load(&header->owner) != NBL_WITH_MINIPORT)
            continue;
        time = SHARED_GET(header->time); /* it may be sent again meanwhile */
        if (!oldest || time < *since) {
            oldest = (NET_BUFFER_LIST *)(header + 1);
            *since = time;
        }
    }
    return oldest;
}

/* ---- Sends ---- */

/* What one call of protocol_send works with: taken from the free ones under the lock. */
struct batch {
    struct frame_slot *frames[PROTOCOL_IN_FLIGHT];
    NET_BUFFER_LIST *lists[PROTOCOL_IN_FLIGHT];
    unsigned frame_count, list_count;
    unsigned cancel_number; /* before this batch */
    struct random random;
};

static void batch_take(struct protocol *protocol, struct batch *batch, unsigned count)
{
    unsigned i;

    pthread_mutex_lock(&protocol->lock);
    if (count > protocol->free_frame_count)
        count = protocol->free_frame_count;
    if (count > protocol->free_list_count)
        count = protocol->free_list_count;
    protocol->free_frame_count -= count;
    protocol->free_list_count -= count;
    memcpy(batch->frames, protocol->free_frames + protocol->free_frame_count,
           count * sizeof(batch->frames[0]));
    memcpy(batch->lists, protocol->free_lists + protocol->free_list_count,
           count * sizeof(batch->lists[0]));
    random_seed(&batch->random, random_next(&protocol->random));
    batch->cancel_number = protocol->cancel_number;
    protocol->cancel_number += count; /* more than lists, if some hold several frames: no harm */
    pthread_mutex_unlock(&protocol->lock);
    for (i = 0; rules_enabled && i < count; i++) {
        poison_end_buffer(batch->frames[i]->nb);
        poison_end_list(batch->lists[i]);
    }
    batch->frame_count = batch->list_count = count;
}

/* Lists that were not needed, because others hold several NET_BUFFERs. */
static void batch_give_lists(struct protocol *protocol, struct batch *batch, unsigned used)
{
    if (used == batch->list_count)
        return;
    pthread_mutex_lock(&protocol->lock);
    while (used < batch->list_count)
        protocol->free_lists[protocol->free_list_count++] = batch->lists[used++];
    pthread_mutex_unlock(&protocol->lock);
}

/* How many NET_BUFFERs the next list gets. */
static unsigned buffers_a_list(struct protocol *protocol, struct random *random)
{
    if (!(protocol->liberties & LIBERTY_BUFFERS) || random_chance(random, 5, 8))
        return 1;
    return 2 + (unsigned)random_below(random, random_chance(random, 1, 8) ? 15 : 3);
}

/* Whose checksums are left to the miniport. Those of tagged frames are not. */
static PVOID offload_of(struct protocol *protocol, const struct net_frame *frame)
{
    if (!atomic_load_explicit(&protocol->adapter->offload.encapsulated, memory_order_relaxed) ||
        (frame->tag && frame->tag != TAG_NONE))
        return NULL;
    return offload_request(protocol->adapter, frame->data, frame->length);
}

/* Out-of-band data is a list's, so all its frames have the same tag, and the same offload. */
static bool same_list(struct protocol *protocol, const struct net_frame *a, PVOID offload,
                      const struct net_frame *b)
{
    /* The analyzer cannot see that batch_take takes no more frames than there are.
     * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    return a->tag == b->tag && offload == offload_of(protocol, b);
}

/* What is left in a list from the last time is gone. */
static void list_prepare(NET_BUFFER_LIST *nbl, uint32_t tag, void *cancel_id)
{
    NET_BUFFER_LIST_FLAGS(nbl) = 0;
    NET_BUFFER_LIST_NBL_FLAGS(nbl) = 0;
    NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
    protocol_set_tag(nbl, tag);
    NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(nbl, cancel_id);
}

/* Makes the chain; returns its head. */
static NET_BUFFER_LIST *batch_build(struct protocol *protocol, struct batch *batch,
                                    const struct net_frame *frames)
{
    NET_BUFFER_LIST *head = NULL, **tail = &head;
    unsigned i = 0, used = 0;
    uint64_t bytes = 0;

    while (i < batch->frame_count) {
        NET_BUFFER_LIST *nbl = batch->lists[used++];
        unsigned buffers = buffers_a_list(protocol, &batch->random);
        NET_BUFFER **nb_tail = &NET_BUFFER_LIST_FIRST_NB(nbl);
        const struct net_frame *first = &frames[i];
        PVOID offload = offload_of(protocol, first);

        while (buffers-- && i < batch->frame_count &&
               same_list(protocol, first, offload, &frames[i])) {
            struct frame_slot *slot = batch->frames[i];
            uint8_t room[NET_JUMBO_MAX];

            shape_frame(slot, offload_leave(offload, frames[i].data, frames[i].length, room),
                        frames[i].length, protocol->liberties, &batch->random);
            nb_of(slot->nb)->cookie = frames[i].cookie;
            capture(protocol->adapter, frames[i].data, frames[i].length,
                    tag_sent(protocol->adapter->ports.tags, frames[i].tag));
            bytes += frames[i].length;
            *nb_tail = slot->nb;
            nb_tail = &NET_BUFFER_NEXT_NB(slot->nb);
            i++;
        }
        *nb_tail = NULL;
        NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo) = offload;
        list_prepare(nbl, first->tag,
                     protocol_cancel_id(1 + (batch->cancel_number + used) % CANCEL_IDS));
        *tail = nbl;
        tail = &NET_BUFFER_LIST_NEXT_NBL(nbl);
    }
    *tail = NULL;
    COUNT(protocol->adapter, sent_lists, used);
    COUNT(protocol->adapter, sent_frames, batch->frame_count);
    COUNT(protocol->adapter, sent_bytes, bytes);
    batch_give_lists(protocol, batch, used);
    return head;
}

static void send_chain(struct protocol *protocol, NET_BUFFER_LIST *chain, ULONG flags)
{
    if (protocol->liberties & LIBERTY_CHAINS) {
        transfer_send(protocol->adapter, chain, flags);
        return;
    }
    while (chain) {
        NET_BUFFER_LIST *next = NET_BUFFER_LIST_NEXT_NBL(chain);

        NET_BUFFER_LIST_NEXT_NBL(chain) = NULL;
        transfer_send(protocol->adapter, chain, flags);
        chain = next;
    }
}

unsigned protocol_send(struct protocol *protocol, const struct net_frame *frames, unsigned count)
{
    struct batch batch;
    NET_BUFFER_LIST *chain;
    unsigned irql = irql_get();
    bool raise;

    if (count > PROTOCOL_IN_FLIGHT)
        count = PROTOCOL_IN_FLIGHT;
    batch_take(protocol, &batch, count);
    if (!batch.frame_count)
        return 0;
    chain = batch_build(protocol, &batch, frames);
    raise = irql < DISPATCH_LEVEL && (protocol->liberties & LIBERTY_DISPATCH) &&
            random_chance(&batch.random, 1, 2);
    if (raise)
        irql_raise(DISPATCH_LEVEL, NULL);
    send_chain(protocol, chain,
               raise || irql == DISPATCH_LEVEL ? NDIS_SEND_FLAGS_DISPATCH_LEVEL : 0);
    if (raise)
        irql_lower(irql, NULL);
    return batch.frame_count;
}

static struct large_sends *large_of(struct protocol *protocol, struct random *random)
{
    struct large_sends *large;

    pthread_mutex_lock(&protocol->lock);
    if (!protocol->large)
        protocol->large = large_sends_create(protocol->liberties);
    large = protocol->large;
    random_seed(random, random_next(&protocol->random));
    pthread_mutex_unlock(&protocol->lock);
    return large;
}

unsigned protocol_send_large(struct protocol *protocol, const struct net_large *packets,
                             unsigned count)
{
    struct random random;
    struct large_sends *large = large_of(protocol, &random);
    NET_BUFFER_LIST *chain;
    unsigned irql = irql_get(), taken, i;
    uint64_t bytes = 0;
    bool raise;

    chain = large ? large_sends_build(large, packets, count, &random, &taken) : NULL;
    if (!chain)
        return 0;
    for (i = 0; i < taken; i++) {
        capture(protocol->adapter, packets[i].data, packets[i].length, TAG_NONE);
        bytes += packets[i].length;
    }
    COUNT(protocol->adapter, sent_lists, taken);
    COUNT(protocol->adapter, sent_frames, taken);
    COUNT(protocol->adapter, sent_bytes, bytes);
    raise = irql < DISPATCH_LEVEL && (protocol->liberties & LIBERTY_DISPATCH) &&
            random_chance(&random, 1, 2);
    if (raise)
        irql_raise(DISPATCH_LEVEL, NULL);
    transfer_send(protocol->adapter, chain,
                  raise || irql == DISPATCH_LEVEL ? NDIS_SEND_FLAGS_DISPATCH_LEVEL : 0);
    if (raise)
        irql_lower(irql, NULL);
    return taken;
}

int protocol_send_one(struct protocol *protocol, const void *frame, uint32_t length,
                      uint64_t deadline, NDIS_STATUS *status)
{
    const struct net_frame one = {
        .data = frame, .length = length, .tag = TAG_NONE, .cookie = OWN_COOKIE};
    bool out = true;

    pthread_mutex_lock(&protocol->lock);
    protocol->own_out = true;
    pthread_mutex_unlock(&protocol->lock);
    while (!protocol_send(protocol, &one, 1)) { /* others may fill all that there is */
        if (nt_clock_now() >= deadline || adapter_over(protocol->adapter))
            return -1;
        nt_clock_sleep(NT_MILLISECOND);
    }
    if (protocol->adapter->ports.step)
        protocol->adapter->ports.step(protocol->adapter->ports.context);
    pthread_mutex_lock(&protocol->lock);
    while (protocol->own_out && nt_clock_now() < deadline && !adapter_over(protocol->adapter))
        nt_clock_wait(&protocol->own_back, &protocol->lock, nt_clock_now() + OVER_LOOK);
    out = protocol->own_out;
    *status = protocol->own_status;
    pthread_mutex_unlock(&protocol->lock);
    return out ? -1 : 0;
}

void protocol_send_foreign(struct protocol *protocol, NET_BUFFER_LIST *chain, bool raise,
                           void (*back)(void *context, NET_BUFFER_LIST *nbl), void *context)
{
    struct ndis_adapter *adapter = protocol->adapter;
    NET_BUFFER_LIST *nbl;
    unsigned lists = 0, frames = 0;
    uint64_t bytes = 0;
    NET_BUFFER *nb;

    for (nbl = chain; nbl; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl), lists++)
        for (nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb), frames++)
            bytes += NET_BUFFER_DATA_LENGTH(nb);
    COUNT(adapter, sent_lists, lists);
    COUNT(adapter, sent_frames, frames);
    COUNT(adapter, sent_bytes, bytes);
    pthread_mutex_lock(&protocol->lock);
    protocol->foreign_out += lists;
    protocol->foreign_back = back;
    protocol->foreign_context = context;
    pthread_mutex_unlock(&protocol->lock);
    if (raise)
        irql_raise(DISPATCH_LEVEL, NULL);
    transfer_send(adapter, chain, raise ? NDIS_SEND_FLAGS_DISPATCH_LEVEL : 0);
    if (raise)
        irql_lower(PASSIVE_LEVEL, NULL);
}

static bool is_foreign(const struct protocol *protocol, const NET_BUFFER_LIST *nbl)
{
    const char *at = (const char *)nbl;

    return at < protocol->list_blocks ||
           at >= protocol->list_blocks + PROTOCOL_IN_FLIGHT * NBL_BLOCK_SIZE;
}

static void large_complete(struct protocol *protocol, NET_BUFFER_LIST *nbl)
{
    struct net *net = protocol->adapter->net;
    NDIS_STATUS status;
    uint64_t cookie = large_sends_complete(protocol->large, nbl, &status);

    if (status != NDIS_STATUS_SUCCESS)
        COUNT(protocol->adapter, send_failed, 1);
    if (status == NDIS_STATUS_SEND_ABORTED)
        COUNT(protocol->adapter, send_aborted, 1);
    net->ops->near_sent(net, cookie, status);
}

static void foreign_complete(struct protocol *protocol, NET_BUFFER_LIST *nbl)
{
    NET_BUFFER *nb;
    unsigned failed = 0;

    if (large_sends_own(protocol->large, nbl)) {
        large_complete(protocol, nbl);
        return;
    }

    for (nb = nbl_of(nbl)->first; nb; nb = NET_BUFFER_NEXT_NB(nb))
        failed += NET_BUFFER_LIST_STATUS(nbl) != NDIS_STATUS_SUCCESS;
    COUNT(protocol->adapter, send_failed, failed);
    pthread_mutex_lock(&protocol->lock);
    protocol->foreign_out--;
    pthread_mutex_unlock(&protocol->lock);
    protocol->foreign_back(protocol->foreign_context, nbl);
}

/* Frames on their way back to the network end. */
struct completion {
    struct frame_slot *slot[COMPLETION_PART];
    uint64_t cookie[COMPLETION_PART];
    NDIS_STATUS status[COMPLETION_PART];
    unsigned count;
    NET_BUFFER_LIST *lists[COMPLETION_PART];
    unsigned list_count;
};

static void own_sent(struct protocol *protocol, NDIS_STATUS status)
{
    pthread_mutex_lock(&protocol->lock);
    protocol->own_out = false;
    protocol->own_status = status;
    pthread_cond_signal(&protocol->own_back);
    pthread_mutex_unlock(&protocol->lock);
}

/* The slots become free before the network end hears of it, so that it finds room to send more. */
static void completion_flush(struct protocol *protocol, struct completion *done)
{
    struct net *net = protocol->adapter->net;
    unsigned i;

    pthread_mutex_lock(&protocol->lock);
    for (i = 0; i < done->count; i++)
        protocol->free_frames[protocol->free_frame_count++] = done->slot[i];
    for (i = 0; i < done->list_count; i++)
        protocol->free_lists[protocol->free_list_count++] = done->lists[i];
    pthread_mutex_unlock(&protocol->lock);
    for (i = 0; i < done->count; i++)
        if (done->cookie[i] == OWN_COOKIE)
            own_sent(protocol, done->status[i]);
        else
            net->ops->near_sent(net, done->cookie[i], done->status[i]);
    done->count = done->list_count = 0;
}

void protocol_send_complete(struct protocol *protocol, NET_BUFFER_LIST *chain)
{
    struct completion done;
    NET_BUFFER_LIST *next;
    unsigned failed = 0, aborted = 0;

    done.count = done.list_count = 0;
    for (; chain; chain = next) {
        NDIS_STATUS status = NET_BUFFER_LIST_STATUS(chain);
        NET_BUFFER *nb, *next_nb;

        next = NET_BUFFER_LIST_NEXT_NBL(chain);
        if (is_foreign(protocol, chain)) {
            foreign_complete(protocol, chain);
            continue;
        }
        for (nb = nbl_of(chain)->first; nb; nb = next_nb) {
            next_nb = NET_BUFFER_NEXT_NB(nb);
            if (done.count == COMPLETION_PART)
                completion_flush(protocol, &done);
            done.slot[done.count] = frame_slot_of(nb);
            done.cookie[done.count] = nb_of(nb)->cookie;
            done.status[done.count++] = status;
            if (rules_enabled)
                poison_buffer(chain, nb, frame_slot_of(nb)->data, frame_slot_of(nb)->used);
            failed += status != NDIS_STATUS_SUCCESS;
            aborted += status == NDIS_STATUS_SEND_ABORTED;
        }
        if (done.list_count == COMPLETION_PART)
            completion_flush(protocol, &done);
        if (rules_enabled)
            poison_list(chain);
        done.lists[done.list_count++] = chain;
    }
    completion_flush(protocol, &done);
    if (failed)
        COUNT(protocol->adapter, send_failed, failed);
    if (aborted)
        COUNT(protocol->adapter, send_aborted, aborted);
}

/* ---- Receives ---- */

static void deliver(struct protocol *protocol, NET_BUFFER *nb, uint32_t tag)
{
    struct ndis_adapter *adapter = protocol->adapter;
    const void *frame = nb_contiguous(nb);
    size_t length = NET_BUFFER_DATA_LENGTH(nb);

    if (!frame) {
        length = nb_copy_out(nb, flat, sizeof(flat));
        frame = flat;
    }
    COUNT(adapter, indicated_frames, 1);
    COUNT(adapter, indicated_bytes, length);
    capture(adapter, frame, length, tag);
    if (atomic_load_explicit(&adapter->net_started, memory_order_acquire))
        adapter->net->ops->near_receive(adapter->net, frame, length, tag);
}

/* Under the lock. The clock of what is held. The machine may take the processor from the thread that
 * indicates: then a list is kept for longer than was said, but not for more frames. */
static uint64_t hold_now(const struct protocol *protocol)
{
    return protocol->hold_frames ? protocol->received : nt_clock_now();
}

/* Keeps the chain if chance will have it, and there is room for one more. */
static bool hold(struct protocol *protocol, NET_BUFFER_LIST *first, NET_BUFFER_LIST *last,
                 unsigned count)
{
    bool keep;

    if (!protocol->hold_longest)
        return false;
    pthread_mutex_lock(&protocol->lock);
    keep = protocol->held_count < HELD_MAX && !protocol->stopping &&
           (protocol->hold_all || random_chance(&protocol->random, 1, 2));
    if (keep) {
        struct held *held = &protocol->held[protocol->held_count++];

        held->first = first;
        held->last = last;
        held->due = hold_now(protocol) + random_below(&protocol->random, protocol->hold_longest);
        protocol->held_lists += count;
        pthread_cond_signal(&protocol->wake);
    }
    pthread_mutex_unlock(&protocol->lock);
    return keep;
}

/* Under the lock. Takes out what is due, joined into one chain; NULL if nothing is. */
static NET_BUFFER_LIST *held_take(struct protocol *protocol, uint64_t now, unsigned *count)
{
    NET_BUFFER_LIST *chain = NULL, *nbl;
    unsigned i = 0;

    *count = 0;
    while (i < protocol->held_count) {
        struct held *held = &protocol->held[i];

        if (held->due > now && !protocol->stopping) {
            i++;
            continue;
        }
        NET_BUFFER_LIST_NEXT_NBL(held->last) = chain;
        chain = held->first;
        *held = protocol->held[--protocol->held_count];
    }
    for (nbl = chain; nbl; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl))
        ++*count;
    protocol->held_lists -= *count;
    return chain;
}

/* With --hold what is due goes back on the thread that indicates. The returner, which the machine may
 * not let run for long, would keep lists for longer than was said; it has those that no indication
 * follows. */
static void return_due(struct protocol *protocol, unsigned received, bool dispatch_level)
{
    NET_BUFFER_LIST *due;
    unsigned count;

    if (!protocol->hold_all || !protocol->hold_longest)
        return;
    pthread_mutex_lock(&protocol->lock);
    protocol->received += received;
    due = held_take(protocol, hold_now(protocol), &count);
    pthread_mutex_unlock(&protocol->lock);
    if (due)
        transfer_return(protocol->adapter, due,
                        dispatch_level ? NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0);
}

void protocol_receive(struct protocol *protocol, NET_BUFFER_LIST *chain, unsigned count,
                      bool resources, bool dispatch_level)
{
    struct net *net = protocol->adapter->net;
    NET_BUFFER_LIST *nbl, *last = chain;
    unsigned i;

    for (nbl = chain, i = 0; nbl && i < count; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl), i++) {
        NET_BUFFER *nb;

        for (nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb))
            deliver(protocol, nb, tag_get(nbl));
        last = nbl;
    }
    if (net->ops->near_receive_end && atomic_load(&protocol->adapter->net_started))
        net->ops->near_receive_end(net);
    if (!resources && !hold(protocol, chain, last, count))
        transfer_return(protocol->adapter, chain,
                        dispatch_level ? NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0);
    return_due(protocol, count, dispatch_level);
}

/* ---- Lists that were kept go back from here, in chains that join several indications ---- */

static uint64_t held_next_due(const struct protocol *protocol)
{
    uint64_t due = NT_FOREVER;
    unsigned i;

    for (i = 0; i < protocol->held_count; i++)
        if (protocol->held[i].due < due)
            due = protocol->held[i].due;
    return due;
}

/* Under the lock. What of the held lists is the returner's: without --hold those that are due, with it
 * those that no indication has followed for RETURNER_WAITS. *looked is of the last call. */
static uint64_t returner_take_until(const struct protocol *protocol, uint64_t now, uint64_t *looked)
{
    bool idle = *looked == protocol->received;

    if (!protocol->hold_all)
        return now;
    if (!protocol->hold_frames)
        return now > RETURNER_WAITS ? now - RETURNER_WAITS : 0;
    *looked = protocol->received;
    return idle ? NT_FOREVER : 0;
}

/* Under the lock. When the returner is to look again. */
static uint64_t returner_next(const struct protocol *protocol, uint64_t now)
{
    uint64_t due;

    if (protocol->hold_frames)
        return protocol->held_count ? now + RETURNER_WAITS : NT_FOREVER;
    due = held_next_due(protocol);
    return due == NT_FOREVER || !protocol->hold_all ? due : due + RETURNER_WAITS;
}

static void held_return(struct protocol *protocol, NET_BUFFER_LIST *chain, bool dispatch_level)
{
    if (dispatch_level)
        irql_raise(DISPATCH_LEVEL, NULL);
    transfer_return(protocol->adapter, chain,
                    dispatch_level ? NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0);
    if (dispatch_level)
        irql_lower(PASSIVE_LEVEL, NULL);
}

static void returner_run(void *context)
{
    struct protocol *protocol = context;
    uint64_t watch = nt_clock_now() + WATCH_EVERY, looked = 0;

    pthread_mutex_lock(&protocol->lock);
    while (!protocol->stopping || protocol->held_count) {
        uint64_t now = nt_clock_now();
        unsigned count;
        uint64_t until = returner_take_until(protocol, now, &looked);
        NET_BUFFER_LIST *chain = held_take(protocol, until, &count);
        NET_BUFFER_LIST *oldest;
        uint64_t since = 0;
        bool dispatch_level;

        if (!chain && now >= watch && !protocol->stopping) {
            watch = rules_enabled ? now + WATCH_EVERY : NT_FOREVER;
            pthread_mutex_unlock(&protocol->lock);
            oldest = oldest_send(protocol, &since);
            send_watch(protocol->adapter, oldest, since);
            pthread_mutex_lock(&protocol->lock);
            continue;
        }
        if (!chain) {
            uint64_t next = returner_next(protocol, now);

            nt_clock_wait(&protocol->wake, &protocol->lock, next < watch ? next : watch);
            continue;
        }
        dispatch_level = random_chance(&protocol->random, 1, 2);
        pthread_mutex_unlock(&protocol->lock);
        held_return(protocol, chain, dispatch_level);
        pthread_mutex_lock(&protocol->lock);
    }
    pthread_mutex_unlock(&protocol->lock);
}
