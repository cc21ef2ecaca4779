/* SPDX-License-Identifier: MIT */
#include "net/flow.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "net/near_sender.h"

#define NS_PER_S 1000000000ull

/* What is known of a frame. */
enum {
    ARRIVED = 1,
    RETURNED = 2, /* near_sent came */
    FAILED = 4,   /* ... with a failure */
    EXCUSED = 8   /* was under way while the link was down */
};
#define RESOLVED (ARRIVED | FAILED | EXCUSED)

/* A frame that cannot be identified is compared with this many before and after the expected one. */
#define SHORT_REACH 128u

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint8_t *state_of(struct flow *flow, uint64_t number)
{
    return &flow->ring[number % FLOW_RING];
}

/* Is the frame one whose state is still in the ring? */
static bool in_ring(const struct flow *flow, uint64_t number)
{
    return number < flow->issued && number >= flow->retired;
}

__attribute__((format(printf, 2, 3))) static void note(struct flow *flow, const char *format, ...)
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

    *flow = (struct flow){.options = *options, .link_up = true, .stopping = true};
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
                                   .size_max = options->size[1]};
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
    bool swap = flow->options.return_addresses;

    pthread_mutex_lock(&flow->lock);
    memcpy(flow->sent.destination, destination, 6);
    memcpy(flow->sent.source, source, 6);
    memcpy(flow->expected.destination, swap ? source : destination, 6);
    memcpy(flow->expected.source, swap ? destination : source, 6);
    pthread_mutex_unlock(&flow->lock);
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
    flow->progress_ns = now_ns();
    pthread_mutex_unlock(&flow->lock);
}

/* ---- Sending ---- */

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

static void sleep_until(struct flow *flow, uint64_t due)
{
    struct timespec until = {.tv_sec = (time_t)(due / NS_PER_S), .tv_nsec = (long)(due % NS_PER_S)};

    pthread_cond_timedwait(&flow->room, &flow->lock, &until);
}

/* How many of `want` frames the rate allows now, at least one; waits for it. After a time in which
 * none could be sent the rate is not made up for. */
static unsigned wait_for_rate(struct flow *flow, unsigned want)
{
    uint64_t now = now_ns(), allowed;
    double interval;

    if (!flow->options.rate)
        return want;
    interval = (double)NS_PER_S / (double)flow->options.rate;
    while (!flow->stopping && now < flow->due_ns) {
        sleep_until(flow, flow->due_ns);
        now = now_ns();
    }
    if (flow->stopping)
        return want;
    if (now - flow->due_ns > NS_PER_S / 10 + (uint64_t)interval)
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
    uint8_t state = *state_of(flow, number);

    if (state & EXCUSED)
        flow->excused++;
    if (flow->options.arrivals && !(state & RESOLVED)) {
        flow->faults.lost++;
        note(flow, "frame %" PRIu64 " did not arrive", number);
    }
    if (flow->options.completions && !(state & RETURNED))
        note(flow, "frame %" PRIu64 " had not come back when %u later ones had been sent", number,
             FLOW_RING);
}

static void give_out(struct flow *flow, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        uint64_t number = flow->issued + i;

        if (number - flow->retired == FLOW_RING)
            retire(flow);
        *state_of(flow, number) = 0;
        flow->bytes_issued += numbered_size(&flow->sent, number);
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
    flow->wanted = want;
    while (want && !flow->stopping && room(flow) < want)
        pthread_cond_wait(&flow->room, &flow->lock);
    flow->wanted = 0;
    if (flow->stopping)
        want = 0;
    if (want && !flow->started_ns)
        flow->started_ns = now_ns();
    *first = flow->issued;
    give_out(flow, want);
    pthread_mutex_unlock(&flow->lock);
    return want;
}

/* Everything sent that was to be sent, and nothing under way. */
static bool home(const struct flow *flow)
{
    return !remaining(flow) && flow->next == flow->issued && !flow->outstanding;
}

