/* SPDX-License-Identifier: MIT */
/*
 * backlog.h: frames that wait to be sent on, in order: those that echo received at the near side, and the
 * calls at the caller's station. backlog_put never waits: without room, the oldest frame is dropped.
 *   backlog_init(&backlog, room, batch);  backlog_start(&backlog);
 *   backlog_put(...);  backlog_put_end(...)        where frames come in
 *   while ((n = backlog_take(&backlog, &frames)))  the one thread that sends them on
 *   backlog_stop(&backlog);  backlog_destroy(&backlog);
 *
 * The oldest goes because nobody waits for it. The sender has no more than its window under way. A frame
 * that is excused leaves the window, and may still be here. While nothing can be sent on, each pause and
 * each loss of the link makes room for another window. With room for two windows, the oldest frame is
 * always an excused one.
 */
#ifndef NDISHOST_NET_BACKLOG_H
#define NDISHOST_NET_BACKLOG_H

#include <pthread.h>
#include "net/net.h"

struct backlog_frame {
    uint32_t length, tag;
    uint8_t data[NET_FRAME_MAX];
};

struct backlog {
    unsigned room, batch;
    struct backlog_frame *frames; /* room + batch */
    struct backlog_frame **taken; /* `batch` of them: the taking thread's */
    pthread_mutex_t lock;
    pthread_cond_t filled;
    /* Guarded by lock. */
    struct backlog_frame **ring; /* ring[n % room]; those from tail to head wait */
    uint64_t head, tail;
    uint64_t dropped;  /* for want of room */
    uint64_t too_long; /* not taken in: longer than any frame */
    bool stopping, sleeping;
};

/* Room for `room` frames, besides at most `batch` that are taken at once. 0, or -1 when there is no
 * memory: then `room` is 0 and nothing is to be destroyed. */
int backlog_init(struct backlog *backlog, unsigned room, unsigned batch);
void backlog_destroy(struct backlog *backlog);

/* Frames are given out, again after backlog_stop. */
void backlog_start(struct backlog *backlog);
/* Copies the frame. Any thread. It may be some time until it is taken, without backlog_put_end. */
void backlog_put(struct backlog *backlog, const void *frame, size_t length, uint32_t tag);
void backlog_put_end(struct backlog *backlog);
/* Waits for frames and takes the oldest. How many they are; they are the caller's, to change as well,
 * until it calls again. 0: backlog_stop. One thread. */
unsigned backlog_take(struct backlog *backlog, struct backlog_frame ***frames);
void backlog_stop(struct backlog *backlog);
bool backlog_stopping(struct backlog *backlog);

/* A consistent copy of the two counters. */
struct backlog_counts {
    uint64_t dropped, too_long;
};
struct backlog_counts backlog_counts(struct backlog *backlog);

#endif
