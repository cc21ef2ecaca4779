/* SPDX-License-Identifier: MIT */
/*
 * futex.h: sleeping on a 32-bit word of this process until it changes.
 *   while (word is not what I want) futex_wait(&word, value I saw, timeout or NULL);
 *   change the word;  futex_wake(&word, how many);
 */
#ifndef NDISHOST_FUTEX_H
#define NDISHOST_FUTEX_H

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The timeout is relative. Returns early now and then: the caller looks at the word again. */
static inline void futex_wait(volatile void *word, uint32_t seen, const struct timespec *timeout)
{
    /* The kernel's 32-bit struct timespec for the 32-bit call, whatever time_t is here. */
    struct {
        long seconds, nanoseconds;
    } t = {0, 0};

    if (timeout) {
        t.seconds = (long)timeout->tv_sec;
        t.nanoseconds = timeout->tv_nsec;
    }
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, timeout ? &t : NULL, NULL, 0);
}

static inline void futex_wake(volatile void *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

#endif
