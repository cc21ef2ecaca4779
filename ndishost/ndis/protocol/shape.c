/* SPDX-License-Identifier: MIT */
/* Frames to send, in every shape that NDIS allows. */
#include "ndis/protocol/shape.h"
#include "ndis/api/net_buffer_data.h"

#include <stdlib.h>
#include <string.h>
#include "nt/machine/phys.h"

#define PLAIN_SIZE      2048u /* never crosses a page */
#define ETHERNET_HEADER 14u
#define FEW_PIECES      8u
#define PLAIN_GAP       16u             /* between the pieces of a plain frame */
#define SHAPE_SIZE      (4 * PHYS_PAGE) /* the frame, what is around it, and gaps */
#define JUMBO_SIZE      (6 * PHYS_PAGE) /* the same for frames of NET_JUMBO_MAX bytes */
#define SHAPE_MDLS      26              /* in most slots */
#define WIDE_MDLS       320 /* in one of WIDE_EVERY: more fragments than any ring takes */
#define WIDE_EVERY      32
#define LARGE_SIZE      (20 * PHYS_PAGE) /* SHAPE_LARGE, what is around it, and gaps */
#define LARGE_PIECE     8192u            /* bytes an MDL at most: with an offset three pages */
#define LARGE_LEAST     512u             /* ... and at least, but for the last */
#define LARGE_MDLS      (SHAPE_LARGE / LARGE_LEAST + 2)

/* What stands in MappedSystemVa of an MDL that is not mapped: who uses it faults. */
#define UNMAPPED ((void *)(uintptr_t)0xD00D)

/* An MDL holds NET_JUMBO_MAX bytes and 500 around them at most: four pages. */
#define MDL_STRIDE ((sizeof(MDL) + 4 * sizeof(PFN_NUMBER) + 15) & ~(size_t)15)

size_t shape_longest(unsigned liberties)
{
    return !(liberties & LIBERTY_FRAME) ? PLAIN_SIZE : 2 * PHYS_PAGE;
}

/* The slot's address follows the NET_BUFFER, so that a completion finds it. */
struct slot_block {
    char net_buffer[NB_BLOCK_SIZE];
    struct frame_slot *slot;
} __attribute__((aligned(16)));

struct frame_slot *frame_slot_of(NET_BUFFER *nb)
{
    return ((struct slot_block *)(void *)nb_of(nb))->slot;
}

/* `wide` MDLs in one slot of WIDE_EVERY, `mdls` in all others. */
static int memory_create(struct shape_memory *memory, struct frame_slot *slots, unsigned count,
                         size_t size, unsigned mdls, unsigned wide)
{
    size_t total = 0;
    struct slot_block *blocks;
    unsigned i;

    for (i = 0; i < count; i++)
        total += slots[i].mdl_max = i % WIDE_EVERY == WIDE_EVERY - 1 ? wide : mdls;
    memory->data = phys_alloc(count * size, PHYS_SCATTERED, NULL);
    memory->buffers = aligned_alloc(16, count * sizeof(struct slot_block));
    memory->mdls = aligned_alloc(16, total * MDL_STRIDE);
    if (!memory->data || !memory->buffers || !memory->mdls)
        return -1;
    blocks = (struct slot_block *)memory->buffers;
    for (total = 0, i = 0; i < count; i++) {
        slots[i].nb = nb_initialize(&blocks[i], NULL);
        blocks[i].slot = &slots[i];
        slots[i].data = memory->data + i * size;
        slots[i].size = size;
        slots[i].pieces = 1;
        slots[i].mdls = memory->mdls + total * MDL_STRIDE;
        total += slots[i].mdl_max;
    }
    return 0;
}

int shape_memory_create(struct shape_memory *memory, struct frame_slot *slots, unsigned count,
                        unsigned liberties, uint32_t longest)
{
    bool jumbo = longest > shape_longest(liberties);

    if (!(liberties & LIBERTY_FRAME))
        return memory_create(memory, slots, count, jumbo ? JUMBO_SIZE : PLAIN_SIZE,
                             SHAPE_PIECES_MAX, SHAPE_PIECES_MAX);
    return memory_create(memory, slots, count, jumbo ? JUMBO_SIZE : SHAPE_SIZE, SHAPE_MDLS,
                         WIDE_MDLS);
}

int shape_large_memory_create(struct shape_memory *memory, struct frame_slot *slots, unsigned count)
{
    return memory_create(memory, slots, count, LARGE_SIZE, LARGE_MDLS, LARGE_MDLS);
}

