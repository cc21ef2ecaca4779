/* SPDX-License-Identifier: MIT */
/* Frames that arrive: which one is it, is it whole, and was it its turn? */
#include <inttypes.h>
#include <string.h>
#include "net/flow_states.h"

/* A frame that has no number may be one of this many that have arrived already. */
#define SHORT_REACH 128u
/* Shorter frames have equals among those that are told apart: 0 to 2 bytes of them are their
 * number's. */
#define AMBIGUOUS (NUMBERED_MIN + 3)

static void count_duplicate(struct flow *flow, uint64_t number)
{
    flow->faults.duplicated++;
    flow_note(flow, "frame %" PRIu64 " arrived a second time", number);
}

static bool ambiguous(const struct flow *flow, uint64_t number)
{
    return numbered_size(&flow->expected, number) < AMBIGUOUS;
}

static bool equal(const struct flow *flow, uint64_t one, uint64_t other)
{
    uint8_t frame[NUMBERED_JUMBO], expected[NUMBERED_JUMBO];

    return flow_fill_expected(flow, one, frame) == flow_fill_expected(flow, other, expected) &&
           !memcmp(frame, expected, NUMBERED_WIRE);
}

void flow_take_lent(struct flow *flow, uint64_t number)
{
    uint8_t *state = flow_state_of(flow, number);

    if (*state & FLOW_RESOLVED || !ambiguous(flow, number))
        return;
    for (uint64_t n = number; n-- > flow->retired;) {
        uint8_t *lent = flow_state_of(flow, n);

        if (!(*lent & FLOW_LENT) || !equal(flow, n, number))
            continue;
        *lent = (uint8_t)((*lent & ~(FLOW_ARRIVED | FLOW_LENT)) | FLOW_EXCUSED);
        *state |= FLOW_ARRIVED;
        return;
    }
}

