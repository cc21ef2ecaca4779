/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "bus/qtest/wire.h"
#include "bus/thread.h"

#define HEAD        4              /* the length */
#define FRAME_BYTES (4096 + 65536) /* QEMU's NET_BUFSIZE: the largest it can send or take */
#define INPUT_BYTES (4 * FRAME_BYTES)

struct wire {
    int fd, down_event; /* the event is readable while the wire is down */
    void (*receive)(void *context, const void *frame, size_t length);
    void *context;
    pthread_t thread;
    atomic_bool up, stopping;
    _Alignas(8) uint64_t out_frames, out_bytes, in_frames, in_bytes;

    pthread_mutex_t send_lock; /* guards the output */
    size_t output_at, output_length;
    unsigned char output[HEAD + FRAME_BYTES]; /* a frame, and how much of it has gone */

    unsigned char input[INPUT_BYTES]; /* the thread's alone */
    size_t input_length;
};

/* --- out of the device --- */

/* Gives away all whole frames in the input. false: a length that no frame has. */
static bool give_frames(struct wire *wire)
{
    size_t at = 0;
    uint32_t length;

    while (wire->input_length - at >= HEAD) {
        memcpy(&length, wire->input + at, HEAD);
        length = ntohl(length);
        if (length > FRAME_BYTES)
            return false;
        if (wire->input_length - at < HEAD + length)
            break;
        __atomic_fetch_add(&wire->out_frames, 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&wire->out_bytes, length, __ATOMIC_RELAXED);
        wire->receive(wire->context, wire->input + at + HEAD, length);
        at += HEAD + length;
    }
    wire->input_length -= at;
    memmove(wire->input, wire->input + at, wire->input_length);
    return true;
}

static void *read_frames(void *argument)
{
    struct wire *wire = argument;
    ssize_t got;

    do {
        got = recv(wire->fd, wire->input + wire->input_length,
                   sizeof wire->input - wire->input_length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || atomic_load(&wire->stopping))
            break;
        wire->input_length += got;
    } while (give_frames(wire));
    /* Senders find out by themselves. */
    shutdown(wire->fd, SHUT_RDWR);
    return NULL;
}

/* --- towards the device --- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Of now_ms(). */
#define NEVER INT64_MAX

/* With send_lock. Waits until the socket takes more. 0; 1: the time is up; -1: down, or gone. */
static int wait_writable(struct wire *wire, int64_t until)
{
    struct pollfd wait[2] = {{.fd = wire->fd, .events = POLLOUT},
                             {.fd = wire->down_event, .events = POLLIN}};
    int64_t left;
    int ready;

    do {
        left = until == NEVER ? -1 : until - now_ms();
        ready = poll(wait, 2, until != NEVER && left < 0 ? 0 : (int)left);
    } while (ready < 0);
    if (!ready)
        return 1;
    return wait[1].revents || wait[0].revents & (POLLERR | POLLHUP) ? -1 : 0;
}

/* With send_lock. Sends what is left of the output. 0, or as wait_writable. */
static int flush(struct wire *wire, int64_t until)
{
    int failed;

    while (wire->output_at < wire->output_length) {
        ssize_t put = send(wire->fd, wire->output + wire->output_at,
                           wire->output_length - wire->output_at, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (put > 0)
            wire->output_at += put;
        else if (errno == EAGAIN && (failed = wait_writable(wire, until)))
            return failed;
        else if (errno != EAGAIN && errno != EINTR)
            return -1;
    }
    return 0;
}

/* With send_lock. A frame that has begun to go must go on, or the stream is out of step for good:
 * it stays in the output, and what is left of it goes before the next one. */
static int send_frame(struct wire *wire, const void *frame, size_t length, int64_t until)
{
    uint32_t head = htonl((uint32_t)length);
    int failed;

    if (!atomic_load(&wire->up))
        return -1;
    failed = flush(wire, until);
    if (failed)
        return failed;
    memcpy(wire->output, &head, HEAD);
    memcpy(wire->output + HEAD, frame, length);
    wire->output_at = 0;
    wire->output_length = HEAD + length;
    failed = flush(wire, until);
    if (failed && wire->output_at == 0) {
        wire->output_length = 0;
        return failed;
    }
    __atomic_fetch_add(&wire->in_frames, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&wire->in_bytes, length, __ATOMIC_RELAXED);
    return 0;
}

/* 0, or 1: another sender has it until then. */
static int lock_until(struct wire *wire, int64_t until)
{
    struct timespec time = {until / 1000, until % 1000 * 1000000};

    if (until == NEVER)
        return pthread_mutex_lock(&wire->send_lock);
    return pthread_mutex_clocklock(&wire->send_lock, CLOCK_MONOTONIC, &time) != 0;
}

int wire_send(struct wire *wire, const void *frame, size_t length, int milliseconds)
{
    int64_t until = milliseconds < 0 ? NEVER : now_ms() + milliseconds;
    int result;

    if (length > FRAME_BYTES)
        return -1;
    if (lock_until(wire, until))
        return 1;
    result = send_frame(wire, frame, length, until);
    pthread_mutex_unlock(&wire->send_lock);
    return result;
}

void wire_set_up(struct wire *wire, bool up)
{
    eventfd_t was;

    if (atomic_load(&wire->stopping))
        return;
    atomic_store(&wire->up, up);
    if (up)
        eventfd_read(wire->down_event, &was);
    else
        eventfd_write(wire->down_event, 1);
}

void wire_count(struct wire *wire, struct wire_counters *counters)
{
    counters->out_frames = __atomic_load_n(&wire->out_frames, __ATOMIC_RELAXED);
    counters->out_bytes = __atomic_load_n(&wire->out_bytes, __ATOMIC_RELAXED);
    counters->in_frames = __atomic_load_n(&wire->in_frames, __ATOMIC_RELAXED);
    counters->in_bytes = __atomic_load_n(&wire->in_bytes, __ATOMIC_RELAXED);
}

/* --- open, close --- */

struct wire *wire_open(int fd, void (*receive)(void *context, const void *frame, size_t length),
                       void *context, char *error, size_t error_size)
{
    struct wire *wire = calloc(1, sizeof *wire);
    int failed = ENOMEM;

    if (wire) {
        wire->fd = fd;
        wire->receive = receive;
        wire->context = context;
        pthread_mutex_init(&wire->send_lock, NULL);
        wire->down_event = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
        failed = wire->down_event < 0 ? errno
                                      : bus_thread_start(&wire->thread, "wire", read_frames, wire);
        if (!failed)
            return wire;
        if (wire->down_event >= 0)
            close(wire->down_event);
        pthread_mutex_destroy(&wire->send_lock);
        free(wire);
    }
    close(fd);
    snprintf(error, error_size, "cannot create the socket of the wire: %s", strerror(failed));
    return NULL;
}

void wire_stop(struct wire *wire)
{
    if (atomic_load(&wire->stopping))
        return;
    wire_set_up(wire, false);
    atomic_store(&wire->stopping, true);
    shutdown(wire->fd, SHUT_RDWR);
    pthread_join(wire->thread, NULL);
    pthread_mutex_lock(&wire->send_lock); /* the last sender is out */
    pthread_mutex_unlock(&wire->send_lock);
}

void wire_close(struct wire *wire)
{
    wire_stop(wire);
    close(wire->fd);
    close(wire->down_event);
    pthread_mutex_destroy(&wire->send_lock);
    free(wire);
}
