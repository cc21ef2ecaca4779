/* SPDX-License-Identifier: MIT */
/*
 * echo: the near side sends back each frame that it receives, with destination and source swapped.
 * On a bus whose far end is ndishost's, a station there sends numbered frames and checks each echo.
 * With calls=1 the near side also sends numbered frames and checks the replies. The replies come
 * from that station, or from a foreign device that returns each frame with swapped addresses.
 */
#include "net/net.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "net/backlog.h"
#include "net/caller.h"
#include "net/far.h"
#include "net/flow.h"
#include "net/near_sender.h"
#include "net/options.h"
#include "net/watch.h"

#define BATCH       64
#define ROOM_MIN    4096u /* also where there is no far end, and no window */
#define STREAM_ECHO 3
#define STREAM_CALL 4

/* A cookie is the number of a numbered frame; others have this bit. */
#define UNNUMBERED (1ull << 63)

struct echo {
    struct net net;
    struct near_sender near;
    struct flow flow;
    struct far far;
    struct caller caller; /* if calls */
    bool calls;           /* the near side sends numbered frames too */
    struct watch watch;
    pthread_t thread;
    bool thread_running;
    _Atomic bool has_far; /* start sets it; callbacks may run before it */
    uint64_t count;
    struct timespec progress_at; /* of the watch's thread: when the next progress line is due */
    struct backlog backlog;      /* received, to be sent back */
    _Atomic uint64_t received, bad_length, unsent;
};

static struct echo *echo_of(struct net *net)
{
    return (struct echo *)net;
}

/* ---- The near side: received frames go into a backlog, and a thread sends them back ---- */

static void echo_near_receive(struct net *net, const void *frame, size_t length, uint32_t tag)
{
    struct echo *echo = echo_of(net);

    if (echo->calls && caller_near_receive(&echo->caller, frame, length, tag))
        return;
    echo->received++;
    if (length > NET_FRAME_MAX || length < 14)
        echo->bad_length++;
    else
        backlog_put(&echo->backlog, frame, length, tag);
}

static void echo_near_receive_end(struct net *net)
{
    backlog_put_end(&echo_of(net)->backlog);
}

/* A group address cannot be a source: then the adapter's own stands there. */
static void swap_addresses(const struct echo *echo, uint8_t *frame)
{
    uint8_t destination[6];

    memcpy(destination, frame, 6);
    memcpy(frame, frame + 6, 6);
    memcpy(frame + 6, destination[0] & 1 ? echo->net.ports->mac : destination, 6);
}

static uint64_t cookie_of(const struct echo *echo, const struct backlog_frame *frame)
{
    uint64_t number;

    if (echo->has_far && numbered_identify(&echo->flow.sent, frame->data, frame->length, &number))
        return number;
    return UNNUMBERED;
}

static void *echo_thread(void *argument)
{
    struct echo *echo = argument;
    struct backlog_frame **waiting;
    struct net_frame frames[BATCH];
    unsigned count;

    while ((count = backlog_take(&echo->backlog, &waiting))) {
        for (unsigned i = 0; i < count; i++) {
            frames[i].data = waiting[i]->data;
            frames[i].length = waiting[i]->length;
            frames[i].tag = tag_offered(echo->net.ports->tags, waiting[i]->tag);
            frames[i].cookie = cookie_of(echo, waiting[i]);
            swap_addresses(echo, waiting[i]->data);
        }
        echo->unsent += count - near_sender_send(&echo->near, frames, count);
    }
    return NULL;
}

static void echo_near_sent(struct net *net, uint64_t cookie, int32_t status)
{
    struct echo *echo = echo_of(net);

    if (echo->calls && caller_near_sent(&echo->caller, cookie, status))
        return;
    if (status && echo->has_far)
        flow_failed(&echo->flow, cookie, status);
    near_sender_sent(&echo->near, status);
}

/* ---- The far side ---- */

static void echo_far_receive(struct net *net, const void *frame, size_t length)
{
    struct echo *echo = echo_of(net);

    if (!echo->calls || !caller_far_receive(&echo->caller, frame, length))
        flow_arrived(&echo->flow, frame, length, TAG_NONE);
}

