/* SPDX-License-Identifier: MIT */
/*
 * event_log.h: entries of the system event log. aerovnet_events.mc has their texts and says what the
 * two numbers of each are.
 */
#ifndef AEROVNET_EVENT_LOG_H
#define AEROVNET_EVENT_LOG_H

#include "aerovnet.h"

/* What NDIS refused: the second number of AEROVNET_EVENT_REGISTRATION_FAILED. */
#define AEROVNET_REGISTRATION_DMA        1
#define AEROVNET_REGISTRATION_INTERRUPT  2
#define AEROVNET_REGISTRATION_ATTRIBUTES 3
#define AEROVNET_REGISTRATION_GENERAL    4

/* Writes an entry with two numbers. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetLog(_In_ PAEROVNET_ADAPTER Adapter, _In_ ULONG Event, _In_ ULONG First,
                 _In_ ULONG Second);

#endif