/* After every event: moves on over what is settled, wakes the sender, stops the clock. */
static void settle(struct flow *flow)
{
    uint8_t settled = flow->options.arrivals ? RESOLVED : RETURNED;

    while (flow->next < flow->issued && *state_of(flow, flow->next) & settled)
        flow->next++;
    if (flow->wanted && room(flow) >= flow->wanted)
        pthread_cond_signal(&flow->room);
    if (!flow->ended_ns && home(flow))
        flow->ended_ns = now_ns();
}

void flow_withdraw(struct flow *flow, unsigned frames)
{
    pthread_mutex_lock(&flow->lock);
    for (unsigned i = 0; i < frames; i++)
        flow->bytes_issued -= numbered_size(&flow->sent, flow->issued - 1 - i);
    flow->issued -= frames;
    if (flow->next > flow->issued)
        flow->next = flow->issued;
    if (flow->options.completions)
        flow->outstanding -= frames;
    settle(flow);
    pthread_mutex_unlock(&flow->lock);
}

/* ---- Coming back ---- */

/* A send may come back for want of a link a little before the link's loss is indicated. */
#define EARLY_NS                  NS_PER_S

#define STATUS_REQUEST_ABORTED    0xC001000Cu
#define STATUS_RESET_IN_PROGRESS  0xC001000Du
#define STATUS_ADAPTER_REMOVED    0xC0010018u
#define STATUS_SEND_ABORTED       0xC023000Cu
#define STATUS_MEDIA_DISCONNECTED 0xC023001Fu
#define STATUS_PAUSED             0xC023002Au
#define STATUS_LOW_POWER_STATE    0xC023002Fu

/* Is this the way an NDIS miniport says that it was in no state to send? */
static bool excusing(const struct flow *flow, uint64_t number, int32_t status)
{
    switch ((uint32_t)status) {
    case STATUS_REQUEST_ABORTED:
    case STATUS_RESET_IN_PROGRESS:
    case STATUS_ADAPTER_REMOVED:
    case STATUS_SEND_ABORTED:
    case STATUS_PAUSED:
    case STATUS_LOW_POWER_STATE:
        return true;
    default:
        return !flow->link_up || number < flow->excused_upto;
    }
}

static void blame(struct flow *flow, uint64_t number, uint64_t count, uint32_t status)
{
    char text[64];

    flow->faults.failed += count;
    note(flow, "frame %" PRIu64 " came back with %s", number,
         near_status_text((int32_t)status, text, sizeof text));
}

/* Those that no loss of the link followed in time were not early but wrong. */
static void judge_early(struct flow *flow, bool excused)
{
    if (!flow->early.count)
        return;
    if (excused && now_ns() - flow->early.since_ns < EARLY_NS)
        flow->failed_excused += flow->early.count;
    else
        blame(flow, flow->early.first, flow->early.count, STATUS_MEDIA_DISCONNECTED);
    flow->early.count = 0;
}

static void count_failure(struct flow *flow, uint64_t number, int32_t status)
{
    if (excusing(flow, number, status)) {
        flow->failed_excused++;
    } else if ((uint32_t)status != STATUS_MEDIA_DISCONNECTED) {
        blame(flow, number, 1, (uint32_t)status);
    } else {
        if (flow->early.count && now_ns() - flow->early.since_ns >= EARLY_NS)
            judge_early(flow, false);
        if (!flow->early.count++) {
            flow->early.first = number;
            flow->early.since_ns = now_ns();
        }
    }
}

static void set_returned(struct flow *flow, uint64_t number, int32_t status)
{
    uint8_t *state = state_of(flow, number);

    *state |= RETURNED;
    if (status)
        *state = (uint8_t)((*state | FAILED) & ~EXCUSED);
}

void flow_failed(struct flow *flow, uint64_t number, int32_t status)
{
    pthread_mutex_lock(&flow->lock);
    count_failure(flow, number, status);
    if (in_ring(flow, number))
        set_returned(flow, number, status);
    settle(flow);
    pthread_mutex_unlock(&flow->lock);
}

