/* SPDX-License-Identifier: MIT */
/*
 * test_virtqueue_threads.c: driver and device on two processors at once, each asleep whenever it
 * has nothing to do, each suppressing the other's signals while it is awake. What is shown: every
 * buffer crosses once with its content, and no wake-up is lost. A lost one is a wait that never
 * ends, seen by a time-out.
 *
 * ThreadSanitizer is of no use here: the ring is shared by volatile accesses and barriers, as
 * memory between a driver and a device is, and those it takes for races.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ring.h"

#define WAIT_SECONDS  10
#define PAYLOAD_WORDS 8

/* Sent by the driver, checked by the device, answered in the second piece. */
struct message {
    uint64_t request[PAYLOAD_WORDS];
    uint64_t answer[PAYLOAD_WORDS];
    struct virtq_desc *table;
    uint64_t number; /* 0: free */
};

struct bench {
    struct ring *ring;
    uint32_t count; /* messages in all */
    uint32_t size;
    int indirect;
    uint64_t seed;
    sem_t doorbell;  /* the driver's notification */
    sem_t interrupt; /* the device's */
    atomic_int stop;
    uint64_t notifications, interrupts, device_sleeps, driver_sleeps;
    char error[256]; /* of the device's thread */
};

static uint64_t content(uint64_t number, unsigned word)
{
    return number * 0x9E3779B97F4A7C15u + word;
}

/* False: nobody signalled for WAIT_SECONDS. */
static int wait_for(sem_t *semaphore)
{
    struct timespec until;
    int status;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_SECONDS;
    do {
        status = sem_timedwait(semaphore, &until);
    } while (status != 0 && errno == EINTR);
    return status == 0;
}

/* Uses one buffer as the device: checks what it reads, writes what is derived from it. */
static void device_serve(struct bench *b, const struct ref_chain *chain)
{
    volatile uint64_t *request = (volatile uint64_t *)(uintptr_t)chain->pieces[0].addr;
    volatile uint64_t *answer = (volatile uint64_t *)(uintptr_t)chain->pieces[1].addr;
    uint64_t number = request[0] * 0xF1DE83E19937733Du; /* the multiplier's inverse */
    unsigned i;

    for (i = 0; i < PAYLOAD_WORDS; i++) {
        if (request[i] != content(number, i)) {
            snprintf(b->error, sizeof(b->error), "the device read a torn message (%llu)",
                     (unsigned long long)number);
        }
        answer[i] = ~request[i];
    }
    ref_device_push(&b->ring->device, chain->head, sizeof(uint64_t) * PAYLOAD_WORDS);
}

static void device_flush(struct bench *b)
{
    if (ref_device_flush(&b->ring->device)) {
        b->interrupts++;
        sem_post(&b->interrupt);
    }
}

static void *device_thread(void *argument)
{
    struct bench *b = argument;
    uint64_t seed = b->seed ^ 0xDE;
    struct ref_chain chain;

    while (!atomic_load(&b->stop)) {
        ref_device_no_notify(&b->ring->device, true);
        do {
            while (ref_device_pop(&b->ring->device, &chain)) {
                if (b->ring->device.error[0] != '\0' || chain.count != 2) {
                    snprintf(b->error, sizeof(b->error), "the device saw a bad chain: %s",
                             b->ring->device.error);
                    return NULL;
                }
                device_serve(b, &chain);
                if (random_below(&seed, 3) == 0) {
                    device_flush(b);
                }
            }
            device_flush(b);
        } while (!ref_device_no_notify(&b->ring->device, false));
        b->device_sleeps++;
        if (!wait_for(&b->doorbell)) {
            snprintf(b->error, sizeof(b->error), "the device was not notified for %d s",
                     WAIT_SECONDS);
            return NULL;
        }
    }
    return NULL;
}

static int driver_send(struct bench *b, struct message *message, uint64_t number)
{
    struct virtq_indirect indirect = ring_table(message->table, 2);
    struct virtq_sg sg[2];
    unsigned i;

    sg[0].addr = (uintptr_t)message->request;
    sg[0].len = sizeof(message->request);
    sg[1].addr = (uintptr_t)message->answer;
    sg[1].len = sizeof(message->answer);
    for (i = 0; i < PAYLOAD_WORDS; i++) {
        message->request[i] = content(number, i);
        message->answer[i] = 0;
    }
    message->number = number;
    return virtq_add(&b->ring->vq, sg, 1, 1, b->indirect ? &indirect : NULL, message);
}

