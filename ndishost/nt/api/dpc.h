/* SPDX-License-Identifier: MIT */
/*
 * dpc.h: the queues of DPCs, one per processor, for the host's own use.
 *   processors_start(count, seed, &dpc_queues, ...);  ...;  dpc_stop();
 */
#ifndef NDISHOST_DPC_H
#define NDISHOST_DPC_H

#include "nt/machine/processor.h"

extern const struct processor_dpcs dpc_queues;

/* PASSIVE_LEVEL. Returns when all DPCs queued before the call have run. */
void dpc_flush(void);
/* PASSIVE_LEVEL. A driver is going: DPCs that are queued even so are reported (rule "DpcQueued") and
 * taken off, and those that run have ended when it returns. */
void nt_dpcs_end(void);
/* After the processors have stopped: frees the queues. */
void dpc_stop(void);
/* DPCs that have run. */
uint64_t dpc_count(void);

#endif
