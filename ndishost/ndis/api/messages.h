/* SPDX-License-Identifier: MIT */
/*
 * messages.h: the interrupt messages that Windows assigns to an adapter's device, and the MSI-X table that
 * its PCI driver keeps.
 *   messages_assign(adapter, limit);  ...  messages_start(adapter);  messages_connected(adapter, true);
 *   messages_connected(adapter, false);  messages_stop(adapter);  messages_release(adapter);
 * Windows assigns messages to a device that has an MSI-X capability if MSISupported, below the device's
 * hardware key, is not 0 (enabling-message-signaled-interrupts-in-the-registry). Otherwise it has its line.
 */
#ifndef NDISHOST_MESSAGES_H
#define NDISHOST_MESSAGES_H

#include "ndis/api/miniport.h"

struct message {
    struct bus_message write; /* what the device writes to send it */
    ULONG vector;             /* as resource lists have it */
    KAFFINITY targets;        /* processors that may take it */
};

/* Sets adapter->messages, or leaves it NULL: the device has its line. At most `limit` messages, 0: none. -1
 * when out of memory. */
int messages_assign(struct ndis_adapter *adapter, unsigned limit);
/* Gives it other ones: `count`, or as many as the device and the limit allow, for these processors each. 0: it gets its
 * line. Before messages_start. -1 when out of memory. */
int messages_reassign(struct ndis_adapter *adapter, unsigned count, const KAFFINITY *targets);
/* 0: the device has its line. */
unsigned messages_count(const struct ndis_adapter *adapter);
const struct message *messages_get(const struct ndis_adapter *adapter, unsigned number);
/* Programs the MSI-X table and enables messages; also when the device gets its power back. Entries stay masked
 * until a driver has connected its interrupt, as they do where it has masked them. */
void messages_start(struct ndis_adapter *adapter);
void messages_stop(struct ndis_adapter *adapter);
void messages_connected(struct ndis_adapter *adapter, bool connected);
/* For NdisMConfigMSIXTableEntry. false: there is no such entry or message. */
bool messages_map(struct ndis_adapter *adapter, unsigned entry, unsigned number);
bool messages_mask(struct ndis_adapter *adapter, unsigned entry, bool masked);
void messages_release(struct ndis_adapter *adapter);

#endif
