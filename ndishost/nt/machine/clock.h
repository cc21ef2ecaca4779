/* SPDX-License-Identifier: MIT */
/*
 * clock.h: the one source of time of the host. All of it counts in 100 ns units, as Windows does.
 *   deadline = nt_clock_now() + 10 * NT_MILLISECOND;  nt_clock_wait(&cond, &mutex, deadline);
 * Everything that waits for time waits here, so that time can become virtual in one place.
 */
#ifndef NDISHOST_CLOCK_H
#define NDISHOST_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define NT_MICROSECOND 10ull
#define NT_MILLISECOND 10000ull
#define NT_SECOND      10000000ull
#define NT_FOREVER     UINT64_MAX
#define NT_TICK        156250ull /* 15.625 ms: KeQueryTimeIncrement */

/* Time passes this many times as fast, for the driver and all that it is held to. Before any thread is
 * there. */
void nt_clock_speed(unsigned times);
unsigned nt_clock_scale(void); /* that number */

uint64_t nt_clock_now(void);     /* interrupt time: since the host started */
uint64_t nt_clock_system(void);  /* system time: since 1601-01-01 UTC */
uint64_t nt_clock_counter(void); /* KeQueryPerformanceCounter: 10 MHz */
void nt_clock_sleep(uint64_t duration);
void nt_clock_stall(uint64_t duration); /* busy: gives up the host's CPU only when it is long */

/* A condition variable that nt_clock_wait can wait on. */
void nt_clock_cond_init(pthread_cond_t *cond);
/* As pthread_cond_timedwait with an interrupt time as deadline (NT_FOREVER: none). false: it passed. */
bool nt_clock_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline);

/* Whoever has told a driver the time, or let it wait until some time, calls nt_clock_observed() afterwards: what
 * shows the time to drivers otherwise (nt/machine/shared_data.h) must not be behind. */
extern void (*nt_clock_observer)(void);
static inline void nt_clock_observed(void)
{
    if (nt_clock_observer)
        nt_clock_observer();
}

#endif
