/* SPDX-License-Identifier: MIT */
/* The life of a flow: frames given out, the link, stalls and the end. */
#include "net/flow.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "net/flow_states.h"

/* How many times longer a flow may stand still while the link is down or the miniport paused. */
#define STALL_WHILE_CLOSED 6

/* Meanwhile frames go out at a trickle: that the miniport refuses them is worth seeing, that it
 * does so a million times a second is not. */
#define TRICKLE_NS (FLOW_NS_PER_S / 100)

/* How long after the last frame that is not to arrive one looks whether it does. */
#define UNWANTED_NS (FLOW_NS_PER_S / 20)

uint64_t flow_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * FLOW_NS_PER_S + (uint64_t)now.tv_nsec;
}

void flow_note(struct flow *flow, const char *format, ...)
{
    va_list arguments;

    if (flow->noted == FLOW_NOTES)
        return;
    va_start(arguments, format);
    vsnprintf(flow->notes[flow->noted++], sizeof flow->notes[0], format, arguments);
    va_end(arguments);
}

int flow_init(struct flow *flow, const struct flow_options *options)
{
    pthread_condattr_t attributes;

    *flow = (struct flow){.options = *options, .stopping = true};
    flow->ring = calloc(FLOW_RING, 1);
    if (!flow->ring)
        return -1;
    pthread_mutex_init(&flow->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&flow->room, &attributes);
    pthread_condattr_destroy(&attributes);
    flow->sent = (struct numbered){.seed = options->seed,
                                   .stream = options->stream,
                                   .size_min = options->size[0],
                                   .size_max = options->size[1],
                                   .ip = options->ip,
                                   .large = options->large};
    numbered_init(&flow->sent);
    flow->expected = flow->sent;
    return 0;
}

void flow_destroy(struct flow *flow)
{
    pthread_cond_destroy(&flow->room);
    pthread_mutex_destroy(&flow->lock);
    free(flow->ring);
}

void flow_addresses(struct flow *flow, const uint8_t destination[6], const uint8_t source[6])
{
    bool swap = flow->options.way == FLOW_ECHOED || flow->options.way == FLOW_CALLED;

    pthread_mutex_lock(&flow->lock);
    memcpy(flow->sent.destination, destination, 6);
    memcpy(flow->sent.source, source, 6);
    memcpy(flow->expected.destination, swap ? source : destination, 6);
    memcpy(flow->expected.source, swap ? destination : source, 6);
    pthread_mutex_unlock(&flow->lock);
}

void flow_tagging(struct flow *flow, struct tag_options options)
{
    flow->tagging = options;
}

/* Four frames in a row have the same, so that lists of several can be made of them. */
static uint32_t random_tag(const struct flow *flow, uint64_t number)
{
    uint64_t random = numbered_random(&flow->sent, number / 4);
    uint32_t priority = (uint32_t)(random >> 8) << 13 & TAG_PRIORITY;
    uint32_t vlan = 1 + (uint32_t)(random >> 16 & 0xFFF) % 4094;
    uint32_t dei = random >> 32 & 7 ? 0 : TAG_DEI;

    switch (random & 7) {
    case 0:
    case 1:
        return TAG_NONE;
    case 2:
        return priority | dei;
    case 3:
        return vlan | dei;
    case 4:
        return 0; /* a tag that says nothing; out of band it is none */
    default:
        return priority | vlan | dei;
    }
}

uint32_t flow_tag(const struct flow *flow, uint64_t number)
{
    bool near = flow->options.way == FLOW_SENT || flow->options.way == FLOW_CALLED;
    uint32_t tag = TAG_NONE;

    if (flow->options.tags == FLOW_TAGS_ONE)
        tag = flow->options.tag;
    else if (flow->options.tags == FLOW_TAGS_RANDOM)
        tag = random_tag(flow, number);
    return near ? tag_offered(flow->tagging, tag) : tag;
}

void flow_unseen(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    flow->options.arrivals = false;
    pthread_mutex_unlock(&flow->lock);
}

void flow_start(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    flow->stopping = false;
    flow->ended_ns = 0;
    flow->progress_ns = flow_now_ns();
    pthread_mutex_unlock(&flow->lock);
}

/* ---- Whom frames are for ---- */

const char *const flow_kind_names[FLOW_KINDS + 1] = {"directed", "multicast", "broadcast", "other",
                                                     NULL};

/* Upper bits than those that the tag is drawn from. */
static uint64_t kind_random(const struct flow *flow, uint64_t number)
{
    return numbered_random(&flow->sent, number) >> 40;
}

