/* SPDX-License-Identifier: MIT */
/* timer.h: the thread behind KeSetTimer: timer_start(), then timer_stop() before the processors stop. */
#ifndef NDISHOST_NT_TIMER_H
#define NDISHOST_NT_TIMER_H

#include <stdint.h>

/* 0 or an errno. */
int timer_start(void);
void timer_stop(void);
/* Timers that have expired. */
uint64_t timer_count(void);

#endif
