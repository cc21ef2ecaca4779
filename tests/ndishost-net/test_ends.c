/* SPDX-License-Identifier: MIT */
/* gen, echo and none against a pretended miniport that is good, and then bad in each way. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <inttypes.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "loopback.h"

/* What an end said at the end. */
struct outcome {
    bool finished;
    int verdict;
    char text[4096], json[8192];
};

static struct loopback loopback;

static struct net *open_end(const char *spec)
{
    char error[256] = "";
    struct net *net = net_open(spec, &loopback.ports, error, sizeof error);

    if (!net)
        fail_msg("%s: %s", spec, error);
    return net;
}

static struct outcome conclude(struct net *net, bool finished)
{
    struct outcome outcome = {.finished = finished};
    FILE *out = fmemopen(outcome.text, sizeof outcome.text, "w");
    FILE *json = fmemopen(outcome.json, sizeof outcome.json, "w");

    loopback_stop(&loopback);
    outcome.verdict = net->ops->verdict(net, out);
    net->ops->report(net, json);
    fclose(out);
    fclose(json);
    net->ops->close(net);
    return outcome;
}

static void begin(struct net *net)
{
    char error[256] = "";

    if (loopback_start(&loopback, net, error, sizeof error))
        fail_msg("%s", error);
}

static uint64_t passed(enum way way)
{
    uint64_t frames;

    pthread_mutex_lock(&loopback.lock);
    frames = loopback.passed[way];
    pthread_mutex_unlock(&loopback.lock);
    return frames;
}

/* Waits until so many frames went that way, or for a while. */
static void wait_for_passed(enum way way, uint64_t frames)
{
    for (unsigned i = 0; i < 4000 && passed(way) < frames; i++)
        usleep(5000);
}

static struct outcome run(const char *spec)
{
    struct net *net = open_end(spec);

    begin(net);
    return conclude(net, loopback_wait(&loopback, 120000)); /* a busy machine, a sanitizer */
}

static void expect_text(const struct outcome *outcome, const char *text)
{
    if (!strstr(outcome->text, text))
        fail_msg("expected \"%s\" in:\n%s", text, outcome->text);
}

/* `"name": value` occurs in the report, times `times`. */
static void expect_json(const struct outcome *outcome, const char *name, uint64_t value,
                        unsigned times)
{
    char wanted[96];
    unsigned found = 0;

    snprintf(wanted, sizeof wanted, "\"%s\": %" PRIu64, name, value);
    for (const char *at = outcome->json; (at = strstr(at, wanted)); at++)
        found += at[strlen(wanted)] < '0' || at[strlen(wanted)] > '9';
    if (found != times)
        fail_msg("expected %s %u times in:\n%s", wanted, times, outcome->json);
}

static void expect_good(const struct outcome *outcome)
{
    if (!outcome->finished || outcome->verdict)
        fail_msg("finished %d, verdict %d:\n%s", outcome->finished, outcome->verdict,
                 outcome->text);
}

static void expect_bad(const struct outcome *outcome)
{
    if (!outcome->finished || !outcome->verdict)
        fail_msg("finished %d, verdict %d, expected 1 and -1:\n%s", outcome->finished,
                 outcome->verdict, outcome->text);
}

static int set_up(void **state)
{
    (void)state;
    loopback_init(&loopback, true);
    return 0;
}

static int set_up_without_far(void **state)
{
    (void)state;
    loopback_init(&loopback, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loopback_destroy(&loopback);
    return 0;
}

/* ---- Good miniports ---- */

static void test_gen_both(void **state)
{
    struct outcome outcome = run("gen:count=20000");

    (void)state;
    expect_good(&outcome);
    expect_json(&outcome, "frames_sent", 20000, 2);
    expect_json(&outcome, "frames_received", 20000, 2);
    expect_json(&outcome, "intact", 20000, 2);
    expect_json(&outcome, "0x00000000", 20000, 1);
    expect_json(&outcome, "lost", 0, 2);
    expect_text(&outcome, "gen tx: 20000 frames sent, 20000 arrived, all intact and in order");
    expect_text(&outcome, "gen rx: 20000 frames sent, 20000 arrived, all intact and in order");
}

static void test_gen_one_way(void **state)
{
    struct outcome outcome = run("gen:count=1000,dir=tx");

    (void)state;
    expect_good(&outcome);
    expect_json(&outcome, "intact", 1000, 1);
    assert_null(strstr(outcome.text, "gen rx"));
    loopback_destroy(&loopback);
    loopback_init(&loopback, true);
    outcome = run("gen:count=1000,dir=rx");
    expect_good(&outcome);
    expect_json(&outcome, "intact", 1000, 1);
    assert_null(strstr(outcome.text, "gen tx"));
}

static void test_gen_sizes(void **state)
{
    static const char *const specs[] = {
        "gen:count=3000,size=14-1514",  "gen:count=500,size=14", "gen:count=500,size=15",
        "gen:count=500,size=29",        "gen:count=500,size=30", "gen:count=500,size=59-61",
        "gen:count=500,size=1513-1514", "gen:count=1,size=1514", "gen:count=3200,size=14-29"};

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct outcome outcome = run(specs[i]);

        expect_good(&outcome);
        loopback_destroy(&loopback);
        loopback_init(&loopback, true);
    }
}

/* Each size once a round: the sum of bytes over one round is known. */
static void test_gen_every_size(void **state)
{
    struct outcome outcome = run("gen:count=1501,size=14-1514");

    (void)state;
    expect_good(&outcome);
    expect_json(&outcome, "bytes_sent", 1501 * (14 + 1514) / 2, 2);
    assert_int_equal(loopback.short_frames, 60 - 14);
}

static void test_gen_window_and_batch(void **state)
{
    static const char *const specs[] = {
        "gen:count=3000,window=1", "gen:count=3000,window=2,batch=256",
        "gen:count=20000,window=65536,batch=256,size=60", "gen:count=3000,batch=1"};

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct outcome outcome = run(specs[i]);

        expect_good(&outcome);
        loopback_destroy(&loopback);
        loopback_init(&loopback, true);
    }
}

