/* SPDX-License-Identifier: MIT */
/*
 * transfer.h: NDIS between protocol and miniport: sends down, returns down. The calls up are
 * exports (NdisMSendNetBufferListsComplete, NdisMIndicateReceiveNetBufferLists).
 *   transfer_send(adapter, chain, flags);  ... the miniport completes ...
 *   transfer_return(adapter, chain, flags);
 */
#ifndef NDISHOST_TRANSFER_H
#define NDISHOST_TRANSFER_H

#include "ndis/api/net_buffer_pool.h"

/* Gives a chain of lists, each NBL_WITH_PROTOCOL, to MiniportSendNetBufferLists. IRQL as `flags`
 * says (NDIS_SEND_FLAGS_DISPATCH_LEVEL). */
void transfer_send(struct ndis_adapter *adapter, NET_BUFFER_LIST *chain, ULONG flags);
/* Gives a chain of lists, each NBL_INDICATED, back to MiniportReturnNetBufferLists. */
void transfer_return(struct ndis_adapter *adapter, NET_BUFFER_LIST *chain, ULONG flags);

/* May a protocol send now? If so it may until transfer_leave. */
bool transfer_enter(struct ndis_adapter *adapter);
void transfer_leave(struct ndis_adapter *adapter);

/* Tells the network end that the adapter is about to stop running, or runs again. IRQL <=
 * DISPATCH_LEVEL. */
void transfer_tell_net(struct ndis_adapter *adapter, bool paused);

#endif
