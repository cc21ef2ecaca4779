/* SPDX-License-Identifier: MIT */
/*
 * offload_settings.h: what an administrator, or TCP/IP, sets of an adapter's task offloads.
 *   offload_settings("checksums=off lso=on", &settings, why, sizeof why);  status = adapter_offload(adapter, &settings, ...)
 */
#ifndef NDISHOST_OFFLOAD_SETTINGS_H
#define NDISHOST_OFFLOAD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ndis_adapter;

#define OFFLOAD_SETTINGS_HELP                                                                      \
    "offload ip4|tcp4|udp4|tcp6|udp6|checksums|lso1|lso2-4|lso2-6|lso|encapsulation=off|tx|rx|on " \
    "..."

/* Sends OID_TCP_OFFLOAD_PARAMETERS with these settings, or OID_OFFLOAD_ENCAPSULATION. Returns false with the reason in
 * `why` if a word is not understood; else *status is the miniport's. PASSIVE_LEVEL; waits for it. */
bool adapter_offload(struct ndis_adapter *adapter, char *words, int32_t *status, char *why,
                     size_t size);

#endif