/* A miniport that never takes more than three frames at once. */
static void test_gen_partial_sends(void **state)
{
    struct outcome outcome;

    (void)state;
    loopback.take_at_most = 3;
    outcome = run("gen:count=300");
    expect_good(&outcome);
    expect_json(&outcome, "intact", 300, 2);
}

/* While nothing is taken the sender asks now and then, not without rest. */
static void test_gen_waits_while_refused(void **state)
{
    struct net *net = open_end("gen:dir=tx,count=100");
    struct outcome outcome;

    (void)state;
    loopback.refuse = true;
    begin(net);
    usleep(200000);
    pthread_mutex_lock(&loopback.lock);
    assert_in_range(loopback.near_sends, 2, 40);
    loopback.refuse = false;
    pthread_mutex_unlock(&loopback.lock);
    outcome = conclude(net, loopback_wait(&loopback, 5000));
    expect_good(&outcome);
}

/* An adapter that happens to have the station's address: the station takes another. */
static void test_gen_address_clash(void **state)
{
    static const uint8_t station[6] = {2, 'a', 'v', 'n', 'e', 't'};
    struct outcome outcome;

    (void)state;
    memcpy(loopback.ports.mac, station, 6);
    outcome = run("gen:count=10");
    expect_good(&outcome);
    assert_memory_equal(loopback.queues[TX].packets[0].bytes + 6, station, 6);
    assert_memory_not_equal(loopback.queues[TX].packets[0].bytes, station, 6);
    assert_memory_equal(loopback.queues[RX].packets[0].bytes, station, 6);
}

static void test_gen_rate(void **state)
{
    struct timespec before, after;
    struct outcome outcome;
    double seconds;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &before);
    outcome = run("gen:count=256,rate=500,batch=256,dir=tx");
    clock_gettime(CLOCK_MONOTONIC, &after);
    expect_good(&outcome);
    seconds =
        (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
    if (seconds < 0.45)
        fail_msg("256 frames at 500 per second took %.3f s", seconds);
}

/* The stall of 1 s is shorter than the time between two frames: waiting for the rate is not a
 * stall. */
static void test_gen_slow_rate_is_no_stall(void **state)
{
    struct net *net = open_end("gen:rate=0,count=1,stall=1");
    struct outcome outcome;

    (void)state;
    net->ops->close(net);
    outcome = run("gen:count=2,rate=1,stall=1,dir=rx");
    expect_good(&outcome);
}

/* Without a count, ended from outside: nothing is missing. */
static void test_gen_until_stopped(void **state)
{
    struct net *net = open_end("gen");
    struct outcome outcome;

    (void)state;
    begin(net);
    usleep(200000);
    outcome = conclude(net, false);
    if (outcome.verdict)
        fail_msg("%s", outcome.text);
    expect_json(&outcome, "lost", 0, 2);
    expect_json(&outcome, "not_returned", 0, 1);
}

static void test_gen_stopped_early(void **state)
{
    struct net *net = open_end("gen:count=100000000,size=60");
    struct outcome outcome;

    (void)state;
    begin(net);
    usleep(100000);
    outcome = conclude(net, false);
    if (outcome.verdict)
        fail_msg("%s", outcome.text);
    expect_text(&outcome, " of 100000000 frames sent");
}

/* Frames that are given out and never taken, after the ring of states has gone round. */
static void test_gen_stopped_while_paused(void **state)
{
    struct net *net = open_end("gen:dir=tx,size=60");
    struct outcome outcome;
    uint64_t passed = 0;

    (void)state;
    begin(net);
    while (passed < 140000) {
        usleep(1000);
        pthread_mutex_lock(&loopback.lock);
        passed = loopback.near_frames;
        pthread_mutex_unlock(&loopback.lock);
    }
    loopback_pause(&loopback, true);
    usleep(20000);
    outcome = conclude(net, false);
    if (outcome.verdict)
        fail_msg("%s", outcome.text);
}

static void test_gen_nothing_sent(void **state)
{
    struct net *net = open_end("gen:dir=tx");
    struct outcome outcome;

    (void)state;
    loopback_pause(&loopback, true);
    begin(net);
    usleep(50000);
    outcome = conclude(net, false);
    assert_int_equal(outcome.verdict, -1);
    expect_text(&outcome, "gen tx: no frame was sent");
}

static void test_echo(void **state)
{
    struct outcome outcome = run("echo:count=20000");

    (void)state;
    expect_good(&outcome);
    expect_json(&outcome, "intact", 20000, 1);
    expect_json(&outcome, "near_received", 20000, 1);
    expect_text(&outcome, "echo: 20000 frames sent, 20000 arrived, all intact and in order");
}

static void test_echo_sizes(void **state)
{
    struct outcome outcome = run("echo:count=6020,size=14-1514,window=1000");

    (void)state;
    expect_good(&outcome);
    loopback_destroy(&loopback);
    loopback_init(&loopback, true);
    outcome = run("echo:count=300,size=14,window=1");
    expect_good(&outcome);
}

/* Requests and replies both ways at once. */
static void test_echo_calls(void **state)
{
    static const char *const specs[] = {"echo:count=5000,calls=1",
                                        "echo:count=3000,calls=1,size=sweep,tag=random",
                                        "echo:count=300,calls=1,size=14,window=1"};

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct outcome outcome;

        loopback_destroy(&loopback);
        loopback_init(&loopback, true);
        outcome = run(specs[i]);
        expect_good(&outcome);
        expect_text(&outcome, "echo calls: ");
        expect_json(&outcome, "lost", 0, 2);
    }
}

/* Whichever of the two it hits, a fault is seen, and the other is none the worse. */
static void test_bad_echo_calls(void **state)
{
    static const struct {
        enum fault_kind kind;
        int64_t value;
        const char *text;
    } faults[] = {{LOSE, 0, "1 lost"},
                  {DAMAGE, 77, "1 damaged"},
                  {DUPLICATE, 0, "1 duplicated"},
                  {TAG_FORGOTTEN, 0, "1 with a wrong 802.1Q tag"},
                  {GROW, 0, "1 with a wrong length"}};

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (unsigned at = 50; at < 54; at++) {
            struct outcome outcome;

            loopback_destroy(&loopback);
            loopback_init(&loopback, true);
            loopback_fault(&loopback, faults[i].kind, at & 1 ? TX : RX, at, faults[i].value);
            outcome = run("echo:count=200,calls=1,size=100,tag=5:3,stall=1");
            expect_bad(&outcome);
            expect_text(&outcome, faults[i].text);
            expect_text(&outcome, "all intact and in order");
        }
    }
}

