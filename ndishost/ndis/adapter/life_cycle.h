/* SPDX-License-Identifier: MIT */
/*
 * life_cycle.h: the states of a miniport adapter and the calls that lead from one to the next.
 * Halted --life_cycle_initialize--> Paused --adapter_restart--> Running --adapter_pause--> Paused
 * --life_cycle_halt--> Halted. Documentation: network/miniport-adapter-states-and-operations.
 */
#ifndef NDISHOST_LIFE_CYCLE_H
#define NDISHOST_LIFE_CYCLE_H

#include "ndis/adapter/adapter.h"
#include "ndis/api/miniport.h"

/* MiniportInitializeEx; on failure what it left behind is reported, and the adapter is Halted. */
NDIS_STATUS life_cycle_initialize(struct ndis_adapter *adapter);
/* MiniportPause, for a reason of NDIS_MINIPORT_PAUSE_PARAMETERS (before NDIS 6.40 a miniport must
 * not rely on it). */
NDIS_STATUS life_cycle_pause(struct ndis_adapter *adapter, ULONG reason);
/* NDIS removes the adapter as soon as somebody calls adapter_stop. IRQL <= DISPATCH_LEVEL. */
void life_cycle_request_removal(struct ndis_adapter *adapter);
/* MiniportHaltEx from Paused (or, when the device is gone, from wherever it is). */
void life_cycle_halt(struct ndis_adapter *adapter, NDIS_HALT_ACTION action);
/* MiniportDevicePnPEventNotify. */
void life_cycle_pnp_event(struct ndis_adapter *adapter, NDIS_DEVICE_PNP_EVENT event);
/* From Halted to Running: Initialize, what NDIS and protocols then ask and set, Restart. *what:
 * where it failed, and the adapter is Halted again. */
NDIS_STATUS life_cycle_come_up(struct ndis_adapter *adapter, const char **what);
/* Tells the network end whether frames get through. */
void life_cycle_tell_link(struct ndis_adapter *adapter);
/* The miniport indicated another link state. IRQL <= DISPATCH_LEVEL. */
void life_cycle_link_changed(struct ndis_adapter *adapter);
/* The adapter whose physical device object that is, or NULL. */
struct ndis_adapter *adapter_of_device(const DEVICE_OBJECT *device);

#endif
