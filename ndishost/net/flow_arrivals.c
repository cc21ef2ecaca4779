/* SPDX-License-Identifier: MIT */
/* Frames that arrive: which one is it, is it whole, and was it its turn? */
#include <inttypes.h>
#include <string.h>
#include "net/flow_states.h"

/* A frame that has no number is compared with this many before and after the expected one. */
#define SHORT_REACH 128u

static void count_duplicate(struct flow *flow, uint64_t number)
{
    flow->faults.duplicated++;
    flow_note(flow, "frame %" PRIu64 " arrived a second time", number);
}

/* Where in the order frame `number`, which was sent, arrives. False: it is one too many. */
static bool place(struct flow *flow, uint64_t number)
{
    uint8_t *state = flow_state_of(flow, number);

    if (!flow_in_ring(flow, number) || *state & FLOW_ARRIVED) {
        count_duplicate(flow, number);
        return false;
    }
    if (number < flow->after) {
        flow->faults.reordered++;
        flow_note(flow, "frame %" PRIu64 " arrived after frame %" PRIu64, number, flow->after - 1);
    } else {
        flow->after = number + 1;
    }
    *state = (uint8_t)((*state | FLOW_ARRIVED) & ~FLOW_EXCUSED);
    if (number >= flow->next)
        flow->next = number; /* those passed over may yet come, or come back as failed */
    return true;
}

static void note_difference(struct flow *flow, uint64_t number, unsigned size, const uint8_t *frame,
                            const uint8_t *expected, struct numbered_difference difference)
{
    flow_note(flow,
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
        flow_note(flow, "frame %" PRIu64 " arrived %zu bytes long, expected %u", number, length,
                  wire);
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
    flow_note(flow, "a frame of %zu bytes arrived that was never sent:%s%s", length, text,
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
    flow_settle(flow);
    pthread_mutex_unlock(&flow->lock);
}