/* A station of the test's own calls; a group address does not become a source. */
static void test_echo_without_far(void **state)
{
    static const uint8_t unicast[60] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 2, 2, 2, 2, 2, 8, 0, 7};
    static const uint8_t group[60] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 2,
                                      2,    2,    2,    2,    8,    0,    7};
    struct net *net = open_end("echo:count=2");
    struct outcome outcome;

    (void)state;
    begin(net);
    net->ops->near_receive(net, unicast, sizeof unicast, TAG_NONE);
    net->ops->near_receive(net, group, sizeof group, TAG_NONE);
    net->ops->near_receive_end(net);
    outcome = conclude(net, loopback_wait(&loopback, 5000));
    expect_good(&outcome);
    expect_json(&outcome, "near_received", 2, 1);
    for (unsigned i = 0; i < 2; i++) {
        assert_memory_equal(loopback.queues[TX].packets[i].bytes, "\2\2\2\2\2\2", 6);
        assert_memory_equal(loopback.queues[TX].packets[i].bytes + 6, loopback.ports.mac, 6);
        assert_memory_equal(loopback.queues[TX].packets[i].bytes + 12, unicast + 12, 48);
    }
}

static int (*reflect_send)(void *context, const void *frame, size_t length);

/* Returns a frame with its addresses swapped, as a foreign device may. */
static void reflect(struct loopback *wire, const uint8_t *frame, size_t length)
{
    uint8_t copy[2048];

    memcpy(copy, frame + 6, 6);
    memcpy(copy + 6, frame, 6);
    memcpy(copy + 12, frame + 12, length - 12);
    reflect_send(wire, copy, length);
}

/* The adapter is not given the far end; what is out there is the test's own. */
static struct outcome run_reflected(const char *spec)
{
    reflect_send = loopback.ports.far_send;
    loopback.ports.far_send = NULL;
    loopback.station = reflect;
    return run(spec);
}

static void test_echo_calls_without_far(void **state)
{
    struct outcome outcome = run_reflected("echo:count=3000,calls=1,window=64,size=sweep");

    (void)state;
    expect_good(&outcome);
    expect_text(&outcome, "echo calls: ");
    expect_json(&outcome, "intact", 3000, 1);
    expect_json(&outcome, "lost", 0, 1);
}

static void test_bad_echo_calls_without_far(void **state)
{
    static const struct {
        enum fault_kind kind;
        const char *text;
    } faults[] = {{LOSE, "1 lost"}, {DAMAGE, "1 damaged"}, {DUPLICATE, "1 duplicated"}};

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct outcome outcome;

        loopback_destroy(&loopback);
        loopback_init(&loopback, true);
        loopback_fault(&loopback, faults[i].kind, RX, 50, 77);
        outcome = run_reflected("echo:count=200,calls=1,window=64,size=100,stall=1");
        expect_bad(&outcome);
        expect_text(&outcome, faults[i].text);
    }
}

static void test_gen_without_far(void **state)
{
    struct outcome outcome = run("gen:count=5000");

    (void)state;
    expect_good(&outcome);
    expect_text(&outcome, "gen tx: 5000 frames sent, all completed as sent");
    expect_text(&outcome, "does not show what the device sent");
    expect_json(&outcome, "returned", 5000, 1);
    assert_null(strstr(outcome.json, "intact"));
}

static void test_without_far_refuses(void **state)
{
    static const char *const specs[] = {"gen:dir=rx", "gen:dir=both"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        char error[256] = "";
        struct net *net = open_end(specs[i]);

        assert_int_equal(net->ops->start(net, error, sizeof error), -1);
        assert_non_null(strstr(error, "needs a bus whose far end is ndishost"));
        assert_non_null(strstr(error, strchr(specs[i], ':') + 1));
        net->ops->close(net);
    }
}

/* ---- Kinds and filters ---- */

static atomic_uint
    filter; /* a bit a kind: directed, the lower groups, the upper, broadcast, other */

static bool accepts(void *context, const uint8_t destination[6], uint32_t tag)
{
    unsigned kind = 4;

    (void)context, (void)tag;
    if (destination[0] == 0xFF)
        kind = 3;
    else if (destination[0] & 1)
        kind = destination[5] <= 0x20 ? 1 : 2;
    else if (!memcmp(destination, loopback.ports.mac, 6))
        kind = 0;
    return filter >> kind & 1;
}

#define ALL_KINDS "kinds=directed+multicast+broadcast+other"

static struct outcome run_filtered(unsigned wanted, bool filters, const char *spec)
{
    loopback_destroy(&loopback);
    loopback_init(&loopback, true);
    filter = wanted;
    loopback.ports.near_accepts = accepts;
    loopback.filter = filters ? accepts : NULL;
    return run(spec);
}

/* What the filter asks for arrives, and nothing else; all kinds leave. */
static void test_kinds(void **state)
{
    (void)state;
    for (unsigned wanted = 0; wanted < 32; wanted++) {
        struct outcome outcome =
            run_filtered(wanted, true, "gen:count=2000,size=14-200," ALL_KINDS);

        expect_good(&outcome);
        expect_json(&outcome, "unwanted", 0, 2);
        if (wanted == 31)
            expect_json(&outcome, "frames_received", 2000, 2);
    }
}

/* The account of one known stream by kind: sent and arrived are the same, and all that there
 * are. */
