/* SPDX-License-Identifier: MIT */
/*
 * gen: sends numbered frames through the miniport and accounts for each one.
 *   tx: the near side sends, the far side checks.     rx: the far side sends, the near side checks.
 * On a bus whose far end is not ndishost's (bus pci), gen can only send. It then checks only that the
 * miniport completes each frame as sent.
 */
#include "net/net.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "net/far.h"
#include "net/flow.h"
#include "net/large.h"
#include "net/near_sender.h"
#include "net/options.h"
#include "net/watch.h"

#define BATCH_MAX 256

enum { STREAM_TX = 1, STREAM_RX = 2 };
enum direction { TX, RX, BOTH, UNSAID };

struct gen {
    struct net net;
    struct near_sender near;
    struct flow tx, rx; /* `direction` tells which of them are used */
    struct far far;
    struct watch watch;
    pthread_t sender;
    bool sender_running;
    uint64_t direction; /* enum direction; start replaces UNSAID */
    uint64_t batch[2];  /* frames per chain: minimum, maximum */
    uint64_t burst;     /* frames between two steps of a device in lockstep */
    uint64_t hold;      /* 1: gen_go starts the traffic */
    bool started;
    bool going;                           /* only for the threads that call start, go and stop */
    _Atomic bool has_tx, has_rx, has_far; /* start sets them; callbacks may run before it */
    uint8_t (*frames)[NUMBERED_JUMBO];
    struct large large; /* of tx */
    uint8_t *packed;    /* room for large packets: NUMBERED_JUMBO bytes for each frame of a chain */
    pthread_mutex_t lock;
    uint64_t strays_near, strays_far; /* guarded by lock: frames of a direction that is not used */
};

static struct gen *gen_of(struct net *net)
{
    return (struct gen *)net;
}

/* ---- The near side's sender ---- */

/* Returns the number of frames of the next chain. */
static unsigned next_batch(const struct gen *gen, uint64_t *chains)
{
    uint64_t choices = gen->batch[1] - gen->batch[0] + 1;

    return (unsigned)(gen->batch[0] + numbered_random(&gen->tx.sent, ~++*chains) % choices);
}

static void fill_frame(struct gen *gen, uint64_t number, uint8_t *data, struct net_frame *frame)
{
    frame->data = data;
    frame->length = flow_fill(&gen->tx, number, data);
    frame->tag = flow_tag(&gen->tx, number);
    frame->cookie = number;
}

/* Sends frames in a row: as large packets, as far as the miniport segments them, and else alone. Returns how many were
 * taken. */
static unsigned send_large(struct gen *gen, uint64_t first, unsigned count)
{
    unsigned sent = 0;

    while (sent < count) {
        struct net_frame frames[BATCH_MAX];
        struct net_large packet;
        unsigned alone = 0, packed = 0;
        uint8_t *room = gen->packed + (size_t)sent * NUMBERED_JUMBO;

        for (; sent + alone < count; alone++) {
            packed =
                large_pack(&gen->large, first + sent + alone, count - sent - alone, room, &packet);
            if (packed)
                break;
            fill_frame(gen, first + sent + alone, gen->frames[alone], &frames[alone]);
        }
        if (alone && near_sender_send(&gen->near, frames, alone) < alone)
            return sent;
        sent += alone;
        if (packed && near_sender_send_large(&gen->near, &packet, 1) < 1)
            return sent;
        sent += packed;
    }
    return sent;
}

/* Sends the next chain. How many frames it had; 0: all are sent, or the traffic stops. */
static unsigned send_chain(struct gen *gen, uint64_t *chains)
{
    struct net_frame frames[BATCH_MAX];
    uint64_t first;
    unsigned count = flow_issue(&gen->tx, next_batch(gen, chains), &first), taken;

    if (gen->large.segments) {
        taken = send_large(gen, first, count);
    } else {
        for (unsigned i = 0; i < count; i++)
            fill_frame(gen, first + i, gen->frames[i], &frames[i]);
        taken = count ? near_sender_send(&gen->near, frames, count) : 0;
    }
    if (taken < count) {
        flow_withdraw(&gen->tx, count - taken);
        return 0;
    }
    return count;
}

static void *sender_thread(void *argument)
{
    struct gen *gen = argument;
    uint64_t chains = 0;

    while (send_chain(gen, &chains))
        ;
    return NULL;
}

