/* SPDX-License-Identifier: MIT */
/*
 * send_watch.h: sends that take too long: rules "NdisTimedDataSend" and "NdisTimedDataHang".
 *   send_watch(adapter, oldest, since) once a second.
 */
#ifndef NDISHOST_SEND_WATCH_H
#define NDISHOST_SEND_WATCH_H

#include "ndis/api/miniport.h"

/* `oldest` has been with the miniport for longest, since then (nt_clock_now); NULL: none is there. */
void send_watch(struct ndis_adapter *adapter, NET_BUFFER_LIST *oldest, uint64_t since);

#endif
