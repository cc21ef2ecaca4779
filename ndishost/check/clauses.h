/* SPDX-License-Identifier: MIT */
/*
 * clauses.h: the clauses of docs/windows7-virtio-driver-contract.md, and what the check found of each.
 *   findings = findings_new();
 *   clause_pass(findings, "3.2", "%u ms", took);  clause_fail(findings, "4.1", "offered: 0x%x", low);
 *   failed = findings_print(findings, stdout);
 * The findings lie in memory that a child process shares: what it found stays when it is killed.
 */
#ifndef NDISHOST_CHECK_CLAUSES_H
#define NDISHOST_CHECK_CLAUSES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define FINDING_LENGTH 200

struct findings;

struct findings *findings_new(void);
void findings_free(struct findings *findings);

/* Each sets what was found of a clause. A failure stays, and the first one is shown. A pass replaces "not
 * testable"; the last pass is shown. `number` must be a clause of the table. */
void clause_pass(struct findings *findings, const char *number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void clause_fail(struct findings *findings, const char *number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void clause_untestable(struct findings *findings, const char *number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool clause_failed(const struct findings *findings, const char *number);
bool clause_open(const struct findings *findings, const char *number);
unsigned findings_failed(const struct findings *findings);
/* Each clause of which nothing was found becomes "not testable", for this reason. */
void findings_close(struct findings *findings, const char *why);
/* One line for each clause of which something was found. */
void findings_print(const struct findings *findings, FILE *out);
/* The line for programs: `DEVICE-CHECK result=failed passed=40 failed=1 untestable=2 clauses=3.2`. */
void findings_summary(const struct findings *findings, FILE *out);
/* The numbers and titles of all clauses, one a line: those that a device has a part in, and the driver's own. */
void clauses_list(FILE *out);

#endif
