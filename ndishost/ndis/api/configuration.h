/* SPDX-License-Identifier: MIT */
/*
 * configuration.h: an adapter's registry key: what NdisReadConfiguration finds.
 *   configuration_load(adapter, keywords, error, sizeof error);
 */
#ifndef NDISHOST_CONFIGURATION_H
#define NDISHOST_CONFIGURATION_H

#include "ndis/api/miniport.h"

/* Each "NAME=VALUE" (REG_SZ) or "NAME=dword:N" (REG_DWORD); keywords may be NULL. 0, or -1 with a
 * line in error. */
int configuration_load(struct ndis_adapter *adapter, const char *const *keywords, char *error,
                       size_t error_size);
/* One of them. */
int configuration_set(struct ndis_adapter *adapter, const char *text, char *error,
                      size_t error_size);

/* A value as text, a number in decimal digits; false if there is none. */
bool configuration_value(struct ndis_adapter *adapter, const char *name, char *text, size_t size);

#endif