/* Takes back what the device has used; the number of messages, or -1 after a failure. */
static int driver_receive(struct bench *b, struct message **free_list, uint32_t *free_count)
{
    int received = 0;
    void *cookie;
    uint32_t len;
    int status;

    while ((status = virtq_get(&b->ring->vq, &cookie, &len)) == VIRTQ_OK) {
        struct message *message = cookie;
        unsigned i;

        if (len != sizeof(message->answer) || message->number == 0) {
            return -1;
        }
        for (i = 0; i < PAYLOAD_WORDS; i++) {
            if (message->answer[i] != ~content(message->number, i)) {
                return -1;
            }
        }
        message->number = 0;
        free_list[(*free_count)++] = message;
        received++;
    }
    return status == VIRTQ_EMPTY ? received : -1;
}

/* Sends as much as there is room for, in batches. */
static uint64_t driver_fill(struct bench *b, uint64_t *seed, uint64_t next,
                            struct message **free_list, uint32_t *free_count)
{
    uint32_t batch = 1 + random_below(seed, b->size);

    while (next <= b->count && *free_count != 0) {
        if (driver_send(b, free_list[*free_count - 1], next) != VIRTQ_OK) {
            break;
        }
        --*free_count;
        next++;
        if (--batch == 0) {
            break;
        }
    }
    if (virtq_publish(&b->ring->vq)) {
        b->notifications++;
        sem_post(&b->doorbell);
        virtq_notified(&b->ring->vq);
    }
    return next;
}

static const char *driver_run(struct bench *b, struct message *messages)
{
    static struct message *free_list[512];
    uint64_t seed = b->seed, next = 1, received = 0;
    uint32_t free_count = 0;
    int got;

    for (free_count = 0; free_count < b->size; free_count++) {
        free_list[free_count] = &messages[free_count];
    }
    while (received < b->count) {
        virtq_disable_interrupts(&b->ring->vq);
        do {
            next = driver_fill(b, &seed, next, free_list, &free_count);
            got = driver_receive(b, free_list, &free_count);
            if (got < 0) {
                return "the driver got a wrong answer, or the virtqueue broke";
            }
            received += (uint64_t)got;
        } while (got != 0 || !virtq_enable_interrupts(&b->ring->vq));
        if (received < b->count) {
            b->driver_sleeps++;
            if (!wait_for(&b->interrupt)) {
                return "the driver waited in vain for an interrupt";
            }
        }
    }
    return virtq_outstanding(&b->ring->vq) == 0 ? NULL : "something stayed out";
}

static void run_threads(uint16_t size, uint32_t count, int indirect, int event_idx)
{
    static _Alignas(16) struct virtq_desc tables[512][2];
    static struct message messages[512];
    struct bench bench = {.ring = ring_new(size), .count = count, .size = size};
    const char *error;
    pthread_t thread;
    uint32_t i;

    assert_true(size <= 512);
    bench.indirect = indirect;
    if (event_idx) {
        ring_event_idx(bench.ring);
    }
    bench.seed = test_seed() ^ size;
    for (i = 0; i < size; i++) {
        messages[i].table = tables[i];
        messages[i].number = 0;
    }
    sem_init(&bench.doorbell, 0, 0);
    sem_init(&bench.interrupt, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, device_thread, &bench), 0);
    error = driver_run(&bench, messages);
    atomic_store(&bench.stop, 1);
    sem_post(&bench.doorbell);
    pthread_join(thread, NULL);

    printf("# size %u: %u messages, %llu notifications, %llu interrupts, sleeps: device %llu, "
           "driver %llu\n",
           size, count, (unsigned long long)bench.notifications,
           (unsigned long long)bench.interrupts, (unsigned long long)bench.device_sleeps,
           (unsigned long long)bench.driver_sleeps);
    assert_string_equal(bench.error, "");
    if (error != NULL) {
        fail_msg("%s", error);
    }
    /* both sides have slept and been woken, or nothing was shown */
    assert_true(bench.device_sleeps > 10 && bench.driver_sleeps > 10);
    ring_free(bench.ring);
}

static void two_processors_size_2(void **state)
{
    (void)state;
    run_threads(2, 40000, 0, 0);
}

static void two_processors_size_16(void **state)
{
    (void)state;
    run_threads(16, 80000, 0, 0);
}

static void two_processors_size_256(void **state)
{
    (void)state;
    run_threads(256, 150000, 0, 0);
}

static void two_processors_indirect(void **state)
{
    (void)state;
    run_threads(64, 100000, 1, 0);
}

static void two_processors_event_idx(void **state)
{
    (void)state;
    run_threads(2, 40000, 0, 1);
    run_threads(256, 150000, 0, 1);
}