static void test_kinds_counted(void **state)
{
    struct outcome outcome = run_filtered(31, true, "gen:count=4000,size=60,dir=rx," ALL_KINDS);
    static const char *const names[] = {"directed", "multicast", "broadcast", "other"};
    uint64_t sum = 0;

    (void)state;
    expect_good(&outcome);
    for (unsigned i = 0; i < 4; i++) {
        unsigned long long sent, bytes, arrived, arrived_bytes;
        char key[32];
        const char *at;

        snprintf(key, sizeof key, "\"%s\": {", names[i]);
        at = strstr(outcome.json, key);
        assert_non_null(at);
        assert_int_equal(sscanf(at + strlen(key),
                                "\"sent\": %llu, \"sent_bytes\": %llu, \"received\": %llu, "
                                "\"received_bytes\": %llu",
                                &sent, &bytes, &arrived, &arrived_bytes),
                         4);
        assert_in_range(sent, 900, 1100);
        assert_int_equal(bytes, 60 * sent);
        assert_int_equal(arrived, sent);
        assert_int_equal(arrived_bytes, bytes);
        sum += sent;
    }
    assert_int_equal(sum, 4000);
}

static void test_bad_filter(void **state)
{
    struct outcome outcome = run_filtered(1, false, "gen:count=500,size=14-200," ALL_KINDS);
    struct net *net;
    bool finished;

    (void)state;
    expect_bad(&outcome);
    expect_text(&outcome, "that the packet filter does not select");
    expect_text(&outcome, "arrived, which the packet filter does not select");
    loopback_destroy(&loopback);
    loopback_init(&loopback, true);
    loopback.ports.near_accepts = accepts;
    filter = 8;
    net = open_end("gen:count=50,size=60,kinds=multicast,dir=rx");
    begin(net);
    finished = loopback_wait(&loopback, 120000);
    wait_for_passed(RX, 50); /* gen waits for none of them, or not for long */
    outcome = conclude(net, finished);
    expect_bad(&outcome);
    expect_text(&outcome, "50 that the packet filter does not select");
}

static bool accepts_no_broadcast(void *context, const uint8_t destination[6], uint32_t tag)
{
    return destination[0] != 0xFF && accepts(context, destination, tag);
}

static void test_bad_filter_too_narrow(void **state)
{
    struct outcome outcome;

    (void)state;
    loopback_destroy(&loopback);
    loopback_init(&loopback, true);
    filter = 31;
    loopback.ports.near_accepts = accepts;
    loopback.filter = accepts_no_broadcast;
    outcome = run("gen:count=50,size=60,kinds=broadcast,dir=rx,stall=1");
    expect_bad(&outcome);
    expect_json(&outcome, "lost", 50, 1);
}

/* The filter changes again and again under traffic: the miniport knows it somewhat earlier. */
static void test_filter_changes(void **state)
{
    struct net *net;
    struct outcome outcome;

    (void)state;
    loopback.ports.near_accepts = accepts;
    loopback.filter = accepts;
    filter = 31;
    net = open_end("gen:size=60-200,rate=50000," ALL_KINDS);
    begin(net);
    for (unsigned i = 0; i < 50; i++) {
        usleep(4000);
        net->ops->filter(net, true);
        filter = i * 7 % 32;
        usleep(1000);
        net->ops->filter(net, false);
    }
    usleep(20000);
    outcome = conclude(net, false);
    if (outcome.verdict)
        fail_msg("%s", outcome.text);
    expect_json(&outcome, "unwanted", 0, 2);
}

/* hold=1: nothing until go, and then everything. */
static void test_hold(void **state)
{
    struct net *net = open_end("gen:count=300,hold=1");
    struct outcome outcome;
    char error[128] = "";

    (void)state;
    assert_int_equal(net->ops->go(net, error, sizeof error), -1);
    assert_non_null(strstr(error, "cannot start"));
    begin(net);
    assert_false(loopback_wait(&loopback, 100));
    assert_int_equal(loopback.near_frames, 0);
    assert_int_equal(net->ops->go(net, error, sizeof error), 0);
    assert_int_equal(net->ops->go(net, error, sizeof error), -1);
    assert_non_null(strstr(error, "has already started"));
    outcome = conclude(net, loopback_wait(&loopback, 30000));
    expect_good(&outcome);
    expect_json(&outcome, "intact", 300, 2);
}

/* Chains of every length that was asked for. */
static void test_random_batches(void **state)
{
    struct outcome outcome = run("gen:count=5000,batch=1-64,dir=tx,size=sweep");

    (void)state;
    expect_good(&outcome);
    assert_in_range(loopback.near_sends, 5000 / 64, 5000 / 16);
}

/* An adapter of VLAN 9: its frames are marked, and only those of the VLAN are to come up. */
static bool accepts_vlan(void *context, const uint8_t destination[6], uint32_t tag)
{
    (void)context, (void)destination;
    return tag != TAG_NONE && (tag & TAG_VLAN) == 9;
}

static void test_vlan(void **state)
{
    static const char *const specs[] = {"gen:count=500,tag=9:5", "gen:count=500,tag=8:5",
                                        "gen:count=500,tag=none", "gen:count=2000,tag=random"};
    struct outcome outcome;

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {

        loopback_destroy(&loopback);
        loopback_init(&loopback, true);
        loopback.ports.tags = (struct tag_options){.priority = true, .vlan = true, .vlan_id = 9};
        loopback.ports.near_accepts = loopback.filter = accepts_vlan;
        outcome = run(specs[i]);
        expect_good(&outcome);
        expect_json(&outcome, "unwanted", 0, 2);
    }
    loopback_destroy(&loopback);
    loopback_init(&loopback, true);
    loopback.ports.tags = (struct tag_options){.priority = true, .vlan = true, .vlan_id = 9};
    loopback.ports.near_accepts = accepts_vlan;
    outcome = run("gen:count=5,tag=8");
    expect_bad(&outcome);
    expect_text(&outcome, "that the packet filter does not select");
}

/* Tags both ways, and echoed, whatever part of 802.1Q the miniport says that it does. */
static void test_tags(void **state)
{
    static const char *const specs[] = {"gen:count=3000,tag=random,size=14-1514",
                                        "gen:count=500,tag=4094:7",
                                        "gen:count=500,tag=0",
                                        "gen:count=500,tag=0:5,size=14",
                                        "gen:count=500,tag=9,size=50-62",
                                        "echo:count=3000,tag=random,size=14-1514"};

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        for (unsigned options = 0; options < 4; options++) {
            struct outcome outcome;

            loopback_destroy(&loopback);
            loopback_init(&loopback, true);
            loopback.ports.tags =
                (struct tag_options){.priority = options & 1, .vlan = options & 2};
            loopback.copies_tags = options;
            outcome = run(specs[i]);
            expect_good(&outcome);
            expect_json(&outcome, "mistagged", 0, *specs[i] == 'g' ? 2 : 1);
        }
    }
}