/* Where in the order frame `number`, which was sent, arrives. False: it is one too many. */
static bool place(struct flow *flow, uint64_t number)
{
    uint8_t *state = flow_state_of(flow, number);

    if (number < flow->retired && flow->late) {
        flow->late--; /* which of the excused ones it is, nobody knows any more */
        return false;
    }
    if (!flow_in_ring(flow, number) || *state & FLOW_ARRIVED) {
        count_duplicate(flow, number);
        return false;
    }
    if (*state & FLOW_UNWANTED && !flow->filter_changing && number >= flow->filter_upto) {
        flow->faults.unwanted++;
        flow->unwanted_ns = flow_now_ns(); /* where one comes up, more may */
        flow_note(flow, "frame %" PRIu64 " (%s) arrived, which the packet filter does not select",
                  number, flow_kind_names[flow_kind(flow, number)]);
    }
    if (number < flow->after) {
        flow->faults.reordered++;
        flow_note(flow, "frame %" PRIu64 " arrived after frame %" PRIu64, number, flow->after - 1);
    } else {
        for (uint64_t n = flow->after > flow->retired ? flow->after : flow->retired; n < number;
             n++)
            flow_take_lent(flow, n);
        flow->after = number + 1;
    }
    if (*state & FLOW_EXCUSED && ambiguous(flow, number))
        *state |= FLOW_LENT;
    *state = (uint8_t)((*state | FLOW_ARRIVED) & ~FLOW_EXCUSED);
    if (number >= flow->next)
        flow->next = number; /* those passed over may yet arrive, or complete as failed */
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

/* A frame that arrived, its tag apart. */
struct arrival {
    const uint8_t *frame;
    size_t length;
    uint32_t tag; /* from the wire, or out of band */
    bool left_in; /* there was one more tag, in the frame, that should not have been there */
};

static bool on_wire(const struct flow *flow)
{
    return flow->options.way == FLOW_SENT || flow->options.way == FLOW_ECHOED;
}

/* What frame `number` is to have on the wire to the far side; the station sends it back as it
 * is. */
static uint32_t tag_at_far(const struct flow *flow, uint64_t number)
{
    struct tag_options tagging = flow->tagging;
    uint32_t tag = flow_tag(flow, number);

    switch (flow->options.way) {
    case FLOW_RECEIVED:
        return tag;
    case FLOW_ECHOED: /* the near side echoes the tag that was out of band */
        if (!tagging.priority && !tagging.vlan)
            return TAG_NONE;
        return tag_sent(tagging, tag_offered(tagging, tag));
    default:
        return tag_sent(tagging, tag);
    }
}

static bool tag_right(const struct flow *flow, uint64_t number, const struct arrival *arrival)
{
    uint32_t expected = tag_at_far(flow, number);

    if (arrival->left_in)
        return false;
    if (on_wire(flow))
        return arrival->tag == expected;
    return tag_received(flow->tagging, expected, arrival->tag);
}

static void note_tag(struct flow *flow, uint64_t number, const struct arrival *arrival)
{
    char there[48], expected[48];

    if (arrival->left_in)
        flow_note(flow, "frame %" PRIu64 " arrived with an unexpected tag in the frame", number);
    else
        flow_note(flow, "frame %" PRIu64 " arrived with %s, %s %s", number,
                  tag_text(arrival->tag, there, sizeof there),
                  on_wire(flow) ? "expected" : "but on the wire it has",
                  tag_text(tag_at_far(flow, number), expected, sizeof expected));
}

/* The lengths without the tag that a frame of `size` bytes may arrive with. The wire's 60 bytes are
 * with the tag or, where a driver pads first, without. What the station has sent is known. */
struct lengths {
    unsigned low, high;
};
static struct lengths lengths_of(const struct flow *flow, uint64_t number, unsigned size)
{
    unsigned plain = numbered_wire_size(size),
             tagged = size < NUMBERED_WIRE - TAG_BYTES ? NUMBERED_WIRE - TAG_BYTES : size;

    if (tag_at_far(flow, number) == TAG_NONE)
        return (struct lengths){plain, plain};
    return (struct lengths){tagged, flow->options.way == FLOW_RECEIVED ? tagged : plain};
}

/* Compares with what frame `number` should be, and counts. */
static void check_content(struct flow *flow, uint64_t number, const struct arrival *arrival)
{
    uint8_t expected[NUMBERED_JUMBO];
    unsigned size = flow_fill_expected(flow, number, expected);
    struct lengths lengths = lengths_of(flow, number, size);
    struct numbered_difference difference = numbered_compare(
        arrival->frame, expected, arrival->length < lengths.high ? arrival->length : lengths.high);

    if (!tag_right(flow, number, arrival)) {
        flow->faults.mistagged++;
        note_tag(flow, number, arrival);
    } else if (arrival->length < lengths.low || arrival->length > lengths.high) {
        flow->faults.wrong_length++;
        flow_note(flow, "frame %" PRIu64 " arrived with %zu bytes, expected %u", number,
                  arrival->length, lengths.low);
    } else if (difference.count) {
        flow->faults.damaged++;
        note_difference(flow, number, size, arrival->frame, expected, difference);
    } else {
        flow->intact++;
    }
}

static bool is_frame(const struct flow *flow, uint64_t number, const uint8_t *frame, size_t length)
{
    uint8_t expected[NUMBERED_JUMBO];

    return numbered_size(&flow->expected, number) < NUMBERED_HEADER &&
           flow_fill_expected(flow, number, expected) < NUMBERED_HEADER &&
           length >= NUMBERED_WIRE - TAG_BYTES && length <= NUMBERED_WIRE &&
           !memcmp(frame, expected, length);
}

/* Is `number` one that has arrived, or one that has not, as `arrived` says, and is the frame
 * that? */
static bool is_open(const struct flow *flow, uint64_t number, bool arrived, const uint8_t *frame,
                    size_t length)
{
    return !(flow->ring[number % FLOW_RING] & FLOW_ARRIVED) != arrived &&
           is_frame(flow, number, frame, length);
}

/* A frame too short for a number is the first one of that content that is to come; if there is
 * none, the last one that was passed over; and if there is none, one that comes a second time. Any
 * number of frames may be missing in between, when the way was closed. */
static bool find_short(struct flow *flow, const uint8_t *frame, size_t length, uint64_t *number)
{
    uint64_t after = flow->after > flow->retired ? flow->after : flow->retired;

    for (*number = after; *number < flow->issued; ++*number)
        if (is_open(flow, *number, false, frame, length))
            return true;
    for (*number = after; (*number)-- > flow->retired;)
        if (is_open(flow, *number, false, frame, length))
            return true;
    for (*number = after; (*number)-- > flow->retired && after - *number <= SHORT_REACH;)
        if (is_open(flow, *number, true, frame, length))
            return true;
    return false;
}

/* Is this, beyond doubt enough, the expected frame with a header that was damaged? The addresses
 * and the padding, the same in all frames, do not count. */
static bool resembles_next(struct flow *flow, const uint8_t *frame, size_t length)
{
    uint8_t expected[NUMBERED_JUMBO];
    unsigned size;
    size_t same = 0, compared;

    if (flow->next == flow->issued || length <= 12)
        return false;
    size = flow_fill_expected(flow, flow->next, expected);
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
    flow_note(flow, "a frame of %zu bytes arrived that nothing sent:%s%s", length, text,
              shown < length ? " ..." : "");
}

static void count_arrived(struct flow *flow, uint64_t number, const struct arrival *arrival)
{
    struct flow_count *kind = &flow->kinds[flow_kind(flow, number)];

    kind->arrived++;
    kind->bytes_arrived += arrival->length;
    check_content(flow, number, arrival);
}

/* Takes tags out of the frame into `bare`, so that what is behind them can be told. */
static void take_tags(const struct flow *flow, struct arrival *arrival, uint8_t *bare, size_t room)
{
    unsigned tags = on_wire(flow) ? 0 : 1; /* near, there is to be none */

    while (arrival->length <= room && tag_read(arrival->frame, arrival->length) != TAG_NONE) {
        if (!tags++)
            arrival->tag = tag_read(arrival->frame, arrival->length);
        arrival->length = tag_strip(bare, arrival->frame, arrival->length);
        arrival->frame = bare;
    }
    arrival->left_in = tags > 1;
}

void flow_arrived(struct flow *flow, const uint8_t *frame, size_t length, uint32_t tag)
{
    struct arrival arrival = {.frame = frame, .length = length, .tag = tag};
    uint8_t bare[2 * NUMBERED_JUMBO];
    uint64_t number;

    take_tags(flow, &arrival, bare, sizeof bare);
    pthread_mutex_lock(&flow->lock);
    flow->arrived++;
    flow->bytes_arrived += arrival.length;
    if (!find(flow, arrival.frame, arrival.length, &number))
        count_stray(flow, arrival.frame, arrival.length);
    else if (place(flow, number))
        count_arrived(flow, number, &arrival);
    flow_settle(flow);
    pthread_mutex_unlock(&flow->lock);
}
