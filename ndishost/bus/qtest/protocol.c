/* SPDX-License-Identifier: MIT */
/*
 * One thread reads; a command's thread writes and sleeps until its reply has been seen. Commands
 * whose replies are awaited stand in a ring in the order in which they were written.
 */

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "bus/qtest/protocol.h"
#include "bus/thread.h"

/* So few that neither they nor their replies fill a socket: then no write blocks, and QEMU never
 * does. */
#define RING 64

unsigned qtest_patience_ms = 30000; /* QEMU answers in microseconds */

/* One who waits for the last of his replies. On the waiter's stack. */
struct waiter {
    sem_t done;
    unsigned replies; /* that are still to come */
    uint64_t value;   /* of the last one */
    bool ok;
    bool finished;
};

struct qtest {
    int fd;
    const struct qtest_events *events;
    void *context;
    pthread_t thread;

    pthread_mutex_t lock; /* guards the ring, and writing to fd */
    pthread_cond_t room;
    struct waiter *ring[RING]; /* NULL: a reply that nobody waits for */
    unsigned first, count;
    bool dead, closing;

    /* The reading thread's alone. */
    char input[4096];
    size_t input_length;
};

/* Whose reading thread this is: a command from inside an event must read for itself. */
static _Thread_local const struct qtest *reading;

/* --- replies --- */

/* With the lock held. */
static void finish_first(struct qtest *q, bool ok, uint64_t value)
{
    struct waiter *waiter = q->ring[q->first];

    q->first = (q->first + 1) % RING;
    q->count--;
    pthread_cond_broadcast(&q->room);
    if (!waiter)
        return;
    waiter->ok = waiter->ok && ok;
    waiter->value = value;
    if (--waiter->replies == 0) {
        waiter->finished = true;
        sem_post(&waiter->done);
    }
}

static void take_reply(struct qtest *q, const char *line)
{
    bool ok = strncmp(line, "OK", 2) == 0;
    uint64_t value = ok && line[2] == ' ' ? strtoull(line + 3, NULL, 16) : ~0ull;

    pthread_mutex_lock(&q->lock);
    if (q->count)
        finish_first(q, ok, value);
    pthread_mutex_unlock(&q->lock);
}

static void take_line(struct qtest *q, const char *line)
{
    unsigned number;

    if (sscanf(line, "IRQ raise %u", &number) == 1)
        q->events->line(q->context, number, true);
    else if (sscanf(line, "IRQ lower %u", &number) == 1)
        q->events->line(q->context, number, false);
    else
        take_reply(q, line);
}

/* Takes one line out of the input before it is worked on: an event's handler may call this again. */
static bool next_line(struct qtest *q, char line[static 128])
{
    char *end = memchr(q->input, '\n', q->input_length);
    size_t length;

    if (!end)
        return false;
    length = end - q->input;
    snprintf(line, 128, "%.*s", (int)length, q->input);
    q->input_length -= length + 1;
    memmove(q->input, end + 1, q->input_length);
    return true;
}

/* Waits for input and works on it. false: QEMU has hung up. */
static bool pump(struct qtest *q)
{
    char line[128];
    ssize_t got;

    if (next_line(q, line)) {
        take_line(q, line);
        return true;
    }
    if (q->input_length == sizeof q->input)
        return false; /* no line of QEMU's is that long */
    do
        got = recv(q->fd, q->input + q->input_length, sizeof q->input - q->input_length, 0);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    q->input_length += got;
    return true;
}

static void bury(struct qtest *q)
{
    pthread_mutex_lock(&q->lock);
    q->dead = true;
    while (q->count)
        finish_first(q, false, ~0ull);
    pthread_cond_broadcast(&q->room);
    pthread_mutex_unlock(&q->lock);
}

static void *read_replies(void *argument)
{
    struct qtest *q = argument;
    bool closing;

    reading = q;
    while (pump(q))
        ;
    bury(q);
    pthread_mutex_lock(&q->lock);
    closing = q->closing;
    pthread_mutex_unlock(&q->lock);
    if (!closing)
        q->events->hung_up(q->context);
    return NULL;
}

/* --- commands --- */

