/* SPDX-License-Identifier: MIT */
/*
 * install.h: what Windows has in the registry before it starts a driver and its adapters: the keys of the
 * service, of the adapter, of its device and of its connection, and in them what the INF installs.
 *   install_driver(driver, inf, error, sizeof error);            before DriverEntry
 *   install_adapter(adapter, error, sizeof error);               when its bus is open
 * Both return 0, or -1 with a line in error.
 */
#ifndef NDISHOST_INSTALL_H
#define NDISHOST_INSTALL_H

#include "ndis/api/miniport.h"

/* Makes the key of the driver's service, which is named as the INF has it, or without one as the driver's
 * file; `inf` (NULL: none) stays the caller's, and is used by install_adapter too. */
int install_driver(struct ndis_driver *driver, const struct inf *inf, char *error,
                   size_t error_size);
int install_adapter(struct ndis_adapter *adapter, char *error, size_t error_size);

#endif