void flow_completed(struct flow *flow, uint64_t number, int32_t status)
{
    pthread_mutex_lock(&flow->lock);
    if (number >= flow->issued || !flow->outstanding ||
        (in_ring(flow, number) && *state_of(flow, number) & RETURNED)) {
        flow->faults.returned_twice++;
        note(flow, "frame %" PRIu64 " came back from the miniport %s", number,
             number < flow->issued ? "a second time" : "but was never sent");
    } else {
        flow->outstanding--;
        flow->completed++;
        if (status)
            count_failure(flow, number, status);
        if (in_ring(flow, number))
            set_returned(flow, number, status);
        settle(flow);
    }
    pthread_mutex_unlock(&flow->lock);
}

/* ---- Arriving ---- */

static void count_duplicate(struct flow *flow, uint64_t number)
{
    flow->faults.duplicated++;
    note(flow, "frame %" PRIu64 " arrived a second time", number);
}

/* Where in the order frame `number`, which was sent, arrives. False: it is one too many. */
static bool place(struct flow *flow, uint64_t number)
{
    uint8_t *state = state_of(flow, number);

    if (!in_ring(flow, number) || *state & ARRIVED) {
        count_duplicate(flow, number);
        return false;
    }
    if (number < flow->after) {
        flow->faults.reordered++;
        note(flow, "frame %" PRIu64 " arrived after frame %" PRIu64, number, flow->after - 1);
    } else {
        flow->after = number + 1;
    }
    *state = (uint8_t)((*state | ARRIVED) & ~EXCUSED);
    if (number >= flow->next)
        flow->next = number; /* those passed over may yet come, or come back as failed */
    return true;
}

static void note_difference(struct flow *flow, uint64_t number, unsigned size, const uint8_t *frame,
                            const uint8_t *expected, struct numbered_difference difference)
{
    note(flow,
         "frame %" PRIu64 " (%u bytes): %zu wrong byte%s, the first at offset %zu%s: %02x, "
         "expected %02x",
         number, size, difference.count, difference.count == 1 ? "" : "s", difference.first,
         difference.first >= size ? " (padding)" : "", frame[difference.first],
         expected[difference.first]);
}

/* Compares with what frame `number` should be, and counts. */
static void check_content(struct flow *flow, uint64_t number, const uint8_t *frame, size_t length)
{
    uint8_t expected[NUMBERED_MAX];
    unsigned size = numbered_fill(&flow->expected, number, expected);
    unsigned wire = numbered_wire_size(size);
    struct numbered_difference difference =
        numbered_compare(frame, expected, length < wire ? length : wire);

    if (length != wire) {
        flow->faults.wrong_length++;
        note(flow, "frame %" PRIu64 " arrived %zu bytes long, expected %u", number, length, wire);
    } else if (difference.count) {
        flow->faults.damaged++;
        note_difference(flow, number, size, frame, expected, difference);
    } else {
        flow->intact++;
    }
}

static bool is_frame(const struct flow *flow, uint64_t number, const uint8_t *frame, size_t length)
{
    uint8_t expected[NUMBERED_MAX];

    return numbered_fill(&flow->expected, number, expected) < NUMBERED_HEADER &&
           length == NUMBERED_WIRE && !memcmp(frame, expected, length);
}

/* A frame too short for a number is looked for around the one that is expected: first onwards
 * among those that are to come, then among those that went by. */
static bool find_short(struct flow *flow, const uint8_t *frame, size_t length, uint64_t *number)
{
    for (uint64_t n = flow->next; n < flow->issued && n - flow->next < SHORT_REACH; n++) {
        if (is_frame(flow, n, frame, length)) {
            *number = n;
            return true;
        }
    }
    for (uint64_t n = flow->next; n && flow->next - n < SHORT_REACH; n--) {
        if (is_frame(flow, n - 1, frame, length)) {
            *number = n - 1;
            return true;
        }
    }
    return false;
}

