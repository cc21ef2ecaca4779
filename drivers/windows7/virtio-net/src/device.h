/* SPDX-License-Identifier: MIT */
/*
 * device.h: bringing the device up and down. In Initialize: Open, Negotiate, Address, Start; in
 * Halt: Stop, Close. In between Restart, Sleep and Wake, each of which takes every frame and buffer
 * back first. Who stops or starts the device excludes all others (DeviceBusy). A failure is in the
 * event log.
 */
#ifndef AEROVNET_DEVICE_H
#define AEROVNET_DEVICE_H

#include "aerovnet.h"

/* NDIS calls MiniportCheckForHangEx every so many seconds. */
#define AEROVNET_HANG_SECONDS 4

/* How long a reset of the device may take: in Initialize and in the work item of MiniportResetEx, where
 * nobody waits at raised IRQL or against a deadline; and where a pause, a power transition or the removal
 * waits. */
#define AEROVNET_RESET_SECONDS_LONG  10
#define AEROVNET_RESET_SECONDS_SHORT 1

/* A reset or wake that failed is tried again after 1, 2, 4, then after so many calls of
 * MiniportCheckForHangEx: after 4, 8, 16, then 28 seconds. */
#define AEROVNET_RETRY_CHECKS_MAX 7

/* After so many calls that ask for no reset the device counts as good: its next fault is in the event
 * log, even if it is one that was there before. That is a minute, and a device that stalls again after
 * each reset is found out after 16 seconds. */
#define AEROVNET_GOOD_CHECKS 15

/* Finds and maps the virtio structures. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetDeviceOpen(_In_ PAEROVNET_ADAPTER Adapter);
/* Resets the device, unless it is asleep, and undoes AerovnetDeviceOpen. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetDeviceClose(_In_ PAEROVNET_ADAPTER Adapter);

/* Resets the device, agrees on the features, and reads the MTU. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetDeviceNegotiate(_In_ PAEROVNET_ADAPTER Adapter);

/* Leaves the device's own address in PermanentAddress, or zeros if it has none. In Initialize, after
 * Negotiate, and not again: a reset does not change the address, whatever the device says then. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetDeviceAddress(_In_ PAEROVNET_ADAPTER Adapter);

/* Gives the device its (empty) rings, posts the receive buffers, and sets DRIVER_OK. After
 * Negotiate. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetDeviceStart(_In_ PAEROVNET_ADAPTER Adapter);

/* For Halt: resets the device and takes every frame and buffer back from it. Frames complete with
 * `Status`. Harmless on a device that is not started. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetDeviceStop(_In_ PAEROVNET_ADAPTER Adapter, _In_ NDIS_STATUS Status);

/* Surprise removal: the same, for good. Frames complete with FAILURE. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetDeviceRemoved(_In_ PAEROVNET_ADAPTER Adapter);

/* For a pause: stops a device that is gone or needs a reset, and leaves one that works as it is. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetDeviceStopFailed(_In_ PAEROVNET_ADAPTER Adapter, _In_ NDIS_STATUS Status);

/* Stops the device and brings it back with empty rings, smaller ones if the device now allows less.
 * Frames complete with RESET_IN_PROGRESS. A device that cannot be restarted is Dead: its link is
 * indicated as disconnected, and AerovnetDeviceHangs asks for further tries. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetDeviceRestart(_In_ PAEROVNET_ADAPTER Adapter);

/* OID_PNP_SET_POWER. For D1 to D3 the device stops, its frames complete with LOW_POWER_STATE, and
 * after the return neither the ISR nor the DPC touches it. For D0 it starts with empty rings.
 * The second call for the same state does nothing. A device that does not start is Dead, as
 * after a reset. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetDeviceSleep(_In_ PAEROVNET_ADAPTER Adapter);
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetDeviceWake(_In_ PAEROVNET_ADAPTER Adapter);

/* For MiniportCheckForHangEx: looks at all that says so, and returns TRUE when the device needs a
 * reset. Has the DPC run, for interrupts that got lost. */
_IRQL_requires_max_(DISPATCH_LEVEL)
BOOLEAN AerovnetDeviceHangs(_In_ PAEROVNET_ADAPTER Adapter);

/* The machine goes down, and the device must not write to memory any more. Others may still be
 * inside the driver. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetDeviceShutdown(_In_ PAEROVNET_ADAPTER Adapter);
/* The same for a system error: no other processor runs. Any IRQL. */
_IRQL_requires_max_(HIGH_LEVEL)
VOID AerovnetDeviceCrash(_In_ PAEROVNET_ADAPTER Adapter);

#endif