void shape_pieces(struct frame_slot *slots, unsigned count, unsigned pieces)
{
    for (unsigned i = 0; i < count; i++)
        slots[i].pieces = pieces;
}

void shape_memory_destroy(struct shape_memory *memory)
{
    if (memory->data)
        phys_free(memory->data);
    free(memory->buffers);
    free(memory->mdls);
    memset(memory, 0, sizeof(*memory));
}

MDL *shape_mdl(void *storage, uint8_t *va, size_t length, bool mapped)
{
    MDL *mdl = storage;
    PFN_NUMBER *page = (PFN_NUMBER *)(mdl + 1);
    uint8_t *at = (uint8_t *)((uintptr_t)va & ~(uintptr_t)(PHYS_PAGE - 1));

    mdl->Next = NULL;
    mdl->Size = (CSHORT)SHAPE_MDL_SIZE(length);
    mdl->MdlFlags = mapped ? MDL_SOURCE_IS_NONPAGED_POOL : MDL_PAGES_LOCKED;
    mdl->Process = NULL;
    mdl->MappedSystemVa = mapped ? va : UNMAPPED;
    mdl->StartVa = at;
    mdl->ByteCount = (ULONG)length;
    mdl->ByteOffset = (ULONG)(va - at);
    do {
        uint64_t pa = 0;

        phys_address(at, &pa);
        *page++ = (PFN_NUMBER)(pa / PHYS_PAGE);
        at += PHYS_PAGE;
    } while (at < va + length);
    return mdl;
}

/* An MDL over the slot's bytes [offset, offset + length). */
static MDL *mdl_build(struct frame_slot *slot, unsigned index, size_t offset, size_t length,
                      bool mapped)
{
    return shape_mdl(slot->mdls + index * MDL_STRIDE, slot->data + offset, length, mapped);
}

/* One shape: what lies before the data, the pieces of the data, and what lies behind. */
struct shape {
    unsigned front_mdls; /* whole MDLs before CurrentMdl */
    size_t front;        /* CurrentMdlOffset */
    unsigned pieces;     /* MDLs with data */
    unsigned ones;       /* of these, how many at the start hold 1 byte each */
    bool whole_header;   /* all of the Ethernet header is in the first piece */
    unsigned split;   /* bytes of the header in the first piece, if it is cut there; 0: by chance */
    bool unmapped;    /* some MDLs are not mapped */
    bool anywhere;    /* MDLs begin at any address */
    bool empty_first; /* CurrentMdl has no bytes, and the data begin in the next */
    bool empty_last;  /* an MDL of no bytes after the last piece */
    bool header_apart;    /* the first piece is the Ethernet header alone */
    unsigned empty_every; /* an MDL of no bytes after every n-th piece; 0: none */
    size_t tail;          /* bytes that the last MDL has too many */
    bool behind;          /* an MDL after all others */
};

/* A part of a drawn number, below `bound`: cheaper than a draw of its own. */
static unsigned part_below(uint64_t drawn, unsigned from, unsigned bound)
{
    return (unsigned)(drawn >> from & 0xFFFF) % bound;
}

/* All is drawn, whether it is used or not: with one liberty less the rest of a run stays as it is. */
static void draw_pieces(struct shape *shape, uint32_t length, unsigned most, unsigned liberties,
                        struct random *random)
{
    bool few = liberties & LIBERTY_PIECES, many = liberties & LIBERTY_MANY_PIECES;
    uint64_t drawn = random_next(random);
    unsigned form = part_below(drawn, 0, 8);
    unsigned some = 1 + part_below(drawn, 16, most < FEW_PIECES ? most + !most : FEW_PIECES);
    unsigned any = 1 + part_below(drawn, 32, most + !most);

    shape->pieces = 1;
    if (form < 2) {
        shape->header_apart = few && length > ETHERNET_HEADER;
        shape->pieces += shape->header_apart;
    } else if (form < 4) {
        shape->pieces = few ? some : 1;
    } else if (form < 6) {
        shape->pieces = (any > FEW_PIECES ? many : few) ? any : 1;
        shape->ones = form == 5 ? shape->pieces - 1 : 0;
    }
}

static void draw_split(struct shape *shape, uint32_t length, unsigned liberties,
                       struct random *random)
{
    uint64_t drawn = random_next(random);
    bool split = part_below(drawn, 0, 8) == 0;
    unsigned cut = 1 + part_below(drawn, 16, ETHERNET_HEADER - 1);

    shape->whole_header = !(liberties & LIBERTY_SPLIT_HEADER);
    if (shape->whole_header || !split || length <= ETHERNET_HEADER)
        return;
    shape->split = cut;
    shape->header_apart = false;
    if (shape->pieces < 2)
        shape->pieces = 2;
}

