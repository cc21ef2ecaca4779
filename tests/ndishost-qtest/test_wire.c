/* SPDX-License-Identifier: MIT */
/* The wire by itself: a socket pair, the test at QEMU's end. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus/qtest/wire.h"

#define LARGEST 69632

static struct wire *wire;
static int qemu; /* QEMU's end */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned count;
    size_t length[4096];
    uint32_t sum[4096];
} got = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static uint32_t sum_of(const unsigned char *data, size_t length)
{
    uint32_t sum = 5381;

    while (length--)
        sum = sum * 33 + *data++;
    return sum;
}

static void on_frame(void *context, const void *frame, size_t length)
{
    assert_ptr_equal(context, &got);
    pthread_mutex_lock(&got.lock);
    got.length[got.count] = length;
    got.sum[got.count++] = sum_of(frame, length);
    pthread_cond_broadcast(&got.changed);
    pthread_mutex_unlock(&got.lock);
}

static void wait_count(unsigned count)
{
    pthread_mutex_lock(&got.lock);
    while (got.count < count)
        pthread_cond_wait(&got.changed, &got.lock);
    pthread_mutex_unlock(&got.lock);
}

static int setup(void **state)
{
    int ends[2], small = 16384;
    char error[128];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    got.count = 0;
    qemu = ends[1];
    wire = wire_open(ends[0], on_frame, &got, error, sizeof error);
    assert_non_null(wire);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wire_close(wire);
    close(qemu);
    return 0;
}

static unsigned char *random_bytes(size_t length)
{
    unsigned char *data = malloc(length + 1);

    for (size_t i = 0; i < length; i++)
        data[i] = (unsigned char)rand();
    return data;
}

/* Frames of any length, cut into pieces anywhere, come out whole. */
static void frames_out_of_pieces(void **state)
{
    unsigned seed = (unsigned)strtoul(getenv("SEED") ? getenv("SEED") : "1", NULL, 10);
    static unsigned char stream[1 << 20];
    static uint32_t sum[4096];
    static size_t length[4096];
    unsigned count = 0;
    size_t end = 0, at = 0;
    struct wire_counters counters;

    (void)state;
    printf("# seed %u\n", seed);
    srand(seed);
    while (end < sizeof stream - LARGEST - 4 && count < 4096) {
        int kind = rand() % 20;
        size_t n = kind == 0 ? LARGEST : kind == 1 ? 0 : (size_t)rand() % (kind < 6 ? 1514 : 80);
        uint32_t head = htonl((uint32_t)n);
        unsigned char *data = random_bytes(n);

        memcpy(stream + end, &head, 4);
        memcpy(stream + end + 4, data, n);
        end += n + 4;
        length[count] = n;
        sum[count++] = sum_of(data, n);
        free(data);
    }
    while (at < end) {
        size_t piece = 1 + (size_t)rand() % (rand() % 3 ? 7 : 5000);

        if (piece > end - at)
            piece = end - at;
        assert_int_equal(send(qemu, stream + at, piece, 0), piece);
        at += piece;
    }
    wait_count(count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(got.length[i], length[i]);
        assert_int_equal(got.sum[i], sum[i]);
    }
    wire_count(wire, &counters);
    assert_int_equal(counters.out_frames, count);
    assert_int_equal(counters.out_bytes, end - 4 * count);
}

/* A length that QEMU never sends: the stream is of no use any more, and nobody waits for it. */
static void length_that_cannot_be(void **state)
{
    static const unsigned char bad[] = {0, 1, 0x10, 1, 0, 0};
    char byte;

    (void)state;
    wire_set_up(wire, true);
    assert_int_equal(send(qemu, bad, sizeof bad, 0), sizeof bad);
    assert_int_equal(recv(qemu, &byte, 1, 0), 0);
    assert_int_equal(got.count, 0);
    assert_int_equal(wire_send(wire, "x", 1, -1), -1);
}

static void take(void *data, size_t length)
{
    if (length)
        assert_int_equal(recv(qemu, data, length, MSG_WAITALL), length);
}

static void expect_frame(const unsigned char *frame, size_t length)
{
    static unsigned char data[LARGEST];
    uint32_t head;

    take(&head, 4);
    assert_int_equal(ntohl(head), length);
    take(data, length);
    assert_memory_equal(data, frame, length);
}

static void frames_in(void **state)
{
    unsigned char *frame = random_bytes(LARGEST);

    (void)state;
    assert_int_equal(wire_send(wire, frame, 60, -1), -1); /* down at first */
    wire_set_up(wire, true);
    assert_int_equal(wire_send(wire, frame, LARGEST + 1, -1), -1);
    for (size_t length = 0; length <= 1518; length += 69) {
        assert_int_equal(wire_send(wire, frame, length, -1), 0);
        expect_frame(frame, length);
    }
    wire_set_up(wire, false);
    assert_int_equal(wire_send(wire, frame, 60, -1), -1);
    free(frame);
}

static void *send_one(void *argument)
{
    return (void *)(intptr_t)(wire_send(wire, argument, LARGEST, -1) + 100);
}

/* The cable is cut while half a frame has gone: the frame counts as sent; when the cable is mended,
 * the rest of it comes first, and the next frame is whole. */
static void cut_in_the_middle_of_a_frame(void **state)
{
    unsigned char *frame = random_bytes(LARGEST);
    pthread_t thread;
    void *result;

    (void)state;
    wire_set_up(wire, true);
    assert_int_equal(pthread_create(&thread, NULL, send_one, frame), 0);
    usleep(50000); /* it now stands in the middle: the socket takes less than a frame */
    wire_set_up(wire, false);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, 100);
    assert_int_equal(wire_send(wire, "not now", 7, -1), -1);
    wire_set_up(wire, true);
    assert_int_equal(pthread_create(&thread, NULL, send_one, frame), 0);
    expect_frame(frame, LARGEST);
    expect_frame(frame, LARGEST);
    pthread_join(thread, &result);
    assert_int_equal((intptr_t)result, 100);
    free(frame);
}

/* A sender without room returns when the wire stops, and when QEMU hangs up. */
static void stopped_under_sender(void **state)
{
    unsigned char *frame = random_bytes(LARGEST);
    pthread_t thread;

    (void)state;
    wire_set_up(wire, true);
    assert_int_equal(pthread_create(&thread, NULL, send_one, frame), 0);
    usleep(50000);
    wire_stop(wire);
    pthread_join(thread, NULL);
    assert_int_equal(wire_send(wire, frame, 60, -1), -1);
    free(frame);
}

static void hung_up_under_sender(void **state)
{
    unsigned char *frame = random_bytes(LARGEST);
    pthread_t thread;

    (void)state;
    wire_set_up(wire, true);
    assert_int_equal(pthread_create(&thread, NULL, send_one, frame), 0);
    usleep(50000);
    shutdown(qemu, SHUT_RDWR);
    pthread_join(thread, NULL);
    assert_int_equal(wire_send(wire, frame, 60, -1), -1);
    free(frame);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frames_out_of_pieces),         TEST(length_that_cannot_be), TEST(frames_in),
        TEST(cut_in_the_middle_of_a_frame), TEST(stopped_under_sender),  TEST(hung_up_under_sender),
    };

    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
