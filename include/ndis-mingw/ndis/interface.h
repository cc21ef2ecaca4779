/* SPDX-License-Identifier: MIT */
/*
 * interface.h: network interfaces by their locally unique identifier (NET_LUID) and by their index.
 * NDIS registers a miniport adapter's interface itself and tells both in MiniportInitializeEx.
 *   NdisIfGetInterfaceIndexFromNetLuid(Parameters->NetLuid, &Index);
 * Documentation: ddi/ndis, nf-ndis-ndisif*. All at PASSIVE_LEVEL.
 */
#ifndef NDIS_MINGW_INTERFACE_H
#define NDIS_MINGW_INTERFACE_H

/* A NET_LUID index of 24 bits, unique among those of one interface type. */
NDISAPI NDIS_STATUS NTAPI NdisIfAllocateNetLuidIndex(NET_IFTYPE ifType, PULONG pNetLuidIndex);
NDISAPI NDIS_STATUS NTAPI NdisIfFreeNetLuidIndex(NET_IFTYPE ifType, ULONG NetLuidIndex);

NDISAPI NDIS_STATUS NTAPI NdisIfGetInterfaceIndexFromNetLuid(NET_LUID NetLuid,
                                                             PNET_IFINDEX pIfIndex);
NDISAPI NDIS_STATUS NTAPI NdisIfGetNetLuidFromInterfaceIndex(NET_IFINDEX ifIndex,
                                                             PNET_LUID pNetLuid);

#endif
