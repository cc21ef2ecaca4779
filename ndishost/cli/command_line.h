/* SPDX-License-Identifier: MIT */
/*
 * command_line.h: what ndishost was told to do.
 *   if (command_line_parse(&line, argc, argv, error, sizeof error))
 *       ... say error, exit 2 ...
 */
#ifndef NDISHOST_COMMAND_LINE_H
#define NDISHOST_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ndis/protocol/hold.h"

#define NDISHOST_VERSION "0.1"

#define KEYWORDS_MAX     64
#define ADAPTERS_MAX     8

/* One --bus, and the options that belong to it: those after it, up to the next --bus. */
struct adapter_line {
    const char *bus, *net, *pcap, *pcap_wire;
    const char *keywords[KEYWORDS_MAX + 1]; /* NULL-terminated; those for all adapters first */
};

struct command_line {
    enum {
        COMMAND_RUN,
        COMMAND_HELP,
        COMMAND_VERSION,
        COMMAND_RULES,
        COMMAND_IMPORTS,
        COMMAND_INF,
        COMMAND_CHECK,
        COMMAND_TEST,
        COMMAND_REPORT
    } command;
    const char *help;       /* of COMMAND_HELP: the command that is asked about, or any word */
    const char *rule;       /* of COMMAND_RULES: the one to explain, or NULL */
    char *const *arguments; /* of COMMAND_TEST and COMMAND_REPORT; NULL-terminated */
    const char *driver;
    const char *json, *control;
    const char *inf;        /* NULL: none */
    const char *const *ids; /* of `ndishost inf`; NULL-terminated */
    struct adapter_line adapters[ADAPTERS_MAX];
    unsigned adapter_count;
    unsigned keywords_for_all; /* --set before the first --bus */
    uint64_t seed;
    bool seed_given;
    unsigned processors;  /* 0: the default */
    double seconds;       /* 0: no limit */
    long fail_allocation; /* 0: none */
    const char *fail;     /* FUNCTION[:N] */
    bool pedantic;        /* report these rules of the model, too */
    bool patch;           /* false: no instruction of the driver is replaced */
    bool rules, debug_output, quiet, progress, retry;
    const char *shape;  /* --shape */
    unsigned liberties; /* of it: LIBERTY_... */
    unsigned pieces;    /* --shape NUMBER, or 0 */
    bool shape_search;  /* run again, with fewer liberties */
    unsigned time_scale;
    unsigned map_registers; /* 0: no limit */
    unsigned messages;      /* the most that a device is assigned */
    unsigned hang;          /* seconds that a call of the driver may take; 0: no limit */
    struct hold hold;
    unsigned memory;       /* MiB; 0: the default of the bus's kind of memory */
    unsigned queue_size;   /* of the first adapter alone; 0: as the device has it */
    unsigned link_seconds; /* of check-device; 0: nobody toggles the link */
    bool clauses;          /* check-device: print the clauses alone */
};

/* 0, or -1 with one line for a person in error. The strings stay argv's. */
int command_line_parse(struct command_line *line, int argc, char **argv, char *error,
                       size_t error_size);
#define COMMAND_LINE_ERROR 4096 /* room for the line of an error, the names of all that can fail */
/* Orders the failure that `FUNCTION[:N]` or `none` tells of (nt/api/pool.h, nt_fail_call). 0, or -1 with a
 * line in error. */
int command_line_fail(const char *text, char *error, size_t error_size);

#endif
