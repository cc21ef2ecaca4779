/* SPDX-License-Identifier: MIT */
/*
 * log.h: the system event log that a driver writes to, and its debugging output.
 *   mark = nt_log_mark();  ... driver runs ...;  nt_log_text(mark, buf, sizeof buf);
 * Entries are printed to stderr as they come, and kept.
 */
#ifndef NDISHOST_LOG_H
#define NDISHOST_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `source`: who ("aerovnet.sys"); `code`: NTSTATUS or NDIS_ERROR_CODE; `values`: the dump data;
 * `text`: the insertion strings joined, or NULL. When a loaded driver called `source` has a message for
 * the code, that is shown. Any IRQL <= DISPATCH_LEVEL. */
void nt_log_write(const char *source, uint32_t code, const uint32_t *values, unsigned count,
                  const char *text);
/* A place in the log; nt_log_text puts the entries from there on into buf, one a line, and returns
 * how many there were (more than fit are counted, not shown). */
size_t nt_log_mark(void);
size_t nt_log_text(size_t mark, char *buf, size_t size);
/* "NDIS_ERROR_CODE_HARDWARE_FAILURE", or NULL. */
const char *nt_log_code_name(uint32_t code);

extern bool nt_log_quiet;    /* true: entries are kept, not printed */
extern bool nt_debug_output; /* --debug-output: DbgPrint goes to stderr */

#endif
