/* SPDX-License-Identifier: MIT */
/*
 * inf.h: reads an INF file: sections of lines, each `key = field, field` or `field, field`.
 *   inf = inf_read(path, error, sizeof error);
 *   for (line = inf_lines(inf, "Version"); line; line = line->next) ...
 *   inf_free(inf);
 * Text is UTF-8 here, whether the file is UTF-16 with its byte order mark, UTF-8 with one, or Windows'
 * code page 1252. %tokens% of [Strings] are replaced; one that is not there stays, as Windows leaves it.
 * Syntax: "General Syntax Rules for INF Files" of Microsoft's driver documentation (install).
 */
#ifndef NDISHOST_INF_H
#define NDISHOST_INF_H

#include <stdbool.h>
#include <stddef.h>

struct inf;

struct inf_line {
    struct inf_line *next; /* of the same section, over all places where the file has it */
    unsigned number;       /* where the line begins, 1 on */
    char *key;             /* NULL: the line has no `=` */
    char **field;
    unsigned fields;
};

/* NULL with "PATH:LINE: what" in error when the file cannot be read or is not an INF. */
struct inf *inf_read(const char *path, char *error, size_t error_size);
void inf_free(struct inf *inf);

bool inf_has(const struct inf *inf, const char *section);
const struct inf_line *inf_lines(const struct inf *inf, const char *section);
/* The line of a section with that key, or NULL. */
const struct inf_line *inf_find(const struct inf *inf, const char *section, const char *key);
/* Where the section begins; 1 if there is none. */
unsigned inf_section_line(const struct inf *inf, const char *section);
/* A field, or "" where the line has none. */
const char *inf_field(const struct inf_line *line, unsigned index);

/* Writes "PATH:LINE: text" to error; returns -1. */
__attribute__((format(printf, 5, 6))) int inf_wrong(const struct inf *inf, unsigned line,
                                                    char *error, size_t error_size,
                                                    const char *format, ...);

#endif