enum flow_kind flow_kind(const struct flow *flow, uint64_t number)
{
    unsigned kinds = flow->options.kinds ? flow->options.kinds : 1u << FLOW_DIRECTED;
    unsigned left, kind = 0;

    if (!(kinds & (kinds - 1))) /* one: nothing to draw */
        return (enum flow_kind)__builtin_ctz(kinds);
    left = (unsigned)(kind_random(flow, number) % (unsigned)__builtin_popcount(kinds));
    for (;; kind++) {
        if (kinds >> kind & 1 && !left--)
            return (enum flow_kind)kind;
    }
}

static void set_destination(const struct flow *flow, uint64_t number, uint8_t *destination)
{
    static const uint8_t group[6] = {0x01, 0x00, 0x5E, 0, 0, 0}, other[6] = {0x02, 'o', 't', 'h'};

    switch (flow_kind(flow, number)) {
    case FLOW_MULTICAST:
        memcpy(destination, group, 6);
        destination[5] = (uint8_t)(1 + kind_random(flow, number) / FLOW_KINDS / 3 % FLOW_GROUPS);
        break;
    case FLOW_BROADCAST:
        memset(destination, 0xFF, 6);
        break;
    case FLOW_OTHER:
        memcpy(destination, other, 6);
        destination[5] = (uint8_t)number;
        break;
    default:
        break;
    }
}

unsigned flow_fill(const struct flow *flow, uint64_t number, uint8_t *frame)
{
    unsigned size = numbered_fill(&flow->sent, number, frame);

    set_destination(flow, number, frame);
    return size;
}

unsigned flow_fill_expected(const struct flow *flow, uint64_t number, uint8_t *frame)
{
    unsigned size = numbered_fill(&flow->expected, number, frame);

    set_destination(flow, number, frame);
    return size;
}

void flow_filtering(struct flow *flow,
                    bool (*accepts)(void *context, const uint8_t destination[6], uint32_t tag),
                    void *context)
{
    pthread_mutex_lock(&flow->lock);
    flow->accepts = accepts;
    flow->accepts_context = context;
    pthread_mutex_unlock(&flow->lock);
}

static bool wanted(const struct flow *flow, uint64_t number)
{
    uint8_t destination[6];

    if (!flow->accepts)
        return true;
    memcpy(destination, flow->sent.destination, 6);
    set_destination(flow, number, destination);
    return flow->accepts(flow->accepts_context, destination, flow_tag(flow, number));
}

/* ---- What is under way ---- */

static unsigned in_flight(const struct flow *flow)
{
    uint64_t unresolved = flow->issued - flow->next;

    return (unsigned)(unresolved > flow->outstanding ? unresolved : flow->outstanding);
}

static unsigned room(const struct flow *flow)
{
    unsigned used = in_flight(flow);

    return used < flow->options.window ? flow->options.window - used : 0;
}

static uint64_t remaining(const struct flow *flow)
{
    return flow->options.count ? flow->options.count - flow->issued : UINT64_MAX;
}

/* Everything sent that was to be sent, and nothing under way. */
static bool home(const struct flow *flow)
{
    return !remaining(flow) && flow->next == flow->issued && !flow->outstanding;
}

void flow_settle(struct flow *flow)
{
    uint8_t settled = flow->options.arrivals ? FLOW_RESOLVED : FLOW_RETURNED;

    while (flow->next < flow->issued && *flow_state_of(flow, flow->next) & settled)
        flow->next++;
    if (flow->wanted && room(flow) >= flow->wanted)
        pthread_cond_signal(&flow->room);
    if (!flow->ended_ns && home(flow))
        flow->ended_ns = flow_now_ns();
}

/* ---- Sending ---- */

static void sleep_until(struct flow *flow, uint64_t due)
{
    struct timespec until = {.tv_sec = (time_t)(due / FLOW_NS_PER_S),
                             .tv_nsec = (long)(due % FLOW_NS_PER_S)};

    pthread_cond_timedwait(&flow->room, &flow->lock, &until);
}

/* How many of `want` frames the rate allows now, at least one; waits for it. After a time in which
 * none could be sent the rate is not made up for. */
