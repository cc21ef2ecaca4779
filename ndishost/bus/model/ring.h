/* SPDX-License-Identifier: MIT */
/*
 * ring.h: the device's side of a split virtqueue (virtio 1.2, 2.7), suspicious of the driver: chains
 * are read once, checked, remembered, and compared with memory when they are used.
 *   ring_open(ring, 0, 256)
 *   ring_start(model, ring)                              at DRIVER_OK
 *   ring_fetch(model, ring)                              what the driver made available meanwhile
 *   while ((chain = ring_take(ring, 0))) ... use it ...
 *   ring_publish(model, ring, used, count)               hand them back, all at once
 *   if (ring_wants_interrupt(model, ring)) ...
 *   ring_reset(ring)                                     at reset
 *   ring_close(ring)
 * All but the first and the last with the model's lock held.
 */
#ifndef NDISHOST_MODEL_RING_H
#define NDISHOST_MODEL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bus/model/spec.h"

struct model;

struct chain_piece {
    const volatile struct spec_desc *source; /* where the descriptor lies */
    struct spec_desc copy;                   /* and what it said */
    uint8_t *data;
};

/* One buffer, as it was found when it was fetched. */
struct chain {
    uint16_t head;
    bool outstanding; /* fetched, not yet used */
    uint32_t pieces, capacity;
    struct chain_piece *piece;                     /* grows, and is kept */
    const volatile struct spec_desc *table_source; /* the indirect descriptor, or NULL */
    struct spec_desc table_copy;
    uint64_t readable, writable; /* bytes */
};

struct ring {
    uint16_t index, max_size;
    uint16_t limit;      /* max_size, or what a fault has made of it at the last reset */
    struct chain *chain; /* by head */
    uint16_t *owner;     /* by descriptor of the table: its chain's head + 1, 0: nobody's */
    uint16_t *queue;     /* heads that were fetched and wait for their turn */
    /* Written through registers, before it is live. */
    uint16_t size;
    uint16_t msix_vector;
    bool enabled;
    uint64_t desc_addr, avail_addr, used_addr;
    /* Live. */
    bool live;
    const volatile struct spec_desc *desc;
    uint8_t *avail, *used;
    uint16_t queue_head, queue_count;
    uint16_t in_flight;  /* fetched, not yet published */
    uint16_t avail_seen; /* next to fetch */
    uint16_t used_idx;   /* as we published it */
    uint16_t used_flags; /* as we wrote them */
    uint16_t signalled;  /* used_idx at the last decision about an interrupt */
    uint16_t allowed;    /* of a transmit queue that is not in use any more: buffers from before */
    uint32_t longest;    /* chain that there was, in descriptors; outlives resets */
    bool lied;   /* a fault of ours struck here: what the driver does now may follow from it */
    bool misled; /* so did one that the driver cannot see: it may take each buffer too early */
};

/* Allocates all that a queue of so many descriptors can need at once: DRIVER_OK comes from a fault
 * handler, which allocates nothing. false: out of memory. */
bool ring_open(struct ring *ring, uint16_t index, uint16_t max_size);
void ring_close(struct ring *ring);
/* As it is when nobody has set it up. */
void ring_reset(struct ring *ring);
/* Finds the parts in memory and begins with an empty ring. false: it could not (reported). */
bool ring_start(struct model *model, struct ring *ring);

/* Is its memory still mapped for the device? Reports if not. */
bool ring_mapped(struct model *model, const struct ring *ring);
/* Reads what is new in the available ring, all of it. false: nothing new, or the ring is broken. */
bool ring_fetch(struct model *model, struct ring *ring);
/* Is something new there? Looks only. */
bool ring_pending(const struct ring *ring);
/* The nth chain that waits, out of the queue; NULL if there are not so many. */
struct chain *ring_take(struct ring *ring, uint16_t nth);
/* How many buffers are there that nobody has fetched. */
uint16_t ring_offered(const struct ring *ring);
/* The driver is about to reset the device: has it left alone till now what the device has (3.3.1)?
 * Reports if not. */
void ring_check_exposed(struct model *model, struct ring *ring);
/* What ring_take took, back to the front of the queue: nothing has been done with it. */
void ring_untake(struct ring *ring, struct chain *chain);

struct used_buffer {
    struct chain *chain;
    uint32_t length; /* bytes written */
};
void ring_publish(struct model *model, struct ring *ring, const struct used_buffer *used,
                  unsigned count);
/* After ring_publish: does the driver want to hear of it (2.7.7.2)? */
bool ring_wants_interrupt(struct model *model, struct ring *ring);
/* Asks the driver for notifications, or asks it to spare them (2.7.10.2). */
void ring_want_notifications(struct model *model, struct ring *ring, bool wanted);
/* Would the driver have to notify of a new buffer, as things stand? What avail_event says holds,
 * though it be a lie: the driver can go by nothing else. */
bool ring_notifications_wanted(const struct model *model, const struct ring *ring);

/* A rule that was broken in a ring. Not the driver's fault if the ring's device has lied before: then
 * nothing is reported, but a device that is confused asks for its reset. */
#define ring_violation(model, ring, rule, ...)         \
    do {                                               \
        if ((ring)->lied)                              \
            model_confused(model, rule);               \
        else                                           \
            model_violation(model, rule, __VA_ARGS__); \
    } while (0)

/* chain.c: reads the chain that begins at `head` into *chain and checks it. false: it cannot be used
 * (reported). */
bool chain_read(struct model *model, struct ring *ring, struct chain *chain, uint16_t head);
/* Is all of it still mapped for the device? It is about to be used. Reports if not. */
bool chain_mapped(struct model *model, const struct ring *ring, const struct chain *chain);
/* The driver left it alone while it was the device's? Reports if not. */
void chain_check_unaltered(struct model *model, const struct ring *ring, const struct chain *chain);
/* Copies from the readable part, from `offset` on, at most `length` bytes; returns how many. */
size_t chain_gather(const struct chain *chain, size_t offset, void *to, size_t length);
/* Copies into the writable part, from `offset` on; returns how many bytes fitted. */
size_t chain_scatter(const struct chain *chain, size_t offset, const void *from, size_t length);

#endif
