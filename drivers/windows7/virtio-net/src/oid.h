/* SPDX-License-Identifier: MIT */
/* oid.h: OID requests, and what the attributes of Initialize must say as they do. */
#ifndef AEROVNET_OIDS_H
#define AEROVNET_OIDS_H

#include "aerovnet.h"

#define AEROVNET_PACKET_FILTERS                                                                \
    (NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | NDIS_PACKET_TYPE_ALL_MULTICAST | \
     NDIS_PACKET_TYPE_BROADCAST | NDIS_PACKET_TYPE_PROMISCUOUS)
/* NDIS 6 drivers support all of OID_GEN_STATISTICS (NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
 * SupportedStatistics); NDIS_STATISTICS_INFO says the same with other names. */
#define AEROVNET_STATISTICS                                                                     \
    (NDIS_STATISTICS_XMIT_OK_SUPPORTED | NDIS_STATISTICS_RCV_OK_SUPPORTED |                     \
     NDIS_STATISTICS_GEN_STATISTICS_SUPPORTED | NDIS_STATISTICS_DIRECTED_FRAMES_RCV_SUPPORTED | \
     NDIS_STATISTICS_MULTICAST_FRAMES_RCV_SUPPORTED |                                           \
     NDIS_STATISTICS_BROADCAST_FRAMES_RCV_SUPPORTED | NDIS_STATISTICS_BYTES_RCV_SUPPORTED |     \
     NDIS_STATISTICS_RCV_DISCARDS_SUPPORTED | NDIS_STATISTICS_RCV_ERROR_SUPPORTED |             \
     NDIS_STATISTICS_DIRECTED_FRAMES_XMIT_SUPPORTED |                                           \
     NDIS_STATISTICS_MULTICAST_FRAMES_XMIT_SUPPORTED |                                          \
     NDIS_STATISTICS_BROADCAST_FRAMES_XMIT_SUPPORTED | NDIS_STATISTICS_BYTES_XMIT_SUPPORTED |   \
     NDIS_STATISTICS_XMIT_ERROR_SUPPORTED | NDIS_STATISTICS_XMIT_DISCARDS_SUPPORTED |           \
     NDIS_STATISTICS_DIRECTED_BYTES_RCV_SUPPORTED |                                             \
     NDIS_STATISTICS_MULTICAST_BYTES_RCV_SUPPORTED |                                            \
     NDIS_STATISTICS_BROADCAST_BYTES_RCV_SUPPORTED |                                            \
     NDIS_STATISTICS_DIRECTED_BYTES_XMIT_SUPPORTED |                                            \
     NDIS_STATISTICS_MULTICAST_BYTES_XMIT_SUPPORTED |                                           \
     NDIS_STATISTICS_BROADCAST_BYTES_XMIT_SUPPORTED)
#define AEROVNET_STATISTICS_VALID                                                                 \
    (NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_RCV |                                            \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_RCV |                                           \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_RCV | NDIS_STATISTICS_FLAGS_VALID_BYTES_RCV |   \
     NDIS_STATISTICS_FLAGS_VALID_RCV_DISCARDS | NDIS_STATISTICS_FLAGS_VALID_RCV_ERROR |           \
     NDIS_STATISTICS_FLAGS_VALID_DIRECTED_FRAMES_XMIT |                                           \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_FRAMES_XMIT |                                          \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_FRAMES_XMIT | NDIS_STATISTICS_FLAGS_VALID_BYTES_XMIT | \
     NDIS_STATISTICS_FLAGS_VALID_XMIT_ERROR | NDIS_STATISTICS_FLAGS_VALID_XMIT_DISCARDS |         \
     NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_RCV |                                             \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_RCV |                                            \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_RCV |                                            \
     NDIS_STATISTICS_FLAGS_VALID_DIRECTED_BYTES_XMIT |                                            \
     NDIS_STATISTICS_FLAGS_VALID_MULTICAST_BYTES_XMIT |                                           \
     NDIS_STATISTICS_FLAGS_VALID_BROADCAST_BYTES_XMIT)

MINIPORT_OID_REQUEST AerovnetOidRequest;
MINIPORT_CANCEL_OID_REQUEST AerovnetCancelOidRequest;

extern const NDIS_OID AerovnetSupportedOids[];
extern const ULONG AerovnetSupportedOidsLength; /* bytes */

/* Returns NDIS_MAC_OPTION_XXX, which depend on *PriorityVLANTag. */
_IRQL_requires_max_(DISPATCH_LEVEL)
ULONG AerovnetMacOptions(_In_ const AEROVNET_ADAPTER *Adapter);

#endif
