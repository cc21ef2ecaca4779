/* SPDX-License-Identifier: MIT */
/* Whatever shape a frame is sent in, it is the same frame, and every kind of shape does occur. */
#include "native.h"

#include <string.h>
#include "ndis/protocol/shape.h"
#include "ndis/api/net_buffer_data.h"

#define SLOTS       64
#define ROUNDS      20000
#define LONG_ROUNDS 2000

/* Shapes seen so far, by what is odd about them. */
static struct {
    unsigned empty_first, empty_last, one, two, many, wide, single_bytes, empty, front_mdl, offset,
        tail, behind, scattered, unmapped, split, anywhere;
} seen;

static void check_pages(const MDL *mdl)
{
    const PFN_NUMBER *page = (const PFN_NUMBER *)(mdl + 1);
    unsigned pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(mdl_address(mdl), mdl->ByteCount), i;

    EXPECT((uint8_t *)mdl->StartVa + mdl->ByteOffset == mdl_address(mdl));
    if (!(mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL)) {
        EXPECT(mdl->MdlFlags == MDL_PAGES_LOCKED && mdl->MappedSystemVa != mdl_address(mdl));
        seen.unmapped++;
    }
    EXPECT(mdl->ByteOffset < PAGE_SIZE);
    EXPECT(sizeof(MDL) + pages * sizeof(PFN_NUMBER) <= (size_t)mdl->Size);
    for (i = 0; i < pages; i++) {
        uint64_t pa = 0;

        EXPECT(phys_address((char *)mdl->StartVa + i * PAGE_SIZE, &pa));
        EXPECT(page[i] == pa / PAGE_SIZE);
        if (i && page[i] != page[i - 1] + 1)
            seen.scattered++;
    }
}

/* One MDL after the other, none overlapping, all in the slot's memory. */
static void check_chain(const struct frame_slot *slot)
{
    const uint8_t *at = slot->data;
    const MDL *mdl;
    unsigned count = 0;

    for (mdl = NET_BUFFER_FIRST_MDL(slot->nb); mdl; mdl = mdl->Next) {
        const uint8_t *start = mdl_address(mdl);

        check_pages(mdl);
        EXPECT(start >= at && start + mdl->ByteCount <= slot->data + slot->size);
        at = start + mdl->ByteCount;
        EXPECT(++count <= slot->mdl_max);
    }
}

static void check_offsets(const NET_BUFFER *nb)
{
    ULONG before = 0, total = 0;
    const MDL *mdl;

    for (mdl = NET_BUFFER_FIRST_MDL(nb); mdl && mdl != NET_BUFFER_CURRENT_MDL(nb); mdl = mdl->Next)
        before += mdl->ByteCount;
    EXPECT(mdl != NULL);
    EXPECT(before + NET_BUFFER_CURRENT_MDL_OFFSET(nb) == NET_BUFFER_DATA_OFFSET(nb));
    for (; mdl; mdl = mdl->Next)
        total += mdl->ByteCount;
    EXPECT(total >= NET_BUFFER_CURRENT_MDL_OFFSET(nb) + NET_BUFFER_DATA_LENGTH(nb));
    if (NET_BUFFER_CURRENT_MDL(nb) != NET_BUFFER_FIRST_MDL(nb) && NET_BUFFER_DATA_LENGTH(nb))
        seen.front_mdl++;
    if (NET_BUFFER_CURRENT_MDL_OFFSET(nb))
        seen.offset++;
}

static void classify(const NET_BUFFER *nb)
{
    ULONG offset = NET_BUFFER_CURRENT_MDL_OFFSET(nb), left = NET_BUFFER_DATA_LENGTH(nb);
    unsigned pieces = 0, ones = 0;
    const MDL *mdl;
    bool header = left > 14;

    if (!left)
        return;
    if (!NET_BUFFER_CURRENT_MDL(nb)->ByteCount)
        seen.empty_first++;
    for (mdl = NET_BUFFER_CURRENT_MDL(nb); mdl && left; mdl = mdl->Next) {
        ULONG here = mdl->ByteCount - offset;

        offset = 0;
        seen.anywhere += (uintptr_t)mdl_address(mdl) % 16 != 0;
        seen.empty += !here && pieces;
        pieces += here != 0;
        seen.split += header && here && here < 14;
        header = header && !here;
        ones += here == 1;
        if (here > left)
            seen.tail++;
        left -= here < left ? here : left;
    }
    seen.empty_last += mdl && !mdl->ByteCount;
    seen.behind += mdl && mdl->ByteCount;
    seen.one += pieces == 1;
    seen.two += pieces > 1 && pieces <= 8;
    seen.many += pieces > 8;
    seen.wide += pieces > 100;
    seen.single_bytes += ones > 8;
}