static void test_none(void **state)
{
    static const uint8_t frame[60];
    struct net *net = open_end("none");
    struct outcome outcome;

    (void)state;
    begin(net);
    net->ops->near_receive(net, frame, sizeof frame, TAG_NONE);
    outcome = conclude(net, false);
    assert_int_equal(outcome.verdict, 0);
    expect_json(&outcome, "frames_received", 1, 1);
    expect_json(&outcome, "bytes_received", 60, 1);
}

/* ---- Bad ones: each fault is named, with the frame, in each direction ---- */

static void bad(enum fault_kind kind, enum way way, int64_t value, const char *spec,
                const char *counter, const char *text)
{
    char wanted[64];
    struct outcome outcome;

    loopback_destroy(&loopback);
    loopback_init(&loopback, true);
    loopback_fault(&loopback, kind, way, 50, value);
    outcome = run(spec);
    expect_bad(&outcome);
    expect_text(&outcome, text);
    snprintf(wanted, sizeof wanted, "\"%s\": 1", counter);
    if (!strstr(outcome.json, wanted))
        fail_msg("expected %s in:\n%s", wanted, outcome.json);
}

/* For gen both ways and for echo both ways. */
static void bad_everywhere(enum fault_kind kind, int64_t value, const char *counter,
                           const char *text)
{
    bad(kind, TX, value, "gen:count=200,size=100", counter, text);
    bad(kind, RX, value, "gen:count=200,size=100", counter, text);
    bad(kind, TX, value, "echo:count=200,size=100", counter, text);
    bad(kind, RX, value, "echo:count=200,size=100", counter, text);
}

static void test_bad_loss(void **state)
{
    (void)state;
    bad_everywhere(LOSE, 0, "lost", "frame 50 did not arrive");
}

static void test_bad_duplicate(void **state)
{
    (void)state;
    bad_everywhere(DUPLICATE, 0, "duplicated", "frame 50 arrived a second time");
}

static void test_bad_order(void **state)
{
    (void)state;
    bad_everywhere(SWAP, 0, "reordered", "frame 50 arrived after frame 51");
}

static void test_bad_damage(void **state)
{
    (void)state;
    bad_everywhere(DAMAGE, 77, "damaged",
                   "frame 50 (100 bytes): 1 wrong byte, the first at offset 77: ");
}

/* Every byte of a frame counts, those of the header too. */
static void test_bad_damage_each_byte(void **state)
{
    static const char *const specs[] = {"gen:count=52,size=40,dir=tx",
                                        "gen:count=52,size=20,dir=tx",
                                        "gen:count=52,size=14,dir=tx"};
    char text[96];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        for (int offset = 0; offset < 60; offset += i ? 3 : 1) {
            snprintf(text, sizeof text, "1 wrong byte, the first at offset %d", offset);
            bad(DAMAGE, TX, offset, specs[i], "damaged", text);
        }
    }
    bad(DAMAGE, TX, 45, specs[0], "damaged", "offset 45 (padding): 01, expected 00");
    bad(DAMAGE, TX, 14, "gen:count=52,size=1514,dir=tx", "damaged", "offset 14: ");
}

static void test_bad_tags(void **state)
{
    static const char tagged[] = "gen:count=200,size=100,tag=5:3";

    (void)state;
    bad(TAG_FORGOTTEN, TX, 0, tagged, "mistagged",
        "frame 50 arrived with no tag, expected priority 3, VLAN 5");
    bad(TAG_FORGOTTEN, RX, 0, tagged, "mistagged",
        "frame 50 arrived with no tag, but on the wire it has priority 3, VLAN 5");
    bad(TAG_WRONG, TX, 0x2000, tagged, "mistagged",
        "frame 50 arrived with priority 2, VLAN 5, expected priority 3, VLAN 5");
    bad(TAG_WRONG, RX, 0x2000, tagged, "mistagged", "frame 50 arrived with priority 2, VLAN 5");
    bad(TAG_WRONG, TX, 0x1000, tagged, "mistagged", "priority 3, VLAN 5, DEI");
    bad(TAG_WRONG, RX, 0x1000, tagged, "mistagged", "priority 3, VLAN 5, DEI");
    bad(TAG_WRONG, TX, 0x800, tagged, "mistagged", "priority 3, VLAN 2053");
    bad(TAG_WRONG, RX, 0x800, tagged, "mistagged", "priority 3, VLAN 2053");
    bad(TAG_WRONG, RX, TAG_RESERVED, tagged, "mistagged",
        "with reserved bits set in the out-of-band tag");
    bad(TAG_LEFT, RX, 0, tagged, "mistagged", "with an unexpected tag in the frame");
    bad(TAG_TWICE, TX, 0, tagged, "mistagged", "with an unexpected tag in the frame");
    bad(TAG_FORGOTTEN, TX, 0, "echo:count=200,size=100,tag=5:3", "mistagged", "with no tag");
    bad(TAG_FORGOTTEN, RX, 0, "echo:count=200,size=100,tag=5:3", "mistagged", "with no tag");
    bad(DAMAGE, TX, 50, tagged, "damaged", "1 wrong byte, the first at offset 46");
    bad(DAMAGE, TX, 45, "gen:count=200,size=20,tag=5:3,dir=tx", "damaged", "(padding)");
    bad(TRUNCATE, RX, 60, "gen:count=200,size=1000,tag=5:3", "wrong_length",
        "arrived with 60 bytes");
    bad(GROW, RX, 0, "gen:count=200,size=50,tag=5:3", "wrong_length", "with 57 bytes, expected 56");
}

/* Tags of a miniport that is set up to do none, or one half. */
static void bad_options(struct tag_options options, bool copies, const char *spec, const char *text)
{
    struct outcome outcome;

    loopback_destroy(&loopback);
    loopback_init(&loopback, true);
    loopback.ports.tags = options;
    loopback.copies_tags = copies;
    outcome = run(spec);
    expect_bad(&outcome);
    expect_text(&outcome, text);
}

