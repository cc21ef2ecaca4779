/* SPDX-License-Identifier: MIT */
/*
 * shape.h: where a frame is in memory when the protocol sends it: over how many MDLs, at which
 * offsets, with what around it. Windows promises nothing of it, so it is drawn from the seed.
 *   shape_memory_create(&memory, slots, 1024, liberties);
 *   shape_frame(&slots[0], data, length, liberties, &random);
 */
#ifndef NDISHOST_SHAPE_H
#define NDISHOST_SHAPE_H

#include "ndis/api/liberty.h"
#include "ndis/api/net_buffer_pool.h"
#include "nt/machine/phys.h"

/* A NET_BUFFER with memory of its own: enough for the longest frame in the widest shape. */
struct frame_slot {
    NET_BUFFER *nb;
    uint8_t *data; /* scattered physical pages */
    size_t size;
    size_t used; /* of them the last frame's, and what lay around it */
    char *mdls;  /* room for mdl_max MDLs of MDL_STRIDE bytes */
    unsigned mdl_max;
    unsigned pieces; /* of a plain frame */
};

struct shape_memory {
    uint8_t *data;
    char *buffers, *mdls;
};

#define SHAPE_PIECES_MAX 8

/* 0, or -1 when out of memory. Without LIBERTY_FRAME among the liberties a slot has half a page, and 8 MDLs.
 * `longest`: bytes of the longest frame; up to shape_longest(liberties) there is always room for. */
int shape_memory_create(struct shape_memory *memory, struct frame_slot *slots, unsigned count,
                        unsigned liberties, uint32_t longest);
/* Spreads each plain frame over so many MDLs: 1 to SHAPE_PIECES_MAX. */
void shape_pieces(struct frame_slot *slots, unsigned count, unsigned pieces);
/* The same for frames of SHAPE_LARGE bytes at most. */
int shape_large_memory_create(struct shape_memory *memory, struct frame_slot *slots,
                              unsigned count);
void shape_memory_destroy(struct shape_memory *memory);

/* The longest frame that a slot takes. */
size_t shape_longest(unsigned liberties);

/* Lays the frame out. Its bytes are copied. length <= shape_longest(liberties). The liberties are among those that the
 * memory was made with. With LIBERTY_FRAME each frame is one draw from `random`. */
void shape_frame(struct frame_slot *slot, const void *data, uint32_t length, unsigned liberties,
                 struct random *random);

/* Lays out a large TCP packet, whose headers are whole in the first MDL. length <= SHAPE_LARGE. */
#define SHAPE_LARGE 65600
void shape_large(struct frame_slot *slot, const uint8_t *data, uint32_t length, uint32_t headers,
                 unsigned liberties, struct random *random);

/* Room for an MDL over `bytes` bytes that begin anywhere in a page. */
#define SHAPE_MDL_SIZE(bytes) \
    ((sizeof(MDL) + ((bytes) / PHYS_PAGE + 2) * sizeof(PFN_NUMBER) + 15) & ~(size_t)15)
/* Makes an MDL in `storage` over memory of phys_alloc, as a protocol's is: of nonpaged memory, or
 * of a user's locked pages that nobody has mapped yet. */
MDL *shape_mdl(void *storage, uint8_t *va, size_t length, bool mapped);

/* The slot that a NET_BUFFER is of. */
struct frame_slot *frame_slot_of(NET_BUFFER *nb);

#endif
