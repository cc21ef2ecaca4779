/* SPDX-License-Identifier: MIT */
/*
 * gen: sends numbered frames through the miniport and accounts for every one.
 *   tx: the near side sends, the far side checks.     rx: the far side sends, the near side checks.
 * Without a far end of ours (bus pci) only tx is possible, and only that each frame came back sent.
 */
#include "net/net.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "net/far.h"
#include "net/flow.h"
#include "net/near_sender.h"
#include "net/options.h"
#include "net/watch.h"

#define BATCH_MAX 256

enum { STREAM_TX = 1, STREAM_RX = 2 };
enum direction { TX, RX, BOTH, UNSAID };

struct gen {
    struct net net;
    struct near_sender near;
    struct flow tx, rx; /* only those are used that `direction` has */
    struct far far;
    struct watch watch;
    pthread_t sender;
    bool sender_running;
    uint64_t direction; /* enum direction; settled by start */
    uint64_t batch[2];  /* frames a chain, at least and at most */
    uint64_t hold;      /* 1: begin at gen_go */
    bool started;
    bool going;                           /* of the threads that start, go and stop */
    _Atomic bool has_tx, has_rx, has_far; /* set by start, which callbacks may be ahead of */
    uint8_t (*frames)[NUMBERED_MAX];
    pthread_mutex_t lock;
    uint64_t strays_near, strays_far; /* guarded by lock: frames where none are to arrive */
};

static struct gen *gen_of(struct net *net)
{
    return (struct gen *)net;
}

/* ---- The near side's sender ---- */

/* How many frames the next chain has. */
static unsigned next_batch(const struct gen *gen, uint64_t *chains)
{
    uint64_t choices = gen->batch[1] - gen->batch[0] + 1;

    return (unsigned)(gen->batch[0] + numbered_random(&gen->tx.sent, ~++*chains) % choices);
}

static void *sender_thread(void *argument)
{
    struct gen *gen = argument;
    struct net_frame frames[BATCH_MAX];
    uint64_t first, chains = 0;
    unsigned count, taken;

    while ((count = flow_issue(&gen->tx, next_batch(gen, &chains), &first))) {
        for (unsigned i = 0; i < count; i++) {
            frames[i].data = gen->frames[i];
            frames[i].length = flow_fill(&gen->tx, first + i, gen->frames[i]);
            frames[i].tag = flow_tag(&gen->tx, first + i);
            frames[i].cookie = first + i;
        }
        taken = near_sender_send(&gen->near, frames, count);
        if (taken < count) {
            flow_withdraw(&gen->tx, count - taken);
            break;
        }
    }
    return NULL;
}

/* ---- What the host calls ---- */

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

    if (gen->has_tx)
        flow_arrived(&gen->tx, frame, length, TAG_NONE);
    else
        count_stray(gen, &gen->strays_far);
}

