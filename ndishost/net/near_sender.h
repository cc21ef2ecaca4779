/* SPDX-License-Identifier: MIT */
/*
 * near_sender.h: near_send with its back-pressure, and the count of completions with each
 * NDIS_STATUS. One per network end; what tap, gen and echo have in common.
 *   near_sender_init(&sender, ports);
 *   near_sender_send(&sender, frames, count);   a sending thread: waits for room
 *   near_sender_sent(&sender, status);          from near_sent
 *   near_sender_stop(&sender);  near_sender_destroy(&sender);
 */
#ifndef NDISHOST_NET_NEAR_SENDER_H
#define NDISHOST_NET_NEAR_SENDER_H

#include <pthread.h>
#include "net/net.h"

#define NEAR_SENDER_STATUSES 16

/* How often each status came; a 17th kind goes to `others`. */
struct near_statuses {
    struct {
        int32_t status;
        uint64_t count;
    } row[NEAR_SENDER_STATUSES];
    unsigned rows;
    uint64_t others;
};

struct near_sender {
    struct net_ports *ports;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a frame was completed, or stop */
    /* Guarded by lock. */
    bool stopping;
    uint64_t wake_at;  /* the sending thread sleeps until so many are back; 0: it does not */
    uint64_t given;    /* frames that near_send took */
    uint64_t returned; /* ... and that were completed */
    uint64_t refusals; /* how often near_send took fewer than it was given */
    struct near_statuses statuses;
};

void near_sender_init(struct near_sender *sender, struct net_ports *ports);
void near_sender_destroy(struct near_sender *sender);

/* Gives all frames to near_send, waiting for room as often as it takes. Returns how many were taken:
 * fewer than count only after near_sender_stop. One thread at a time, and not from a callback. */
unsigned near_sender_send(struct near_sender *sender, const struct net_frame *frames,
                          unsigned count);
/* The same of large packets, with near_send_large. */
unsigned near_sender_send_large(struct near_sender *sender, const struct net_large *packets,
                                unsigned count);
void near_sender_sent(struct near_sender *sender, int32_t status);

/* Sends that wait return at once, and later ones take nothing, until near_sender_start. */
void near_sender_stop(struct near_sender *sender);
void near_sender_start(struct near_sender *sender);

/* A consistent copy of the counters. */
struct near_counts {
    uint64_t given, returned, sent, failed, refusals;
};
struct near_counts near_sender_counts(struct near_sender *sender);

/* "NDIS_STATUS_FAILURE (0xC0000001)", or the number alone if the name is not known. Returns text. */
const char *near_status_text(int32_t status, char *text, size_t size);
/* ` NDIS_STATUS_PAUSED (0xC023002A) 3, ...`: what failed, for people. */
void near_sender_print_failures(struct near_sender *sender, FILE *out);
/* `"completions": {"0x00000000": 12}`. */
void near_sender_report(struct near_sender *sender, FILE *json);

#endif
