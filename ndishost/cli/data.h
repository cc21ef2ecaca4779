/* SPDX-License-Identifier: MIT */
/*
 * data.h: the files that belong to the program: jobs, scripts, examples of broken rules. They stand in the
 * source tree above out/ndishost, or where `make install` puts them.
 */
#ifndef NDISHOST_DATA_H
#define NDISHOST_DATA_H

#include <stdbool.h>
#include <stddef.h>

/* The path of a file, for instance "tests/jobs/run". The environment variable NDISHOST_DATA names another
 * folder to look in. false: there is no such file; then path is where it was expected. */
bool data_file(const char *file, char *path, size_t size);

/* Replaces this process by the script `file`, run by Python with `arguments` (NULL-terminated). The variable
 * NDISHOST tells the script where this program is. Returns only if that fails: -1, with a line in error. */
int data_script(const char *file, char *const *arguments, char *error, size_t error_size);

#endif
