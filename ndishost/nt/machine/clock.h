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

uint64_t nt_clock_now(void);     /* interrupt time: since the host started */
uint64_t nt_clock_system(void);  /* system time: since 1601-01-01 UTC */
uint64_t nt_clock_counter(void); /* KeQueryPerformanceCounter: 10 MHz */
void nt_clock_sleep(uint64_t duration);
void nt_clock_stall(uint64_t duration); /* busy: gives up the host's CPU only when it is long */

/* A condition variable that nt_clock_wait can wait on. */
void nt_clock_cond_init(pthread_cond_t *cond);
/* As pthread_cond_timedwait with an interrupt time as deadline (NT_FOREVER: none). false: it passed. */
bool nt_clock_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline);

/* A driver's inline reads of KUSER_SHARED_DATA (x64: 0xFFFFF78000000000, x86: 0xFFDF0000) for
 * nt/machine/trap.c: the little-endian value of `size` bytes (1, 2, 4, 8); false if the address is not there. */
bool nt_shared_data_read(uintptr_t address, unsigned size, uint64_t *value);
#if !defined(__x86_64__)
extern struct nt_tick_count_page {
    uint8_t bytes[4096];
} nt_tick_count; /* trap_install takes the access to it away */
#endif

#endif
