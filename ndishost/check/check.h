/* SPDX-License-Identifier: MIT */
/*
 * check.h: `ndishost check-device`: holds a virtio-net device to docs/windows7-virtio-driver-contract.md,
 * clause by clause, and says what Windows 7 would see.
 */
#ifndef NDISHOST_CHECK_CHECK_H
#define NDISHOST_CHECK_CHECK_H

#include <stdbool.h>

struct check_options {
    const char *bus, *driver;
    unsigned link_seconds; /* how long an operator has to cut and raise the link; 0: he does not */
    bool quiet;            /* no line for each step */
};

/* Returns the exit status: 0 no clause failed, 1 some did, 2 the bus could not be opened. */
int check_device(const struct check_options *options);

#endif
