/* SPDX-License-Identifier: MIT */
/*
 * tsan.h: for builds with ThreadSanitizer, included before all else: GCC's does not know
 * sem_clockwait, and takes what a semaphore orders for races.
 */
#ifndef TEST_TSAN_H
#define TEST_TSAN_H

#include <semaphore.h>
#include <time.h>

/* Both clocks go at the same speed. */
static inline int tsan_sem_clockwait(sem_t *semaphore, clockid_t clock,
                                     const struct timespec *until)
{
    struct timespec now, real;

    clock_gettime(clock, &now);
    clock_gettime(CLOCK_REALTIME, &real);
    real.tv_sec += until->tv_sec - now.tv_sec + 1;
    return sem_timedwait(semaphore, &real);
}

#define sem_clockwait tsan_sem_clockwait

#endif
