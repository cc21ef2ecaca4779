/* SPDX-License-Identifier: MIT */
/*
 * loader.h: maps a Windows driver (PE32 in the 32-bit host, PE32+ in the 64-bit one) into this
 * process: sections with their own protection, relocations, imports bound to exports.h, the security
 * cookie seeded, symbols for reports.
 *   image = image_load(path, error, sizeof error);  image_entry(image);  image_unload(image);
 */
#ifndef NDISHOST_LOADER_H
#define NDISHOST_LOADER_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>

struct image;

/* NULL with one line for a person in `error`: what was found, what was expected (not a PE file, wrong
 * machine, not a native driver, no relocations, an import that Windows 7 lacks: which, of which DLL; all
 * of them are named at once). The file is hostile until proven otherwise. An import that only this host
 * lacks is bound to a stub (loader/stub.h). */
struct image *image_load(const char *path, char *error, size_t error_size);
void image_unload(struct image *image);

/* Writes what the driver imports to `out`, without loading it: a line each, `present`, `stubbed` or
 * `unknown`, the DLL, the name and what is known of it, with tabs between; then a line of sums. *loads:
 * whether Windows 7 has all of it. false with one line in `error` when the file is not a driver. */
bool image_list_imports(const char *path, FILE *out, bool *loads, char *error, size_t error_size);

void *image_base(const struct image *image);
/* The address of DriverEntry in the mapped image. */
void *image_entry(const struct image *image);
const char *image_name(const struct image *image); /* "aerovnet.sys" */
uint64_t image_size(const struct image *image);
/* What loader/patch.h changed: moves of CR8 that are calls, those that fault, and constants that name the page that
 * Windows shares. */
struct image_patched {
    unsigned replaced, left, shared;
};
struct image_patched image_patched(const struct image *image);

/* Discards the sections marked discardable (INIT), as Windows does after DriverEntry: a later touch
 * faults and is reported. */
void image_discard_init(struct image *image);

/* "aerovnet.sys!AerovnetSend+0x1c (send.c:12)" for an address in any loaded image, else "?"; symbols come from
 * the COFF symbol table of the file if it has one, or from NAME.map or NAME.pdb beside it; names of C++ and lines
 * by loader/symbolize.h. Returns buf. Never allocates: it may be called from a signal handler. */
const char *image_symbol(const void *address, char *buf, size_t size);
bool image_contains(const void *address);

/* The text of an event log entry: what the message table of the driver called `name` has for `code`,
 * with `insert` in place of its insertion strings. false: no such driver, or no such message. */
bool image_message(const char *name, uint32_t code, const char *insert, char *buf, size_t size);

#endif