static unsigned wait_for_rate(struct flow *flow, unsigned want)
{
    uint64_t now = flow_now_ns(), allowed;
    double interval;

    if (!flow->options.rate)
        return want;
    interval = (double)FLOW_NS_PER_S / (double)flow->options.rate;
    while (!flow->stopping && now < flow->due_ns) {
        sleep_until(flow, flow->due_ns);
        now = flow_now_ns();
    }
    if (flow->stopping)
        return want;
    if (now - flow->due_ns > FLOW_NS_PER_S / 10 + (uint64_t)interval)
        flow->due_ns = now;
    allowed = 1 + (uint64_t)((double)(now - flow->due_ns) / interval);
    if (want > allowed)
        want = (unsigned)allowed;
    flow->due_ns += (uint64_t)(interval * want);
    return want;
}

/* A slot of the ring is used again: what it said of its former frame is final. */
static void retire(struct flow *flow)
{
    uint64_t number = flow->retired++;
    uint8_t state = *flow_state_of(flow, number);

    if (state & FLOW_EXCUSED) {
        flow->excused++;
        flow->late++;
    }
    if (flow->options.arrivals && !(state & FLOW_RESOLVED)) {
        flow->faults.lost++;
        flow_note(flow, "frame %" PRIu64 " did not arrive", number);
    }
    if (flow->options.completions && !(state & FLOW_RETURNED))
        flow_note(flow, "frame %" PRIu64 " was not completed although %u later ones were sent",
                  number, FLOW_RING);
}

static void count_sent(struct flow *flow, uint64_t number, int by)
{
    struct flow_count *kind = &flow->kinds[flow_kind(flow, number)];
    uint64_t bytes = (uint64_t)((int64_t)numbered_size(&flow->sent, number) * by);

    flow->bytes_issued += bytes;
    kind->bytes_sent += bytes;
    kind->sent += (uint64_t)by;
}

static void give_out(struct flow *flow, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        uint64_t number = flow->issued + i;

        if (number - flow->retired == FLOW_RING)
            retire(flow);
        *flow_state_of(flow, number) = 0;
        if (!wanted(flow, number)) {
            *flow_state_of(flow, number) = FLOW_UNWANTED;
            flow->unwanted_ns = flow_now_ns();
        }
        count_sent(flow, number, 1);
    }
    flow->issued += frames;
    if (flow->options.completions)
        flow->outstanding += frames;
}

unsigned flow_issue(struct flow *flow, unsigned want, uint64_t *first)
{
    pthread_mutex_lock(&flow->lock);
    if (want > remaining(flow))
        want = (unsigned)remaining(flow);
    if (want > (flow->options.window + 1) / 2)
        want = (flow->options.window + 1) / 2;
    if (want && !flow->stopping)
        want = wait_for_rate(flow, want);
    if (want && !flow->stopping && !flow_open(flow))
        sleep_until(flow, flow_now_ns() + TRICKLE_NS);
    flow->wanted = want;
    while (want && !flow->stopping && room(flow) < want)
        pthread_cond_wait(&flow->room, &flow->lock);
    flow->wanted = 0;
    if (flow->stopping)
        want = 0;
    if (want && !flow->started_ns)
        flow->started_ns = flow_now_ns();
    *first = flow->issued;
    give_out(flow, want);
    flow_settle(flow);
    pthread_mutex_unlock(&flow->lock);
    return want;
}

void flow_withdraw(struct flow *flow, unsigned frames)
{
    pthread_mutex_lock(&flow->lock);
    for (unsigned i = 0; i < frames; i++)
        count_sent(flow, flow->issued - 1 - i, -1);
    flow->issued -= frames;
    if (flow->next > flow->issued)
        flow->next = flow->issued;
    if (flow->options.completions)
        flow->outstanding -= frames;
    flow_settle(flow);
    pthread_mutex_unlock(&flow->lock);
}

/* ---- Link, pause and filter ---- */

/* What was under way since the way was closed is nobody's fault. */
static void excuse(struct flow *flow)
{
    uint64_t from = flow->down_next;

    if (from < flow->retired)
        from = flow->retired;
    for (; from < flow->issued; from++) {
        if (!(*flow_state_of(flow, from) & FLOW_RESOLVED))
            *flow_state_of(flow, from) |= FLOW_EXCUSED;
    }
    flow->excused_upto = flow->issued;
    flow_settle(flow);
}

/* Notes that one of the reasons for a closed way has come or gone. */
static void change_way(struct flow *flow, bool *reason, bool now)
{
    bool before, after;

    pthread_mutex_lock(&flow->lock);
    before = flow_open(flow);
    if (before && now)
        flow->down_next = flow->next;
    if (now && reason == &flow->link_down)
        flow_judge_early(flow, true);
    *reason = now;
    after = flow_open(flow);
    if (!before && after)
        excuse(flow);
    pthread_cond_broadcast(&flow->room);
    pthread_mutex_unlock(&flow->lock);
}

