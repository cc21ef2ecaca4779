/* SPDX-License-Identifier: MIT */
/* The account at the end, for people and as JSON. */
#include <inttypes.h>
#include "net/flow_states.h"

/* Frame `number`, which has not arrived, is to blame on somebody. */
static bool is_lost(uint8_t state)
{
    return !(state & FLOW_RESOLVED);
}

/* With what only the end can tell: retire() has counted what left the ring, this counts the
 * rest. */
static struct flow_faults all_faults(struct flow *flow, uint64_t *excused)
{
    struct flow_faults faults = flow->faults;

    *excused = flow->excused;
    faults.not_back = flow->outstanding;
    if (!flow->options.arrivals)
        return faults;
    for (uint64_t number = flow->retired; number < flow->issued; number++) {
        uint8_t state;

        flow_take_lent(flow, number);
        state = *flow_state_of(flow, number);
        faults.lost += is_lost(state);
        *excused += state & FLOW_EXCUSED ? 1 : 0;
    }
    return faults;
}

static uint64_t fault_sum(const struct flow_faults *faults)
{
    return faults->lost + faults->damaged + faults->wrong_length + faults->mistagged +
           faults->duplicated + faults->reordered + faults->stray + faults->failed +
           faults->not_back + faults->unwanted + faults->returned_twice;
}

static double seconds(const struct flow *flow)
{
    uint64_t end = flow->ended_ns ? flow->ended_ns : flow_now_ns();

    return flow->started_ns ? (double)(end - flow->started_ns) / (double)FLOW_NS_PER_S : 0;
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
                {faults->wrong_length, "with a wrong length"},
                {faults->mistagged, "with a wrong 802.1Q tag"},
                {faults->duplicated, "duplicated"},
                {faults->reordered, "out of order"},
                {faults->stray, "stray"},
                {faults->failed, "failed to send"},
                {faults->not_back, "not completed"},
                {faults->unwanted, "that the packet filter does not select"},
                {faults->returned_twice, "completed but not pending"}};

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

        while (number < flow->issued && is_lost(*flow_state_of(flow, number)))
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
        fprintf(out, ", all completed as sent (this bus does not show what the device sent)");
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
    flow_judge_early(flow, false);
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

/* `, "kinds": {"directed": {"sent": 1, ...}, ...}` */
static void report_kinds(const struct flow *flow, FILE *json)
{
    fprintf(json, ", \"kinds\": {");
    for (unsigned i = 0; i < FLOW_KINDS; i++)
        fprintf(json,
                "%s\"%s\": {\"sent\": %" PRIu64 ", \"sent_bytes\": %" PRIu64
                ", \"received\": %" PRIu64 ", \"received_bytes\": %" PRIu64 "}",
                i ? ", " : "", flow_kind_names[i], flow->kinds[i].sent, flow->kinds[i].bytes_sent,
                flow->kinds[i].arrived, flow->kinds[i].bytes_arrived);
    fprintf(json, "}");
}

void flow_report(struct flow *flow, FILE *json)
{
    struct flow_faults faults;
    uint64_t excused;

    pthread_mutex_lock(&flow->lock);
    flow_judge_early(flow, false);
    faults = all_faults(flow, &excused);
    fprintf(json, "\"frames_sent\": %" PRIu64 ", \"bytes_sent\": %" PRIu64, flow->issued,
            flow->bytes_issued);
    if (flow->options.arrivals)
        fprintf(json,
                ", \"frames_received\": %" PRIu64 ", \"bytes_received\": %" PRIu64
                ", \"intact\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"excused\": %" PRIu64
                ", \"reordered\": %" PRIu64 ", \"damaged\": %" PRIu64 ", \"wrong_length\": %" PRIu64
                ", \"unwanted\": %" PRIu64 ", \"mistagged\": %" PRIu64 ", \"duplicated\": %" PRIu64
                ", \"stray\": %" PRIu64,
                flow->arrived, flow->bytes_arrived, flow->intact, faults.lost, excused,
                faults.reordered, faults.damaged, faults.wrong_length, faults.unwanted,
                faults.mistagged, faults.duplicated, faults.stray);
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
    report_kinds(flow, json);
    pthread_mutex_unlock(&flow->lock);
}