static void draw_around(struct shape *shape, unsigned room, unsigned liberties,
                        struct random *random)
{
    uint64_t first = random_next(random), second = random_next(random);
    size_t front = part_below(first, 0, 2) ? part_below(first, 16, 300) : 0;
    unsigned front_mdls = part_below(first, 1, 8) ? 0 : 1 + part_below(first, 4, 2);
    bool empty_first = part_below(first, 5, 8) == 0, empty_last = part_below(first, 8, 16) == 0;
    size_t tail = part_below(second, 0, 4) ? 0 : part_below(second, 16, 200);
    bool behind = part_below(second, 2, 16) == 0;
    unsigned empty_every = part_below(second, 6, 16) ? 0 : 1 + part_below(second, 32, 3);

    shape->front = liberties & LIBERTY_OFFSET ? front : 0;
    shape->front_mdls = liberties & LIBERTY_FRONT_MDLS ? front_mdls : 0;
    shape->empty_first = liberties & LIBERTY_EMPTY_FIRST && !shape->front && empty_first;
    shape->empty_last = liberties & LIBERTY_EMPTY_MDLS && empty_last;
    shape->tail = liberties & LIBERTY_SPARE ? tail : 0;
    shape->behind = liberties & LIBERTY_BEHIND && behind;
    if (liberties & LIBERTY_EMPTY_MDLS && shape->pieces < room / 2)
        shape->empty_every = empty_every;
}

static void shape_draw(struct shape *shape, uint32_t length, unsigned mdl_max, unsigned liberties,
                       struct random *random)
{
    unsigned room = mdl_max - 6; /* front, behind, first, last */
    uint32_t least =
        liberties & LIBERTY_SPLIT_HEADER ? 1 : ETHERNET_HEADER; /* of the first piece */
    uint32_t cuts = length < least ? 1 : length - least + 1;

    memset(shape, 0, sizeof(*shape));
    shape->unmapped = liberties & LIBERTY_UNMAPPED;
    shape->anywhere = liberties & LIBERTY_ALIGNMENT;
    draw_pieces(shape, length, cuts < room ? cuts : room, liberties, random);
    draw_split(shape, length, liberties, random);
    draw_around(shape, room, liberties, random);
}

/* Where the next MDL may begin: after a gap, so that alignments differ and pages are crossed. */
struct layout {
    struct frame_slot *slot;
    const struct shape *shape;
    struct random *random;
    size_t at, spare;
    unsigned used;
    MDL *first, *last;
};

/* Without the liberty of any address: the next multiple of PLAIN_GAP that touches no other MDL. */
static size_t aligned_gap(const struct layout *layout)
{
    size_t gap = layout->used ? PLAIN_GAP - layout->at % PLAIN_GAP : 0;

    return gap <= layout->spare ? gap : 0;
}

static inline MDL *layout_put(struct layout *layout, size_t gap, size_t length, bool mapped)
{
    MDL *mdl = mdl_build(layout->slot, layout->used++, layout->at + gap, length, mapped);

    layout->spare -= gap;
    layout->at += gap + length;
    if (layout->last)
        layout->last->Next = mdl;
    else
        layout->first = mdl;
    layout->last = mdl;
    return mdl;
}

static MDL *layout_add(struct layout *layout, size_t length)
{
    uint64_t drawn = random_next(layout->random);
    size_t gap = part_below(drawn, 0, layout->spare < 256 ? (unsigned)layout->spare + 1 : 257);
    bool unmapped = part_below(drawn, 16, 8) == 0 && layout->shape->unmapped;

    if (!layout->shape->anywhere)
        gap = aligned_gap(layout);
    return layout_put(layout, gap, length, !unmapped);
}

/* The length of piece i of a frame of which `left` bytes are still to be placed. */
static uint32_t piece_length(const struct shape *shape, unsigned i, uint32_t left,
                             struct random *random)
{
    unsigned after = shape->pieces - 1 - i; /* pieces to come, each of a byte at least */
    uint32_t least = i == 0 && shape->whole_header ? ETHERNET_HEADER : 1;
    uint32_t most;

    if (!after)
        return left;
    if (i == 0 && shape->split)
        return shape->split <= left - after ? shape->split : left - after;
    if (i < shape->ones)
        return least;
    if (i == 0 && shape->header_apart)
        return ETHERNET_HEADER;
    most = 2 * (left - after) / (after + 1) + 1;
    if (most > left - after)
        most = left - after;
    most = 1 + (uint32_t)random_below(random, most);
    return most < least ? least : most;
}

