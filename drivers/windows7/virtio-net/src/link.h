/* SPDX-License-Identifier: MIT */
/* link.h: reading the link from the device's configuration, and indicating it to NDIS. */
#ifndef AEROVNET_LINK_H
#define AEROVNET_LINK_H

#include "aerovnet.h"

/* Returns the link as the device's configuration has it: TRUE is up, as without
 * VIRTIO_NET_F_STATUS. After Negotiate. */
_IRQL_requires_max_(DISPATCH_LEVEL)
BOOLEAN AerovnetReadLink(_In_ PAEROVNET_ADAPTER Adapter);

/* Reads the link, and indicates it if it differs from what NDIS was told last. For the DPC only, so
 * that what is indicated last is what was read last. */
_IRQL_requires_(DISPATCH_LEVEL)
VOID AerovnetLinkChanged(_In_ PAEROVNET_ADAPTER Adapter);

#endif