/* ---- Lockstep: one thread hands over a burst each way, and lets the device and the driver go on ---- */

/* One adapter at a time: what another does would change what this one counts. */
static pthread_mutex_t lockstep_turn = PTHREAD_MUTEX_INITIALIZER;

static bool send_burst(struct gen *gen, uint64_t *chains)
{
    for (uint64_t sent = 0; sent < gen->burst;) {
        unsigned count = send_chain(gen, chains);

        if (!count)
            return false;
        sent += count;
    }
    return true;
}

static void *lockstep_thread(void *argument)
{
    bool tx, rx;
    struct gen *gen = argument;
    struct net_ports *ports = gen->net.ports;
    uint64_t chains = 0;

    tx = gen->has_tx;
    rx = gen->has_rx;
    while (tx || rx) {
        pthread_mutex_lock(&lockstep_turn);
        tx = tx && send_burst(gen, &chains);
        rx = rx && far_burst(&gen->far, ports, &gen->rx, (unsigned)gen->burst);
        ports->step(ports->context);
        pthread_mutex_unlock(&lockstep_turn);
    }
    return NULL;
}

/* ---- Callbacks ---- */

static void count_stray(struct gen *gen, uint64_t *counter)
{
    pthread_mutex_lock(&gen->lock);
    ++*counter;
    pthread_mutex_unlock(&gen->lock);
}

static void gen_near_receive(struct net *net, const void *frame, size_t length, uint32_t tag)
{
    struct gen *gen = gen_of(net);

    if (gen->has_rx)
        flow_arrived(&gen->rx, frame, length, tag);
    else
        count_stray(gen, &gen->strays_near);
}

static void gen_far_receive(struct net *net, const void *frame, size_t length)
{
    struct gen *gen = gen_of(net);
    uint8_t copy[NET_JUMBO_MAX];

    if (gen->has_tx && gen->large.segments)
        flow_arrived(&gen->tx, large_arrived(&gen->large, frame, length, copy), length, TAG_NONE);
    else if (gen->has_tx)
        flow_arrived(&gen->tx, frame, length, TAG_NONE);
    else
        count_stray(gen, &gen->strays_far);
}

/* Updates the flow before the sender: a thread that waits for room must find the frame accounted
 * for. */
static void gen_near_sent(struct net *net, uint64_t cookie, int32_t status)
{
    struct gen *gen = gen_of(net);
    unsigned segments = large_count(cookie);

    if (!segments)
        flow_completed(&gen->tx, cookie, status);
    for (unsigned i = 0; i < segments; i++)
        flow_completed(&gen->tx, large_first(cookie) + i, status);
    near_sender_sent(&gen->near, status);
}

static void gen_link(struct net *net, bool up)
{
    struct gen *gen = gen_of(net);

    flow_link(&gen->tx, up);
    flow_link(&gen->rx, up);
}

static void gen_pause(struct net *net, bool paused)
{
    struct gen *gen = gen_of(net);

    flow_pause(&gen->tx, paused);
    flow_pause(&gen->rx, paused);
}

static void gen_filter(struct net *net, bool changing)
{
    struct gen *gen = gen_of(net);

    if (!changing) { /* the VLAN may have changed */
        flow_tagging(&gen->tx, net->ports->tags);
        flow_tagging(&gen->rx, net->ports->tags);
    }
    flow_filter(&gen->rx, changing);
}

static bool look(void *context)
{
    struct gen *gen = context;
    enum flow_state tx = gen->has_tx ? flow_poll(&gen->tx) : FLOW_HOME;
    enum flow_state rx = gen->has_rx ? flow_poll(&gen->rx) : FLOW_HOME;

    if (tx == FLOW_STALLED || rx == FLOW_STALLED || (tx == FLOW_HOME && rx == FLOW_HOME)) {
        gen->net.ports->finished(gen->net.ports->context);
        return false;
    }
    return true;
}

/* Chooses the directions that this bus supports. Returns -1 with a line in `error` if it does not
 * support the one that the user asked for. */
static int settle_direction(struct gen *gen, char *error, size_t size)
{
    const struct net_ports *ports = gen->net.ports;

    gen->has_far = ports->far_send || ports->far_receives;
    if (gen->direction == UNSAID)
        gen->direction = ports->far_send ? BOTH : TX;
    if (gen->direction != TX && !ports->far_send) {
        snprintf(
            error, size,
            "gen: dir=%s needs a bus whose far end is ndishost's (model, qtest), or a cable with "
            "none at the other adapter; use dir=tx here",
            gen->direction == RX ? "rx" : "both");
        return -1;
    }
    gen->has_tx = gen->direction != RX;
    gen->has_rx = gen->direction != TX;
    if (!gen->has_far)
        flow_unseen(&gen->tx);
    return 0;
}

