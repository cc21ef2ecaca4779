/* SPDX-License-Identifier: MIT */
/*
 * wire_watch.h: which of some frames, sent past the network end, come out of the device; the
 * network end is not to hear of those.
 *   wire_watch_begin(adapter->watch, frames, count);  ... send ...
 *   wire_watch_wait(adapter->watch, deadline);  wire_watch_end(adapter->watch);  look at frames[]
 *   if (!wire_watch_take(adapter->watch, frame, length)) it is the network end's
 */
#ifndef NDISHOST_WIRE_WATCH_H
#define NDISHOST_WIRE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A frame that may come. What it is known by is its first WIRE_KNOWN bytes, or all if it has
 * fewer. */
#define WIRE_KNOWN 30
struct wire_frame {
    const uint8_t *data; /* as the protocol has it */
    uint32_t length;
    uint32_t tag;         /* that the miniport has to put in, or TAG_NONE */
    unsigned seen;        /* how often it came ... */
    unsigned wrong;       /* ... and with wrong bytes, length, tag or padding */
    uint32_t wire_length; /* as it came last */
};

struct wire_watch;

/* NULL when out of memory. */
struct wire_watch *wire_watch_create(void);
void wire_watch_destroy(struct wire_watch *watch);
/* The frames stay the caller's, who looks at them after wire_watch_end. */
void wire_watch_begin(struct wire_watch *watch, struct wire_frame *frames, unsigned count);
void wire_watch_end(struct wire_watch *watch);
/* Waits until each frame has come, or the deadline. */
void wire_watch_wait(struct wire_watch *watch, uint64_t deadline);
/* A frame that came out of the device: is it one of them? One that is wrong, or comes again, is the
 * network end's too, which has it for a stray. From the bus's thread. */
bool wire_watch_take(struct wire_watch *watch, const uint8_t *frame, size_t length);

#endif
