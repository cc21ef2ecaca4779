/* SPDX-License-Identifier: MIT */
/*
 * late.h: a Windows that takes its time. From an order on, each call of one kind comes so many milliseconds later
 * than this host would make it. Windows promises no driver when a timer's DPC, a work item, an interrupt's DPC or
 * MiniportProcessSGList is called.
 *   nt_late_order("workitem:500", error, sizeof error)   work items start half a second late
 *   nt_late_order("none", ...)                           nothing is late any more
 * Any thread, any IRQL.
 */
#ifndef NDISHOST_LATE_H
#define NDISHOST_LATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define LATE_MS_MAX 60000

enum late_kind { LATE_TIMER, LATE_WORK_ITEM, LATE_DPC, LATE_SG, LATE_KINDS };

extern atomic_uint nt_late_ms[LATE_KINDS];
uint64_t nt_late_counted(unsigned ms);

/* KIND:MS or none. 0, or -1 with a message. */
int nt_late_order(const char *text, char *error, size_t error_size);
/* How late the next call of that kind is to be, in units of 100 ns; 0: it is not late. Counts calls that are. */
static inline uint64_t nt_late(enum late_kind kind)
{
    unsigned ms = atomic_load_explicit(&nt_late_ms[kind], memory_order_relaxed);

    return ms ? nt_late_counted(ms) : 0;
}
/* Calls that were late since the last order. */
unsigned long nt_late_calls(void);

#endif