static void gen_stop(struct net *net);

static int gen_go(struct net *net, char *error, size_t error_size)
{
    struct gen *gen = gen_of(net);
    int result = 0;

    if (gen->going || !gen->started) {
        snprintf(error, error_size, "gen: %s",
                 gen->going ? "the traffic has already started"
                            : "cannot start before the link is up; wait for the link first");
        return -1;
    }
    gen->going = true;
    near_sender_start(&gen->near);
    flow_start(&gen->tx);
    flow_start(&gen->rx);
    if (gen->has_tx || net->ports->step) {
        result = pthread_create(&gen->sender, NULL,
                                net->ports->step ? lockstep_thread : sender_thread, gen);
        gen->sender_running = !result;
    }
    if (!result && gen->has_rx && !net->ports->step)
        result = far_start(&gen->far, net->ports, &gen->rx);
    if (!result)
        result = watch_start(&gen->watch, look, gen);
    if (result) {
        snprintf(error, error_size, "gen: cannot start a thread for the traffic: %s",
                 strerror(result));
        gen_stop(net);
        return -1;
    }
    return 0;
}

static int gen_start(struct net *net, char *error, size_t error_size)
{
    struct gen *gen = gen_of(net);
    uint32_t mtu = net->ports->mtu;
    uint8_t address[6];

    if (mtu && net->ports->longest > NUMBERED_MAX && net->ports->longest > mtu + NUMBERED_MIN) {
        snprintf(error, error_size,
                 "gen: frames of %" PRIu32 " bytes need an MTU of %" PRIu32
                 ", but the miniport's is %" PRIu32,
                 net->ports->longest, net->ports->longest - NUMBERED_MIN, mtu);
        return -1;
    }
    if (settle_direction(gen, error, error_size))
        return -1;
    far_address(net->ports, address);
    flow_addresses(&gen->tx, address, net->ports->mac);
    flow_addresses(&gen->rx, net->ports->mac, address);
    flow_tagging(&gen->tx, net->ports->tags);
    flow_tagging(&gen->rx, net->ports->tags);
    flow_filtering(&gen->rx, net->ports->near_accepts, net->ports->context);
    flow_filtering(&gen->tx, net->ports->far_accepts, net->ports->context);
    gen->started = true;
    return gen->hold ? 0 : gen_go(net, error, error_size);
}

static void gen_stop(struct net *net)
{
    struct gen *gen = gen_of(net);

    near_sender_stop(&gen->near);
    flow_stop(&gen->tx);
    flow_stop(&gen->rx);
    watch_stop(&gen->watch);
    gen->going = false;
    if (gen->sender_running)
        pthread_join(gen->sender, NULL);
    gen->sender_running = false;
    far_join(&gen->far);
    flow_drain(&gen->tx);
    flow_drain(&gen->rx);
}

static int gen_verdict(struct net *net, FILE *out)
{
    struct gen *gen = gen_of(net);
    struct near_counts counts = near_sender_counts(&gen->near);
    int result = 0;

    if (gen->has_tx)
        result |= flow_verdict(&gen->tx, out);
    if (gen->has_rx)
        result |= flow_verdict(&gen->rx, out);
    if (gen->large.packets)
        fprintf(out,
                "gen tx: %" PRIu64 " large sends, which the miniport segmented into %" PRIu64
                " of the frames\n",
                gen->large.packets, gen->large.frames);
    if (counts.failed) {
        fprintf(out, "gen tx: failed sends:");
        near_sender_print_failures(&gen->near, out);
        fprintf(out, "\n");
    }
    pthread_mutex_lock(&gen->lock);
    if (gen->strays_far || (gen->strays_near && gen->has_far)) {
        fprintf(out,
                "gen: the device sent %" PRIu64 " frames and the miniport indicated %" PRIu64
                " frames that gen did not send\n",
                gen->strays_far, gen->strays_near);
        result = -1;
    }
    pthread_mutex_unlock(&gen->lock);
    return result;
}

