/* SPDX-License-Identifier: MIT */
/*
 * commands.h: the commands of scenario control: a table, and what carries out one line of it.
 *   command_carry_out(&scenario, line, &reply);  ... send reply.text ...
 */
#ifndef NDISHOST_COMMANDS_H
#define NDISHOST_COMMANDS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "ndis/adapter/adapter.h"

#define COMMAND_FRAME 65535 /* bytes of the longest frame that `wire` takes */
#define REPLY_LENGTH  65536 /* a report of an adapter with a long history */

/* What commands work on, and when they stop waiting. */
struct scenario {
    struct ndis_adapter *const *adapters;
    unsigned adapter_count;
    const volatile sig_atomic_t *stop; /* nonzero: a signal ends the run */
    uint64_t end_ms;                   /* scenario_now_ms() of --seconds; 0: no limit */
};

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t scenario_now_ms(void);
/* The run is to end: nothing waits any longer. */
bool scenario_over(const struct scenario *scenario);
/* What the network ends want of the adapters meanwhile: to be called while the thread that drives them waits. */
void scenario_follow(const struct scenario *scenario);

/* One line, without its newline. */
struct reply {
    char text[REPLY_LENGTH];
    bool quit;
};

/* The reply begins with "ok". */
void reply_ok(struct reply *reply, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The reply is an error. */
void reply_fail(struct reply *reply, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The next word of a line, or NULL; *at moves past it. */
char *command_word(char **at);
/* false: it is not a number from 0 to `most`. */
bool command_number(const char *text, unsigned long most, unsigned long *value);
/* Hexadecimal digits, blanks between them allowed; how many bytes, or -1. */
int command_bytes(const char *text, uint8_t *to, size_t room);

/* Carries out one line, `[@N ]COMMAND [ARGUMENTS]`, and changes it. */
void command_carry_out(const struct scenario *scenario, char *line, struct reply *reply);

/* The commands and what they do, for --help. */
void commands_help(FILE *out);

#endif