static void shape_lay(struct frame_slot *slot, const struct shape *shape, const uint8_t *data,
                      uint32_t length, struct random *random)
{
    struct layout layout = {.slot = slot, .shape = shape, .random = random};
    uint32_t left = length, offset = 0;
    size_t front_mdl = shape->front_mdls ? 1 + random_below(random, 64) : 0;
    MDL *empty = NULL;
    unsigned i;

    layout.spare =
        slot->size - (length + shape->front + shape->tail + 64 + shape->front_mdls * front_mdl);
    for (i = 0; i < shape->front_mdls; i++)
        layout_add(&layout, front_mdl);
    if (shape->empty_first)
        empty = layout_add(&layout, 0);
    for (i = 0; i < shape->pieces; i++) {
        uint32_t piece = piece_length(shape, i, left, random);
        size_t front = i == 0 ? shape->front : 0;
        size_t tail = i == shape->pieces - 1 ? shape->tail : 0;
        MDL *mdl = layout_add(&layout, front + piece + tail);

        memcpy(mdl_address(mdl) + front, data + offset, piece);
        offset += piece;
        left -= piece;
        if (shape->empty_every && i % shape->empty_every == 0 && i + 1 < shape->pieces)
            layout_add(&layout, 0);
    }
    if (shape->empty_last)
        layout_add(&layout, 0);
    if (shape->behind)
        layout_add(&layout, 64);
    nb_set_data(slot->nb, layout.first, (ULONG)(shape->front_mdls * front_mdl + shape->front),
                length);
    slot->used = layout.at;
    if (empty) { /* nb_set_data steps over it */
        NET_BUFFER_CURRENT_MDL(slot->nb) = empty;
        NET_BUFFER_CURRENT_MDL_OFFSET(slot->nb) = 0;
    }
}

/* In as many equal pieces as the slot has, with a gap between them if there is room. */
static void shape_plain(struct frame_slot *slot, const uint8_t *data, uint32_t length)
{
    unsigned pieces = length < slot->pieces ? 1 : slot->pieces;
    size_t gap = length + (pieces - 1) * PLAIN_GAP <= slot->size ? PLAIN_GAP : 0;
    MDL *first = NULL, *last = NULL, *mdl;
    size_t at = 0, from = 0, to;
    unsigned i;

    for (i = 0; i < pieces; i++, from = to, at += gap) {
        to = (size_t)length * (i + 1) / pieces;
        memcpy(slot->data + at, data + from, to - from);
        mdl = mdl_build(slot, i, at, to - from, true);
        if (last)
            last->Next = mdl;
        else
            first = mdl;
        last = mdl;
        at += to - from;
    }
    slot->used = at - gap;
    nb_set_data(slot->nb, first, 0, length);
}

void shape_frame(struct frame_slot *slot, const void *data, uint32_t length, unsigned liberties,
                 struct random *random)
{
    struct random own;
    struct shape shape;

    if (!(liberties & LIBERTY_FRAME)) {
        shape_plain(slot, data, length);
        return;
    }
    random_seed(&own, random_next(random));
    shape_draw(&shape, length, slot->mdl_max, liberties, &own);
    shape_lay(slot, &shape, data, length, &own);
}

void shape_large(struct frame_slot *slot, const uint8_t *data, uint32_t length, uint32_t headers,
                 unsigned liberties, struct random *random)
{
    const struct shape shape = {.unmapped = liberties & LIBERTY_UNMAPPED,
                                .anywhere = liberties & LIBERTY_ALIGNMENT};
    bool plain = !(liberties & LIBERTY_FRAME);
    bool pieces = liberties & (LIBERTY_PIECES | LIBERTY_MANY_PIECES);
    size_t front = liberties & LIBERTY_OFFSET ? random_below(random, 300) : 0, before = front;
    struct layout layout = {.slot = slot, .shape = &shape, .random = random};
    uint32_t done = 0;

    layout.spare = slot->size - length - front;
    while (done < length) {
        uint32_t piece = LARGE_PIECE;
        MDL *mdl;

        if (pieces)
            piece = LARGE_LEAST + (uint32_t)random_below(random, LARGE_PIECE - LARGE_LEAST);
        if (!done && pieces && random_chance(random, 1, 2))
            piece = headers;
        if (piece > length - done)
            piece = length - done;
        mdl = plain ? layout_put(&layout, 0, piece, true) : layout_add(&layout, before + piece);
        memcpy(mdl_address(mdl) + before, data + done, piece);
        done += piece;
        before = 0;
    }
    nb_set_data(slot->nb, layout.first, (ULONG)front, length);
    slot->used = layout.at;
}
