/* SPDX-License-Identifier: MIT */
/*
 * child.h: one `ndishost run` in a process of its own, driven by scenario control.
 *   child_start(&child, "model", "none", options, driver);
 *   if (child_ask(&child, "reset", 20, reply, sizeof reply)) ... reply begins with "ok" ...
 *   child_end(&child, 20);   ... child.status, child.log, child.report ...   child_free(&child);
 */
#ifndef NDISHOST_CHECK_CHILD_H
#define NDISHOST_CHECK_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define REPLY_MAX 16384

struct child {
    pid_t pid;
    int in, out; /* of its scenario control; -1: closed */
    FILE *log_file, *report_file;
    char buffer[REPLY_MAX];
    size_t length;
    bool hung;          /* it did not answer in time, and was killed */
    int status;         /* exit status; 128 + signal; valid after child_end */
    char *log, *report; /* what it printed, and --json; valid after child_end, "" at least */
};

/* `options`: NULL-terminated further words. 0, or -1: no process could be made. */
int child_start(struct child *child, const char *bus, const char *net, const char *const *options,
                const char *driver);
/* Sends a line, and waits for its reply. true: the reply is "ok" or begins with "ok ". `reply` is "" when the
 * child has ended, and must not overlap `line`. One that does not answer within so many seconds is killed, and `hung`. */
bool child_ask(struct child *child, const char *line, unsigned seconds, char *reply, size_t size);
/* `quit`, and waits for its end. */
void child_end(struct child *child, unsigned seconds);
void child_free(struct child *child);

/* Seconds of CLOCK_MONOTONIC. */
double child_now(void);

/* The number behind "name": in the object behind "object": of a report; 0 if it is not there. */
uint64_t report_number(const char *report, const char *object, const char *name);

#endif
