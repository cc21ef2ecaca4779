/* SPDX-License-Identifier: MIT */
/*
 * flow.h: a stream of numbered frames through the miniport, and the account of each: whether it was
 * completed to its sender (near_sent) and whether it arrived, once, intact and in order.
 *   flow_init(&flow, &options);  flow_addresses(&flow, ...);  flow_start(&flow);
 *   while ((n = flow_issue(&flow, want, &first))) { fill, send; flow_withdraw() what was not taken }
 *   flow_completed(...) from near_sent;  flow_arrived(...) where frames come out;  flow_link(...)
 *   flow_poll() now and then;  flow_stop();  flow_drain();  flow_verdict();  flow_destroy()
 * Thread-safe. The cost of an event does not depend on how many frames are in flight.
 *
 * In two cases a lost frame is not a fault. Its completion had a status that says so (paused, reset, ...), or
 * it was under way without a link (flow_link) or in a pause (flow_pause).
 */
#ifndef NDISHOST_NET_FLOW_H
#define NDISHOST_NET_FLOW_H

#include <pthread.h>
#include "net/net.h"
#include "net/numbered.h"
#include "net/tag.h"

#define FLOW_RING       131072u /* how many of the latest frames are told apart */
#define FLOW_WINDOW_MAX 65536u
#define FLOW_NOTES      8

/* Where the frames go, by which their addresses and tags follow. */
enum flow_way {
    FLOW_SENT,     /* near to far */
    FLOW_RECEIVED, /* far to near */
    FLOW_ECHOED,   /* far to near, and back with destination and source swapped */
    FLOW_CALLED    /* near to far, and back */
};

/* tag=none | VID[:PRIORITY] | random */
enum flow_tags { FLOW_TAGS_NONE, FLOW_TAGS_ONE, FLOW_TAGS_RANDOM };

/* Whom the frames are for; each frame's kind follows from its number. */
enum flow_kind { FLOW_DIRECTED, FLOW_MULTICAST, FLOW_BROADCAST, FLOW_OTHER, FLOW_KINDS };
#define FLOW_GROUPS 64 /* multicast frames go to 01:00:5E:00:00:01 to :40 */

struct flow_options {
    const char *name;    /* "gen tx": begins each line about it */
    uint64_t seed;       /* of the content */
    uint8_t stream;      /* its number among those of one seed */
    uint64_t count;      /* frames to send; 0: until stopped */
    unsigned size[2];    /* smallest, largest */
    enum numbered_ip ip; /* TCP and UDP over IP, where there is room */
    unsigned large;      /* frames that are the segments of a large TCP packet; 0: none */
    uint64_t rate;       /* frames per second; 0: no limit */
    unsigned window;     /* frames in flight, at most */
    unsigned stall;      /* seconds without progress that are a failure */
    bool completions;    /* each frame has a near_sent, told by flow_completed */
    bool arrivals;       /* each frame is seen arriving, told by flow_arrived */
    enum flow_way way;
    unsigned kinds; /* a bit for each flow_kind; 0: directed */
    enum flow_tags tags;
    uint32_t tag; /* FLOW_TAGS_ONE: the TCI */
};

/* What went wrong with how many. `notes` has words on the first few. */
struct flow_faults {
    uint64_t lost, damaged, wrong_length, mistagged, duplicated, reordered, stray;
    uint64_t failed;         /* completed with a failure that nothing excuses */
    uint64_t not_back;       /* never completed (known at the end) */
    uint64_t unwanted;       /* arrived though the packet filter did not ask for it */
    uint64_t returned_twice; /* completed more than once, or never sent */
};

/* The account by kind. Bytes are without tag; those sent without padding too. */
struct flow_count {
    uint64_t sent, bytes_sent, arrived, bytes_arrived;
};

enum flow_state { FLOW_RUNNING, FLOW_HOME, FLOW_STALLED };

