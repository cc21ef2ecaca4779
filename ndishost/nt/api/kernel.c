/* SPDX-License-Identifier: MIT */
/* The parts of the kernel in order; see kernel.h. */
#include <stdio.h>
#include <string.h>
#include "nt/api/kernel.h"
#include "nt/api/dpc.h"
#include "nt/api/processor_export.h"
#include "nt/api/timer.h"
#include "nt/api/work.h"
#include "nt/machine/irql.h"
#include "nt/machine/processor.h"

int nt_start(unsigned processors, uint64_t seed, char *error, size_t error_size)
{
    int failed;

    if (processors_start(processors, seed, &dpc_queues, error, error_size))
        return -1;
    nt_processors_export(nt_processors());
    failed = timer_start();
    if (!failed)
        failed = work_start();
    if (!failed)
        return 0;
    snprintf(error, error_size, "processors: starting threads: %s", strerror(failed));
    nt_stop();
    return -1;
}

void nt_stop(void)
{
    work_stop();
    timer_stop();
    processors_stop();
    dpc_stop();
}

void nt_flush(void)
{
    dpc_flush();
    work_flush();
}

void nt_counts(struct nt_counts *counts)
{
    processors_count(&counts->interrupts, &counts->longest_isr, &counts->longest_dpc);
    counts->dpcs = dpc_count();
    counts->timers = timer_count();
    counts->work_items = work_count();
}