static void test_bad_tags_not_offered(void **state)
{
    const struct tag_options none = {.vlan_id = 0}, both = {.priority = true, .vlan = true};

    (void)state;
    loopback_destroy(&loopback);
    loopback_init(&loopback, true);
    bad_options(none, true, "gen:count=20,dir=rx,tag=5:3",
                "frame 0 arrived with priority 3, VLAN 5");
    bad_options(both, false, "gen:count=20,dir=rx,tag=0:3", "frame 0 arrived with no tag");
}

static void test_bad_padding(void **state)
{
    (void)state;
    bad(PAD_DIRTY, TX, 0, "gen:count=200,size=30,dir=tx", "damaged",
        "30 wrong bytes, the first at offset 30 (padding): a5, expected 00");
    bad(PAD_DIRTY, TX, 0, "gen:count=200,size=59,dir=tx", "damaged", "offset 59 (padding)");
    bad(PAD_DIRTY, TX, 0, "gen:count=200,size=40,dir=tx,tag=5:3", "damaged",
        "16 wrong bytes, the first at offset 40 (padding)");
}

static void test_bad_truncation(void **state)
{
    (void)state;
    bad_everywhere(TRUNCATE, 99, "wrong_length", "frame 50 arrived with 99 bytes, expected 100");
    bad(TRUNCATE, TX, 40, "gen:count=200,size=1000", "wrong_length",
        "frame 50 arrived with 40 bytes, expected 1000");
    bad(TRUNCATE, TX, 22, "gen:count=200,size=1000", "wrong_length",
        "frame 50 arrived with 22 bytes, expected 1000");
    bad(TRUNCATE, TX, 0, "gen:count=200,size=1000", "stray", "a frame of 0 bytes arrived");
}

static void test_bad_growth(void **state)
{
    (void)state;
    bad_everywhere(GROW, 0, "wrong_length", "frame 50 arrived with 101 bytes, expected 100");
}

static void test_bad_stray(void **state)
{
    (void)state;
    bad(STRAY, TX, 0, "gen:count=200,size=100", "stray",
        "a frame of 80 bytes arrived that nothing sent: 02 61 76 6e 65 74 52 54 00 12 34 56 08 "
        "00");
    bad(STRAY, RX, 0, "gen:count=200,size=100", "stray",
        "a frame of 80 bytes arrived that nothing sent");
    bad(STRAY, TX, 0, "echo:count=200,size=100", "stray",
        "a frame of 80 bytes arrived that nothing");
    bad(STRAY, RX, 0, "echo:count=200,size=100", "stray",
        "a frame of 80 bytes arrived that nothing");
}

/* Frames without a number: what can be told of them is told. */
static void test_bad_short_frames(void **state)
{
    (void)state;
    bad(LOSE, TX, 0, "gen:count=200,size=16", "lost", "frame 50 did not arrive");
    bad(SWAP, TX, 0, "gen:count=200,size=20", "reordered", "frame 50 arrived after frame 51");
    bad(DUPLICATE, TX, 0, "gen:count=200,size=15", "duplicated", "frame 50 arrived a second time");
    bad(LOSE, TX, 0, "gen:count=200,size=14-29", "lost", "did not arrive");
}

/* Of 14 bytes the loss is certain and only the name is not. */
static void test_bad_nameless_loss(void **state)
{
    struct outcome outcome;

    (void)state;
    loopback_fault(&loopback, LOSE, TX, 50, 0);
    outcome = run("gen:count=200,size=14,dir=tx,stall=1");
    expect_bad(&outcome);
    expect_text(&outcome, "no progress for 1 s: 1 sent frames have not arrived");
    expect_json(&outcome, "lost", 1, 1);
}

static void test_bad_failure(void **state)
{
    (void)state;
    bad(FAIL, TX, (int32_t)0xC0000001, "gen:count=200,size=100", "failed",
        "the miniport completed frame 50 with NDIS_STATUS_FAILURE (0xC0000001)");
    bad(FAIL, TX, (int32_t)0xC0000001, "echo:count=200,size=100", "failed",
        "the miniport completed frame 50 with NDIS_STATUS_FAILURE (0xC0000001)");
    bad(FAIL, TX, (int32_t)0xC023001F, "gen:count=200,size=100", "failed",
        "the miniport completed frame 50 with NDIS_STATUS_MEDIA_DISCONNECTED (0xC023001F)");
    bad(FAIL, TX, 0x12345678, "gen:count=200,size=100", "failed",
        "the miniport completed frame 50 with NDIS_STATUS 0x12345678");
}

static void test_bad_twice_back(void **state)
{
    (void)state;
    bad(TWICE_BACK, TX, 0, "gen:count=200,size=100,dir=tx", "returned_twice",
        "the miniport completed frame 50 a second time");
}

static void test_bad_echo_twice_back(void **state)
{
    struct outcome outcome;

    (void)state;
    loopback_fault(&loopback, TWICE_BACK, TX, 50, 0);
    outcome = run("echo:count=200");
    expect_bad(&outcome);
    expect_text(&outcome, "the miniport got 200 frames to send and completed 201");
}

static void test_bad_never_back(void **state)
{
    (void)state;
    bad(NEVER_BACK, TX, 0, "gen:count=200,size=100,dir=tx,stall=1", "not_returned",
        "1 sent frames have not been completed by the miniport");
    loopback_destroy(&loopback);
    loopback_init(&loopback, false);
    loopback_fault(&loopback, NEVER_BACK, TX, 50, 0);
    {
        struct outcome outcome = run("gen:count=200,stall=1");

        expect_bad(&outcome);
        expect_text(&outcome, "1 sent frames have not been completed by the miniport");
    }
}

static void test_bad_stall(void **state)
{
    struct outcome outcome;

    (void)state;
    loopback_fault(&loopback, STALL, RX, 150, 0);
    outcome = run("gen:count=200,stall=1,size=60");
    expect_bad(&outcome);
    expect_text(&outcome, "gen tx: 200 frames sent, 200 arrived");
    expect_text(&outcome, "no progress for 1 s: 50 sent frames have not arrived, the first is "
                          "frame 150");
    expect_text(&outcome, "frames 150 to 199 did not arrive");
    expect_json(&outcome, "lost", 50, 1);
}

