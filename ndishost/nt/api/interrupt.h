/* SPDX-License-Identifier: MIT */
/*
 * interrupt.h: interrupt objects: what a driver names an interrupt by at KeSynchronizeExecution.
 *   object = kinterrupt_create(interrupt);  ...  kinterrupt_destroy(object);
 */
#ifndef NDISHOST_KINTERRUPT_H
#define NDISHOST_KINTERRUPT_H

#include <ntddk.h>
#include "nt/machine/interrupt.h"

/* An object for an interrupt that the caller has connected. NULL without memory. */
PKINTERRUPT kinterrupt_create(struct nt_interrupt *interrupt);
/* Before the interrupt is disconnected. A use after this is named. */
void kinterrupt_destroy(PKINTERRUPT object);

#endif
