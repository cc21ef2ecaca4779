/* SPDX-License-Identifier: MIT */
/* The account of a flow, frame by frame, without a network end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "net/flow.h"

/* Sends frames that are all under way when the way closes and opens again. */
static void send_excused(struct flow *flow, unsigned frames)
{
    while (frames) {
        uint64_t first;
        unsigned got = flow_issue(flow, frames, &first);

        assert_int_not_equal(got, 0);
        frames -= got;
        flow_link(flow, false);
        flow_link(flow, true);
    }
}

static void arrive(struct flow *flow, uint64_t number)
{
    uint8_t frame[1514];
    unsigned size = flow_fill(flow, number, frame);

    flow_arrived(flow, frame, size, 0);
}

/* A frame that was excused may arrive when so many others were sent that its state is gone. It counts
 * as one of the excused ones, as long as there are no more of them than those. */
static void test_later_than_the_ring(void **state)
{
    static const struct flow_options options = {.name = "late",
                                                .seed = 7,
                                                .size = {60, 60},
                                                .window = 4096,
                                                .arrivals = true,
                                                .way = FLOW_RECEIVED};
    struct flow flow;

    (void)state;
    assert_int_equal(flow_init(&flow, &options), 0);
    flow_start(&flow);
    send_excused(&flow, 3 + FLOW_RING);
    assert_int_equal(flow.retired, 3);
    for (uint64_t number = 0; number < 3; number++)
        arrive(&flow, number);
    assert_int_equal(flow.faults.duplicated, 0);
    assert_int_equal(flow.faults.lost, 0);
    arrive(&flow, 1);
    assert_int_equal(flow.faults.duplicated, 1);
    flow_stop(&flow);
    flow_destroy(&flow);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_later_than_the_ring)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
