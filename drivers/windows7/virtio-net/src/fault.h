/* SPDX-License-Identifier: MIT */
/*
 * fault.h: what the transport or the data path found wrong with the device, and what follows: the
 * gates of the queues close, the event log says why, and MiniportCheckForHangEx has NDIS reset the
 * adapter.
 */
#ifndef AEROVNET_FAULT_H
#define AEROVNET_FAULT_H

#include "aerovnet.h"

/* Works the gates of both queues out anew from the device's state, each under its lock. Whoever
 * changed the state calls it. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetGates(_In_ PAEROVNET_ADAPTER Adapter);

/* Writes the event that says what the transport found, and returns the NDIS status that goes with it.
 * It writes no event if an attempt before has failed (Adapter->Quiet). `Detail` is the queue, or the
 * offset in the device configuration, for statuses that have one. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetLogTransport(_In_ PAEROVNET_ADAPTER Adapter, _In_ enum virtio_pci_status Status,
                                 _In_ ULONG Detail);

/* The device broke the protocol in incarnation `Epoch`: stops the data paths and has NDIS reset the
 * adapter. The first report of an incarnation counts, all others do nothing. It writes the event log
 * unless the same event is there already (AerovnetFaultsForget). No lock held. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetDeviceFailed(_In_ PAEROVNET_ADAPTER Adapter, _In_ ULONG Epoch, _In_ ULONG Event,
                          _In_ ULONG First, _In_ ULONG Second);

/* Reads device_status of a device that runs or has failed. All ones: it is lost. DEVICE_NEEDS_RESET:
 * it has failed. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetDeviceCheck(_In_ PAEROVNET_ADAPTER Adapter);

/* The device has worked for a while: the event log has each fault once more. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetFaultsForget(_In_ PAEROVNET_ADAPTER Adapter);

#endif
