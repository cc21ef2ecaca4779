/* SPDX-License-Identifier: MIT */
/*
 * resources.h: the hardware resources of an adapter: the list that MiniportInitializeEx gets, and
 * what the driver maps of it.
 *   resources_build(adapter, &random);  ...  resources_release(adapter);
 */
#ifndef NDISHOST_RESOURCES_H
#define NDISHOST_RESOURCES_H

#include "ndis/api/miniport.h"

/* Sets adapter->full_resources and adapter->resources, NULL without a device; -1 when out of memory. */
int resources_build(struct ndis_adapter *adapter, struct random *random);
/* The same again, when the interrupts are other ones; before the driver has seen the lists. */
int resources_rebuild(struct ndis_adapter *adapter);
/* Unmaps what the driver left mapped (the leak has been reported by then). */
void resources_release(struct ndis_adapter *adapter);
/* The adapter's BARs can, or can no longer, be reached by MmMapIoSpace. */
void resources_register(struct ndis_adapter *adapter, bool present);
/* Tells the NT part how to reach the BARs of every adapter; once. */
void resources_hooks(void);

#endif
