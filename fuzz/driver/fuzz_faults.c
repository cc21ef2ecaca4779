/* SPDX-License-Identifier: MIT */
/*
 * fuzz_faults.c: one fault of the device, or one trouble of Windows, at one point of the adapter's life. The
 * input has three bytes or more: what fails, at which point, at which occasion. tests/faults/run makes an input
 * of each combination. When the fault is over, the adapter has to carry frames again within a minute, unless
 * the device is gone. No rule is broken and nothing leaks, whatever fails.
 */
#include "bench.h"

#include "bus/model/fault.h"
#include "ndis/protocol/bad_send.h"
#include "nt/api/pool.h"
#include "nt/machine/late.h"

#define MINUTE 60 /* of the driver's time, which is counted */

static const char *const points[] = {"bring-up", "steady", "pause", "reset",
                                     "sleep",    "wake",   "halt"};
enum point { BRING_UP, STEADY, PAUSE, RESET, SLEEP, WAKE, HALT, POINTS };

/* What is not a fault of the device: an allocation fails, map registers are short, or Windows calls late. */
enum trouble { ALLOCATION, MAP_REGISTERS, LATE_WORK, LATE_DPCS, LATE_SGS, TROUBLES };
static const char *const troubles[TROUBLES] = {"allocation", "map_registers", "late_workitem",
                                               "late_dpc", "late_sg"};

/* How late, by occasion: within a tick of the clock, and longer than NDIS needs to ask whether the adapter hangs. */
static unsigned late_for(unsigned occasion)
{
    return occasion == 1 ? 5 : occasion == 2 ? 150 : 4500;
}

static const char *name_of(unsigned what)
{
    return what < FAULT_COUNT ? fault_name((enum fault_id)what) : troubles[what - FAULT_COUNT];
}

static unsigned wired; /* frames that the wire took, in this input */

/* Frames both ways, which need not get through. */
static void traffic(struct bench *b)
{
    static uint8_t data[1514];
    struct net_frame frames[4];
    unsigned i;

    memset(data, 2, 12);
    for (i = 0; i < ARRAYSIZE(frames); i++)
        frames[i] = (struct net_frame){
            .data = data, .length = i % 2 ? 1514 : 60, .tag = TAG_NONE, .cookie = i};
    b->adapter->ports.near_send(b->adapter->ports.context, frames, ARRAYSIZE(frames));
    for (i = 0; i < ARRAYSIZE(frames); i++) {
        b->adapter->ports.near_send(b->adapter->ports.context, frames + i, 1);
        bench_command(b, "wire ffffffffffff02a5a5a5a5a588b7%s",
                      "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
                      "5a5a5a5a5a5a5a5a");
        wired += !b->refused;
    }
    bench_command(b, "sleep 5");
}

/* What fails: a fault of the model, or from FAULT_COUNT on a trouble. */
static void strike(struct bench *b, unsigned what, unsigned occasion)
{
    /* These are seen by who reads DEVICE_NEEDS_RESET, and resets. */
    if (what == FAULT_STATUS_LATE || what == FAULT_COUNT + LATE_WORK)
        bench_command(b, "fault needs_reset@1");
    if (what < FAULT_COUNT)
        bench_command(b, "fault %s@%u", name_of(what), occasion);
    else if (what == FAULT_COUNT + ALLOCATION)
        bench_command(b, "fail allocation:%u", occasion);
    else if (what >= FAULT_COUNT + LATE_WORK)
        bench_command(b, "late %s:%u", name_of(what) + strlen("late_"), late_for(occasion));
}

static void over(struct bench *b)
{
    bench_command(b, "fault none");
    bench_command(b, "late none");
    nt_fail_call(NULL, 0);
    nt_fail_allocation(0);
}

static bool carries(struct bench *b)
{
    char text[1024] = "";

    return !bad_send(b->adapter, "good", text, sizeof text) &&
           strstr(text, "NDIS_STATUS_SUCCESS") && strstr(text, "on the wire 1 of 1");
}

