/* SPDX-License-Identifier: MIT */
/* Threads that take turns, on a clock that is counted; see scheduler.h. */
#include "scheduler.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX   64
#define NEVER         UINT64_MAX
#define SECOND        1000000000ull
#define START         (1000 * SECOND) /* no driver has to meet a time of 0 */
#define READING_COSTS 100             /* ns that a look at the clock takes */
#define TURN_COSTS    1000            /* ns of a thread that looks again whether it may go on */

enum state { UNUSED, READY, WAITING, ENDED };

struct thread {
    enum state state;
    pthread_t id;
    pthread_cond_t go;
    const void *on;    /* what it waits for: a condition variable, or a thread's record */
    uint64_t deadline; /* of a wait */
    uint64_t since;    /* the order of those who wait for one condition */
    bool timed_out;
    void *(*run)(void *);
    void *argument;
};

static struct thread threads[THREADS_MAX];
static __thread struct thread *self;
static struct thread *current;
static bool active, begun; /* until it has begun, the host notes when its clock starts */
static uint64_t now = START, waits, chance;
static unsigned gives_way, looks; /* looks: turns since anything happened but looking again */

/* The C library's own; the linker names them. */
#define REAL(name) __real_##name
int REAL(pthread_mutex_lock)(pthread_mutex_t *);
int REAL(pthread_cond_wait)(pthread_cond_t *, pthread_mutex_t *);
int REAL(pthread_cond_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
int REAL(pthread_cond_signal)(pthread_cond_t *);
int REAL(pthread_cond_broadcast)(pthread_cond_t *);
int REAL(pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int REAL(pthread_join)(pthread_t, void **);
int REAL(clock_gettime)(clockid_t, struct timespec *);
int REAL(nanosleep)(const struct timespec *, struct timespec *);
int REAL(clock_nanosleep)(clockid_t, int, const struct timespec *, struct timespec *);
int REAL(usleep)(useconds_t);
int REAL(sched_yield)(void);
long REAL(syscall)(long, ...);

static pthread_mutex_t baton = PTHREAD_MUTEX_INITIALIZER; /* guards all of this file's state */

static bool ours(void)
{
    return active && self;
}

/* ---- Turns ---- */

static void stuck(void)
{
    fprintf(stderr, "fuzz: every thread waits, and nothing will wake one: a deadlock\n");
    abort();
}

static void wake(struct thread *thread, bool timed_out)
{
    thread->timed_out = timed_out;
    thread->state = READY;
    looks = 0;
}

/* The clock goes to the first deadline. false: nobody waits for one. */
static bool pass_time(void)
{
    struct thread *first = NULL;

    for (struct thread *t = threads; t < threads + THREADS_MAX; t++)
        if (t->state == WAITING && t->deadline != NEVER &&
            (!first || t->deadline < first->deadline))
            first = t;
    if (!first)
        return false;
    if (now < first->deadline)
        now = first->deadline;
    wake(first, true);
    return true;
}

/* Those whose time has come while others ran. */
static void wake_due(void)
{
    for (struct thread *t = threads; t < threads + THREADS_MAX; t++)
        if (t->state == WAITING && t->deadline <= now)
            wake(t, true);
}

static struct thread *next_ready(void)
{
    size_t from = (size_t)(self - threads);

    for (size_t i = 1; i <= THREADS_MAX; i++) {
        struct thread *t = &threads[(from + i) % THREADS_MAX];

        if (t->state == READY)
            return t;
    }
    return NULL;
}

static void hand_over(void)
{
    struct thread *next;

    wake_due();
    while (!(next = next_ready()))
        if (!pass_time())
            stuck();
    current = next;
    if (next != self)
        REAL(pthread_cond_signal)(&next->go);
}

/* The others, each in its turn; ends when it is this thread's. */
static void give_way(void)
{
    REAL(pthread_mutex_lock)(&baton);
    hand_over();
    while (current != self)
        REAL(pthread_cond_wait)(&self->go, &baton);
    pthread_mutex_unlock(&baton);
}

/* This thread can do nothing until another one has done something. When all of them say so, time passes. */
static void look_again(void)
{
    now += TURN_COSTS;
    if (++looks > 2 * THREADS_MAX) {
        looks = 0;
        pass_time();
    }
    give_way();
}

/* true: the deadline has come. */
static bool wait_for(const void *on, uint64_t deadline)
{
    self->on = on;
    self->deadline = deadline;
    self->since = ++waits;
    self->timed_out = false;
    self->state = WAITING;
    give_way();
    return self->timed_out;
}

static void maybe_give_way(void)
{
    if (!gives_way)
        return;
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    if (chance % gives_way == 0)
        give_way();
}

/* ---- Threads ---- */

static struct thread *thread_new(void)
{
    for (struct thread *t = threads; t < threads + THREADS_MAX; t++)
        if (t->state == UNUSED) {
            *t = (struct thread){.state = READY};
            pthread_cond_init(&t->go, NULL);
            return t;
        }
    fprintf(stderr, "fuzz: more than %d threads at a time\n", THREADS_MAX);
    abort();
}

static void wake_all(const void *on)
{
    for (struct thread *t = threads; t < threads + THREADS_MAX; t++)
        if (t->state == WAITING && t->on == on)
            wake(t, false);
}

static void *thread_main(void *argument)
{
    void *result;

    self = argument;
    REAL(pthread_mutex_lock)(&baton);
    while (current != self)
        REAL(pthread_cond_wait)(&self->go, &baton);
    pthread_mutex_unlock(&baton);
    result = self->run(self->argument);
    REAL(pthread_mutex_lock)(&baton);
    self->state = ENDED;
    wake_all(self);
    hand_over();
    self = NULL; /* what the C library still does on this thread is nobody's turn */
    pthread_mutex_unlock(&baton);
    return result;
}

void scheduler_begin(uint64_t seed, unsigned patience)
{
    if (!self)
        self = thread_new();
    chance = seed * 2 + 1;
    gives_way = patience;
    looks = 0;
    current = self;
    active = begun = true;
}

void scheduler_end(void)
{
    active = false;
}

/* ---- In place of the C library's ---- */

#define WRAP(name) __wrap_##name

int WRAP(pthread_create)(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *),
                         void *argument);
int WRAP(pthread_create)(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *),
                         void *argument)
{
    struct thread *thread;
    int failed;

    if (!ours())
        return REAL(pthread_create)(id, attributes, run, argument);
    thread = thread_new();
    thread->run = run;
    thread->argument = argument;
    failed = REAL(pthread_create)(&thread->id, attributes, thread_main, thread);
    *id = thread->id;
    if (failed)
        thread->state = UNUSED;
    return failed;
}