static void gen_report(struct net *net, FILE *json)
{
    struct gen *gen = gen_of(net);

    fprintf(json, "\"end\": \"gen\"");
    if (gen->has_tx) {
        fprintf(json, ", \"tx\": {");
        flow_report(&gen->tx, json);
        fprintf(json, ", ");
        near_sender_report(&gen->near, json);
        if (gen->large.segments)
            fprintf(json, ", \"large_sends\": %" PRIu64 ", \"segments\": %" PRIu64,
                    gen->large.packets, gen->large.frames);
        fprintf(json, "}");
    }
    if (gen->has_rx) {
        fprintf(json, ", \"rx\": {");
        flow_report(&gen->rx, json);
        fprintf(json, "}");
    }
    pthread_mutex_lock(&gen->lock);
    fprintf(json, ", \"strays_near\": %" PRIu64 ", \"strays_far\": %" PRIu64, gen->strays_near,
            gen->strays_far);
    pthread_mutex_unlock(&gen->lock);
}

static void gen_free(struct gen *gen)
{
    if (gen->tx.ring)
        flow_destroy(&gen->tx);
    if (gen->rx.ring)
        flow_destroy(&gen->rx);
    near_sender_destroy(&gen->near);
    pthread_mutex_destroy(&gen->lock);
    large_close(&gen->large);
    free(gen->packed);
    free(gen->frames);
    free(gen);
}

static void gen_close(struct net *net)
{
    struct gen *gen = gen_of(net);

    /* If the far thread does not return from far_send, it still uses this memory. */
    if (far_join(&gen->far))
        gen_free(gen);
}

/* ---- Opening ---- */

static const struct net_ops gen_ops = {
    .steps = true,
    .crosses = true,
    .start = gen_start,
    .go = gen_go,
    .near_receive = gen_near_receive,
    .near_sent = gen_near_sent,
    .far_receive = gen_far_receive,
    .link = gen_link,
    .pause = gen_pause,
    .filter = gen_filter,
    .stop = gen_stop,
    .verdict = gen_verdict,
    .report = gen_report,
    .close = gen_close,
};

static int gen_options(const char *arguments, struct gen *gen, struct flow_options *flow,
                       char *error, size_t size)
{
    static const char *const directions[] = {"tx", "rx", "both", NULL};
    static const char *const versions[] = {"0", "1", "6", "both", NULL}; /* enum numbered_ip */
    uint64_t count = 0, sizes[2] = {60, 1514}, rate = 0, seed = 1, window = 4096, stall = 10;
    uint64_t ip = 0, large = 0, tag[2] = {FLOW_TAGS_NONE, 0}, kinds = 1u << FLOW_DIRECTED;
    const struct option table[] = {
        {"count", OPTION_NUMBER, 0, UINT64_MAX, NULL, &count},
        {"size", OPTION_SIZES, NUMBERED_MIN, NUMBERED_JUMBO, NULL, sizes},
        {"dir", OPTION_CHOICE, 0, 0, directions, &gen->direction},
        {"tag", OPTION_TAG, 0, 0, NULL, tag},
        {"kinds", OPTION_SET, 0, 0, flow_kind_names, &kinds},
        {"rate", OPTION_NUMBER, 0, 100000000, NULL, &rate},
        {"seed", OPTION_NUMBER, 0, UINT64_MAX, NULL, &seed},
        {"batch", OPTION_RANGE, 1, BATCH_MAX, NULL, gen->batch},
        {"window", OPTION_NUMBER, 1, FLOW_WINDOW_MAX, NULL, &window},
        {"stall", OPTION_NUMBER, 1, 3600, NULL, &stall},
        {"burst", OPTION_NUMBER, 0, BATCH_MAX, NULL, &gen->burst},
        {"hold", OPTION_NUMBER, 0, 1, NULL, &gen->hold},
        {"ip", OPTION_CHOICE, 0, 0, versions, &ip},
        {"large", OPTION_NUMBER, 0, LARGE_SEGMENTS, NULL, &large},
    };

    gen->direction = UNSAID;
    gen->batch[0] = gen->batch[1] = 32;
    if (options_parse("gen", arguments, table, sizeof table / sizeof table[0], error, size))
        return -1;
    if (large && !ip) {
        snprintf(error, size, "gen: large=%" PRIu64 " needs ip=1, ip=6 or ip=both", large);
        return -1;
    }
    if (!gen->burst)
        gen->burst = gen->batch[1];
    *flow = (struct flow_options){.seed = seed,
                                  .count = count,
                                  .size = {(unsigned)sizes[0], (unsigned)sizes[1]},
                                  .ip = (enum numbered_ip)ip,
                                  .large = (unsigned)large,
                                  .rate = rate,
                                  .window = (unsigned)window,
                                  .stall = (unsigned)stall,
                                  .kinds = (unsigned)kinds,
                                  .tags = (enum flow_tags)tag[0],
                                  .tag = (uint32_t)tag[1],
                                  .arrivals = true};
    return 0;
}

