/* SPDX-License-Identifier: MIT */
#include "ndis/adapter/cable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ndis/adapter/filter.h"
#include "ndis/watch/wire_watch.h"
#include "nt/machine/clock.h"

#define FAR_WAIT      100 /* ms that a network end waits for room, and then tries again */
#define WIRE_SMALLEST 60u

enum route {
    ROUTE_OWN,   /* an adapter's end receives what the adapter indicates */
    ROUTE_CROSS, /* the other adapter's end does: it has sent it */
    ROUTE_OWNED  /* one end has both adapters */
};

struct cable_end {
    struct net net; /* first: what NDIS sees */
    struct net_ops ops;
    struct net *inner;
    struct ndis_adapter *adapter;
    struct cable_end *other; /* NULL: not yet there, or gone */
    enum route route;        /* the same of both; constant once there are two */
    /* Under `lock`. */
    bool asked;   /* start was called: the adapter runs, with its link up */
    bool running; /* the inner end has started */
    bool paused, link_down;
};

/* Of all cables: nothing on the path of a frame takes it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct cable_end *end_of(struct net *net)
{
    return (struct cable_end *)net;
}

static bool owns_both(const struct cable_end *end)
{
    return end->route == ROUTE_OWNED && end->other && end->other->inner->ops->idle;
}

/* ---- Frames ---- */

/* What the adapter indicates leaves the cable of the other one: as on a wire, tag and padding are in it. */
static void leave(struct cable_end *from, struct net *to, const void *frame, size_t length,
                  uint32_t tag)
{
    struct ndis_adapter *adapter = from->adapter;
    uint8_t wire[2 * NET_JUMBO_MAX];

    if (length >= 12 && length <= NET_JUMBO_MAX && (tag < TAG_NONE || length < WIRE_SMALLEST)) {
        length = tag_insert(wire, frame, length, tag);
        if (length < WIRE_SMALLEST) {
            memset(wire + length, 0, WIRE_SMALLEST - length);
            length = WIRE_SMALLEST;
        }
        frame = wire;
    }
    if (adapter->pcap_wire)
        pcap_frame(adapter->pcap_wire, frame, length);
    if (!wire_watch_take(adapter->watch, frame, length) && to)
        to->ops->far_receive(to, frame, length);
}

static void near_receive(struct net *net, const void *frame, size_t length, uint32_t tag)
{
    struct cable_end *end = end_of(net), *other = end->other;
    bool crosses = end->route == ROUTE_CROSS || (end->route == ROUTE_OWNED && !owns_both(end));

    if (other)
        leave(other, crosses ? other->inner : NULL, frame, length, tag);
    if (end->route != ROUTE_CROSS)
        end->inner->ops->near_receive(end->inner, frame, length, tag);
}

static void near_receive_end(struct net *net)
{
    struct net *inner = end_of(net)->inner;

    if (inner->ops->near_receive_end)
        inner->ops->near_receive_end(inner);
}

/* What the other end's far side has sent here, `none` takes no notice of. */
static void near_sent(struct net *net, uint64_t cookie, int32_t status)
{
    struct net *inner = end_of(net)->inner;

    inner->ops->near_sent(inner, cookie, status);
}

static void far_receive(struct net *net, const void *frame, size_t length)
{
    (void)net, (void)frame, (void)length; /* no bus has a wire here */
}

int cable_send(struct ndis_adapter *adapter, const void *frame, size_t length,
               unsigned milliseconds)
{
    struct cable_end *other = end_of(adapter->net)->other;
    uint32_t tag = tag_read(frame, length);
    uint8_t bare[NET_JUMBO_MAX];
    struct net_frame one = {.data = frame, .length = (uint32_t)length, .tag = tag};

    if (!other || length > sizeof(bare))
        return -1;
    if (tag != TAG_NONE) {
        one.length = (uint32_t)tag_strip(bare, frame, length);
        one.data = bare;
    }
    while (!other->adapter->ports.near_send(other->adapter, &one, 1)) {
        if (!milliseconds--)
            return 1;
        nt_clock_sleep(NT_MILLISECOND);
    }
    return 0;
}