int WRAP(pthread_join)(pthread_t id, void **result);
int WRAP(pthread_join)(pthread_t id, void **result)
{
    struct thread *thread = threads;
    int failed;

    if (!ours())
        return REAL(pthread_join)(id, result);
    while (thread < threads + THREADS_MAX &&
           (thread->state == UNUSED || !pthread_equal(thread->id, id)))
        thread++;
    if (thread == threads + THREADS_MAX)
        return REAL(pthread_join)(id, result);
    while (thread->state != ENDED)
        wait_for(thread, NEVER);
    failed = REAL(pthread_join)(id, result);
    thread->state = UNUSED;
    return failed;
}

int WRAP(pthread_mutex_lock)(pthread_mutex_t *mutex);
int WRAP(pthread_mutex_lock)(pthread_mutex_t *mutex)
{
    int failed;

    if (!ours())
        return REAL(pthread_mutex_lock)(mutex);
    maybe_give_way();
    while ((failed = pthread_mutex_trylock(mutex)) == EBUSY)
        look_again();
    return failed;
}

static uint64_t nanoseconds(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * SECOND + (uint64_t)time->tv_nsec;
}

static bool cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline)
{
    bool timed_out;

    pthread_mutex_unlock(mutex);
    timed_out = wait_for(cond, deadline);
    WRAP(pthread_mutex_lock)(mutex);
    return timed_out;
}

