/* SPDX-License-Identifier: MIT */
/* exit_status.h: the exit statuses of the program ndishost. */
#ifndef NDISHOST_EXIT_STATUS_H
#define NDISHOST_EXIT_STATUS_H

enum {
    EXIT_FINE = 0,
    EXIT_FAILED = 1, /* Initialize failed, traffic is not accounted for, a file is incomplete */
    EXIT_USAGE = 2,  /* wrong arguments, not a driver, a missing import, a bus that cannot start */
    EXIT_BROKEN = 3  /* rules broken, objects leaked, a crash */
};

#endif