/* The device takes nothing: far_send blocks, and the run ends nevertheless. */
static void test_bad_stall_with_full_wire(void **state)
{
    struct outcome outcome;

    (void)state;
    loopback_fault(&loopback, STALL, RX, 0, 0);
    outcome = run("gen:count=2000,stall=1,size=60,dir=rx");
    expect_bad(&outcome);
    expect_text(&outcome, "the first is frame 0");
}

/* A tail that is lost is found by the watchdog. */
static void test_bad_lost_tail(void **state)
{
    struct outcome outcome;

    (void)state;
    loopback_fault(&loopback, LOSE, TX, 199, 0);
    outcome = run("gen:count=200,stall=1,dir=tx");
    expect_bad(&outcome);
    expect_text(&outcome, "frame 199 did not arrive");
}

static void test_bad_several(void **state)
{
    struct outcome outcome;

    (void)state;
    loopback_fault(&loopback, LOSE, TX, 10, 0);
    loopback_fault(&loopback, LOSE, TX, 11, 0);
    loopback_fault(&loopback, DAMAGE, TX, 20, 30);
    loopback_fault(&loopback, DUPLICATE, TX, 30, 0);
    loopback_fault(&loopback, SWAP, RX, 40, 0);
    outcome = run("gen:count=1000");
    expect_bad(&outcome);
    expect_text(&outcome,
                "gen tx: 1000 frames sent, 997 intact, 2 lost, 1 damaged, 1 duplicated\n");
    expect_text(&outcome, "gen rx: 1000 frames sent, 1000 intact, 1 out of order\n");
    expect_text(&outcome, "frames 10 to 11 did not arrive");
}

/* Long after the ring of states has gone round. */
static void test_bad_loss_long_ago(void **state)
{
    struct outcome outcome;

    (void)state;
    loopback_fault(&loopback, LOSE, TX, 1000, 0);
    loopback_fault(&loopback, LOSE, TX, 150000, 0);
    outcome = run("gen:count=300000,size=60,dir=tx");
    expect_bad(&outcome);
    expect_text(&outcome, "gen tx: 300000 frames sent, 299998 intact, 2 lost\n");
    expect_text(&outcome, "frame 1000 did not arrive");
}

static void test_bad_reflection(void **state)
{
    static const uint8_t frame[60];
    struct net *net = open_end("gen:count=10,dir=tx");
    struct outcome outcome;

    (void)state;
    begin(net);
    net->ops->near_receive(net, frame, sizeof frame, TAG_NONE);
    outcome = conclude(net, loopback_wait(&loopback, 5000));
    expect_bad(&outcome);
    expect_text(&outcome, "the miniport indicated 1 frames that gen did not send");
}

/* ---- Link and pause: what they take away is no fault, and what comes after is checked again ---- */

static void test_link_flaps(void **state)
{
    static const char *const specs[] = {"gen:size=60-200", "echo:size=60-200"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct net *net = open_end(specs[i]);
        struct outcome outcome;

        begin(net);
        for (unsigned flap = 0; flap < 10; flap++) {
            usleep(20000);
            loopback_link(&loopback, false);
            usleep(10000);
            loopback_link(&loopback, true);
        }
        usleep(20000);
        outcome = conclude(net, false);
        if (outcome.verdict)
            fail_msg("%s", outcome.text);
        expect_text(&outcome, "all intact and in order");
        expect_text(&outcome, "gone while paused or without link");
        loopback_destroy(&loopback);
        loopback_init(&loopback, true);
    }
}

/* A loss with the link up stays a loss, whatever the link did before. */
static void test_link_flap_excuses_no_other_loss(void **state)
{
    struct net *net = open_end("gen:dir=tx,rate=2000,count=1000");
    struct outcome outcome;

    (void)state;
    loopback_fault(&loopback, LOSE, TX, 600, 0);
    begin(net);
    usleep(50000);
    loopback_link(&loopback, false);
    usleep(20000);
    loopback_link(&loopback, true);
    outcome = conclude(net, loopback_wait(&loopback, 10000));
    expect_bad(&outcome);
    expect_json(&outcome, "lost", 1, 1);
    expect_text(&outcome, "frame 600 did not arrive");
}

/* A send may be refused for want of a link just before the miniport says that there is none. If it
 * never says so, or long after, there was no reason. */
static void test_link_refusal_ahead_of_loss(void **state)
{
    static const useconds_t waits[] = {100000, 1200000};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct net *net;
        struct outcome outcome;

        loopback_destroy(&loopback);
        loopback_init(&loopback, true);
        loopback_fault(&loopback, FAIL, TX, 50, (int32_t)0xC023001F);
        net = open_end("gen:dir=tx,count=51,size=60");
        begin(net);
        loopback_wait(&loopback, 5000);
        usleep(waits[i]);
        loopback_link(&loopback, false);
        outcome = conclude(net, true);
        assert_int_equal(outcome.verdict, i ? -1 : 0);
        expect_json(&outcome, "failed", i, 1);
        expect_json(&outcome, "failed_excused", !i, 1);
    }
}

/* A link that goes and does not return is in the end a failure, and said to be one. */
static void test_link_stays_down(void **state)
{
    struct net *net = open_end("gen:dir=rx,stall=1");
    struct outcome outcome;

    (void)state;
    begin(net);
    loopback_link(&loopback, false);
    outcome = conclude(net, loopback_wait(&loopback, 15000));
    expect_bad(&outcome);
    expect_text(&outcome, "no progress for 6 s, the link is down: ");
}

