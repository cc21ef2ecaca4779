/* SPDX-License-Identifier: MIT */
/*
 * qemu.h: a QEMU process of our own: started with socket pairs and nothing else between us,
 * watched, and ended with us whatever ends us.
 *   qemu = qemu_start("-device virtio-net-pci", &streams, error, sizeof error);
 *   ... qtest on streams.qtest, qmp on streams.qmp, frames on streams.wire ...
 *   qemu_stop(qemu);
 */
#ifndef NDISHOST_QTEST_QEMU_H
#define NDISHOST_QTEST_QEMU_H

#include <stdbool.h>
#include <stddef.h>

struct qemu;

/* Our ends, the caller's to close; wire is -1 if the person gave the device a netdev of their
 * own. */
struct qemu_streams {
    int qtest, qmp, wire;
};

/* Starts $NDISHOST_QEMU, or qemu-system-x86_64, with physical memory (nt/machine/phys.h) as its RAM. That
 * it runs is not yet said: an option it refuses ends it soon (qemu_why says with which words). NULL
 * with one line in error. */
struct qemu *qemu_start(const char *arguments, struct qemu_streams *streams, char *error,
                        size_t error_size);

const char *qemu_device(const struct qemu *qemu); /* the id of the device, for QMP */
const char *qemu_driver(const struct qemu *qemu); /* "virtio-net-pci" */

/* From now on what QEMU says on stderr is passed on to ours, a line each, as it comes. */
void qemu_pass_words(struct qemu *qemu);

/* How QEMU ended, and its last words, in one line. Waits for the end a little; if it does not come,
 * says that QEMU does not answer. */
void qemu_why(struct qemu *qemu, char *text, size_t size);

/* Kills the process if it has not ended. */
void qemu_kill(struct qemu *qemu);

/* Ends the process if it has not ended, waits for it, frees. */
void qemu_stop(struct qemu *qemu);

#endif
