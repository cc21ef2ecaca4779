/* SPDX-License-Identifier: MIT */
/*
 * configuration.h: an adapter's registry key: what NdisReadConfiguration finds.
 *   configuration_load(adapter, keywords, error, sizeof error);  ...  configuration_free(adapter);
 */
#ifndef NDISHOST_CONFIGURATION_H
#define NDISHOST_CONFIGURATION_H

#include "ndis/api/miniport.h"

/* Each "NAME=VALUE" (REG_SZ) or "NAME=dword:N" (REG_DWORD); keywords may be NULL. 0, or -1 with a
 * line in error. */
int configuration_load(struct ndis_adapter *adapter, const char *const *keywords, char *error,
                       size_t error_size);
void configuration_free(struct ndis_adapter *adapter);

/* A value as it was given, or NULL. */
const char *configuration_value(struct ndis_adapter *adapter, const char *name);

#endif
