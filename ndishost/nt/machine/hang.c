/* SPDX-License-Identifier: MIT */
/* The watch over calls into the driver; see hang.h. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "nt/machine/fault_report.h"
#include "nt/machine/hang.h"
#include "nt/machine/irql.h"
#include "rules/rules.h"

#define LOOK_MS            200
#define REPORT_MOST        20 /* seconds that the report may take, as the driver may hold locks */
#define CRASH_REPORT_MOST  5  /* the same of a crash */
#define STATUS_RULE_BROKEN 3
#define HANG_SIGNAL        SIGUSR2

/* What the watch saw of each thread when it looked last. */
static struct seen {
    uint32_t callbacks;
    uint64_t since; /* ms; 0: not inside the driver */
} seen[NT_THREADS_MAX];

static unsigned limit; /* seconds; 0: none */
static _Atomic uint64_t stopping_since;
static void (*write_report)(int status, bool crash);
static sem_t told;
static sem_t over;               /* posted when a crash ends the run */
static _Atomic int crash_status; /* what the process then exits with; 0: no crash */
static unsigned told_limit;

static uint64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000 + 1;
}

void hang_untimed(bool untimed)
{
    nt_self()->untimed = untimed;
}

void hang_stopping(void)
{
    uint64_t none = 0;

    atomic_compare_exchange_strong(&stopping_since, &none, now_ms());
}

/* On the thread that hangs. */
static void on_signal(int number, siginfo_t *info, void *context)
{
    const struct nt_thread *self = nt_self();
    int saved = errno;

    (void)number;
    (void)info;
    rule_violation("CallbackReturns", self->waits_for ? self->caller : NULL,
                   "%s has not returned for %u seconds%s%s",
                   self->callback ? self->callback : "a call into the driver", told_limit,
                   self->waits_for ? "; it waits for " : "; it runs, or waits outside of Windows",
                   self->waits_for ? self->waits_for : "");
    fault_stack(context);
    sem_post(&told);
    errno = saved;
}

/* Does not return. */
static void end(const struct nt_thread *thread, unsigned seconds)
{
    struct timespec until;

    told_limit = seconds;
    alarm(REPORT_MOST); /* ends the process by itself */
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += REPORT_MOST / 4;
    if (!pthread_kill(thread->thread, HANG_SIGNAL))
        sem_timedwait(&told, &until);
    write_report(STATUS_RULE_BROKEN, false);
    fflush(NULL);
    _exit(STATUS_RULE_BROKEN);
}

/* Since when the thread is in the same call into the driver; 0: it is in none. The thread writes these
 * words as it goes, on the path of every call. A word that is a moment old does no harm here, because
 * it is read again. So ThreadSanitizer need not know of them. */
__attribute__((no_sanitize_thread)) static uint64_t inside_since(const struct nt_thread *thread,
                                                                 struct seen *before, uint64_t now)
{
    const char *callback = *(const char *const volatile *)&thread->callback;
    uint32_t callbacks = *(const volatile uint32_t *)&thread->callbacks;

    if (!callback || thread->untimed)
        before->since = 0;
    else if (!before->since || before->callbacks != callbacks)
        before->since = now;
    before->callbacks = callbacks;
    return before->since;
}

static void look(uint64_t now)
{
    uint64_t stopping = atomic_load(&stopping_since), since;
    const struct nt_thread *thread;

    for (unsigned i = 0; i < NT_THREADS_MAX && (thread = nt_thread_by_index(i)); i++) {
        since = inside_since(thread, &seen[i], now);
        if (!since)
            continue;
        if (limit && now > since + limit * 1000ull)
            end(thread, limit);
        if (stopping && now > (since > stopping ? since : stopping) + HANG_STOPPING * 1000ull)
            end(thread, HANG_STOPPING);
    }
}

/* LOOK_MS, or until a crash. */
static void wait_a_moment(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    sem_timedwait(&over, &until);
}

static void watch(void *context)
{
    int status;

    (void)context;
    for (;;) {
        wait_a_moment();
        status = atomic_load(&crash_status);
        if (status) {
            write_report(status, true);
            fflush(NULL);
            _exit(status);
        }
        look(now_ms());
    }
}

/* On a thread that cannot go on, perhaps with a lock of the C library. The report may then be impossible. */
static void crashed(int status)
{
    struct timespec pause = {CRASH_REPORT_MOST, 0};
    int none = 0;

    if (!atomic_compare_exchange_strong(&crash_status, &none, status))
        return;
    sem_post(&over);
    nanosleep(&pause, NULL);
}

int hang_watch(unsigned seconds, void (*report)(int status, bool crash))
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    pthread_t thread;
    int failed;

    limit = seconds;
    write_report = report;
    sem_init(&told, 0, 0);
    sem_init(&over, 0, 0);
    sigemptyset(&action.sa_mask);
    sigaction(HANG_SIGNAL, &action, NULL);
    failed = nt_thread_start(&thread, "hang watch", watch, NULL);
    if (failed)
        return failed;
    pthread_detach(thread);
    fault_on_end(crashed);
    return 0;
}