static bool gone(const struct bench *b, unsigned what)
{
    return (what == FAULT_GONE || what == FAULT_GONE_FRAME) &&
           b->adapter->bus->ops->faults(b->adapter->bus);
}

/* Seconds until a frame gets through, or MINUTE. */
static unsigned recover(struct bench *b)
{
    unsigned seconds;

    bench_command(b, "power d0");
    bench_command(b, "restart");
    for (seconds = 0; seconds < MINUTE; seconds++) {
        if (carries(b))
            break;
        bench_command(b, "sleep 1000");
    }
    return seconds;
}

static void live(struct bench *b, enum point point, unsigned what, unsigned occasion)
{
    traffic(b);
    if (point == WAKE)
        bench_command(b, "power d3");
    strike(b, what, occasion);
    if (point != WAKE)
        traffic(b);
    if (point == PAUSE)
        bench_command(b, "pause");
    if (point == RESET)
        bench_command(b, "reset");
    if (point == SLEEP)
        bench_command(b, "power d3");
    if (point == SLEEP || point == WAKE)
        bench_command(b, "power d0");
    if (point == PAUSE)
        bench_command(b, "restart");
    if (point != HALT) {
        traffic(b);
        bench_command(b, "sleep 9000"); /* NDIS asks four times whether the adapter hangs */
    }
}

/* How often it struck. */
static unsigned long struck_by(const struct bench *b, unsigned what, unsigned long failures)
{
    if (what < FAULT_COUNT)
        return b->adapter->bus->ops->faults(b->adapter->bus);
    if (what == FAULT_COUNT + ALLOCATION)
        return nt_failures() - failures;
    if (what == FAULT_COUNT + MAP_REGISTERS)
        return SHARED_GET(b->adapter->counters.sg_lists_short);
    return nt_late_calls();
}

void bench_run(struct bench *b)
{
    const char *keywords[] = {"*ReceiveBuffers=16", "*TransmitBuffers=16", NULL, NULL};
    struct adapter_options options = {.liberties = LIBERTY_PLAIN, .keywords = keywords};
    unsigned what = bench_below(b, FAULT_COUNT + TROUBLES), point = bench_below(b, POINTS);
    unsigned occasion = 1 + (unsigned)bench_take(b, 1), seconds = 0, failed, indicated;
    unsigned long failures = nt_failures();
    const char *name = name_of(what);
    unsigned long struck;

    wired = 0;
    if (what == FAULT_AVAIL_EVENT) /* it is seen by who has negotiated it */
        keywords[2] = "EventIdx=1";
    if (what == FAULT_RX_WRITES_ON) /* it strikes at lists that the protocol holds */
        options.hold = (struct hold){HOLD_FRAMES, 16};
    if (what ==
        FAULT_COUNT + MAP_REGISTERS) /* as many as one frame of a page needs, or a few more */
        options.map_registers = occasion;
    FUZZ_ASSERT(bench_add(b, "model:mtu=1500", &options));
    if (point == BRING_UP)
        strike(b, what, occasion);
    if (!bench_start(b)) {
        over(b);
        bench_say("outcome %s %s: refused", name, points[point]);
        if (!gone(b, what))
            FUZZ_ASSERT(bench_start(b) && recover(b) < MINUTE);
        return;
    }
    live(b, point, what, occasion);
    struck = struck_by(b, what, failures);
    failed = (unsigned)SHARED_GET(b->adapter->counters.send_failed);
    indicated = (unsigned)SHARED_GET(b->adapter->counters.indicated_frames);
    bench_say("flight: %u of %u not sent, %u of %u not received", failed,
              (unsigned)SHARED_GET(b->adapter->counters.sent_frames),
              wired > indicated ? wired - indicated : 0, wired);
    if (point != HALT) {
        over(b);
        if (!gone(b, what)) {
            seconds = recover(b);
            FUZZ_ASSERT(seconds < MINUTE);
        }
    }
    bench_say("outcome %s %s: %s, struck %u, %u s", name, points[point],
              gone(b, what)   ? "gone"
              : point == HALT ? "halted"
                              : "back",
              (unsigned)struck, seconds);
}
