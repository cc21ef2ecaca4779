/* SPDX-License-Identifier: MIT */
/*
 * protocol.h: QEMU's qtest line protocol: a command is a line, each has one reply line, in order,
 * and between them come lines about interrupts.
 *   q = qtest_open(fd, &events, context, ...);
 *   qtest_read(q, QTEST_MEMORY, address, 4, &value);
 *   qtest_post(q, QTEST_MEMORY, address, 2, value);
 *   qtest_close(q);
 * Any threads at once; also from inside an event. A command has reached the device before the next
 * one of any thread does. Interrupt lines that came before a reply have been told before the call
 * returns.
 */
#ifndef NDISHOST_QTEST_PROTOCOL_H
#define NDISHOST_QTEST_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qtest;

enum qtest_space { QTEST_MEMORY, QTEST_IO };

/* How long a command waits for its reply before QEMU counts as gone. Tests shorten it. */
extern unsigned qtest_patience_ms;

/* Called on the protocol's thread, with no lock held. */
struct qtest_events {
    void (*line)(void *context, unsigned line, bool level);
    /* QEMU has hung up, or has not answered for too long; every command fails from now on. Not
     * called because of qtest_close. */
    void (*hung_up)(void *context);
};

/* Takes over fd. NULL with one line in error (fd is closed then too). */
struct qtest *qtest_open(int fd, const struct qtest_events *events, void *context, char *error,
                         size_t error_size);

/* size: 1, 2, 4, or 8 (in I/O space two of 4). false, and all ones in *value: QEMU is not there. */
bool qtest_read(struct qtest *q, enum qtest_space space, uint64_t address, unsigned size,
                uint64_t *value);
/* Returns when the device has taken the value. */
bool qtest_write(struct qtest *q, enum qtest_space space, uint64_t address, unsigned size,
                 uint64_t value);
/* Returns at once, as a posted write on PCI: what comes after, of this thread and of those that
 * learn of it, comes after at the device too. */
void qtest_post(struct qtest *q, enum qtest_space space, uint64_t address, unsigned size,
                uint64_t value);

/* PCI configuration mechanism 1, address and data indivisible. `address` has the enable bit, bus,
 * device and function; offset below 256. */
bool qtest_config_read(struct qtest *q, uint32_t address, unsigned offset, unsigned size,
                       uint32_t *value);
bool qtest_config_write(struct qtest *q, uint32_t address, unsigned offset, unsigned size,
                        uint32_t value);

/* Makes QEMU tell of the input lines of the device at `path`. */
bool qtest_intercept(struct qtest *q, const char *path);

/* After it returns no event comes. No other call may be under way or come after. */
void qtest_close(struct qtest *q);

#endif
