/* SPDX-License-Identifier: MIT */
/*
 * control.h: scenario control: lines that drive adapters, one reply line each; `@2 ` before a command
 * sends it to the second adapter, without it goes to the first.
 *   control = control_open("-", error, sizeof error);
 *   while (control_serve(control, &scenario, 100)) ...;  control_close(control);
 */
#ifndef NDISHOST_CONTROL_H
#define NDISHOST_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include "cli/commands.h"

struct control;

/* "-": commands from standard input, replies on standard output. Else the path of a Unix socket
 * that is made (a stale one is replaced) and serves one client after another. NULL with a line in
 * error. */
struct control *control_open(const char *where, char *error, size_t error_size);

/* Waits up to `milliseconds` for a command, and carries out what there is, with one reply for each line.
 * false: `quit`. What waits, for the driver or for a client that does not read, ends soon after
 * scenario_over(scenario). *scenario stays the caller's, as long as there are adapters. */
bool control_serve(struct control *control, struct scenario *scenario, int milliseconds);

/* No command will come any more: standard input has ended. */
bool control_ended(const struct control *control);
/* A reply to standard output could not be written; it was said. */
bool control_lost(const struct control *control);

void control_close(struct control *control);
#endif
