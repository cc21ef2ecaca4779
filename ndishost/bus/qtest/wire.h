/* SPDX-License-Identifier: MIT */
/*
 * wire.h: the far end of the device's cable: QEMU's `-netdev socket` on a stream socket, a 4-byte
 * big-endian length before each frame.
 *   wire = wire_open(fd, receive, failed, context, ...);
 *   wire_send(wire, frame, length);  wire_set_up(wire, false);  wire_close(wire);
 */
#ifndef NDISHOST_QTEST_WIRE_H
#define NDISHOST_QTEST_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire;

struct wire_counters {
    uint64_t out_frames, out_bytes; /* that came out of the device */
    uint64_t in_frames, in_bytes;   /* that went towards it */
};

/* Takes over fd. `receive` gets each frame on the wire's thread, with no lock held. The wire is
 * down until wire_set_up. NULL with one line in error. */
struct wire *wire_open(int fd, void (*receive)(void *context, const void *frame, size_t length),
                       void *context, char *error, size_t error_size);

/* A frame towards the device. While the socket is full it waits for so many milliseconds, negative: without
 * limit. 0; 1: it is still full; -1: too long, the wire is down or closing, QEMU is gone. A frame that is
 * under way when the wire goes down counts as sent, and is lost. */
int wire_send(struct wire *wire, const void *frame, size_t length, int milliseconds);

/* Down: senders return -1 at once. */
void wire_set_up(struct wire *wire, bool up);

void wire_count(struct wire *wire, struct wire_counters *counters);

/* Stops the thread, after all senders have returned. Nothing is received after the return. */
void wire_stop(struct wire *wire);
void wire_close(struct wire *wire);

#endif
