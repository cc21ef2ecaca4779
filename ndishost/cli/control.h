/* SPDX-License-Identifier: MIT */
/*
 * control.h: scenario control: lines that drive adapters, one reply line each; `@2 ` before a command
 * sends it to the second adapter, without it goes to the first.
 *   control = control_open("-", error, sizeof error);
 *   while (control_serve(control, adapters, 2, 100, &stop)) ...;  control_close(control);
 */
#ifndef NDISHOST_CONTROL_H
#define NDISHOST_CONTROL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include "ndis/adapter/adapter.h"

struct control;

/* "-": commands from standard input, replies on standard output. Else the path of a Unix socket
 * that is made (a stale one is replaced) and serves one client after another. NULL with a line in
 * error. */
struct control *control_open(const char *where, char *error, size_t error_size);

/* Waits up to `milliseconds` for a command, and carries out what there is. false: `quit`. A command
 * that waits ends early when *stop becomes nonzero. */
bool control_serve(struct control *control, struct ndis_adapter *const *adapters, unsigned count,
                   int milliseconds, const volatile sig_atomic_t *stop);

/* No command will come any more: standard input has ended. */
bool control_ended(const struct control *control);

void control_close(struct control *control);
/* The commands and what they do, for --help. */
void control_help(FILE *out);

#endif
