/* SPDX-License-Identifier: MIT */
/*
 * liberty.h: the liberties of --shape: what Windows may do to a miniport, each of which can be left out. A driver that
 * fails can so be tried with fewer of them, until the one that it cannot bear is known.
 *   if (liberty_parse("random,-offset", &liberties, &pieces))
 *       ... it is not a shape ...
 *   if (adapter->liberties & LIBERTY_OFFSET)
 */
#ifndef NDISHOST_LIBERTY_H
#define NDISHOST_LIBERTY_H

#include <stdio.h>

/* Identifier, name, what it is. --help prints them in this order. The search tries them in it: of two that do the same
 * to a driver it names the first. */
#define LIBERTIES(F)                                                                         \
    F(PIECES, "pieces", "a frame is spread over up to 8 MDLs")                               \
    F(MANY_PIECES, "many-pieces", "a frame is spread over more than 8 MDLs")                 \
    F(SPLIT_HEADER, "split-header", "the Ethernet header is spread over several MDLs")       \
    F(EMPTY_MDLS, "empty-mdls", "MDLs of no bytes are between the frame's, or behind them")  \
    F(EMPTY_FIRST, "empty-first", "the frame's first MDL has no bytes")                      \
    F(OFFSET, "offset", "the frame begins in the middle of its first MDL")                   \
    F(FRONT_MDLS, "front-mdls", "MDLs that the frame does not use are before its first one") \
    F(SPARE, "spare", "the last MDL has more bytes than the frame")                          \
    F(BEHIND, "behind", "an MDL that the frame does not use is behind its last one")         \
    F(UNMAPPED, "unmapped", "some MDLs have no address of the kernel yet")                   \
    F(ALIGNMENT, "alignment", "MDLs begin at any address, and cross pages")                  \
    F(BUFFERS, "buffers", "a list has several NET_BUFFERs")                                  \
    F(CHAINS, "chains", "one call sends several lists")                                      \
    F(DISPATCH, "dispatch", "half of the sends come at DISPATCH_LEVEL")                      \
    F(SG_LATE, "sg-late", "some scatter/gather lists come after the call that asks for one") \
    F(HOLD, "hold", "the protocol keeps received lists for a while")                         \
    F(THROTTLE, "throttle", "some DPCs may indicate few lists")                              \
    F(CANCEL, "cancel", "some OID requests are cancelled")                                   \
    F(POWER, "power", "what NDIS may do around sleep: queries, an interrupt that is shared")

enum liberty_number {
#define LIBERTY_NUMBER(identifier, name, what) LIBERTY_NUMBER_##identifier,
    LIBERTIES(LIBERTY_NUMBER)
#undef LIBERTY_NUMBER
        LIBERTY_COUNT
};

enum {
#define LIBERTY_BIT(identifier, name, what) LIBERTY_##identifier = 1 << LIBERTY_NUMBER_##identifier,
    LIBERTIES(LIBERTY_BIT)
#undef LIBERTY_BIT
        LIBERTY_ALL = (1 << LIBERTY_COUNT) - 1,
    /* Of where a frame is in memory. Without any of them it is in one MDL, at the start of a page or its half. */
    LIBERTY_FRAME = LIBERTY_SPLIT_HEADER | LIBERTY_PIECES | LIBERTY_MANY_PIECES |
                    LIBERTY_EMPTY_FIRST | LIBERTY_EMPTY_MDLS | LIBERTY_OFFSET | LIBERTY_FRONT_MDLS |
                    LIBERTY_SPARE | LIBERTY_BEHIND | LIBERTY_UNMAPPED | LIBERTY_ALIGNMENT,
    /* The header is whole in the first MDL, and scatter/gather lists come at once. */
    LIBERTY_MIDDLE = LIBERTY_ALL & ~(LIBERTY_SPLIT_HEADER | LIBERTY_EMPTY_FIRST | LIBERTY_SG_LATE),
    LIBERTY_PLAIN = LIBERTY_CHAINS,
};

/* "SHAPE[,[-]LIBERTY...]"; SHAPE is `random`, `harsh` (the same), `middle`, `plain`, or 1 to 8: as plain, with so many
 * MDLs a frame. *pieces is that number, or 0. Returns 0, or -1 for anything else. */
int liberty_parse(const char *text, unsigned *liberties, unsigned *pieces);
/* One line for each, with its name and what it is. */
void liberty_help(FILE *out);
/* The names, as a JSON array. */
void liberty_report(unsigned liberties, FILE *json);

#endif
