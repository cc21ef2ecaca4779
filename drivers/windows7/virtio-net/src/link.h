/* SPDX-License-Identifier: MIT */
/* link.h: reading the link from the device's configuration, and indicating it to NDIS. */
#ifndef AEROVNET_LINK_H
#define AEROVNET_LINK_H

#include "aerovnet.h"

/* Reads the link for the first time: LinkUp is what the device's configuration says. Up, as without
 * VIRTIO_NET_F_STATUS, when it cannot be read. In Initialize, after Negotiate. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetLinkFirst(_In_ PAEROVNET_ADAPTER Adapter);

/* Reads the link, and indicates it if it differs from what NDIS was told last. A Dead device is
 * disconnected; a configuration that cannot be read changes nothing, and is logged once. For the DPC
 * that polls only, so that what is indicated last is what was read last. */
_IRQL_requires_(DISPATCH_LEVEL)
VOID AerovnetLinkChanged(_In_ PAEROVNET_ADAPTER Adapter);

#endif