static void echo_link(struct net *net, bool up)
{
    flow_link(&echo_of(net)->flow, up);
    if (echo_of(net)->calls)
        flow_link(&echo_of(net)->caller.flow, up);
}

static void echo_pause(struct net *net, bool paused)
{
    flow_pause(&echo_of(net)->flow, paused);
    if (echo_of(net)->calls)
        flow_pause(&echo_of(net)->caller.flow, paused);
}

/* ---- Watching ---- */

static void print_progress(struct echo *echo)
{
    struct timespec now;
    uint64_t sent, intact;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec < echo->progress_at.tv_sec ||
        (now.tv_sec == echo->progress_at.tv_sec && now.tv_nsec < echo->progress_at.tv_nsec))
        return;
    echo->progress_at.tv_sec++;
    if (echo->has_far) {
        flow_progress(&echo->flow, &sent, &intact);
        fprintf(stderr, "echo: %" PRIu64 " frames sent, %" PRIu64 " echoed intact\n", sent, intact);
    } else if (echo->calls) {
        flow_progress(&echo->caller.flow, &sent, &intact);
        fprintf(stderr, "echo: %" PRIu64 " frames sent, %" PRIu64 " returned intact\n", sent,
                intact);
    } else {
        fprintf(stderr, "echo: %" PRIu64 " frames received, %" PRIu64 " sent back\n",
                echo->received, near_sender_counts(&echo->near).sent);
    }
}

/* Both flows are home, or one has stalled. A flow that was never started counts as home. */
static bool flows_done(struct echo *echo)
{
    enum flow_state calls = echo->calls ? flow_poll(&echo->caller.flow) : FLOW_HOME;
    enum flow_state echoes = echo->has_far ? flow_poll(&echo->flow) : FLOW_HOME;

    return calls == FLOW_STALLED || echoes == FLOW_STALLED ||
           (calls == FLOW_HOME && echoes == FLOW_HOME);
}

static bool look(void *context)
{
    struct echo *echo = context;
    bool done;

    print_progress(echo);
    if (echo->has_far || echo->calls)
        done = flows_done(echo);
    else
        done = echo->count && near_sender_counts(&echo->near).sent >= echo->count;
    if (done)
        echo->net.ports->finished(echo->net.ports->context);
    return !done;
}

/* ---- Life ---- */

static void echo_stop(struct net *net);

static int start_threads(struct echo *echo)
{
    int result = pthread_create(&echo->thread, NULL, echo_thread, echo);

    echo->thread_running = !result;
    if (!result && echo->has_far)
        result = far_start(&echo->far, echo->net.ports, &echo->flow);
    if (!result && echo->calls)
        result = caller_start(&echo->caller, echo->net.ports);
    if (!result)
        result = watch_start(&echo->watch, look, echo);
    return result;
}

static int echo_start(struct net *net, char *error, size_t error_size)
{
    struct echo *echo = echo_of(net);
    uint8_t station[6];
    int result;

    clock_gettime(CLOCK_MONOTONIC, &echo->progress_at);
    echo->progress_at.tv_sec++;
    echo->has_far = net->ports->far_send != NULL;
    far_address(net->ports, station);
    flow_addresses(&echo->flow, net->ports->mac, station);
    flow_tagging(&echo->flow, net->ports->tags);
    flow_start(&echo->flow);
    near_sender_start(&echo->near);
    backlog_start(&echo->backlog);
    result = start_threads(echo);
    if (result) {
        snprintf(error, error_size, "echo: cannot start a thread for the traffic: %s",
                 strerror(result));
        echo_stop(net);
        return -1;
    }
    return 0;
}

/* The station stops first. The near side still echoes the frames that the station has sent. */
static void echo_stop(struct net *net)
{
    struct echo *echo = echo_of(net);

    flow_stop(&echo->flow);
    if (echo->calls)
        flow_stop(&echo->caller.flow);
    watch_stop(&echo->watch);
    if (echo->calls)
        caller_stop(&echo->caller);
    far_join(&echo->far);
    flow_drain(&echo->flow);
    near_sender_stop(&echo->near);
    backlog_stop(&echo->backlog);
    if (echo->thread_running)
        pthread_join(echo->thread, NULL);
    echo->thread_running = false;
}