static uint32_t draw_length(struct random *random)
{
    static const uint32_t edges[] = {0, 1, 2, 13, 14, 15, 59, 60, 1513, 1514, 1518, 4096, 8192};

    switch (random_below(random, 4)) {
    case 0:
        return edges[random_below(random, sizeof(edges) / sizeof(edges[0]))];
    case 1:
        return (uint32_t)random_below(random, shape_longest(LIBERTY_ALL) + 1);
    default:
        return (uint32_t)random_below(random, 1519);
    }
}

/* All bytes lie in as many MDLs as were asked for, and no two of these touch if there was room. */
static void check_pieces(const struct frame_slot *slot, uint32_t length, unsigned pieces)
{
    unsigned expected = length < pieces ? 1 : pieces, count = 0;
    const MDL *mdl;

    for (mdl = NET_BUFFER_FIRST_MDL(slot->nb); mdl; mdl = mdl->Next, count++) {
        EXPECT(mdl->ByteCount || !length);
        if (mdl->Next && length <= 1514)
            EXPECT((char *)mdl->Next->MappedSystemVa >
                   (char *)mdl->MappedSystemVa + mdl->ByteCount);
    }
    EXPECT(count == expected);
}

/* Jumbo frames, and large TCP packets whose first MDL has all headers. */
static void long_frames(unsigned liberties, bool large, uint64_t seed, const char *name)
{
    static struct frame_slot slots[SLOTS];
    static uint8_t data[SHAPE_LARGE], back[SHAPE_LARGE];
    uint32_t most = large ? SHAPE_LARGE : NET_JUMBO_MAX;
    struct shape_memory memory;
    struct random random;

    random_seed(&random, seed);
    if (large)
        EXPECT(!shape_large_memory_create(&memory, slots, SLOTS));
    else
        EXPECT(!shape_memory_create(&memory, slots, SLOTS, liberties, most));
    for (size_t k = 0; k < sizeof(data); k++)
        data[k] = (uint8_t)random_next(&random);
    for (unsigned i = 0; i < LONG_ROUNDS; i++) {
        struct frame_slot *slot = &slots[i % SLOTS];
        uint32_t length = i % 2 ? most : 200 + (uint32_t)random_below(&random, most - 199);
        const MDL *first;

        if (large)
            shape_large(slot, data, length, 86, liberties, &random);
        else
            shape_frame(slot, data, length, liberties, &random);
        EXPECT(NET_BUFFER_DATA_LENGTH(slot->nb) == length);
        EXPECT(slot->used <= slot->size);
        memset(back, 0x99, length);
        EXPECT(nb_copy_out(slot->nb, back, sizeof(back)) == length);
        EXPECT(!memcmp(back, data, length));
        check_chain(slot);
        check_offsets(slot->nb);
        first = NET_BUFFER_CURRENT_MDL(slot->nb);
        EXPECT(!large || first->ByteCount >= NET_BUFFER_CURRENT_MDL_OFFSET(slot->nb) + 86);
    }
    shape_memory_destroy(&memory);
    native_end(name);
}

/* pieces: of a plain frame; 0: one, as by default. */
static void lay_frames(unsigned liberties, unsigned pieces, uint64_t seed)
{
    bool plain = !(liberties & LIBERTY_FRAME);
    static struct frame_slot slots[SLOTS];
    static uint8_t data[8192], back[8192];
    struct shape_memory memory;
    struct random random;
    unsigned i;
    size_t k;

    random_seed(&random, seed);
    EXPECT(!shape_memory_create(&memory, slots, SLOTS, liberties, 0));
    if (pieces)
        shape_pieces(slots, SLOTS, pieces);
    for (k = 0; k < sizeof(data); k++)
        data[k] = (uint8_t)random_next(&random);
    for (i = 0; i < ROUNDS; i++) {
        struct frame_slot *slot = &slots[i % SLOTS];
        uint32_t length = draw_length(&random);

        if (length > shape_longest(liberties))
            length = 1514;
        shape_frame(slot, data, length, liberties, &random);
        EXPECT(NET_BUFFER_DATA_LENGTH(slot->nb) == length);
        EXPECT(frame_slot_of(slot->nb) == slot);
        memset(back, 0x99, length);
        EXPECT(nb_copy_out(slot->nb, back, sizeof(back)) == length);
        EXPECT(!memcmp(back, data, length));
        check_chain(slot);
        check_offsets(slot->nb);
        classify(slot->nb);
        if (pieces)
            check_pieces(slot, length, pieces);
        else if (plain)
            EXPECT(nb_contiguous(slot->nb) == slot->data && !NET_BUFFER_FIRST_MDL(slot->nb)->Next);
    }
    shape_memory_destroy(&memory);
}