/* Is this, beyond doubt enough, the expected frame with a header that was damaged? The addresses and
 * the padding, the same in all frames, do not count. */
static bool resembles_next(struct flow *flow, const uint8_t *frame, size_t length)
{
    uint8_t expected[NUMBERED_MAX];
    unsigned size;
    size_t same = 0, compared;

    if (flow->next == flow->issued || length <= 12)
        return false;
    size = numbered_fill(&flow->expected, flow->next, expected);
    compared = (length < size ? length : size) - 12;
    for (size_t i = 12; i < compared + 12; i++)
        same += frame[i] == expected[i];
    return same * 2 >= compared;
}

static bool find(struct flow *flow, const uint8_t *frame, size_t length, uint64_t *number)
{
    if (numbered_identify(&flow->expected, frame, length, number))
        return *number < flow->issued;
    if (numbered_is_short(frame, length) && find_short(flow, frame, length, number))
        return true;
    *number = flow->next;
    return resembles_next(flow, frame, length);
}

static void count_stray(struct flow *flow, const uint8_t *frame, size_t length)
{
    char text[3 * 24 + 1] = "";
    size_t shown = length < 24 ? length : 24;

    flow->faults.stray++;
    for (size_t i = 0; i < shown; i++)
        snprintf(text + 3 * i, 4, " %02x", frame[i]);
    note(flow, "a frame of %zu bytes arrived that was never sent:%s%s", length, text,
         shown < length ? " ..." : "");
}

void flow_arrived(struct flow *flow, const uint8_t *frame, size_t length)
{
    uint64_t number;

    pthread_mutex_lock(&flow->lock);
    flow->arrived++;
    flow->bytes_arrived += length;
    if (!find(flow, frame, length, &number))
        count_stray(flow, frame, length);
    else if (place(flow, number))
        check_content(flow, number, frame, length);
    settle(flow);
    pthread_mutex_unlock(&flow->lock);
}

/* ---- Link ---- */

/* What was under way since the link went down is nobody's fault. */
static void excuse(struct flow *flow)
{
    uint64_t from = flow->down_next;

    if (from < flow->retired)
        from = flow->retired;
    for (; from < flow->issued; from++) {
        if (!(*state_of(flow, from) & RESOLVED))
            *state_of(flow, from) |= EXCUSED;
    }
    flow->excused_upto = flow->issued;
    settle(flow);
}

void flow_link(struct flow *flow, bool up)
{
    pthread_mutex_lock(&flow->lock);
    if (!up && flow->link_up) {
        flow->down_next = flow->next;
        judge_early(flow, true);
    }
    if (up && !flow->link_up)
        excuse(flow);
    flow->link_up = up;
    pthread_mutex_unlock(&flow->lock);
}

/* ---- The end ---- */

/* Changes whenever anything happens. */
static uint64_t progress(const struct flow *flow)
{
    return flow->issued + flow->completed + flow->arrived + flow->next + flow->link_up;
}

static void stall(struct flow *flow)
{
    flow->stalled = true;
    if (flow->options.arrivals && flow->next < flow->issued)
        note(flow,
             "nothing has moved for %u s: %" PRIu64 " of the frames sent are not there, the first "
             "is frame %" PRIu64,
             flow->options.stall, flow->issued - flow->next, flow->next);
    if (flow->outstanding)
        note(flow,
             "nothing has moved for %u s: %" PRIu64 " of the frames sent have not come back to "
             "their sender",
             flow->options.stall, flow->outstanding);
}

enum flow_state flow_poll(struct flow *flow)
{
    enum flow_state state = FLOW_RUNNING;
    uint64_t now = now_ns();