/* With the lock held. A short write cannot be mended: the stream is then of no more use. */
static void write_text(struct qtest *q, const char *text, size_t length)
{
    ssize_t put;

    do
        put = send(q->fd, text, length, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    if (put != (ssize_t)length)
        shutdown(q->fd, SHUT_RDWR);
}

/* With the lock held, which it lets go in between. */
static void wait_room(struct qtest *q, unsigned replies)
{
    while (!q->dead && q->count + replies > RING) {
        if (reading == q) {
            pthread_mutex_unlock(&q->lock);
            if (!pump(q))
                bury(q);
            pthread_mutex_lock(&q->lock);
        } else {
            pthread_cond_wait(&q->room, &q->lock);
        }
    }
}

static void wait_replies(struct qtest *q, struct waiter *waiter)
{
    struct timespec end;

    if (reading == q) {
        while (!waiter->finished)
            if (!pump(q))
                bury(q);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += qtest_patience_ms % 1000 * 1000000l;
    end.tv_sec += qtest_patience_ms / 1000 + end.tv_nsec / 1000000000l;
    end.tv_nsec %= 1000000000l;
    while (sem_clockwait(&waiter->done, CLOCK_MONOTONIC, &end) < 0)
        if (errno == ETIMEDOUT) {
            /* The reading thread now sees the end and fails everybody, this waiter among them. */
            shutdown(q->fd, SHUT_RDWR);
            while (sem_wait(&waiter->done) < 0)
                ;
            break;
        }
}

/* Sends the lines of `text`, which come to `replies` replies. waiter NULL: does not wait for
 * them. */
static bool exchange(struct qtest *q, struct waiter *waiter, unsigned replies, const char *text,
                     int length)
{
    bool dead;

    if (waiter) {
        *waiter = (struct waiter){.replies = replies, .value = ~0ull, .ok = true};
        sem_init(&waiter->done, 0, 0);
    }
    pthread_mutex_lock(&q->lock);
    wait_room(q, replies);
    dead = q->dead;
    if (!dead) {
        for (unsigned i = 0; i < replies; i++)
            q->ring[(q->first + q->count++) % RING] = waiter;
        write_text(q, text, length);
    }
    pthread_mutex_unlock(&q->lock);
    if (!waiter)
        return !dead;
    if (!dead)
        wait_replies(q, waiter);
    sem_destroy(&waiter->done);
    if (dead || !waiter->ok)
        waiter->value = ~0ull;
    return !dead && waiter->ok;
}

static char suffix(unsigned size)
{
    return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

static uint64_t mask(unsigned size)
{
    return size == 8 ? ~0ull : (1ull << size * 8) - 1;
}

static int read_line(char text[static 64], enum qtest_space space, uint64_t address, unsigned size)
{
    return snprintf(text, 64, "%s%c 0x%llx\n", space == QTEST_IO ? "in" : "read", suffix(size),
                    (unsigned long long)address);
}

static int write_line(char text[static 64], enum qtest_space space, uint64_t address, unsigned size,
                      uint64_t value)
{
    return snprintf(text, 64, "%s%c 0x%llx 0x%llx\n", space == QTEST_IO ? "out" : "write",
                    suffix(size), (unsigned long long)address,
                    (unsigned long long)(value & mask(size)));
}

bool qtest_read(struct qtest *q, enum qtest_space space, uint64_t address, unsigned size,
                uint64_t *value)
{
    struct waiter waiter;
    uint64_t low, high;
    char text[64];
    bool ok;

    if (space == QTEST_IO && size == 8) {
        ok = qtest_read(q, space, address, 4, &low) && qtest_read(q, space, address + 4, 4, &high);
        *value = ok ? low | high << 32 : ~0ull;
        return ok;
    }
    ok = exchange(q, &waiter, 1, text, read_line(text, space, address, size));
    *value = waiter.value & mask(size);
    return ok;
}

bool qtest_write(struct qtest *q, enum qtest_space space, uint64_t address, unsigned size,
                 uint64_t value)
{
    struct waiter waiter;
    char text[64];

    if (space == QTEST_IO && size == 8)
        return qtest_write(q, space, address, 4, value) &&
               qtest_write(q, space, address + 4, 4, value >> 32);
    return exchange(q, &waiter, 1, text, write_line(text, space, address, size, value));
}

void qtest_post(struct qtest *q, enum qtest_space space, uint64_t address, unsigned size,
                uint64_t value)
{
    char text[64];

    if (space == QTEST_IO && size == 8) {
        qtest_post(q, space, address, 4, value);
        qtest_post(q, space, address + 4, 4, value >> 32);
        return;
    }
    exchange(q, NULL, 1, text, write_line(text, space, address, size, value));
}

#define CONFIG_ADDRESS 0xcf8u
#define CONFIG_DATA    0xcfcu

bool qtest_config_read(struct qtest *q, uint32_t address, unsigned offset, unsigned size,
                       uint32_t *value)
{
    struct waiter waiter;
    char text[128];
    int length = write_line(text, QTEST_IO, CONFIG_ADDRESS, 4, address | (offset & 0xfc));
    bool ok;

    length += read_line(text + length, QTEST_IO, CONFIG_DATA + (offset & 3), size);
    ok = exchange(q, &waiter, 2, text, length);
    *value = waiter.value & mask(size);
    return ok;
}

bool qtest_config_write(struct qtest *q, uint32_t address, unsigned offset, unsigned size,
                        uint32_t value)
{
    struct waiter waiter;
    char text[128];
    int length = write_line(text, QTEST_IO, CONFIG_ADDRESS, 4, address | (offset & 0xfc));

    length += write_line(text + length, QTEST_IO, CONFIG_DATA + (offset & 3), size, value);
    return exchange(q, &waiter, 2, text, length);
}

bool qtest_intercept(struct qtest *q, const char *path)
{
    struct waiter waiter;
    char text[128];

    return exchange(q, &waiter, 1, text,
                    snprintf(text, sizeof text, "irq_intercept_in %s\n", path));
}

/* --- open, close --- */

struct qtest *qtest_open(int fd, const struct qtest_events *events, void *context, char *error,
                         size_t error_size)
{
    struct qtest *q = calloc(1, sizeof *q);
    int failed;

    if (!q) {
        snprintf(error, error_size, "out of memory");
        close(fd);
        return NULL;
    }
    q->fd = fd;
    q->events = events;
    q->context = context;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->room, NULL);
    failed = bus_thread_start(&q->thread, "qtest", read_replies, q);
    if (!failed)
        return q;
    snprintf(error, error_size, "cannot start a thread: %s", strerror(failed));
    pthread_cond_destroy(&q->room);
    pthread_mutex_destroy(&q->lock);
    free(q);
    close(fd);
    return NULL;
}

void qtest_close(struct qtest *q)
{
    pthread_mutex_lock(&q->lock);
    q->closing = true;
    pthread_mutex_unlock(&q->lock);
    shutdown(q->fd, SHUT_RDWR);
    pthread_join(q->thread, NULL);
    close(q->fd);
    pthread_cond_destroy(&q->room);
    pthread_mutex_destroy(&q->lock);
    free(q);
}