static int far_send(void *context, const void *frame, size_t length)
{
    return cable_send(context, frame, length, FAR_WAIT) ? -1 : 0;
}

static bool far_accepts(void *context, const uint8_t destination[6], uint32_t tag)
{
    struct ndis_adapter *adapter = context;
    struct cable_end *other = end_of(adapter->net)->other;

    return other && filter_accepts(other->adapter, destination, tag);
}

/* ---- What is told to the ends, with `lock` held ---- */

static void tell_paused(struct cable_end *end, bool paused)
{
    if (end->inner->ops->pause)
        end->inner->ops->pause(end->inner, paused);
}

static void tell_link(struct cable_end *end, bool up)
{
    if (end->running && end->inner->ops->link)
        end->inner->ops->link(end->inner, up);
}

static bool either(const struct cable_end *end, bool mine, bool others)
{
    return mine || (end->other && others);
}

static void pause_ends(struct net *net, bool paused)
{
    struct cable_end *end = end_of(net);

    pthread_mutex_lock(&lock);
    end->paused = paused;
    paused = either(end, end->paused, end->other && end->other->paused);
    tell_paused(end, paused);
    if (end->other)
        tell_paused(end->other, paused);
    pthread_mutex_unlock(&lock);
}

static void link_of_ends(struct net *net, bool up)
{
    struct cable_end *end = end_of(net);

    pthread_mutex_lock(&lock);
    end->link_down = !up;
    up = !either(end, end->link_down, end->other && end->other->link_down);
    tell_link(end, up);
    if (end->other)
        tell_link(end->other, up);
    pthread_mutex_unlock(&lock);
}

/* What the other adapter's end has under way to this one, it may or may not see now. */
static void filter_of_ends(struct net *net, bool changing)
{
    struct cable_end *end = end_of(net), *other;

    pthread_mutex_lock(&lock);
    other = end->other;
    if (end->running && end->inner->ops->filter)
        end->inner->ops->filter(end->inner, changing);
    if (other && other->running)
        tell_paused(other, changing || other->paused || end->paused);
    pthread_mutex_unlock(&lock);
}

static int groups(struct net *net, uint8_t (*addresses)[6], unsigned most)
{
    struct cable_end *end = end_of(net);
    bool running;

    pthread_mutex_lock(&lock);
    running = end->running;
    pthread_mutex_unlock(&lock);
    return running ? end->inner->ops->groups(end->inner, addresses, most) : -1;
}

/* ---- Start and stop ---- */

static int start_one(struct cable_end *end, char *error, size_t error_size)
{
    struct net_ports *ports = &end->adapter->ports;

    memcpy(ports->far_mac, end->other->adapter->ports.mac, sizeof(ports->far_mac));
    pthread_mutex_lock(&lock);
    end->running = true;
    pthread_mutex_unlock(&lock);
    if (!end->inner->ops->start(end->inner, error, error_size))
        return 0;
    pthread_mutex_lock(&lock);
    end->running = false;
    pthread_mutex_unlock(&lock);
    return -1;
}

static int start(struct net *net, char *error, size_t error_size)
{
    struct cable_end *end = end_of(net);
    bool both;

    pthread_mutex_lock(&lock);
    end->asked = true;
    both = end->other && end->other->asked;
    pthread_mutex_unlock(&lock);
    if (!both)
        return 0;
    return start_one(end->other, error, error_size) || start_one(end, error, error_size) ? -1 : 0;
}

static int go(struct net *net, char *error, size_t error_size)
{
    struct cable_end *end = end_of(net);
    bool running;

    pthread_mutex_lock(&lock);
    running = end->running;
    pthread_mutex_unlock(&lock);
    if (running)
        return end->inner->ops->go(end->inner, error, error_size);
    snprintf(error, error_size, "the adapter at the other end of the cable does not run yet");
    return -1;
}

