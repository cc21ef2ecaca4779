/* SPDX-License-Identifier: MIT */
/* The names of the liberties, and shapes as the command line has them. */
#include "ndis/api/liberty.h"

#include <stdbool.h>
#include <string.h>

#define PIECES_MOST 8

static const struct {
    const char *name, *what;
} liberty[LIBERTY_COUNT] = {
#define LIBERTY_ROW(identifier, name, what) {name, what},
    LIBERTIES(LIBERTY_ROW)
#undef LIBERTY_ROW
};

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && !memcmp(text, word, length);
}

static int parse_base(const char *text, size_t length, unsigned *liberties, unsigned *pieces)
{
    *pieces = 0;
    if (is_word(text, length, "random") || is_word(text, length, "harsh")) {
        *liberties = LIBERTY_ALL;
    } else if (is_word(text, length, "middle")) {
        *liberties = LIBERTY_MIDDLE;
    } else if (is_word(text, length, "plain")) {
        *liberties = LIBERTY_PLAIN;
    } else if (length == 1 && *text >= '1' && *text <= '0' + PIECES_MOST) {
        *liberties = LIBERTY_PLAIN;
        *pieces = (unsigned)(*text - '0');
    } else {
        return -1;
    }
    return 0;
}

static int parse_change(const char *text, size_t length, unsigned *liberties)
{
    bool off = length && *text == '-';
    unsigned i;

    text += off;
    length -= off;
    for (i = 0; i < LIBERTY_COUNT && !is_word(text, length, liberty[i].name); i++)
        ;
    if (i == LIBERTY_COUNT)
        return -1;
    if (off)
        *liberties &= ~(1u << i);
    else
        *liberties |= 1u << i;
    return 0;
}

int liberty_parse(const char *text, unsigned *liberties, unsigned *pieces)
{
    size_t length = strcspn(text, ",");

    if (parse_base(text, length, liberties, pieces))
        return -1;
    for (text += length; *text; text += length) {
        length = strcspn(++text, ",");
        if (parse_change(text, length, liberties))
            return -1;
    }
    /* A number says where each frame is; nothing else can. */
    return *pieces && *liberties & LIBERTY_FRAME ? -1 : 0;
}

void liberty_help(FILE *out)
{
    for (unsigned i = 0; i < LIBERTY_COUNT; i++)
        fprintf(out, "  %-14s%s\n", liberty[i].name, liberty[i].what);
}

void liberty_report(unsigned liberties, FILE *json)
{
    const char *before = "";

    fprintf(json, "[");
    for (unsigned i = 0; i < LIBERTY_COUNT; i++) {
        if (!(liberties >> i & 1))
            continue;
        fprintf(json, "%s\"%s\"", before, liberty[i].name);
        before = ", ";
    }
    fprintf(json, "]");
}
