/* SPDX-License-Identifier: MIT */
/*
 * raw.h: a driver without manners: every register and every word of the rings by hand, through the
 * same trapped loads and stores as a real driver's.
 *   raw_open(&r, "queue_size=16");  raw_bring_up(&r, FEATURES_PLAIN);
 *   i = raw_buffer(&r, TX, 0, pa, len, 0);  raw_offer(&r, TX, i);  raw_notify(&r, TX);
 *   raw_wait_used(&r, TX, 1);  raw_close(&r);
 */
#ifndef TEST_RAW_H
#define TEST_RAW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bus/bus.h"
#include "bus/model/features.h"
#include "bus/model/spec.h"

#define RX             0
#define TX             1

#define RAW_QUEUES     17
#define RAW_FRAMES     8192
#define RAW_FRAME_MAX  2048
#define FEATURES_PLAIN (FEATURE_VERSION_1 | FEATURE_MAC | FEATURE_STATUS)

struct raw_queue {
    uint16_t size;
    struct spec_desc *desc;
    volatile uint16_t *avail; /* flags, idx, ring */
    volatile uint16_t *used;  /* flags, idx, elements */
    uint64_t desc_pa, avail_pa, used_pa;
    void *memory;
};

struct raw {
    struct bus *bus;
    char error[256];
    volatile uint8_t *common, *notify, *isr, *device; /* NULL: no such capability */
    uint32_t multiplier;
    struct raw_queue q[RAW_QUEUES];
    uint8_t *data; /* for buffers: contiguous */
    uint64_t data_pa;

    pthread_mutex_t lock; /* what the bus's threads tell */
    pthread_cond_t changed;
    atomic_bool asserted;
    unsigned slow; /* microseconds before every third level is taken note of: news that come late */
    unsigned slow_turn;
    atomic_uint raised, told;
    atomic_uint messages[BUS_MESSAGES]; /* how often each has come */
    char failed[256];
    atomic_uint frames;
    uint32_t frame_length[RAW_FRAMES];
    uint8_t (*frame)[RAW_FRAME_MAX];
};

/* Opens the model and looks where its structures are. */
void raw_open(struct raw *r, const char *arguments);
void raw_close(struct raw *r);

/* Common configuration, by spec.h's offsets. */
uint8_t raw_get8(struct raw *r, unsigned offset);
uint16_t raw_get16(struct raw *r, unsigned offset);
uint32_t raw_get32(struct raw *r, unsigned offset);
void raw_put8(struct raw *r, unsigned offset, uint8_t value);
void raw_put16(struct raw *r, unsigned offset, uint16_t value);
void raw_put32(struct raw *r, unsigned offset, uint32_t value);

void raw_master(struct raw *r);                    /* bus mastering on */
bool raw_reset(struct raw *r);                     /* and waits, 2 s at most */
void raw_status(struct raw *r, uint8_t bits);      /* sets them, besides those that are set */
void raw_accept(struct raw *r, uint64_t features); /* writes driver_feature */
/* Everything up to FEATURES_OK, read back; false if it did not stay. */
bool raw_negotiate(struct raw *r, uint64_t features);
/* Memory for a queue's parts, of `size`, zeroed; nothing is written to the device. */
void raw_queue_memory(struct raw *r, unsigned queue, uint16_t size);
void raw_queue_addresses(struct raw *r, unsigned queue);
void raw_queue_enable(struct raw *r, unsigned queue);
void raw_queues(struct raw *r);                    /* both, in the device's sizes */
void raw_queues_to(struct raw *r, unsigned count); /* the first ones */
void raw_bring_up(struct raw *r, uint64_t features);

/* One descriptor, number i. Returns i. */
uint16_t raw_desc(struct raw *r, unsigned queue, uint16_t i, uint64_t pa, uint32_t len,
                  uint16_t flags, uint16_t next);
/* Puts a head into the available ring and shows it. */
void raw_offer(struct raw *r, unsigned queue, uint16_t head);
void raw_notify(struct raw *r, unsigned queue);
/* Fills in, offers and notifies descriptor i: in slot i a header of zeros, then a frame of `length` bytes. Slots are 2048 bytes of r->data. */
void raw_send(struct raw *r, uint16_t i, uint32_t length);
/* A command in the control queue, with the bytes that the device reads; waits, and returns its ack. */
uint8_t raw_command(struct raw *r, unsigned queue, const void *bytes, uint32_t length);
/* Receive buffers 0 .. count-1 of 2048 bytes, notified. */
void raw_fill(struct raw *r, uint16_t count);

uint16_t raw_used_idx(struct raw *r, unsigned queue);
struct spec_used_elem raw_used(struct raw *r, unsigned queue, uint16_t i);
/* false: it took more than 2 s. */
bool raw_wait_used(struct raw *r, unsigned queue, uint16_t idx);
bool raw_wait_frames(struct raw *r, unsigned frames);
bool raw_wait_line(struct raw *r, bool asserted);
bool raw_wait_message(struct raw *r, unsigned number, unsigned count); /* it has come so often */
bool raw_wait_failed(struct raw *r);
/* A number of the report, 0 if it is not there. */
unsigned long raw_report(struct raw *r, const char *name);

#endif
