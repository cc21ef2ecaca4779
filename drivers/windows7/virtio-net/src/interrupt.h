/* SPDX-License-Identifier: MIT */
/*
 * interrupt.h: the line interrupt and its DPC. The ISR reads the ISR status once, which
 * acknowledges; everything else is done in the DPC.
 */
#ifndef AEROVNET_INTERRUPT_H
#define AEROVNET_INTERRUPT_H

#include "aerovnet.h"

/* A failure is in the event log. */
_IRQL_requires_(PASSIVE_LEVEL)
NDIS_STATUS AerovnetInterruptRegister(_In_ PAEROVNET_ADAPTER Adapter);
/* Returns when no ISR and no DPC runs any more. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetInterruptDeregister(_In_ PAEROVNET_ADAPTER Adapter);

/* Runs the DPC, which looks at the rings, the device status and the link: for interrupts that got
 * lost, and after a device was brought back. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetInterruptCheck(_In_ PAEROVNET_ADAPTER Adapter);

/* Makes the state Asleep, and returns when no ISR and no DPC runs that had not seen it. The queues are not
 * live. */
_IRQL_requires_(PASSIVE_LEVEL)
VOID AerovnetInterruptSleep(_In_ PAEROVNET_ADAPTER Adapter);

#endif