/* A paused miniport gives sends back and drops what arrives. */
static void test_pauses(void **state)
{
    static const char *const specs[] = {"gen:size=60-200", "echo:size=60-200"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct net *net = open_end(specs[i]);
        struct outcome outcome;

        begin(net);
        for (unsigned j = 0; j < 10; j++) {
            usleep(20000);
            loopback_pause(&loopback, true);
            usleep(j ? 10000 : 300000); /* one that is long on the busiest machine */
            loopback_pause(&loopback, false);
        }
        usleep(20000);
        outcome = conclude(net, false);
        if (outcome.verdict)
            fail_msg("%s", outcome.text);
        expect_text(&outcome, "all intact and in order");
        expect_text(&outcome, "with NDIS_STATUS_PAUSED (0xC023002A)");
        loopback_destroy(&loopback);
        loopback_init(&loopback, true);
    }
}

/* Waits until both directions have sent: on a busy machine one can be later than the other. */
static void wait_for_frames(void)
{
    while (!passed(TX) || !passed(RX))
        usleep(20000);
}

/* A pause that falls into a time without link ends neither of them early. */
static void test_pause_within_link_loss(void **state)
{
    struct net *net = open_end("gen:size=60");
    struct outcome outcome;

    (void)state;
    begin(net);
    wait_for_frames();
    loopback_link(&loopback, false);
    loopback_pause(&loopback, true);
    usleep(20000);
    loopback_pause(&loopback, false);
    usleep(20000);
    loopback_link(&loopback, true);
    usleep(20000);
    outcome = conclude(net, false);
    if (outcome.verdict)
        fail_msg("%s", outcome.text);
}

/* While nothing is sent on, each pause excuses what waits to be, and a new window of frames comes:
 * for the last, of which nothing is excused, there must be room, however many are still there. */
static void pauses_while_stuck(const char *spec, enum way stuck, unsigned window)
{
    struct net *net = open_end(spec);
    struct outcome outcome;

    begin(net);
    wait_for_frames();
    pthread_mutex_lock(&loopback.lock);
    loopback_fault(&loopback, STALL, stuck, 0, 0);
    pthread_mutex_unlock(&loopback.lock);
    for (unsigned i = 0; i < 14; i++) {
        uint64_t before;

        loopback_pause(&loopback, true);
        before = passed(!stuck);
        loopback_pause(&loopback, false);
        wait_for_passed(!stuck, before + window);
    }
    pthread_mutex_lock(&loopback.lock);
    loopback.fault_count = 0;
    pthread_cond_broadcast(&loopback.changed);
    pthread_mutex_unlock(&loopback.lock);
    outcome = conclude(net, false);
    if (outcome.verdict)
        fail_msg("%s", outcome.text);
    expect_json(&outcome, "lost", 0, stuck == RX ? 2 : 1);
    expect_text(&outcome, "all intact and in order");
}

static void test_pauses_while_station_stuck(void **state)
{
    (void)state;
    pauses_while_stuck("echo:calls=1,window=64,size=60", RX, 64);
}

static void test_pauses_while_near_stuck(void **state)
{
    (void)state;
    pauses_while_stuck("echo:window=1024,size=60", TX, 1024);
}

#define WITH_FAR(test)    cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define WITHOUT_FAR(test) cmocka_unit_test_setup_teardown(test, set_up_without_far, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FAR(test_gen_both),
        WITH_FAR(test_gen_one_way),
        WITH_FAR(test_gen_sizes),
        WITH_FAR(test_gen_every_size),
        WITH_FAR(test_gen_window_and_batch),
        WITH_FAR(test_gen_partial_sends),
        WITH_FAR(test_gen_waits_while_refused),
        WITH_FAR(test_gen_address_clash),
        WITH_FAR(test_gen_rate),
        WITH_FAR(test_gen_slow_rate_is_no_stall),
        WITH_FAR(test_gen_until_stopped),
        WITH_FAR(test_gen_stopped_early),
        WITH_FAR(test_gen_stopped_while_paused),
        WITH_FAR(test_gen_nothing_sent),
        WITH_FAR(test_echo),
        WITH_FAR(test_echo_sizes),
        WITH_FAR(test_echo_calls),
        WITH_FAR(test_bad_echo_calls),
        WITHOUT_FAR(test_echo_without_far),
        WITH_FAR(test_echo_calls_without_far),
        WITH_FAR(test_bad_echo_calls_without_far),
        WITHOUT_FAR(test_gen_without_far),
        WITHOUT_FAR(test_without_far_refuses),
        WITH_FAR(test_none),
        WITH_FAR(test_tags),
        WITH_FAR(test_vlan),
        WITH_FAR(test_kinds),
        WITH_FAR(test_kinds_counted),
        WITH_FAR(test_bad_filter),
        WITH_FAR(test_bad_filter_too_narrow),
        WITH_FAR(test_filter_changes),
        WITH_FAR(test_hold),
        WITH_FAR(test_random_batches),
        WITH_FAR(test_bad_loss),
        WITH_FAR(test_bad_duplicate),
        WITH_FAR(test_bad_order),
        WITH_FAR(test_bad_damage),
        WITH_FAR(test_bad_damage_each_byte),
        WITH_FAR(test_bad_tags),
        WITH_FAR(test_bad_tags_not_offered),
        WITH_FAR(test_bad_padding),
        WITH_FAR(test_bad_truncation),
        WITH_FAR(test_bad_growth),
        WITH_FAR(test_bad_stray),
        WITH_FAR(test_bad_short_frames),
        WITH_FAR(test_bad_nameless_loss),
        WITH_FAR(test_bad_failure),
        WITH_FAR(test_bad_twice_back),
        WITH_FAR(test_bad_echo_twice_back),
        WITH_FAR(test_bad_never_back),
        WITH_FAR(test_bad_stall),
        WITH_FAR(test_bad_stall_with_full_wire),
        WITH_FAR(test_bad_lost_tail),
        WITH_FAR(test_bad_several),
        WITH_FAR(test_bad_loss_long_ago),
        WITH_FAR(test_bad_reflection),
        WITH_FAR(test_link_flaps),
        WITH_FAR(test_link_flap_excuses_no_other_loss),
        WITH_FAR(test_link_refusal_ahead_of_loss),
        WITH_FAR(test_link_stays_down),
        WITH_FAR(test_pauses),
        WITH_FAR(test_pause_within_link_loss),
        WITH_FAR(test_pauses_while_station_stuck),
        WITH_FAR(test_pauses_while_near_stuck),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
