/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "bus/map.h"
#include "nt/machine/irql.h"
#include "nt/machine/mmio.h"
#include "nt/machine/phys.h"
#include "nt/machine/trap.h"
#include "raw.h"

#define DATA_BYTES (512u * 2048u)

/* ---- What the bus tells ---- */

static void on_interrupt(void *context, bool asserted)
{
    struct raw *r = context;

    if (r->slow && __atomic_add_fetch(&r->slow_turn, 1, __ATOMIC_RELAXED) % 3 == 0)
        usleep(r->slow);
    pthread_mutex_lock(&r->lock);
    if (asserted && !r->asserted)
        r->raised++;
    r->asserted = asserted;
    r->told++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void on_message(void *context, unsigned number)
{
    struct raw *r = context;

    pthread_mutex_lock(&r->lock);
    if (number < BUS_MESSAGES)
        r->messages[number]++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void on_frame(void *context, const void *frame, size_t length)
{
    struct raw *r = context;

    pthread_mutex_lock(&r->lock);
    if (r->frames < RAW_FRAMES && length <= RAW_FRAME_MAX) {
        memcpy(r->frame[r->frames], frame, length);
        r->frame_length[r->frames++] = (uint32_t)length;
    }
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void on_failed(void *context, const char *why)
{
    struct raw *r = context;

    pthread_mutex_lock(&r->lock);
    snprintf(r->failed, sizeof r->failed, "%s", why);
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static const struct bus_events events = {on_interrupt, on_message, on_frame, on_failed};

/* ---- Waiting ---- */

static void pause_briefly(void)
{
    struct timespec t = {0, 50000};

    nanosleep(&t, NULL);
}

static bool wait_until(bool (*condition)(struct raw *r, unsigned argument), struct raw *r,
                       unsigned argument)
{
    for (int i = 0; i < 40000; i++) {
        bool met;

        pthread_mutex_lock(&r->lock);
        met = condition(r, argument);
        pthread_mutex_unlock(&r->lock);
        if (met)
            return true;
        pause_briefly();
    }
    return false;
}

static bool frames_there(struct raw *r, unsigned frames)
{
    return r->frames >= frames;
}

static bool line_is(struct raw *r, unsigned asserted)
{
    return r->asserted == asserted;
}

static bool message_there(struct raw *r, unsigned argument)
{
    return r->messages[argument >> 16] == (argument & 0xFFFF);
}

static bool has_failed(struct raw *r, unsigned unused)
{
    (void)unused;
    return r->failed[0];
}

static bool used_there(struct raw *r, unsigned argument)
{
    return raw_used_idx(r, argument >> 16) == (uint16_t)argument;
}

bool raw_wait_frames(struct raw *r, unsigned frames)
{
    return wait_until(frames_there, r, frames);
}

bool raw_wait_line(struct raw *r, bool asserted)
{
    return wait_until(line_is, r, asserted);
}

bool raw_wait_message(struct raw *r, unsigned number, unsigned count)
{
    return wait_until(message_there, r, number << 16 | count);
}

bool raw_wait_failed(struct raw *r)
{
    return wait_until(has_failed, r, 0);
}

bool raw_wait_used(struct raw *r, unsigned queue, uint16_t idx)
{
    return wait_until(used_there, r, queue << 16 | idx);
}

/* ---- Opening ---- */

static uint32_t config(struct raw *r, unsigned offset, unsigned size)
{
    return r->bus->ops->config_read(r->bus, offset, size);
}

static volatile uint8_t *map(struct raw *r, unsigned cap)
{
    return bus_map(r->bus, config(r, cap + 4, 1), config(r, cap + 8, 4), config(r, cap + 12, 4));
}

static void find_structures(struct raw *r)
{
    unsigned cap = config(r, PCI_CAP_POINTER, 1);

    for (unsigned guard = 0; cap && guard < 48; guard++, cap = config(r, cap + 1, 1)) {
        unsigned type = config(r, cap + 3, 1);

        if (config(r, cap, 1) != PCI_CAP_ID_VENDOR || config(r, cap + 4, 1) > 5 ||
            r->bus->bar[config(r, cap + 4, 1)].io)
            continue;
        if (type == CAP_COMMON_CFG && !r->common)
            r->common = map(r, cap);
        if (type == CAP_ISR_CFG && !r->isr)
            r->isr = map(r, cap);
        if (type == CAP_DEVICE_CFG && !r->device)
            r->device = map(r, cap);
        if (type == CAP_NOTIFY_CFG && !r->notify) {
            r->notify = map(r, cap);
            r->multiplier = config(r, cap + 16, 4);
        }
    }
}

void raw_open(struct raw *r, const char *arguments)
{
    /* cmocka has its own handlers around each test. */
    trap_install();
    /* Here, as a trap's handler cannot allocate the thread's record. */
    nt_thread_enter("tester");
    memset(r, 0, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->frame = malloc(RAW_FRAMES * sizeof *r->frame);
    r->bus = bus_model.open(arguments, &events, r, r->error, sizeof r->error);
    if (!r->bus)
        fail_msg("model:%s: %s", arguments, r->error);
    r->data = phys_alloc(DATA_BYTES, PHYS_CONTIGUOUS, &r->data_pa);
    assert_non_null(r->data);
    find_structures(r);
}

void raw_close(struct raw *r)
{
    bus_unmap((void *)r->common);
    bus_unmap((void *)r->notify);
    bus_unmap((void *)r->isr);
    bus_unmap((void *)r->device);
    r->bus->ops->close(r->bus);
    for (int i = 0; i < RAW_QUEUES; i++)
        if (r->q[i].memory)
            phys_free(r->q[i].memory);
    phys_free(r->data);
    free(r->frame);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->changed);
}

/* ---- Registers ---- */

uint8_t raw_get8(struct raw *r, unsigned offset)
{
    return r->common[offset];
}

uint16_t raw_get16(struct raw *r, unsigned offset)
{
    return *(volatile uint16_t *)(r->common + offset);
}

uint32_t raw_get32(struct raw *r, unsigned offset)
{
    return *(volatile uint32_t *)(r->common + offset);
}

void raw_put8(struct raw *r, unsigned offset, uint8_t value)
{
    r->common[offset] = value;
}

void raw_put16(struct raw *r, unsigned offset, uint16_t value)
{
    *(volatile uint16_t *)(r->common + offset) = value;
}

void raw_put32(struct raw *r, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(r->common + offset) = value;
}

/* ---- Bringing up ---- */

void raw_master(struct raw *r)
{
    r->bus->ops->config_write(r->bus, PCI_COMMAND, 2,
                              config(r, PCI_COMMAND, 2) | PCI_COMMAND_MASTER);
}

bool raw_reset(struct raw *r)
{
    raw_put8(r, COMMON_DEVICE_STATUS, 0);
    for (int i = 0; i < 40000; i++) {
        uint8_t status = raw_get8(r, COMMON_DEVICE_STATUS);

        if (status == 0)
            return true;
        if (status == 0xFF)
            return false;
        pause_briefly();
    }
    return false;
}

void raw_status(struct raw *r, uint8_t bits)
{
    raw_put8(r, COMMON_DEVICE_STATUS, raw_get8(r, COMMON_DEVICE_STATUS) | bits);
}

void raw_accept(struct raw *r, uint64_t features)
{
    raw_put32(r, COMMON_DRIVER_FEATURE_SELECT, 0);
    raw_put32(r, COMMON_DRIVER_FEATURE, (uint32_t)features);
    raw_put32(r, COMMON_DRIVER_FEATURE_SELECT, 1);
    raw_put32(r, COMMON_DRIVER_FEATURE, (uint32_t)(features >> 32));
}

bool raw_negotiate(struct raw *r, uint64_t features)
{
    raw_master(r);
    if (!raw_reset(r))
        return false;
    raw_status(r, STATUS_ACKNOWLEDGE);
    raw_status(r, STATUS_DRIVER);
    raw_accept(r, features);
    raw_status(r, STATUS_FEATURES_OK);
    return raw_get8(r, COMMON_DEVICE_STATUS) & STATUS_FEATURES_OK;
}

void raw_queue_memory(struct raw *r, unsigned queue, uint16_t size)
{
    struct raw_queue *q = &r->q[queue];
    size_t avail = 16 * (size_t)size, used = (avail + 6 + 2 * (size_t)size + 3) & ~(size_t)3;
    uint64_t pa;

    if (q->memory)
        phys_free(q->memory);
    q->memory = phys_alloc(used + 6 + 8 * (size_t)size, PHYS_CONTIGUOUS, &pa);
    assert_non_null(q->memory);
    q->size = size;
    q->desc = q->memory;
    q->avail = (volatile uint16_t *)((uint8_t *)q->memory + avail);
    q->used = (volatile uint16_t *)((uint8_t *)q->memory + used);
    q->desc_pa = pa;
    q->avail_pa = pa + avail;
    q->used_pa = pa + used;
}

void raw_queue_addresses(struct raw *r, unsigned queue)
{
    const struct raw_queue *q = &r->q[queue];

    raw_put16(r, COMMON_QUEUE_SELECT, (uint16_t)queue);
    raw_put16(r, COMMON_QUEUE_SIZE, q->size);
    raw_put32(r, COMMON_QUEUE_DESC, (uint32_t)q->desc_pa);
    raw_put32(r, COMMON_QUEUE_DESC + 4, (uint32_t)(q->desc_pa >> 32));
    raw_put32(r, COMMON_QUEUE_DRIVER, (uint32_t)q->avail_pa);
    raw_put32(r, COMMON_QUEUE_DRIVER + 4, (uint32_t)(q->avail_pa >> 32));
    raw_put32(r, COMMON_QUEUE_DEVICE, (uint32_t)q->used_pa);
    raw_put32(r, COMMON_QUEUE_DEVICE + 4, (uint32_t)(q->used_pa >> 32));
}

void raw_queue_enable(struct raw *r, unsigned queue)
{
    raw_put16(r, COMMON_QUEUE_SELECT, (uint16_t)queue);
    raw_put16(r, COMMON_QUEUE_ENABLE, 1);
}

void raw_queues(struct raw *r)
{
    raw_queues_to(r, 2);
}

void raw_queues_to(struct raw *r, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        raw_put16(r, COMMON_QUEUE_SELECT, (uint16_t)i);
        raw_queue_memory(r, i, raw_get16(r, COMMON_QUEUE_SIZE));
        raw_queue_addresses(r, i);
        raw_queue_enable(r, i);
    }
}

void raw_bring_up(struct raw *r, uint64_t features)
{
    assert_true(raw_negotiate(r, features));
    raw_queues(r);
    raw_status(r, STATUS_DRIVER_OK);
}

/* ---- Rings ---- */

uint16_t raw_desc(struct raw *r, unsigned queue, uint16_t i, uint64_t pa, uint32_t len,
                  uint16_t flags, uint16_t next)
{
    r->q[queue].desc[i] = (struct spec_desc){pa, len, flags, next};
    return i;
}

void raw_offer(struct raw *r, unsigned queue, uint16_t head)
{
    struct raw_queue *q = &r->q[queue];
    uint16_t idx = q->avail[1];

    q->avail[2 + idx % q->size] = head;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    q->avail[1] = (uint16_t)(idx + 1);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void raw_notify(struct raw *r, unsigned queue)
{
    *(volatile uint16_t *)(r->notify + queue * r->multiplier) = (uint16_t)queue;
}

void raw_send(struct raw *r, uint16_t i, uint32_t length)
{
    uint8_t *slot = r->data + i * 2048u;

    memset(slot, 0, NET_HEADER_SIZE);
    for (uint32_t j = 0; j < length; j++)
        slot[NET_HEADER_SIZE + j] = (uint8_t)(i * 7 + j);
    slot[NET_HEADER_SIZE + 12] = 0x08; /* no tag by chance */
    raw_desc(r, TX, i, r->data_pa + i * 2048u, NET_HEADER_SIZE + length, 0, 0);
    raw_offer(r, TX, i);
    raw_notify(r, TX);
}

uint8_t raw_command(struct raw *r, unsigned queue, const void *bytes, uint32_t length)
{
    uint32_t slot = DATA_BYTES - 4096;
    uint16_t idx = (uint16_t)(raw_used_idx(r, queue) + 1);

    memcpy(r->data + slot, bytes, length);
    r->data[slot + 2048] = 0xAA;
    raw_desc(r, queue, 0, r->data_pa + slot, length, DESC_F_NEXT, 1);
    raw_desc(r, queue, 1, r->data_pa + slot + 2048, 1, DESC_F_WRITE, 0);
    raw_offer(r, queue, 0);
    raw_notify(r, queue);
    assert_true(raw_wait_used(r, queue, idx));
    assert_int_equal(raw_used(r, queue, (uint16_t)(idx - 1)).len, 1);
    return r->data[slot + 2048];
}

void raw_fill(struct raw *r, uint16_t count)
{
    for (uint16_t i = 0; i < count; i++)
        raw_offer(r, RX,
                  raw_desc(r, RX, i, r->data_pa + (256u + i) * 2048u, 2048, DESC_F_WRITE, 0));
    raw_notify(r, RX);
}

uint16_t raw_used_idx(struct raw *r, unsigned queue)
{
    return __atomic_load_n(&r->q[queue].used[1], __ATOMIC_ACQUIRE);
}

struct spec_used_elem raw_used(struct raw *r, unsigned queue, uint16_t i)
{
    const struct raw_queue *q = &r->q[queue];
    struct spec_used_elem e;

    memcpy(&e, (const uint8_t *)q->used + 4 + 8 * (size_t)(i % q->size), sizeof e);
    return e;
}

unsigned long raw_report(struct raw *r, const char *name)
{
    char *text = NULL, quoted[64];
    const char *at;
    unsigned long value;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    r->bus->ops->report(r->bus, f);
    fclose(f);
    snprintf(quoted, sizeof quoted, "\"%s\": ", name);
    at = strstr(text, quoted);
    value = at ? strtoul(at + strlen(quoted), NULL, 10) : 0;
    free(text);
    return value;
}
