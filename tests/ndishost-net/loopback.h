/* SPDX-License-Identifier: MIT */
/*
 * loopback.h: a simulated miniport and wire for struct net_ports, to test network ends. Threads of its own
 * carry what the near side sends to the far side, and the reverse. At chosen frames it does what a bad
 * driver could do.
 *   loopback_init(&loopback, has_far);  loopback_fault(&loopback, LOSE, TX, 50);
 *   net = net_open(spec, &loopback.ports, ...);  loopback_run(&loopback, net, seconds);
 *   ... net->ops->verdict ...;  net->ops->close(net);  loopback_destroy(&loopback);
 */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <pthread.h>
#include "net/net.h"

#define LOOPBACK_QUEUE    512 /* frames in flight each way, at most */
#define LOOPBACK_SPECIALS 8

enum fault_kind {
    LOSE,
    DUPLICATE,
    SWAP,          /* with the one that follows */
    DAMAGE,        /* one bit of byte `value` */
    TRUNCATE,      /* to `value` bytes */
    GROW,          /* by one byte */
    STRAY,         /* another frame comes before it, of nobody's */
    FAIL,          /* completes with status `value` and goes nowhere (TX) */
    TWICE_BACK,    /* completes twice (TX) */
    NEVER_BACK,    /* does not complete (TX) */
    TAG_FORGOTTEN, /* sent without its tag, or received without anything out of band */
    TAG_WRONG,     /* bits of `value` are wrong in it: a TCI's, or TAG_RESERVED */
    TAG_LEFT,      /* received with the tag still in the frame (RX) */
    TAG_TWICE,     /* sent with two tags (TX) */
    PAD_DIRTY,     /* padded with something else than zeros (TX) */
    STALL          /* nothing moves from here on */
};
enum way { TX, RX };

struct fault {
    enum fault_kind kind;
    enum way way;
    uint64_t at; /* counted in frames that way, from 0 */
    int64_t value;
};

struct packet {
    uint8_t bytes[2048];
    size_t length;
    uint32_t tag;      /* near: out of band */
    uint32_t wire_tag; /* to the near side: what it had in it */
    uint64_t cookie;
};

struct queue {
    struct packet packets[LOOPBACK_QUEUE];
    uint64_t head, tail;
};

struct loopback {
    struct net_ports ports; /* the first member: a station sends by ports.far_send */
    struct net *net;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t threads[2];
    /* Set before the start: is given what the near side sends, instead of the end's far_receive. */
    void (*station)(struct loopback *loopback, const uint8_t *frame, size_t length);
    /* Set before the start: the miniport drops what this does not accept; NULL: nothing. */
    bool (*filter)(void *context, const uint8_t destination[6], uint32_t tag);
    bool copies_tags; /* out of band, on reception; set before the start */
    /* Guarded by lock. */
    bool stopping, finished, link_up, paused;
    struct queue queues[2];
    uint64_t passed[2]; /* frames each way so far */
    struct fault faults[LOOPBACK_SPECIALS];
    unsigned fault_count;
    bool refuse;           /* near_send takes nothing; what is under way goes on */
    unsigned take_at_most; /* of one near_send; 0: no bound */
    uint64_t near_sends, near_frames, short_frames;
};

void loopback_init(struct loopback *loopback, bool has_far);
void loopback_destroy(struct loopback *loopback);
void loopback_fault(struct loopback *loopback, enum fault_kind kind, enum way way, uint64_t at,
                    int64_t value);
/* Starts the threads and the end. 0, or -1 with a line in error. */
int loopback_start(struct loopback *loopback, struct net *net, char *error, size_t size);
/* True if the end said that it had finished, within that time. */
bool loopback_wait(struct loopback *loopback, unsigned milliseconds);
/* Stops the end, brings home what is in flight, joins the threads. */
void loopback_stop(struct loopback *loopback);
void loopback_link(struct loopback *loopback, bool up);
void loopback_pause(struct loopback *loopback, bool paused);

#endif