/*
 * 2.7.13.4.1, at close quarters: the device goes to sleep in the very moment in which the driver
 * publishes. Nobody really sleeps here, so that the moments meet often: the device waits for the
 * doorbell to move, and when something is available and it does not move, a notification was lost.
 */
struct duel {
    struct ring *ring;
    atomic_uint doorbell;
    atomic_int stop;
    atomic_int lost;
    uint64_t naps;
};

/* One turn of a wait for the other side, which may be waiting for this very processor. */
static void duel_spin(unsigned *turns)
{
    if (++*turns % 1024 == 0) {
        sched_yield();
    }
}

static void *duel_device(void *argument)
{
    struct duel *d = argument;
    unsigned answered = 0, turns = 0;
    struct ref_chain chain;

    while (!atomic_load(&d->stop)) {
        time_t limit = 0;

        ref_device_no_notify(&d->ring->device, true);
        do {
            while (ref_device_pop(&d->ring->device, &chain)) {
                ref_device_push(&d->ring->device, chain.head, 0);
                ref_device_flush(&d->ring->device);
            }
        } while (!ref_device_no_notify(&d->ring->device, false));
        d->naps++;
        while (atomic_load(&d->doorbell) == answered && !atomic_load(&d->stop)) {
            duel_spin(&turns);
            if (d->ring->avail->idx != d->ring->device.last_avail_idx) {
                limit = limit == 0 ? time(NULL) + WAIT_SECONDS : limit;
                if (time(NULL) > limit) {
                    atomic_store(&d->lost, 1);
                    return NULL;
                }
            }
        }
        answered = atomic_load(&d->doorbell);
    }
    return NULL;
}

static void notification_duel(bool event_idx)
{
    struct duel duel = {.ring = ring_new(4)};
    uint64_t seed = test_seed(), round;
    time_t end = time(NULL) + 2;
    pthread_t thread;
    int status = VIRTQ_OK;
    unsigned turns = 0;

    if (event_idx) {
        ring_event_idx(duel.ring);
    }
    assert_int_equal(pthread_create(&thread, NULL, duel_device, &duel), 0);
    for (round = 1; status == VIRTQ_OK && !atomic_load(&duel.lost); round++) {
        volatile uint32_t pause = random_below(&seed, 100);
        uintptr_t token;
        uint32_t len;

        if (round % 1024 == 0 && time(NULL) >= end) {
            break;
        }
        while (pause != 0) {
            pause--;
        }
        status = ring_add(duel.ring, 1 + (uintptr_t)round % 1000, 64, 0);
        if (virtq_publish(&duel.ring->vq)) {
            atomic_fetch_add(&duel.doorbell, 1);
        }
        while (status == VIRTQ_OK && !atomic_load(&duel.lost) &&
               (status = ring_get(duel.ring, &token, &len)) == VIRTQ_EMPTY) {
            status = VIRTQ_OK;
            duel_spin(&turns);
        }
    }
    atomic_store(&duel.stop, 1);
    pthread_join(thread, NULL);
    printf("# %llu rounds, %llu naps of the device\n", (unsigned long long)round,
           (unsigned long long)duel.naps);
    assert_false(duel.lost);
    assert_int_equal(status, VIRTQ_OK);
    assert_true(duel.naps > 1000);
    ring_free(duel.ring);
}

static void no_notification_is_lost(void **state)
{
    (void)state;
    notification_duel(false);
}

static void no_notification_is_lost_event_idx(void **state)
{
    (void)state;
    notification_duel(true);
}

/*
 * 2.7.7.1, the other way round: the driver enables interrupts in the very moment in which the device
 * uses a buffer. The interrupt moves the count here.
 */
static void *duel_slow_device(void *argument)
{
    struct duel *d = argument;
    uint64_t seed = test_seed() ^ 1;
    struct ref_chain chain;
    unsigned turns = 0;

    while (!atomic_load(&d->stop)) {
        volatile uint32_t pause = random_below(&seed, 100);

        if (!ref_device_pop(&d->ring->device, &chain)) {
            duel_spin(&turns);
            continue;
        }
        while (pause != 0) {
            pause--;
        }
        ref_device_push(&d->ring->device, chain.head, 0);
        if (ref_device_flush(&d->ring->device)) {
            atomic_fetch_add(&d->doorbell, 1);
        }
    }
    return NULL;
}

/* The driver's nap; false if something was used and no interrupt came. */
static bool duel_nap(struct duel *d, unsigned *answered)
{
    time_t limit = 0;
    unsigned turns = 0;

    d->naps++;
    while (atomic_load(&d->doorbell) == *answered) {
        duel_spin(&turns);
        if (virtq_has_used(&d->ring->vq)) {
            limit = limit == 0 ? time(NULL) + WAIT_SECONDS : limit;
            if (time(NULL) > limit) {
                return false;
            }
        }
    }
    *answered = atomic_load(&d->doorbell);
    return true;
}