static int calls_verdict(struct echo *echo, FILE *out)
{
    int result = flow_verdict(&echo->caller.flow, out);

    if (caller_dropped(&echo->caller).too_long) {
        fprintf(out, "echo: %" PRIu64 " requests were too long for the station to answer\n",
                caller_dropped(&echo->caller).too_long);
        result = -1;
    }
    if (near_sender_counts(&echo->caller.near).failed) {
        fprintf(out, "echo calls: failed sends:");
        near_sender_print_failures(&echo->caller.near, out);
        fprintf(out, "\n");
    }
    return result;
}

static int echo_verdict(struct net *net, FILE *out)
{
    struct echo *echo = echo_of(net);
    struct near_counts counts = near_sender_counts(&echo->near);
    uint64_t dropped = backlog_counts(&echo->backlog).dropped;
    int result = 0;

    if (echo->has_far)
        result = flow_verdict(&echo->flow, out);
    if (echo->calls)
        result |= calls_verdict(echo, out);
    fprintf(out, "echo: near side: %" PRIu64 " frames received, %" PRIu64 " sent back",
            echo->received, counts.sent);
    if (dropped || echo->bad_length)
        fprintf(out,
                ", %" PRIu64 " dropped because the queue was full, %" PRIu64
                " with an invalid length",
                dropped, echo->bad_length);
    if (echo->bad_length && echo->has_far)
        result = -1;
    if (counts.failed) {
        fprintf(out, "; failed sends:");
        near_sender_print_failures(&echo->near, out);
    }
    if (counts.given != counts.returned) {
        fprintf(out, "; the miniport got %" PRIu64 " frames to send and completed %" PRIu64,
                counts.given, counts.returned);
        result = -1;
    }
    fprintf(out, "\n");
    return result;
}

static void echo_report(struct net *net, FILE *json)
{
    struct echo *echo = echo_of(net);

    fprintf(json, "\"end\": \"echo\", ");
    if (echo->has_far) {
        fprintf(json, "\"far\": {");
        flow_report(&echo->flow, json);
        fprintf(json, "}, ");
    }
    if (echo->calls) {
        fprintf(json, "\"calls\": {");
        flow_report(&echo->caller.flow, json);
        fprintf(json, ", ");
        near_sender_report(&echo->caller.near, json);
        fprintf(json, ", \"dropped_no_room\": %" PRIu64 "}, ",
                caller_dropped(&echo->caller).dropped);
    }
    fprintf(json,
            "\"near_received\": %" PRIu64 ", \"near_dropped_no_room\": %" PRIu64
            ", \"near_dropped_length\": %" PRIu64 ", \"near_unsent\": %" PRIu64 ", ",
            echo->received, backlog_counts(&echo->backlog).dropped, echo->bad_length, echo->unsent);
    near_sender_report(&echo->near, json);
}

static void echo_free(struct echo *echo)
{
    if (echo->flow.ring)
        flow_destroy(&echo->flow);
    if (echo->caller.flow.ring)
        caller_destroy(&echo->caller);
    if (echo->backlog.room)
        backlog_destroy(&echo->backlog);
    near_sender_destroy(&echo->near);
    free(echo);
}

static void echo_close(struct net *net)
{
    struct echo *echo = echo_of(net);

    /* A thread that does not return from far_send keeps its memory. */
    if (far_join(&echo->far))
        echo_free(echo);
}

/* ---- Opening ---- */

static const struct net_ops echo_ops = {
    .start = echo_start,
    .near_receive = echo_near_receive,
    .near_receive_end = echo_near_receive_end,
    .near_sent = echo_near_sent,
    .far_receive = echo_far_receive,
    .link = echo_link,
    .pause = echo_pause,
    .stop = echo_stop,
    .verdict = echo_verdict,
    .report = echo_report,
    .close = echo_close,
};