/* First the flow, then the sender: who waits for room finds the frame accounted for. */
static void gen_near_sent(struct net *net, uint64_t cookie, int32_t status)
{
    struct gen *gen = gen_of(net);

    flow_completed(&gen->tx, cookie, status);
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

    if (!changing) { /* perhaps another VLAN */
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

/* What can be done on this bus, or a line why not. */
static int settle_direction(struct gen *gen, char *error, size_t size)
{
    gen->has_far = gen->net.ports->far_send != NULL;
    if (gen->direction == UNSAID)
        gen->direction = gen->has_far ? BOTH : TX;
    if (gen->direction != TX && !gen->has_far) {
        snprintf(error, size,
                 "gen: dir=%s needs a bus with a far end of ours (model, qtest), and this one has "
                 "none; dir=tx works here",
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
                 gen->going ? "is under way" : "cannot begin before the link is up");
        return -1;
    }
    gen->going = true;
    near_sender_start(&gen->near);
    flow_start(&gen->tx);
    flow_start(&gen->rx);
    if (gen->has_tx) {
        result = pthread_create(&gen->sender, NULL, sender_thread, gen);
        gen->sender_running = !result;
    }
    if (!result && gen->has_rx)
        result = far_start(&gen->far, net->ports, &gen->rx);
    if (!result)
        result = watch_start(&gen->watch, look, gen);
    if (result) {
        snprintf(error, error_size, "gen: cannot start a thread: %s", strerror(result));
        gen_stop(net);
        return -1;
    }
    return 0;
}

static int gen_start(struct net *net, char *error, size_t error_size)
{
    struct gen *gen = gen_of(net);
    uint8_t address[6];

    if (settle_direction(gen, error, error_size))
        return -1;
    far_address(net->ports->mac, address);
    flow_addresses(&gen->tx, address, net->ports->mac);
    flow_addresses(&gen->rx, net->ports->mac, address);
    flow_tagging(&gen->tx, net->ports->tags);
    flow_tagging(&gen->rx, net->ports->tags);
    flow_filtering(&gen->rx, net->ports->near_accepts, net->ports->context);
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
    if (counts.failed) {
        fprintf(out, "gen tx: came back unsent:");
        near_sender_print_failures(&gen->near, out);
        fprintf(out, "\n");
    }
    pthread_mutex_lock(&gen->lock);
    if (gen->strays_far || (gen->strays_near && gen->has_far)) {
        fprintf(out,
                "gen: %" PRIu64 " frames came out of the device and %" PRIu64
                " out of the miniport that nobody sent\n",
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
    free(gen->frames);
    free(gen);
}

static void gen_close(struct net *net)
{
    struct gen *gen = gen_of(net);

    /* A thread that cannot be had back out of far_send keeps its memory. */
    if (far_join(&gen->far))
        gen_free(gen);
}

/* ---- Opening ---- */

static const struct net_ops gen_ops = {
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
    uint64_t count = 0, sizes[2] = {60, 1514}, rate = 0, seed = 1, window = 4096, stall = 10;
    uint64_t tag[2] = {FLOW_TAGS_NONE, 0}, kinds = 1u << FLOW_DIRECTED;
    const struct option table[] = {
        {"count", OPTION_NUMBER, 0, UINT64_MAX, NULL, &count},
        {"size", OPTION_SIZES, NUMBERED_MIN, NUMBERED_MAX, NULL, sizes},
        {"dir", OPTION_CHOICE, 0, 0, directions, &gen->direction},
        {"tag", OPTION_TAG, 0, 0, NULL, tag},
        {"kinds", OPTION_SET, 0, 0, flow_kind_names, &kinds},
        {"rate", OPTION_NUMBER, 0, 100000000, NULL, &rate},
        {"seed", OPTION_NUMBER, 0, UINT64_MAX, NULL, &seed},
        {"batch", OPTION_RANGE, 1, BATCH_MAX, NULL, gen->batch},
        {"window", OPTION_NUMBER, 1, FLOW_WINDOW_MAX, NULL, &window},
        {"stall", OPTION_NUMBER, 1, 3600, NULL, &stall},
        {"hold", OPTION_NUMBER, 0, 1, NULL, &gen->hold},
    };

    gen->direction = UNSAID;
    gen->batch[0] = gen->batch[1] = 32;
    if (options_parse("gen", arguments, table, sizeof table / sizeof table[0], error, size))
        return -1;
    *flow = (struct flow_options){.seed = seed,
                                  .count = count,
                                  .size = {(unsigned)sizes[0], (unsigned)sizes[1]},
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
        "  gen[:OPTION=VALUE,...]  numbered frames with checked content; every one accounted for\n"
        "    count=N: frames each way (0: until stopped)  rate=N: a second each way (0: no limit)\n"
        "    size=S, MIN-MAX, or sweep for 14-1514: bytes a frame (60-1514), a tag apart; each\n"
        "      size once in a round. Under 30 they have no room for their number and are told\n"
        "      apart by content, of which those of 14 bytes have none\n"
        "    tag=none|VID[:PRIORITY]|random: 802.1Q, out of band above the miniport, in the\n"
        "      frame on the wire, as the miniport's MacOptions say. Where they say that it does\n"
        "      none, one is sent all the same, and must not be honoured (none)\n"
        "    kinds=directed+multicast+broadcast+other: whom frames are for (directed). Multicast\n"
        "      ones go to 01:00:5E:00:00:01 to :40, others to a station that is not here. What\n"
        "      packet filter and multicast list ask for has to come up, and nothing else\n"
        "    dir=tx|rx|both (both; where the bus has no far end of ours tx, and then all that is\n"
        "      checked is that each frame comes back sent)\n"
        "    batch=N or MIN-MAX: frames a chain handed to the miniport (32; at most 256)\n"
        "    window=N: frames under way each way, at most (4096; at most 65536)  seed=N (1)\n"
        "    stall=S: seconds without progress that are a failure (10)\n"
        "    hold=0|1: begin when scenario control says `go` (0)\n",
    .wants_far = true,
    .open = gen_open,
};
