/* SPDX-License-Identifier: MIT */
/*
 * fake_bus.h: a bus whose only device is memory and a diary of how it was reached.
 *   fake_bus_open(&fake);  ... accesses ...;  assert_string_equal(fake.log, "r4w4");
 */
#ifndef TEST_FAKE_BUS_H
#define TEST_FAKE_BUS_H

#include <stdint.h>
#include "bus/bus.h"

#define FAKE_BAR_SIZE 8192
#define FAKE_PORTS    64
#define FAKE_PORT     0xC040u

/* BAR 0 is memory, BAR 2 has ports; no other is implemented. */
struct fake_bus {
    struct bus bus;
    uint8_t memory[FAKE_BAR_SIZE];
    uint8_t ports[FAKE_PORTS];
    char log[256]; /* "r4" "w1" ..., cut */
    unsigned log_used;
};

void fake_bus_open(struct fake_bus *fake);
void fake_bus_forget(struct fake_bus *fake); /* the log */

#endif
