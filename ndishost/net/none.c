/* SPDX-License-Identifier: MIT */
/* none: sends nothing; counts and drops what comes. */
#include "net/net.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

struct none {
    struct net net;
    pthread_mutex_t lock;
    uint64_t near_frames, near_bytes, far_frames, far_bytes; /* guarded by lock */
};

static struct none *none_of(struct net *net)
{
    return (struct none *)net;
}

static int none_start(struct net *net, char *error, size_t error_size)
{
    (void)net, (void)error, (void)error_size;
    return 0;
}

static void none_near_receive(struct net *net, const void *frame, size_t length, uint32_t tag)
{
    struct none *none = none_of(net);

    (void)frame, (void)tag;
    pthread_mutex_lock(&none->lock);
    none->near_frames++;
    none->near_bytes += length;
    pthread_mutex_unlock(&none->lock);
}

static void none_far_receive(struct net *net, const void *frame, size_t length)
{
    struct none *none = none_of(net);

    (void)frame;
    pthread_mutex_lock(&none->lock);
    none->far_frames++;
    none->far_bytes += length;
    pthread_mutex_unlock(&none->lock);
}

/* Nothing was sent, so nothing can be completed; the host's own accounts notice if it is. */
static void none_near_sent(struct net *net, uint64_t cookie, int32_t status)
{
    (void)net, (void)cookie, (void)status;
}

static void none_stop(struct net *net)
{
    (void)net;
}

static int none_verdict(struct net *net, FILE *out)
{
    struct none *none = none_of(net);

    pthread_mutex_lock(&none->lock);
    fprintf(out, "none: %" PRIu64 " frames received and dropped\n", none->near_frames);
    if (none->far_frames)
        fprintf(out, "none: %" PRIu64 " frames came from the device, but this end sends none\n",
                none->far_frames);
    pthread_mutex_unlock(&none->lock);
    return 0;
}

static void none_report(struct net *net, FILE *json)
{
    struct none *none = none_of(net);

    pthread_mutex_lock(&none->lock);
    fprintf(json,
            "\"end\": \"none\", \"frames_received\": %" PRIu64 ", \"bytes_received\": %" PRIu64
            ", \"frames_far\": %" PRIu64 ", \"bytes_far\": %" PRIu64,
            none->near_frames, none->near_bytes, none->far_frames, none->far_bytes);
    pthread_mutex_unlock(&none->lock);
}

static void none_close(struct net *net)
{
    pthread_mutex_destroy(&none_of(net)->lock);
    free(net);
}

static const struct net_ops none_ops = {
    .steps = true,
    .idle = true,
    .start = none_start,
    .near_receive = none_near_receive,
    .near_sent = none_near_sent,
    .far_receive = none_far_receive,
    .stop = none_stop,
    .verdict = none_verdict,
    .report = none_report,
    .close = none_close,
};

static struct net *none_open(const char *arguments, struct net_ports *ports, char *error,
                             size_t error_size)
{
    struct none *none;

    if (*arguments) {
        snprintf(error, error_size, "none: this end takes no arguments; remove \"%s\"", arguments);
        return NULL;
    }
    none = calloc(1, sizeof *none);
    if (!none) {
        snprintf(error, error_size, "none: out of memory");
        return NULL;
    }
    none->net = (struct net){.ops = &none_ops, .ports = ports};
    pthread_mutex_init(&none->lock, NULL);
    return &none->net;
}

const struct net_backend net_none = {
    .name = "none",
    .help = "  none  sends nothing; counts and drops the received frames\n",
    .open = none_open,
};
