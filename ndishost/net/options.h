/* SPDX-License-Identifier: MIT */
/*
 * options.h: reads the part after the colon of `--net NAME:OPTION=VALUE,OPTION=VALUE` by a table.
 * Whatever is not in the table is refused with a line that says what would have been right.
 *   const struct option table[] = {{.name = "count", .kind = OPTION_NUMBER, .number = &count, ...}};
 *   if (options_parse("gen", arguments, table, 1, error, sizeof error)) return NULL;
 */
#ifndef NDISHOST_NET_OPTIONS_H
#define NDISHOST_NET_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_NUMBER, /* decimal or 0x...: *number */
    OPTION_RANGE,  /* S or MIN-MAX: number[0], number[1] */
    OPTION_CHOICE, /* one of the names: *number is its place in the list */
    OPTION_SIZES,  /* a RANGE, or sweep: all of minimum to 1514 or maximum */
    OPTION_SET,    /* some of the names, joined by +: *number has a bit for each */
    OPTION_TAG     /* none, VID[:PRIORITY] or random: enum flow_tags, TCI */
};

struct option {
    const char *name;
    enum option_kind kind;
    uint64_t minimum, maximum;  /* NUMBER, RANGE, SIZES */
    const char *const *choices; /* CHOICE, SET: NULL-terminated */
    uint64_t *number;           /* holds the default before, the value after */
};

/* At most 32 rows. `arguments` may be NULL or empty. 0, or -1 with one line in error. */
int options_parse(const char *owner, const char *arguments, const struct option *table, size_t rows,
                  char *error, size_t error_size);

#endif
