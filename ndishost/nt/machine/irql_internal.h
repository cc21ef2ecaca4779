/* SPDX-License-Identifier: MIT */
/*
 * irql_internal.h: what irql.c gives to the rest of nt/ alone: processors as things that are owned,
 * and threads by number.
 *   nt_processor_wanted(p, true);  nt_processor_claim_for_dpcs(p);  ...;  nt_processor_release();
 */
#ifndef NDISHOST_IRQL_INTERNAL_H
#define NDISHOST_IRQL_INTERNAL_H

#include "nt/machine/irql.h"

#define NT_THREADS_MAX 1024

/* NULL if there never was one. The record outlives its thread. */
struct nt_thread *nt_thread_by_index(unsigned index);

/* Before any thread of the host runs. */
void nt_processors_set(unsigned count);

/* From now on the calling thread owns only processors of `affinity` (0: any). */
void nt_thread_affinity(uint32_t affinity);

/* The calling thread is this processor's own. */
void nt_processor_home(unsigned processor);

/* DPCs wait there: nobody but nt_processor_claim_for_dpcs gets the processor until it is false. */
void nt_processor_wanted(unsigned processor, bool wanted);
/* The caller becomes the owner of just this processor; it sets its IRQL itself. */
void nt_processor_claim_for_dpcs(unsigned processor);
bool nt_processor_try_claim_for_dpcs(unsigned processor);
void nt_processor_release(void);

#endif