    pthread_mutex_lock(&flow->lock);
    if (progress(flow) != flow->progress_seen || !in_flight(flow) || !flow->link_up) {
        flow->progress_seen = progress(flow);
        flow->progress_ns = now;
    }
    if (!flow->stalled && now - flow->progress_ns >= flow->options.stall * NS_PER_S)
        stall(flow);
    if (flow->stalled)
        state = FLOW_STALLED;
    else if (home(flow))
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
    if (!flow->link_up)
        excuse(flow);
    if (progress(flow) != flow->progress_seen) {
        flow->progress_seen = progress(flow);
        flow->progress_ns = now;
    }
    return flow->stalled || !in_flight(flow) || now - flow->progress_ns > NS_PER_S;
}

void flow_drain(struct flow *flow)
{
    bool done;

    pthread_mutex_lock(&flow->lock);
    flow->progress_ns = now_ns();
    while (!(done = drained(flow, now_ns()))) {
        struct timespec moment = {.tv_nsec = 5000000};

        pthread_mutex_unlock(&flow->lock);
        nanosleep(&moment, NULL);
        pthread_mutex_lock(&flow->lock);
    }
    if (!flow->ended_ns)
        flow->ended_ns = now_ns();
    pthread_mutex_unlock(&flow->lock);
}

void flow_progress(struct flow *flow, uint64_t *sent, uint64_t *intact)
{
    pthread_mutex_lock(&flow->lock);
    *sent = flow->issued;
    *intact = flow->intact;
    pthread_mutex_unlock(&flow->lock);
}

/* ---- The account ---- */

/* Frame `number`, which has not arrived, is to blame on somebody. */
static bool is_lost(uint8_t state)
{
    return !(state & RESOLVED);
}

/* With what only the end can tell: retire() has counted what left the ring, this counts the rest. */
static struct flow_faults all_faults(struct flow *flow, uint64_t *excused)
{
    struct flow_faults faults = flow->faults;

    *excused = flow->excused;
    faults.not_back = flow->outstanding;
    if (!flow->options.arrivals)
        return faults;
    for (uint64_t number = flow->retired; number < flow->issued; number++) {
        uint8_t state = *state_of(flow, number);

        faults.lost += is_lost(state);
        *excused += state & EXCUSED ? 1 : 0;
    }
    return faults;
}

static uint64_t fault_sum(const struct flow_faults *faults)
{
    return faults->lost + faults->damaged + faults->wrong_length + faults->duplicated +
           faults->reordered + faults->stray + faults->failed + faults->not_back +
           faults->returned_twice;
}

static double seconds(const struct flow *flow)
{
    uint64_t end = flow->ended_ns ? flow->ended_ns : now_ns();

    return flow->started_ns ? (double)(end - flow->started_ns) / (double)NS_PER_S : 0;
}

static double rate(const struct flow *flow)
{
    uint64_t done = flow->options.arrivals ? flow->intact : flow->completed;
    double time = seconds(flow);

    return time > 0 ? (double)done / time : 0;
}

static void print_faults(const struct flow_faults *faults, FILE *out)
{
    const struct {
        uint64_t count;
        const char *what;
    } list[] = {{faults->lost, "lost"},
                {faults->damaged, "damaged"},
                {faults->wrong_length, "of wrong length"},
                {faults->duplicated, "duplicated"},
                {faults->reordered, "out of order"},
                {faults->stray, "stray"},
                {faults->failed, "failed to be sent"},
                {faults->not_back, "not back at their sender"},
                {faults->returned_twice, "back without having been under way"}};

    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (list[i].count)
            fprintf(out, ", %" PRIu64 " %s", list[i].count, list[i].what);
    }
}

static void print_lost(struct flow *flow, FILE *out)
{
    unsigned ranges = 0;
    uint64_t number = flow->retired;

    while (flow->options.arrivals && number < flow->issued && ranges < FLOW_NOTES) {
        uint64_t first = number;

        while (number < flow->issued && is_lost(*state_of(flow, number)))
            number++;
        if (number - first > 1)
            fprintf(out, "  frames %" PRIu64 " to %" PRIu64 " did not arrive\n", first, number - 1);
        else if (number - first == 1)
            fprintf(out, "  frame %" PRIu64 " did not arrive\n", first);
        ranges += number > first;
        number++;
    }
}

