/* SPDX-License-Identifier: MIT */
/*
 * reset.h: the thread that calls MiniportCheckForHangEx, and MiniportResetEx when that says so.
 *   hang_check_early(adapter);  hang_check_start(adapter);  ...;  hang_check_stop(adapter);
 */
#ifndef NDISHOST_RESET_H
#define NDISHOST_RESET_H

#include "ndis/api/miniport.h"

/* The first call comes while MiniportInitializeEx still runs, as it does when that takes long; what
 * it answers does not matter yet. Returns when it has returned. */
void hang_check_early(struct ndis_adapter *adapter);
int hang_check_start(struct ndis_adapter *adapter);
void hang_check_stop(struct ndis_adapter *adapter);
/* Waits until MiniportCheckForHangEx has returned; in low power it is not called again. */
void hang_check_flush(struct ndis_adapter *adapter);

#endif
