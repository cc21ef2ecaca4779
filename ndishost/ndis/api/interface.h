/* SPDX-License-Identifier: MIT */
/*
 * interface.h: the network interfaces that NDIS knows: one for each adapter, numbered as adapters are
 * from 0. Windows registers it before the miniport is initialised.
 *   interface_register(adapter->index);  parameters->NetLuid = interface_luid(adapter->index);
 */
#ifndef NDISHOST_INTERFACE_H
#define NDISHOST_INTERFACE_H

#include "ndis/api/miniport.h"

void interface_register(unsigned adapter);
NET_IFINDEX interface_index(unsigned adapter);
NET_LUID interface_luid(unsigned adapter);

#endif