static struct net *gen_open(const char *arguments, struct net_ports *ports, char *error,
                            size_t error_size)
{
    struct gen *gen = calloc(1, sizeof *gen);
    struct flow_options options;
    bool made;

    if (!gen) {
        snprintf(error, error_size, "gen: out of memory");
        return NULL;
    }
    gen->net = (struct net){.ops = &gen_ops, .ports = ports};
    near_sender_init(&gen->near, ports);
    pthread_mutex_init(&gen->lock, NULL);
    if (gen_options(arguments, gen, &options, error, error_size)) {
        gen_free(gen);
        return NULL;
    }
    ports->longest = options.size[1];
    options.name = "gen rx";
    options.stream = STREAM_RX;
    options.way = FLOW_RECEIVED;
    made = !flow_init(&gen->rx, &options);
    options.name = "gen tx";
    options.stream = STREAM_TX;
    options.way = FLOW_SENT;
    options.completions = true;
    made = made && !flow_init(&gen->tx, &options);
    gen->frames = calloc(gen->batch[1], sizeof *gen->frames);
    gen->packed = options.large ? calloc(gen->batch[1], NUMBERED_JUMBO) : NULL;
    made = made && (!options.large || gen->packed) &&
           !large_open(&gen->large, ports, &gen->tx, options.large);
    if (!made || !gen->frames) {
        snprintf(error, error_size, "gen: out of memory");
        gen_free(gen);
        return NULL;
    }
    return &gen->net;
}

const struct net_backend net_gen = {
    .name = "gen",
    .help =
        "  gen[:OPTION=VALUE,...]  numbered frames with checked content; accounts for each frame\n"
        "    count=N: frames in each direction (0: until stopped)\n"
        "    rate=N: frames per second in each direction (0: no limit)\n"
        "    size=S, MIN-MAX, or sweep for 14-1514: bytes per frame without a tag (60-1514; up to "
        "9230\n"
        "      if the miniport's MTU allows it). Each round has each size once. Frames under 30 "
        "bytes\n"
        "      have no room for a number; gen compares their content. A frame of 14 bytes has no "
        "content\n"
        "    tag=none|VID[:PRIORITY]|random: an 802.1Q tag (none). The tag is out of band above "
        "the\n"
        "      miniport and in the frame on the wire, if the miniport's MacOptions offer that. If\n"
        "      they do not, gen sends a tag nevertheless, and the miniport must ignore it\n"
        "    kinds=directed+multicast+broadcast+other: destinations of the frames (directed).\n"
        "      multicast: 01:00:5E:00:00:01 to :40. other: a station that does not exist. The\n"
        "      miniport must indicate exactly those that packet filter and multicast list select\n"
        "    dir=tx|rx|both (both). On a bus whose far end is not ndishost's only tx works. gen\n"
        "      then checks only that the miniport completes each frame as sent\n"
        "    batch=N or MIN-MAX: frames per chain for the miniport (32; at most 256)\n"
        "    window=N: the most incomplete frames in each direction (4096; at most 65536)\n"
        "    burst=N: with --bus model:lockstep, the frames each way between two steps of the "
        "device\n"
        "      (as batch; at most 256)\n"
        "    seed=N (1)  stall=S: fail after S seconds without progress (10)\n"
        "    ip=0|1|6|both: frames from 70 bytes on are UDP and TCP over IPv4, from 90 over IPv6 "
        "with "
        "6,\n"
        "      or some of each (0). If the miniport offers checksum offloads, gen leaves their "
        "checksums\n"
        "      to it, and its far end checks them\n"
        "    large=N: TCP packets of N frames (2-40) that the miniport segments, where its "
        "current\n"
        "      configuration has LSO on; the far end checks the segments. Needs ip\n"
        "    hold=0|1: wait for the command `go` of scenario control (0)\n",
    .wants_far = true,
    .open = gen_open,
};
