/* SPDX-License-Identifier: MIT */
/*
 * symbolize.h: names of C++ and source lines for reports, by the tools of Debian's package llvm.
 *   symbolize_prepare();  once, before the driver runs
 *   symbolize_name("_ZN4Card4SendEv", buf, size) -> "Card::Send()"
 *   symbolize_line("/x/driver.sys", 0x140001003, buf, size) -> "send.c:12"
 * A tool starts when a report first needs it: a run that breaks no rule starts none. Without the tool, or without
 * symbolize_prepare, there is no answer. Both may be called from a signal handler, on any thread.
 */
#ifndef NDISHOST_SYMBOLIZE_H
#define NDISHOST_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes the memory and the sockets that a signal handler cannot. PASSIVE_LEVEL, one thread. */
void symbolize_prepare(void);

/* A name of GCC's or Microsoft's C++ that is still encoded. */
bool symbolize_is_encoded(const char *name);

/* An encoded name as the source has it; false: no answer. */
bool symbolize_name(const char *name, char *buf, size_t size);

/* File and line of an address, which is the one that the file `path` itself has; false: no answer. `path` is
 * absolute. */
bool symbolize_line(const char *path, uint64_t address, char *buf, size_t size);

#endif