void flow_link(struct flow *flow, bool up)
{
    change_way(flow, &flow->link_down, !up);
}

void flow_pause(struct flow *flow, bool paused)
{
    change_way(flow, &flow->paused, paused);
}

/* What was under way while the filter changed may arrive, and need not. */
void flow_filter(struct flow *flow, bool changing)
{
    pthread_mutex_lock(&flow->lock);
    if (changing && !flow->filter_changing)
        flow->filter_next = flow->next;
    if (!changing) {
        uint64_t from = flow->filter_next > flow->retired ? flow->filter_next : flow->retired;

        for (; from < flow->issued; from++)
            if (!(*flow_state_of(flow, from) & FLOW_RESOLVED))
                *flow_state_of(flow, from) |= FLOW_EXCUSED;
        flow->filter_upto = flow->issued;
        flow_settle(flow);
    }
    flow->filter_changing = changing;
    pthread_mutex_unlock(&flow->lock);
}

/* ---- The end ---- */

/* Changes whenever anything happens. */
static uint64_t progress(const struct flow *flow)
{
    return flow->issued + flow->completed + flow->arrived + flow->next + flow_open(flow);
}

static unsigned patience(const struct flow *flow)
{
    return flow->options.stall * (flow_open(flow) ? 1 : STALL_WHILE_CLOSED);
}

static void stall(struct flow *flow)
{
    const char *why = flow->link_down ? ", the link is down"
                      : flow->paused  ? ", the miniport is paused"
                                      : "";

    flow->stalled = true;
    if (flow->options.arrivals && flow->next < flow->issued)
        flow_note(flow,
                  "no progress for %u s%s: %" PRIu64
                  " sent frames have not arrived, the first is frame %" PRIu64,
                  patience(flow), why, flow->issued - flow->next, flow->next);
    if (flow->outstanding)
        flow_note(flow,
                  "no progress for %u s%s: %" PRIu64
                  " sent frames have not been completed by the miniport",
                  patience(flow), why, flow->outstanding);
}

enum flow_state flow_poll(struct flow *flow)
{
    enum flow_state state = FLOW_RUNNING;
    uint64_t now = flow_now_ns();

    pthread_mutex_lock(&flow->lock);
    if (progress(flow) != flow->progress_seen || !in_flight(flow)) {
        flow->progress_seen = progress(flow);
        flow->progress_ns = now;
    }
    if (!flow->stalled && now - flow->progress_ns >= patience(flow) * FLOW_NS_PER_S)
        stall(flow);
    if (flow->stalled)
        state = FLOW_STALLED;
    else if (home(flow) && now - flow->unwanted_ns > UNWANTED_NS)
        state = FLOW_HOME;
    pthread_mutex_unlock(&flow->lock);
    return state;
}

void flow_stop(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    flow->stopping = true;
    pthread_cond_broadcast(&flow->room);
    pthread_mutex_unlock(&flow->lock);
}

bool flow_stopping(struct flow *flow)
{
    bool stopping;

    pthread_mutex_lock(&flow->lock);
    stopping = flow->stopping;
    pthread_mutex_unlock(&flow->lock);
    return stopping;
}

/* One look; true when there is nothing to wait for. */
static bool drained(struct flow *flow, uint64_t now)
{
    if (!flow_open(flow))
        excuse(flow);
    if (progress(flow) != flow->progress_seen) {
        flow->progress_seen = progress(flow);
        flow->progress_ns = now;
    }
    return flow->stalled || !in_flight(flow) || now - flow->progress_ns > FLOW_NS_PER_S;
}

void flow_drain(struct flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    flow->progress_ns = flow_now_ns();
    while (!drained(flow, flow_now_ns())) {
        struct timespec moment = {.tv_nsec = 5000000};

        pthread_mutex_unlock(&flow->lock);
        nanosleep(&moment, NULL);
        pthread_mutex_lock(&flow->lock);
    }
    if (!flow->ended_ns)
        flow->ended_ns = flow_now_ns();
    pthread_mutex_unlock(&flow->lock);
}

void flow_progress(struct flow *flow, uint64_t *sent, uint64_t *intact)
{
    pthread_mutex_lock(&flow->lock);
    *sent = flow->issued;
    *intact = flow->intact;
    pthread_mutex_unlock(&flow->lock);
}