static void print_sent(const struct flow *flow, FILE *out)
{
    fprintf(out, "%s: %" PRIu64, flow->options.name, flow->issued);
    if (flow->options.count && flow->issued < flow->options.count)
        fprintf(out, " of %" PRIu64, flow->options.count);
    fprintf(out, " frames sent");
}

static void print_good(const struct flow *flow, uint64_t excused, FILE *out)
{
    print_sent(flow, out);
    if (flow->options.arrivals)
        fprintf(out, ", %" PRIu64 " arrived, all intact and in order", flow->intact);
    else
        fprintf(out, ", all back at their sender (what left the device is not seen on this bus)");
    if (flow->failed_excused || excused)
        fprintf(out, ", %" PRIu64 " refused and %" PRIu64 " gone while paused or without link",
                flow->failed_excused, excused);
    fprintf(out, "; %" PRIu64 " bytes in %.2f s, %.0f frames/s\n", flow->bytes_issued,
            seconds(flow), rate(flow));
}

static void print_bad(struct flow *flow, const struct flow_faults *faults, FILE *out)
{
    print_sent(flow, out);
    if (flow->options.arrivals)
        fprintf(out, ", %" PRIu64 " intact", flow->intact);
    print_faults(faults, out);
    fprintf(out, "\n");
    for (unsigned i = 0; i < flow->noted; i++)
        fprintf(out, "  %s\n", flow->notes[i]);
    print_lost(flow, out);
}

int flow_verdict(struct flow *flow, FILE *out)
{
    struct flow_faults faults;
    uint64_t excused;
    int result = -1;

    pthread_mutex_lock(&flow->lock);
    judge_early(flow, false);
    faults = all_faults(flow, &excused);
    if (flow->stalled || fault_sum(&faults)) {
        print_bad(flow, &faults, out);
    } else if (!flow->issued) {
        fprintf(out, "%s: no frame was sent\n", flow->options.name);
    } else {
        print_good(flow, excused, out);
        result = 0;
    }
    pthread_mutex_unlock(&flow->lock);
    return result;
}

void flow_report(struct flow *flow, FILE *json)
{
    struct flow_faults faults;
    uint64_t excused;

    pthread_mutex_lock(&flow->lock);
    judge_early(flow, false);
    faults = all_faults(flow, &excused);
    fprintf(json, "\"frames_sent\": %" PRIu64 ", \"bytes_sent\": %" PRIu64, flow->issued,
            flow->bytes_issued);
    if (flow->options.arrivals)
        fprintf(json,
                ", \"frames_received\": %" PRIu64 ", \"bytes_received\": %" PRIu64
                ", \"intact\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"excused\": %" PRIu64
                ", \"reordered\": %" PRIu64 ", \"damaged\": %" PRIu64 ", \"wrong_length\": %" PRIu64
                ", \"duplicated\": %" PRIu64 ", \"stray\": %" PRIu64,
                flow->arrived, flow->bytes_arrived, flow->intact, faults.lost, excused,
                faults.reordered, faults.damaged, faults.wrong_length, faults.duplicated,
                faults.stray);
    if (flow->options.completions)
        fprintf(json,
                ", \"returned\": %" PRIu64 ", \"not_returned\": %" PRIu64
                ", \"returned_twice\": %" PRIu64,
                flow->completed, faults.not_back, faults.returned_twice);
    fprintf(json,
            ", \"failed\": %" PRIu64 ", \"failed_excused\": %" PRIu64
            ", \"stalled\": %s, \"seconds\": %.6f, \"frames_per_second\": %.1f",
            faults.failed, flow->failed_excused, flow->stalled ? "true" : "false", seconds(flow),
            rate(flow));
    pthread_mutex_unlock(&flow->lock);
}
