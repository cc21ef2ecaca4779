/* SPDX-License-Identifier: MIT */
/* hold.h: how long the protocol above the miniport keeps the lists that it received. */
#ifndef NDISHOST_HOLD_H
#define NDISHOST_HOLD_H

#include <stdint.h>

struct hold {
    enum { HOLD_BY_SHAPE, HOLD_TIME, HOLD_FRAMES } by; /* by shape: LIBERTY_HOLD keeps some */
    uint64_t longest; /* microseconds, or frames that come up meanwhile */
};

#endif
