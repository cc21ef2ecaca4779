/* SPDX-License-Identifier: MIT */
/* state.h: faults of the device: what the transport or the data path found, and what follows. */
#ifndef AEROVNET_STATE_H
#define AEROVNET_STATE_H

#include "aerovnet.h"

/* Writes the event that says what the transport found, and returns the NDIS status that goes with
 * it. `Detail` is the queue, or the offset in the device configuration, for statuses that have one.
 */
_IRQL_requires_max_(DISPATCH_LEVEL)
NDIS_STATUS AerovnetLogTransport(_In_ PAEROVNET_ADAPTER Adapter, _In_ enum virtio_pci_status Status,
                                 _In_ ULONG Detail);

/* The device broke the protocol or asks for a reset: stops the data paths and has NDIS reset the
 * adapter. The first call since the last reset writes the event log. No lock held. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetDeviceFailed(_In_ PAEROVNET_ADAPTER Adapter, _In_ ULONG Event, _In_ ULONG First,
                          _In_ ULONG Second);

/* Reads device_status, and fails the device when it is all ones or says DEVICE_NEEDS_RESET. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetDeviceCheck(_In_ PAEROVNET_ADAPTER Adapter);

#endif
