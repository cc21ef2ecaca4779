/* SPDX-License-Identifier: MIT */
/*
 * pause.h: when a pause is complete. Adapter->Outstanding counts references: 1 while the adapter is
 * Running, and 1 for each list in flight, ours or NDIS's. Each call that must not see the adapter go
 * has 1, too. Whoever adds one uses an interlocked operation, before the list can be completed.
 */
#ifndef AEROVNET_PAUSE_H
#define AEROVNET_PAUSE_H

#include "aerovnet.h"

/* Releases `Count` references. Whoever releases the last one of a pausing adapter completes the
 * pause. No lock held. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID AerovnetRelease(_In_ PAEROVNET_ADAPTER Adapter, _In_ LONG Count);

#endif
