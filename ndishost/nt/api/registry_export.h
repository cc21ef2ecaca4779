/* SPDX-License-Identifier: MIT */
/* registry_export.h: handles of keys for functions elsewhere that give them to drivers. */
#ifndef NDISHOST_REGISTRY_EXPORT_H
#define NDISHOST_REGISTRY_EXPORT_H

#include "nt/api/handle.h"
#include "nt/api/registry.h"

/* A handle that ZwQueryValueKey and its like take, and ZwClose closes; NULL when there are too many. */
HANDLE nt_key_handle(struct registry_key *key, const void *caller);

#endif