static int echo_options(const char *arguments, struct flow_options *flow, uint64_t *calls,
                        char *error, size_t size)
{
    uint64_t count = 0, sizes[2] = {60, 1514}, rate = 0, seed = 1, window = 256, stall = 10;
    uint64_t tag[2] = {FLOW_TAGS_NONE, 0};
    const struct option table[] = {
        {"count", OPTION_NUMBER, 0, UINT64_MAX, NULL, &count},
        {"size", OPTION_SIZES, NUMBERED_MIN, NUMBERED_MAX, NULL, sizes},
        {"tag", OPTION_TAG, 0, 0, NULL, tag},
        {"rate", OPTION_NUMBER, 0, 100000000, NULL, &rate},
        {"seed", OPTION_NUMBER, 0, UINT64_MAX, NULL, &seed},
        {"window", OPTION_NUMBER, 1, FLOW_WINDOW_MAX, NULL, &window},
        {"stall", OPTION_NUMBER, 1, 3600, NULL, &stall},
        {"calls", OPTION_NUMBER, 0, 1, NULL, calls},
    };

    if (options_parse("echo", arguments, table, sizeof table / sizeof table[0], error, size))
        return -1;
    *flow = (struct flow_options){.name = "echo",
                                  .seed = seed,
                                  .stream = STREAM_ECHO,
                                  .count = count,
                                  .size = {(unsigned)sizes[0], (unsigned)sizes[1]},
                                  .rate = rate,
                                  .window = (unsigned)window,
                                  .stall = (unsigned)stall,
                                  .arrivals = true,
                                  .way = FLOW_ECHOED,
                                  .tags = (enum flow_tags)tag[0],
                                  .tag = (uint32_t)tag[1]};
    return 0;
}

/* Twice the window is what backlog.h asks for, and far more than a DPC brings. */
static unsigned backlog_room(unsigned window)
{
    return 2 * window > ROOM_MIN ? 2 * window : ROOM_MIN;
}

static struct net *echo_open(const char *arguments, struct net_ports *ports, char *error,
                             size_t error_size)
{
    struct flow_options options;
    struct echo *echo;
    uint64_t calls = 0;

    if (echo_options(arguments, &options, &calls, error, error_size))
        return NULL;
    echo = calloc(1, sizeof *echo);
    if (!echo) {
        snprintf(error, error_size, "echo: out of memory");
        return NULL;
    }
    echo->net = (struct net){.ops = &echo_ops, .ports = ports};
    echo->count = options.count;
    near_sender_init(&echo->near, ports);
    if (backlog_init(&echo->backlog, backlog_room(options.window), BATCH) ||
        flow_init(&echo->flow, &options)) {
        snprintf(error, error_size, "echo: out of memory");
        echo_free(echo);
        return NULL;
    }
    options.name = "echo calls";
    options.stream = STREAM_CALL;
    if (calls && caller_init(&echo->caller, &options)) {
        snprintf(error, error_size, "echo: out of memory");
        echo_free(echo);
        return NULL;
    }
    echo->calls = calls;
    return &echo->net;
}

const struct net_backend net_echo = {
    .name = "echo",
    .help =
        "  echo[:OPTION=VALUE,...]  sends each received frame back with the addresses swapped. On\n"
        "    a bus whose far end is ndishost's, a station there sends frames and checks each echo\n"
        "    count=N: frames (0: until stopped)\n"
        "    rate=N: frames per second (0: as fast as the echoes return)\n"
        "    size=S, MIN-MAX or sweep: bytes per frame (60-1514), as for gen  seed=N (1)\n"
        "    tag=none|VID[:PRIORITY]|random: an 802.1Q tag, as for gen (none)\n"
        "    window=N: the most outstanding echoes (256; at most 65536)\n"
        "    stall=S: fail after S seconds without progress (10)\n"
        "    calls=0|1: 1: the near side also sends requests to a station, which replies (0). On "
        "a\n"
        "      bus whose far end is not ndishost's, the device or its back end must return each\n"
        "      frame with the addresses swapped\n",
    .wants_far = true,
    .open = echo_open,
};
