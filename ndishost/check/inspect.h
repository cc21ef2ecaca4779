/* SPDX-License-Identifier: MIT */
/*
 * inspect.h: what can be said of a device by its configuration space and its registers, without queues.
 *   error = inspect_device("model", findings, facts);
 * It runs in a child process of its own, so that a device that hangs does not hang the check.
 */
#ifndef NDISHOST_CHECK_INSPECT_H
#define NDISHOST_CHECK_INSPECT_H

#include <stdbool.h>
#include <stdint.h>
#include "check/clauses.h"

/* What later steps want to know. Shared memory. */
struct facts {
    char device[160];  /* the bus's line about it */
    char step[80];     /* what is being done */
    char error[256];   /* why the bus could not be opened */
    bool opened;       /* the bus */
    bool ours;         /* a virtio-net device's id */
    bool done;         /* the inspection came to its end */
    uint64_t features; /* that the device offers */
    uint32_t queue_size[2];
    uint32_t mtu; /* 0: not offered */
};

/* Takes at most a few seconds, or a minute when the device hangs. 0: the bus was opened. -1: a line is in
 * facts->error. */
int inspect_device(const char *bus, struct findings *findings, struct facts *facts);

#endif
