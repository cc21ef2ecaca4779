/* SPDX-License-Identifier: MIT */
/*
 * tsan.h: for builds with ThreadSanitizer, included before all else: GCC's does not know
 * sem_clockwait, and takes what a semaphore orders for races.
 */
#ifndef TEST_TSAN_H
#define TEST_TSAN_H

#include <semaphore.h>

#define sem_clockwait(semaphore, clock, until) ((void)(until), sem_wait(semaphore))

#endif
