/* SPDX-License-Identifier: MIT */
/*
 * send_status.h: is there a reason for the status with which a list is completed? Rule "SendStatus".
 *   send_status_check(adapter, nbl, id, caller) for each list;  send_status_settle(adapter, false) now and then.
 */
#ifndef NDISHOST_SEND_STATUS_H
#define NDISHOST_SEND_STATUS_H

#include "ndis/api/miniport.h"

/* Reports a status for which there has been no reason since the list was sent. `cancel_number`: the number
 * of the list's cancel id, 1 to CANCEL_IDS; 0: none. */
void send_status_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, unsigned cancel_number,
                       const void *caller);
/* Is the device gone, whether or not anybody has said so? */
bool send_status_device_gone(struct ndis_adapter *adapter);
/* Now and then: sends that failed because of a reset want one, soon. */
void send_status_settle(struct ndis_adapter *adapter, bool reset_begins);

#endif
