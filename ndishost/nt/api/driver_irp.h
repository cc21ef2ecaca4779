/* SPDX-License-Identifier: MIT */
/*
 * driver_irp.h: IRPs that a driver makes itself and sends to a device (IoAllocateIrp, IoCallDriver).
 *   if (driver_irp_complete(irp, RULE_CALLER)) it was one of those
 */
#ifndef NDISHOST_DRIVER_IRP_H
#define NDISHOST_DRIVER_IRP_H

#include <stdbool.h>
#include <ntddk.h>

/* Completes an IRP of a driver: calls the completion routines of its stack locations, from the lowest one up.
 * false: it is not one. IRQL <= DISPATCH_LEVEL. */
bool driver_irp_complete(PIRP irp, const void *caller);
/* The same for any IRP that is being completed. false: a completion routine wants more processing, and who set it has
 * the IRP again; the next completion goes on from there. */
bool driver_irp_unwind(PIRP irp);

#endif
