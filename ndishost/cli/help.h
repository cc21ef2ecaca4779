/* SPDX-License-Identifier: MIT */
/* help.h: the commands of ndishost, and what `ndishost COMMAND --help` prints. */
#ifndef NDISHOST_HELP_H
#define NDISHOST_HELP_H

#include <stdio.h>

/* Prints the help of a command, or the overview if `command` is NULL or not one. */
void help_print(const char *command, FILE *out);

/* Writes the names of all commands in one line: "`run`, ... and `rules`". */
void help_names(char *buf, size_t size);

#endif
