/* SPDX-License-Identifier: MIT */
/*
 * transfer.h: NDIS between protocol and miniport: sends down, returns down. The calls up are
 * exports (NdisMSendNetBufferListsComplete, NdisMIndicateReceiveNetBufferLists).
 *   transfer_send(adapter, chain, flags);  ... the miniport completes ...
 *   transfer_return(adapter, chain, flags);
 */
#ifndef NDISHOST_TRANSFER_H
#define NDISHOST_TRANSFER_H

#include "ndis/api/net_buffer.h"

/* Gives a chain of lists, each NBL_WITH_PROTOCOL, to MiniportSendNetBufferLists. IRQL as `flags`
 * says (NDIS_SEND_FLAGS_DISPATCH_LEVEL). */
void transfer_send(struct ndis_adapter *adapter, NET_BUFFER_LIST *chain, ULONG flags);
/* Gives a chain of lists, each NBL_INDICATED, back to MiniportReturnNetBufferLists. */
void transfer_return(struct ndis_adapter *adapter, NET_BUFFER_LIST *chain, ULONG flags);

/* send_watch.c: once a second: rules "NdisTimedDataSend" and "NdisTimedDataHang". */
void send_watch(struct ndis_adapter *adapter);

/* send_status.c: reports a status for which there has been no reason since the list was sent. */
void send_status_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller);
/* Before failed sends come back to the network end: where the device is gone it has to know, for neither
 * they nor what else is under way will arrive, and the miniport may say so later or not at all. */
void send_status_failed(struct ndis_adapter *adapter);
/* Now and then: sends that failed because of a reset want one, soon. */
void send_status_settle(struct ndis_adapter *adapter, bool reset_begins);

#endif
