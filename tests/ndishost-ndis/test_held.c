/* SPDX-License-Identifier: MIT */
/* Time that a device holds is not the driver's, also of an access that began before the driver's limit. */
#include "native.h"

#include <stdbool.h>
#include <unistd.h>
#include "ndis/api/miniport.h"
#include "nt/machine/clock.h"
#include "nt/machine/held.h"

#define SPEED 10
#define LIMIT NT_SECOND

static void pass(uint64_t duration)
{
    usleep((unsigned)(duration / SPEED * 1000 / NT_MILLISECOND));
}

/* Nothing counts of the time from `start` until `until`, but for what this call takes. */
static bool all_left(uint64_t start, uint64_t until)
{
    uint64_t left = time_left(start, LIMIT);

    return left + (nt_clock_now() - until) >= LIMIT;
}

int main(void)
{
    uint64_t start, end, seed;
    int slot;

    native_start(&seed);
    nt_clock_speed(SPEED);
    slot = held_begin();
    pass(2 * LIMIT);
    start = nt_clock_now();
    pass(3 * LIMIT);
    for (unsigned i = 0; i < 1000; i++) {
        end = nt_clock_now();
        EXPECT(all_left(start, end));
    }
    native_end("held-before-the-limit-began");

    end = nt_clock_now();
    held_end(slot);
    EXPECT(all_left(start, end));
    EXPECT(held_since(start) >= 3 * LIMIT && held_since(start) <= nt_clock_now() - start);
    pass(2 * LIMIT);
    EXPECT(!time_left(start, LIMIT));
    native_end("time-after-it-counts");
    return native_stop();
}