static void stop_one(struct cable_end *end)
{
    bool running;

    pthread_mutex_lock(&lock);
    running = end->running;
    end->running = end->asked = false;
    pthread_mutex_unlock(&lock);
    if (running)
        end->inner->ops->stop(end->inner);
}

static void stop(struct net *net)
{
    struct cable_end *end = end_of(net);

    stop_one(end);
    if (end->other)
        stop_one(end->other);
}

/* ---- The account ---- */

static int verdict(struct net *net, FILE *out)
{
    struct net *inner = end_of(net)->inner;

    return inner->ops->verdict(inner, out);
}

static void report(struct net *net, FILE *json)
{
    struct net *inner = end_of(net)->inner;

    inner->ops->report(inner, json);
}

static void close_end(struct net *net)
{
    struct cable_end *end = end_of(net);

    if (end->other)
        end->other->other = NULL;
    end->inner->ops->close(end->inner);
    free(end);
}

/* ---- The pair ---- */

static const struct net_ops cable_ops = {
    .start = start,
    .go = go,
    .near_receive = near_receive,
    .near_receive_end = near_receive_end,
    .near_sent = near_sent,
    .far_receive = far_receive,
    .link = link_of_ends,
    .pause = pause_ends,
    .filter = filter_of_ends,
    .groups = groups,
    .stop = stop,
    .verdict = verdict,
    .report = report,
    .close = close_end,
};

/* Whose a frame is, the two ends must agree on. */
static int choose_route(struct cable_end *end, struct cable_end *other, char *error,
                        size_t error_size)
{
    const struct net_ops *one = end->inner->ops, *two = other->inner->ops;

    if (one->idle && two->idle)
        end->route = ROUTE_OWN;
    else if (one->idle || two->idle)
        end->route = ROUTE_OWNED;
    else if (one->near_only && two->near_only)
        end->route = ROUTE_OWN;
    else if (one->crosses && two->crosses)
        end->route = ROUTE_CROSS;
    else {
        snprintf(error, error_size,
                 "the two --net of a cable do not go together: use none at one adapter, or gen at "
                 "both, or tap at both");
        return -1;
    }
    other->route = end->route;
    return 0;
}

static void give_ports(struct cable_end *end)
{
    struct net_ports *ports = &end->adapter->ports;

    ports->far_accepts = far_accepts;
    ports->has_far_mac = true;
    ports->far_receives = end->route == ROUTE_CROSS;
    if (owns_both(end))
        ports->far_send = far_send;
}

/* The last adapter of a cable that waits for its other one. */
static struct cable_end *alone(const struct ndis_driver *driver)
{
    struct ndis_adapter *adapter = driver->adapters;

    while (adapter && (!adapter->bus->cable || end_of(adapter->net)->other))
        adapter = adapter->next;
    return adapter ? end_of(adapter->net) : NULL;
}

int cable_attach(struct ndis_adapter *adapter, struct net *net, char *error, size_t error_size)
{
    struct cable_end *end = calloc(1, sizeof(*end)), *other = alone(adapter->driver);

    adapter->net = net;
    if (!end) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    end->ops = cable_ops;
    if (!net->ops->go)
        end->ops.go = NULL;
    if (!net->ops->groups)
        end->ops.groups = NULL;
    if (!net->ops->report)
        end->ops.report = NULL;
    end->net = (struct net){.ops = &end->ops, .ports = &adapter->ports};
    end->inner = net;
    end->adapter = adapter;
    adapter->net = &end->net;
    if (!other)
        return 0;
    if (choose_route(end, other, error, error_size))
        return -1;
    end->other = other;
    other->other = end;
    give_ports(end);
    give_ports(other);
    return 0;
}

bool cable_complete(const struct ndis_adapter *adapter)
{
    return !adapter->bus->cable || end_of(adapter->net)->other;
}

struct ndis_adapter *cable_idle_adapter(const struct ndis_adapter *adapter)
{
    struct cable_end *other = adapter->bus->cable ? end_of(adapter->net)->other : NULL;

    return other && other->inner->ops->idle ? other->adapter : NULL;
}