/* Stops the device; both have to have slept, and the driver always to have been woken. */
static void duel_ends(struct duel *d, pthread_t device, uint64_t rounds, bool woken)
{
    atomic_store(&d->stop, 1);
    pthread_join(device, NULL);
    printf("# %llu rounds, %llu naps of the driver\n", (unsigned long long)rounds,
           (unsigned long long)d->naps);
    assert_true(woken);
    assert_int_equal(virtq_broken(&d->ring->vq), VIRTQ_OK);
    assert_true(d->naps > 1000);
    ring_free(d->ring);
}

static void interrupt_duel(bool event_idx)
{
    struct duel duel = {.ring = ring_new(4)};
    struct virtqueue *vq = &duel.ring->vq;
    time_t end = time(NULL) + 2;
    unsigned answered = 0;
    uint64_t round = 1;
    pthread_t thread;
    bool woken = true;

    if (event_idx) {
        ring_event_idx(duel.ring);
    }
    assert_int_equal(pthread_create(&thread, NULL, duel_slow_device, &duel), 0);
    while (woken && virtq_broken(vq) == VIRTQ_OK && (++round % 1024 != 0 || time(NULL) < end)) {
        uintptr_t token;
        uint32_t len;

        virtq_disable_interrupts(vq);
        ring_add(duel.ring, (uintptr_t)round % 1000 + 1, 64, 0);
        virtq_publish(vq);
        do {
            while (ring_get(duel.ring, &token, &len) == VIRTQ_OK) {
            }
        } while (!virtq_enable_interrupts(vq));
        if (virtq_outstanding(vq) != 0) {
            woken = duel_nap(&duel, &answered);
        }
        /* what woke it may have been the interrupt of a buffer that was found by polling */
        while (woken && virtq_outstanding(vq) != 0 && virtq_broken(vq) == VIRTQ_OK) {
            ring_get(duel.ring, &token, &len);
        }
    }
    duel_ends(&duel, thread, round, woken);
}

static void no_interrupt_is_lost(void **state)
{
    (void)state;
    interrupt_duel(false);
}

static void no_interrupt_is_lost_event_idx(void **state)
{
    (void)state;
    interrupt_duel(true);
}

/* A driver that sends, completes at times, and puts the interrupt off each time: it is woken when the
 * device has used all. */
static void no_deferred_interrupt_is_lost(void **state)
{
    struct duel duel = {.ring = ring_new(8)};
    struct virtqueue *vq = &duel.ring->vq;
    uint64_t seed = test_seed() ^ 2, round = 1;
    time_t end = time(NULL) + 2;
    unsigned answered = 0;
    pthread_t thread;
    bool woken = true;
    uintptr_t token;
    uint32_t len;

    (void)state;
    ring_event_idx(duel.ring);
    assert_int_equal(pthread_create(&thread, NULL, duel_slow_device, &duel), 0);
    while (woken && virtq_broken(vq) == VIRTQ_OK && (++round % 1024 != 0 || time(NULL) < end)) {
        uint32_t most = 1 + random_below(&seed, 8), sends = 1 + random_below(&seed, 12);

        while (sends-- != 0) {
            if (random_below(&seed, 4) == 0) {
                ring_get(duel.ring, &token, &len);
            }
            ring_add(duel.ring, (uintptr_t)round % 1000 + 1, 64, 0);
            virtq_interrupt_after(vq, most);
            virtq_publish(vq);
        }
        /* The interrupt; it may be of one that was taken back. */
        woken = virtq_outstanding(vq) == 0 || duel_nap(&duel, &answered);
        do {
            virtq_disable_interrupts(vq);
            while (ring_get(duel.ring, &token, &len) == VIRTQ_OK) {
            }
        } while (!ring_enable_after(vq, most));
    }
    duel_ends(&duel, thread, round, woken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_notification_is_lost),
        cmocka_unit_test(no_interrupt_is_lost),
        cmocka_unit_test(two_processors_size_2),
        cmocka_unit_test(two_processors_size_16),
        cmocka_unit_test(two_processors_size_256),
        cmocka_unit_test(two_processors_indirect),
        cmocka_unit_test(two_processors_event_idx),
        cmocka_unit_test(no_notification_is_lost_event_idx),
        cmocka_unit_test(no_interrupt_is_lost_event_idx),
        cmocka_unit_test(no_deferred_interrupt_is_lost),
    };

    test_seed();
    return cmocka_run_group_tests_name("virtqueue_threads", tests, NULL, NULL);
}
