/* SPDX-License-Identifier: MIT */
/* rule_command.h: `ndishost rules [RULE]`. */
#ifndef NDISHOST_RULE_COMMAND_H
#define NDISHOST_RULE_COMMAND_H

#include <stddef.h>
#include <stdio.h>

/* Prints one rule: what it demands, the page that says so, and a driver that breaks it. 0, or -1 with a line in
 * error that names the rules with a similar name. */
int rule_explain(const char *name, FILE *out, char *error, size_t error_size);

#endif
