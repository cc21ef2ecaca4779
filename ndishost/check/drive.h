/* SPDX-License-Identifier: MIT */
/* drive.h: the clauses that the driver answers, which runs on the device once for each step. */
#ifndef NDISHOST_CHECK_DRIVE_H
#define NDISHOST_CHECK_DRIVE_H

#include "check/clauses.h"
#include "check/inspect.h"

struct drive {
    const char *bus, *driver;
    unsigned link_seconds; /* how long an operator has to cut and raise the link; 0: he does not */
    struct findings *findings;
    struct facts *facts;
    FILE *progress;    /* one line for each step; NULL: none */
    bool poll;         /* Linux cannot lend the card's interrupt */
    char windows[512]; /* what Windows 7 would see: some lines */
};

/* Runs all steps, or none after one that shows that the adapter does not start. */
void drive_device(struct drive *drive);

#endif