struct flow {
    struct flow_options options;
    struct numbered sent, expected; /* as it leaves, as it arrives; constant after flow_addresses */
    _Atomic struct tag_options tagging; /* of flow_tagging */
    bool (*accepts)(void *context, const uint8_t destination[6],
                    uint32_t tag); /* constant, of flow_filtering */
    void *accepts_context;
    pthread_mutex_t lock;
    pthread_cond_t room;
    /* All below is guarded by lock. */
    bool stopping, stalled;
    bool filter_changing;
    uint64_t filter_next; /* `next` when the change began */
    uint64_t filter_upto; /* frames below were sent before the filter last changed */
    uint64_t unwanted_ns; /* when the last was sent, or came, that is not to arrive */
    struct flow_count kinds[FLOW_KINDS];
    bool link_down, paused; /* either: the way is closed */
    unsigned wanted;        /* how much room the sender waits for; 0: it does not wait */
    uint8_t *ring;          /* what is known of frame n: ring[n % FLOW_RING] */
    uint64_t retired;       /* frames below have left the ring */
    uint64_t issued;        /* frames 0 ... issued - 1 have been sent */
    uint64_t next;          /* below: nothing more is waited for (arrived, failed, or passed) */
    uint64_t outstanding;   /* not yet back by near_sent */
    uint64_t after;         /* no frame below this arrived after a later one: highest arrived + 1 */
    uint64_t down_next;     /* `next` when the way was closed */
    uint64_t excused_upto;  /* frames below were sent before the way last opened */
    uint64_t late;          /* excused frames that have left the ring: each may still arrive */
    uint64_t bytes_issued, arrived, bytes_arrived, intact, completed, excused, failed_excused;
    struct {
        uint64_t count, first, since_ns;
    } early; /* completed as without a link, while the link was up as far as is known */
    struct flow_faults faults;
    char notes[FLOW_NOTES][144];
    unsigned noted;
    uint64_t started_ns, ended_ns, due_ns; /* CLOCK_MONOTONIC */
    uint64_t progress_seen, progress_ns;   /* of flow_poll */
};

/* 0, or -1 when there is no memory. */
int flow_init(struct flow *flow, const struct flow_options *options);
void flow_destroy(struct flow *flow);
/* Before flow_start: with which addresses the frames leave. */
void flow_addresses(struct flow *flow, const uint8_t destination[6], const uint8_t source[6]);
/* What of 802.1Q the miniport advertises. Before flow_start, and when that has changed: frames that are
 * sent meanwhile may have either. */
void flow_tagging(struct flow *flow, struct tag_options options);
/* Before flow_start: which frames are to arrive at all. Asked under the flow's lock. */
void flow_filtering(struct flow *flow,
                    bool (*accepts)(void *context, const uint8_t destination[6], uint32_t tag),
                    void *context);
/* Before flow_start: nobody sees the frames arrive; only their completions count. */
void flow_unseen(struct flow *flow);

/* Lets flow_issue give out numbers (again). */
void flow_start(struct flow *flow);

/* The sender's next frames: waits for room in the window and for the rate, then says how many of
 * `want`, beginning with *first. 0: all are sent, or flow_stop. One sender a flow. */
unsigned flow_issue(struct flow *flow, unsigned want, uint64_t *first);
/* The last `frames` numbers given out did not leave after all. */
void flow_withdraw(struct flow *flow, unsigned frames);

extern const char *const flow_kind_names[FLOW_KINDS + 1]; /* NULL-terminated */
/* Writes frame `number` as it leaves (numbered_fill); returns its size. */
unsigned flow_fill(const struct flow *flow, uint64_t number, uint8_t *frame);
/* The tag that the sender gives frame `number`: out of band on the near side, in the frame on the far. */
uint32_t flow_tag(const struct flow *flow, uint64_t number);

void flow_completed(struct flow *flow, uint64_t number, int32_t status);
/* `tag`: the tag out of band. On the wire the tag is in the frame, and this is TAG_NONE. */
void flow_arrived(struct flow *flow, const uint8_t *frame, size_t length, uint32_t tag);
void flow_link(struct flow *flow, bool up);
void flow_pause(struct flow *flow, bool paused);
void flow_filter(struct flow *flow, bool changing);
/* An echo of this frame was refused on its way: it will not arrive. */
void flow_failed(struct flow *flow, uint64_t number, int32_t status);

/* FLOW_HOME: the count is reached and nothing is under way. FLOW_STALLED, from then on, when nothing
 * has moved for as long as the options say. To be called several times a second. */
enum flow_state flow_poll(struct flow *flow);
void flow_stop(struct flow *flow);
bool flow_stopping(struct flow *flow);
/* After flow_stop: waits for what is still under way, as long as something moves. */
void flow_drain(struct flow *flow);

/* Frames sent and arrived intact until now. */
void flow_progress(struct flow *flow, uint64_t *sent, uint64_t *intact);
int flow_verdict(struct flow *flow, FILE *out);
/* `"frames_sent": 1, ...` */
void flow_report(struct flow *flow, FILE *json);

#endif
