/* SPDX-License-Identifier: MIT */
/*
 * hang.h: ends the run when a call into the driver does not return: the rule "CallbackReturns".
 *   hang_watch(120, write_report);     before the first call of the driver
 * The watch looks at each thread five times a second: at the callback that it is in, and at how often it has entered
 * the driver. So a call costs nothing for it, and is watched with the rules off, too. Work items may run as long as they
 * like, as some drivers use them for threads.
 */
#ifndef NDISHOST_HANG_H
#define NDISHOST_HANG_H

#include <stdbool.h>

/* Starts the watch. The driver's crash calls `report`, too. A call may take `seconds` (0: for ever, until hang_stopping). When one takes longer, its
 * thread reports the rule, with what it waits for and the driver's functions on its stack; then `report` is
 * called on another thread, and the process exits with status 3. 0 or an errno. */
int hang_watch(unsigned seconds, void (*report)(int status, bool crash));
/* The run is to end: from now on a call may take HANG_STOPPING seconds. Async-signal-safe. */
#define HANG_STOPPING 30
void hang_stopping(void);

/* What the calling thread does from now on may take as long as it likes, or (false) not. */
void hang_untimed(bool untimed);

#endif
