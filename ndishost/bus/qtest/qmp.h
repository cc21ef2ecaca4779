/* SPDX-License-Identifier: MIT */
/*
 * qmp.h: as much of QEMU's monitor protocol as a cable and a screwdriver come to.
 *   qmp = qmp_open(fd);
 *   qmp_execute(qmp, "{\"execute\": ...}", error, sizeof error);
 *   qmp_close(qmp);
 * Any threads; one command at a time, the others wait.
 */
#ifndef NDISHOST_QTEST_QMP_H
#define NDISHOST_QTEST_QMP_H

#include <stdbool.h>
#include <stddef.h>

struct qmp;

/* Takes over fd, waits for QEMU's greeting and enters command mode. NULL: QEMU does not come up, or
 * memory ran out (fd is closed then). */
struct qmp *qmp_open(int fd);

/* "7.2.22" */
const char *qmp_version(const struct qmp *qmp);

/* One command, a JSON object without a line feed. 0, or -1 with QEMU's own words in error. */
int qmp_execute(struct qmp *qmp, const char *command, char *error, size_t error_size);

/* Waits for an event of this name, at most `milliseconds`. Events that came before or between the
 * replies to commands are not looked at again. */
bool qmp_wait_event(struct qmp *qmp, const char *event, int milliseconds);

void qmp_close(struct qmp *qmp);

#endif