int WRAP(pthread_cond_wait)(pthread_cond_t *cond, pthread_mutex_t *mutex);
int WRAP(pthread_cond_wait)(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    if (!ours())
        return REAL(pthread_cond_wait)(cond, mutex);
    cond_wait(cond, mutex, NEVER);
    return 0;
}

int WRAP(pthread_cond_timedwait)(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                 const struct timespec *until);
int WRAP(pthread_cond_timedwait)(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                 const struct timespec *until)
{
    if (!ours())
        return REAL(pthread_cond_timedwait)(cond, mutex, until);
    return cond_wait(cond, mutex, nanoseconds(until)) ? ETIMEDOUT : 0;
}

int WRAP(pthread_cond_broadcast)(pthread_cond_t *cond);
int WRAP(pthread_cond_broadcast)(pthread_cond_t *cond)
{
    if (!ours())
        return REAL(pthread_cond_broadcast)(cond);
    wake_all(cond);
    return 0;
}

int WRAP(pthread_cond_signal)(pthread_cond_t *cond);
int WRAP(pthread_cond_signal)(pthread_cond_t *cond)
{
    struct thread *first = NULL;

    if (!ours())
        return REAL(pthread_cond_signal)(cond);
    for (struct thread *t = threads; t < threads + THREADS_MAX; t++)
        if (t->state == WAITING && t->on == cond && (!first || t->since < first->since))
            first = t;
    if (first)
        wake(first, false);
    return 0;
}

int WRAP(clock_gettime)(clockid_t clock, struct timespec *time);
int WRAP(clock_gettime)(clockid_t clock, struct timespec *time)
{
    if (begun && !ours())
        return REAL(clock_gettime)(clock, time);
    if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME) {
        *time = (struct timespec){0, 0}; /* a thread's own time: none passes */
        return 0;
    }
    now += READING_COSTS;
    *time = (struct timespec){(time_t)(now / SECOND), (long)(now % SECOND)};
    return 0;
}

int WRAP(clock_nanosleep)(clockid_t clock, int flags, const struct timespec *time,
                          struct timespec *left);
int WRAP(clock_nanosleep)(clockid_t clock, int flags, const struct timespec *time,
                          struct timespec *left)
{
    if (!ours())
        return REAL(clock_nanosleep)(clock, flags, time, left);
    wait_for(NULL, nanoseconds(time) + (flags & TIMER_ABSTIME ? 0 : now));
    return 0;
}

int WRAP(nanosleep)(const struct timespec *time, struct timespec *left);
int WRAP(nanosleep)(const struct timespec *time, struct timespec *left)
{
    if (!ours())
        return REAL(nanosleep)(time, left);
    wait_for(NULL, nanoseconds(time) + now);
    return 0;
}

int WRAP(usleep)(useconds_t microseconds);
int WRAP(usleep)(useconds_t microseconds)
{
    if (!ours())
        return REAL(usleep)(microseconds);
    wait_for(NULL, now + (uint64_t)microseconds * 1000);
    return 0;
}

int WRAP(sched_yield)(void);
int WRAP(sched_yield)(void)
{
    if (!ours())
        return REAL(sched_yield)();
    look_again();
    return 0;
}

/* Who waits at a futex looks again in its turn; nobody promises the deadline of such a wait. */
long WRAP(syscall)(long number, long a, long b, long c, long d, long e, long f);
long WRAP(syscall)(long number, long a, long b, long c, long d, long e, long f)
{
    if (!ours() || number != SYS_futex)
        return REAL(syscall)(number, a, b, c, d, e, f);
    if ((b & FUTEX_CMD_MASK) == FUTEX_WAIT)
        look_again();
    else
        looks = 0;
    return 0;
}

/* The driver's spin locks: a place where another processor may come first. */
unsigned REAL(nt_lock_acquire)(volatile void *lock, int way, const void *caller);
unsigned WRAP(nt_lock_acquire)(volatile void *lock, int way, const void *caller);
unsigned WRAP(nt_lock_acquire)(volatile void *lock, int way, const void *caller)
{
    if (ours())
        maybe_give_way();
    return REAL(nt_lock_acquire)(lock, way, caller);
}
