/* SPDX-License-Identifier: MIT */
/*
 * hang.h: ends the run when a call into the driver does not return: the rule "CallbackReturns".
 *   hang_watch(120, write_report);     before the first call of the driver
 *   hang_began();  ... a call ...  hang_ended();          callback.c, around each outermost call
 * Work items may run as long as they like, as some drivers use them for threads. Needs the rules.
 */
#ifndef NDISHOST_HANG_H
#define NDISHOST_HANG_H

#include <stdbool.h>

/* Starts the watch: a call may take `seconds` (0: for ever, until hang_stopping). When one takes longer, its
 * thread reports the rule, with what it waits for and the driver's functions on its stack; then `report` is
 * called on another thread, and the process exits with status 3. 0 or an errno. */
int hang_watch(unsigned seconds, void (*report)(void));
/* The run is to end: from now on a call may take HANG_STOPPING seconds. Async-signal-safe. */
#define HANG_STOPPING 30
void hang_stopping(void);

/* The calling thread begins or ends its outermost call into the driver. */
void hang_began(void);
void hang_ended(void);

#endif