static void frames(unsigned liberties, unsigned pieces, uint64_t seed, const char *name)
{
    lay_frames(liberties, pieces, seed);
    native_end(name);
}

/* What of a frame's shape was seen, as liberties. */
static unsigned taken(void)
{
    return (seen.two ? LIBERTY_PIECES : 0u) | (seen.many ? LIBERTY_MANY_PIECES : 0u) |
           (seen.split ? LIBERTY_SPLIT_HEADER : 0u) |
           (seen.empty || seen.empty_last ? LIBERTY_EMPTY_MDLS : 0u) |
           (seen.empty_first ? LIBERTY_EMPTY_FIRST : 0u) | (seen.offset ? LIBERTY_OFFSET : 0u) |
           (seen.front_mdl ? LIBERTY_FRONT_MDLS : 0u) | (seen.tail ? LIBERTY_SPARE : 0u) |
           (seen.behind ? LIBERTY_BEHIND : 0u) | (seen.unmapped ? LIBERTY_UNMAPPED : 0u) |
           (seen.anywhere ? LIBERTY_ALIGNMENT : 0u);
}

/* Alone a liberty brings itself; all without it bring all others. */
static void each_liberty(uint64_t seed)
{
    unsigned number;

    for (number = 0; LIBERTY_FRAME >> number & 1; number++) {
        unsigned liberty = 1u << number, also = 0;

        if (liberty == LIBERTY_SPLIT_HEADER)
            also = LIBERTY_PIECES; /* two pieces at least */
        memset(&seen, 0, sizeof(seen));
        lay_frames(liberty, 0, seed);
        EXPECT(taken() == (liberty | also));
        memset(&seen, 0, sizeof(seen));
        lay_frames((unsigned)LIBERTY_ALL & ~liberty, 0, seed);
        also = liberty == LIBERTY_PIECES ? liberty : 0; /* the header that is split */
        EXPECT(taken() == (((unsigned)LIBERTY_FRAME & ~liberty) | also));
    }
    EXPECT(number == 11);
    native_end("shape-each-liberty");
}

/* A liberty that is left out changes no draw of another one: the frames begin at the same places. */
static void independent(uint64_t seed)
{
    static struct frame_slot slots[2][SLOTS];
    static uint8_t data[1514];
    struct shape_memory memory[2];
    struct random random[2];
    unsigned i, k;

    for (k = 0; k < 2; k++) {
        random_seed(&random[k], seed);
        EXPECT(!shape_memory_create(&memory[k], slots[k], SLOTS, LIBERTY_ALL, 0));
    }
    for (i = 0; i < ROUNDS; i++) {
        for (k = 0; k < 2; k++)
            shape_frame(&slots[k][i % SLOTS], data, sizeof(data),
                        k ? (unsigned)LIBERTY_ALL & ~LIBERTY_SPARE : LIBERTY_ALL, &random[k]);
        EXPECT(NET_BUFFER_CURRENT_MDL_OFFSET(slots[0][i % SLOTS].nb) ==
               NET_BUFFER_CURRENT_MDL_OFFSET(slots[1][i % SLOTS].nb));
    }
    for (k = 0; k < 2; k++)
        shape_memory_destroy(&memory[k]);
    native_end("shape-liberties-are-independent");
}

int main(void)
{
    unsigned pieces;
    char name[32];
    uint64_t seed;

    native_start(&seed);
    frames(LIBERTY_PLAIN, 0, seed, "shape-plain");
    for (pieces = 1; pieces <= SHAPE_PIECES_MAX; pieces++) {
        snprintf(name, sizeof(name), "shape-pieces-%u", pieces);
        frames(LIBERTY_PLAIN, pieces, seed, name);
    }
    each_liberty(seed);
    independent(seed);
    long_frames(LIBERTY_PLAIN, false, seed, "shape-jumbo-plain");
    long_frames(LIBERTY_ALL, false, seed, "shape-jumbo-random");
    long_frames(LIBERTY_PLAIN, true, seed, "shape-large-plain");
    long_frames(LIBERTY_ALL, true, seed, "shape-large-random");
    memset(&seen, 0, sizeof(seen));
    frames(LIBERTY_ALL, 0, seed, "shape-random");
    EXPECT(seen.one && seen.many && seen.wide && seen.single_bytes && seen.empty);
    EXPECT(seen.empty_first && seen.empty_last);
    EXPECT(seen.front_mdl && seen.offset && seen.tail && seen.behind && seen.scattered);
    EXPECT(seen.unmapped);
    native_end("shape-random-covers-all-kinds");
    return native_stop();
}
