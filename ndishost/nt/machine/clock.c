/* SPDX-License-Identifier: MIT */
/* Time; see clock.h. */
#include <errno.h>
#include <sched.h>
#include <time.h>
#include "nt/machine/clock.h"

/* 1601-01-01 to 1970-01-01, in seconds. */
#define EPOCH_DIFFERENCE 11644473600ull
/* KUSER_SHARED_DATA, what drivers read of it. */
#if defined(__x86_64__)
#define SHARED_DATA 0xFFFFF78000000000ull
#else
#define SHARED_DATA 0xFFDF0000u
#endif
#define SHARED_DATA_SIZE       0x1000u
#define SHARED_TICK_MULTIPLIER 0x004
#define SHARED_INTERRUPT_TIME  0x008
#define SHARED_SYSTEM_TIME     0x014
#define SHARED_NT_MAJOR        0x26C
#define SHARED_NT_MINOR        0x270
#define SHARED_TICK_COUNT      0x320
/* KeQueryTimeIncrement in milliseconds, as a fixed-point number with 24 fractional bits. */
#define TICK_MULTIPLIER ((uint32_t)((NT_TICK << 24) / NT_MILLISECOND))

static uint64_t start, system_start; /* of the two clocks, when this process began */
static unsigned speed = 1;           /* nt_clock_speed */

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
}

void nt_clock_stall(uint64_t duration)
{
    uint64_t until = nt_clock_now() + duration;

    /* A driver that stalls in a loop waits for another thread, which may need this CPU. */
    while (nt_clock_now() < until)
        sched_yield();
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
    return pthread_cond_timedwait(cond, mutex, &until) != ETIMEDOUT;
}

/* Windows keeps these times as a low half, a high half, and the high half once more: two reads that
 * straddle a carry then differ, and the driver reads again. */
static uint32_t time_word(uint64_t time, unsigned word)
{
    return word == 0 ? (uint32_t)time : (uint32_t)(time >> 32);
}

static uint32_t shared_word(unsigned offset)
{
    uint64_t ticks = nt_clock_now() / NT_TICK;

    if (offset == SHARED_TICK_MULTIPLIER)
        return TICK_MULTIPLIER;
    if (offset >= SHARED_INTERRUPT_TIME && offset < SHARED_INTERRUPT_TIME + 12)
        return time_word(nt_clock_now(), (offset - SHARED_INTERRUPT_TIME) / 4);
    if (offset >= SHARED_SYSTEM_TIME && offset < SHARED_SYSTEM_TIME + 12)
        return time_word(nt_clock_system(), (offset - SHARED_SYSTEM_TIME) / 4);
    if (offset == 0 || (offset >= SHARED_TICK_COUNT && offset < SHARED_TICK_COUNT + 12))
        return time_word(ticks, offset ? (offset - SHARED_TICK_COUNT) / 4 : 0);
    if (offset == SHARED_NT_MAJOR)
        return 6;
    if (offset == SHARED_NT_MINOR)
        return 1;
    return 0;
}

/* An 8-byte read of a time gets both halves of one moment. */
static bool shared_time(unsigned offset, uint64_t *value)
{
    if (offset == SHARED_INTERRUPT_TIME)
        *value = nt_clock_now();
    else if (offset == SHARED_SYSTEM_TIME)
        *value = nt_clock_system();
    else if (offset == SHARED_TICK_COUNT)
        *value = nt_clock_now() / NT_TICK;
    else
        return false;
    return true;
}

#if !defined(__x86_64__)
/* KeTickCount, which x86 drivers read as data: a page that faults, and reads as the tick count does. */
struct nt_tick_count_page nt_tick_count __attribute__((aligned(4096)));
#endif

static uintptr_t shared_offset(uintptr_t address)
{
#if !defined(__x86_64__)
    uintptr_t tick = address - (uintptr_t)&nt_tick_count;

    if (tick < 12)
        return SHARED_TICK_COUNT + tick;
#endif
    return address - (uintptr_t)SHARED_DATA;
}

bool nt_shared_data_read(uintptr_t address, unsigned size, uint64_t *value)
{
    uintptr_t offset = shared_offset(address);
    unsigned shift = 8 * (unsigned)(offset % 4);
    uint64_t both;

    if (offset >= SHARED_DATA_SIZE || size > 8 || size == 0)
        return false;
    if (size == 8 && shared_time((unsigned)offset, value))
        return true;
    both = shared_word((unsigned)offset & ~3u) | (uint64_t)shared_word(((unsigned)offset & ~3u) + 4)
                                                     << 32;
    *value = both >> shift;
    if (size < 8)
        *value &= (1ull << (8 * size)) - 1;
    return true;
}
