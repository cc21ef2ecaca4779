/* SPDX-License-Identifier: MIT */
/* work.h: worker threads, which run work items at PASSIVE_LEVEL: work_start(), ..., work_stop(). */
#ifndef NDISHOST_WORK_H
#define NDISHOST_WORK_H

#include <stdbool.h>
#include <stdint.h>

/* A call made for the host on a worker thread, PASSIVE_LEVEL. False when out of memory. */
bool nt_work_queue(void (*run)(void *context), void *context);

/* 0 or an errno. */
int work_start(void);
void work_stop(void);
/* PASSIVE_LEVEL. Returns when all work items queued before the call have run. */
void work_flush(void);
/* Work items that have run. */
uint64_t work_count(void);

#endif
