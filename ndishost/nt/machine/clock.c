/* SPDX-License-Identifier: MIT */
/* Time; see clock.h. */
#include <errno.h>
#include <sched.h>
#include <time.h>
#include "nt/machine/clock.h"

/* 1601-01-01 to 1970-01-01, in seconds. */
#define EPOCH_DIFFERENCE 11644473600ull
static uint64_t start, system_start; /* of the two clocks, when this process began */
static unsigned speed = 1;           /* nt_clock_speed */
void (*nt_clock_observer)(void);

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NT_SECOND + (uint64_t)now.tv_nsec / 100;
}

__attribute__((constructor)) static void clock_start(void)
{
    /* One second of uptime: no driver has to meet a time of 0. */
    start = read_clock(CLOCK_MONOTONIC) - NT_SECOND;
    system_start = read_clock(CLOCK_REALTIME) - NT_SECOND + EPOCH_DIFFERENCE * NT_SECOND;
}

void nt_clock_speed(unsigned times)
{
    speed = times;
}

unsigned nt_clock_scale(void)
{
    return speed;
}

uint64_t nt_clock_now(void)
{
    return (read_clock(CLOCK_MONOTONIC) - start) * speed;
}

uint64_t nt_clock_system(void)
{
    if (speed > 1)
        return system_start + nt_clock_now();
    return read_clock(CLOCK_REALTIME) + EPOCH_DIFFERENCE * NT_SECOND;
}

uint64_t nt_clock_counter(void)
{
    return nt_clock_now();
}

static struct timespec as_timespec(uint64_t units)
{
    struct timespec t = {(time_t)(units / NT_SECOND), (long)(units % NT_SECOND) * 100};

    return t;
}

void nt_clock_sleep(uint64_t duration)
{
    struct timespec until = as_timespec(read_clock(CLOCK_MONOTONIC) + duration / speed);

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
    nt_clock_observed();
}

void nt_clock_stall(uint64_t duration)
{
    uint64_t until = nt_clock_now() + duration;

    /* A driver that stalls in a loop waits for another thread, which may need this CPU. */
    while (nt_clock_now() < until)
        sched_yield();
    nt_clock_observed();
}

void nt_clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

bool nt_clock_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline)
{
    struct timespec until;

    /* Deadlines beyond what time_t of the 32-bit host holds are as good as never. */
    if (deadline > nt_clock_now() + 1000000 * NT_SECOND) {
        pthread_cond_wait(cond, mutex);
        return true;
    }
    until = as_timespec(start + deadline / speed);
    if (pthread_cond_timedwait(cond, mutex, &until) != ETIMEDOUT)
        return true;
    nt_clock_observed();
    return false;
}
