/* SPDX-License-Identifier: MIT */
/*
 * ping: a station of IPv4 on the near side, for a device whose far end is somebody else's network. It gets an address
 * by DHCP (RFC 2131), and asks for the gateway's by ARP (RFC 826). It sends the gateway ICMP echo requests
 * (RFC 792), one at a time. The answers must have the content of the requests.
 */
#include "net/net.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "net/options.h"

#define TRIES        5
#define TRY_SECONDS  2
#define COUNT        200
#define FRAME_MIN    60
#define FRAME_MAX    1514
#define SIZE_STEP    769 /* has no factor in common with the number of sizes from 60 to 1514 */

#define ETHERNET     14
#define IP           20
#define UDP          8
#define DHCP         236 /* before the magic cookie */
#define TYPE_IP      0x0800
#define TYPE_ARP     0x0806
#define DHCP_OPTIONS (ETHERNET + IP + UDP + DHCP + 4)
#define DHCP_FRAME   (DHCP_OPTIONS + 32)
#define ECHO         (ETHERNET + IP) /* where an ICMP message begins */
#define ECHO_ID      0xAE70
#define XID          0xAE0BE7C4u

enum stage { DISCOVER, REQUEST, ARP, PING, DONE };

struct ping {
    struct net net;
    uint64_t count, size[2];
    pthread_t thread;
    bool thread_running;
    pthread_mutex_t lock;
    pthread_cond_t change; /* the stage, `answered` or `stopping` */
    /* Guarded by lock. */
    enum stage stage;
    bool stopping;
    uint8_t address[4], server[4], gateway[4], gateway_mac[6];
    uint64_t sent, answered, damaged;
    uint32_t awaited; /* bytes of the frame whose answer is awaited; 0: none */
};

static struct ping *ping_of(struct net *net)
{
    return (struct ping *)net;
}

/* ---- Frames ---- */

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* RFC 1071 */
static unsigned checksum(const uint8_t *bytes, size_t length)
{
    uint32_t sum = 0;
    size_t i;

    for (i = 0; i < length; i += 2)
        sum += (uint32_t)bytes[i] << 8 | (i + 1 < length ? bytes[i + 1] : 0);
    while (sum > 0xFFFF)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return ~sum & 0xFFFF;
}

static void put_ethernet(const struct ping *ping, uint8_t *frame, const uint8_t *to, unsigned type)
{
    if (to)
        memcpy(frame, to, 6);
    else
        memset(frame, 0xFF, 6);
    memcpy(frame + 6, ping->net.ports->mac, 6);
    put16(frame + 12, type);
}

static void put_ip(uint8_t *frame, unsigned protocol, size_t length, const uint8_t *from,
                   const uint8_t *to)
{
    uint8_t *ip = frame + ETHERNET;

    ip[0] = 0x45;
    put16(ip + 2, (unsigned)length - ETHERNET);
    ip[8] = 64;
    ip[9] = (uint8_t)protocol;
    memcpy(ip + 12, from, 4);
    memcpy(ip + 16, to, 4);
    put16(ip + 10, checksum(ip, IP));
}

static uint32_t build_dhcp(const struct ping *ping, uint8_t *frame)
{
    static const uint8_t none[4], all[4] = {255, 255, 255, 255};
    uint8_t *udp = frame + ETHERNET + IP, *dhcp = udp + UDP, *option = frame + DHCP_OPTIONS;

    put_ethernet(ping, frame, NULL, TYPE_IP);
    put_ip(frame, 17, DHCP_FRAME, none, all);
    put16(udp, 68);
    put16(udp + 2, 67);
    put16(udp + 4, DHCP_FRAME - ETHERNET - IP);
    dhcp[0] = dhcp[1] = 1;
    dhcp[2] = 6;
    put16(dhcp + 4, XID >> 16);
    put16(dhcp + 6, XID & 0xFFFF);
    dhcp[10] = 0x80; /* answers by broadcast */
    memcpy(dhcp + 28, ping->net.ports->mac, 6);
    memcpy(dhcp + DHCP, "\x63\x82\x53\x63", 4);
    memcpy(option, "\x35\x01\x01", 3);
    if (ping->stage == REQUEST) {
        option[2] = 3;
        memcpy(option + 3, "\x32\x04", 2);
        memcpy(option + 5, ping->address, 4);
        memcpy(option + 9, "\x36\x04", 2);
        memcpy(option + 11, ping->server, 4);
        option[15] = 255;
    } else {
        option[3] = 255;
    }
    return DHCP_FRAME;
}

static uint32_t build_arp(const struct ping *ping, uint8_t *frame)
{
    uint8_t *arp = frame + ETHERNET;

    put_ethernet(ping, frame, NULL, TYPE_ARP);
    memcpy(arp, "\0\1\x08\0\x06\x04\0\1", 8);
    memcpy(arp + 8, ping->net.ports->mac, 6);
    memcpy(arp + 14, ping->address, 4);
    memcpy(arp + 24, ping->gateway, 4);
    return FRAME_MIN;
}

static uint8_t content(uint64_t number, size_t at)
{
    return (uint8_t)(number * 31 + at * 7 + (at >> 8));
}

static uint32_t build_echo(const struct ping *ping, uint8_t *frame, uint64_t number)
{
    uint64_t sizes = ping->size[1] - ping->size[0] + 1;
    size_t length = (size_t)(ping->size[0] + number * SIZE_STEP % sizes), i;
    uint8_t *icmp = frame + ECHO;

    put_ethernet(ping, frame, ping->gateway_mac, TYPE_IP);
    put_ip(frame, 1, length, ping->address, ping->gateway);
    icmp[0] = 8;
    put16(icmp + 4, ECHO_ID);
    put16(icmp + 6, (unsigned)number & 0xFFFF);
    for (i = 8; i < length - ECHO; i++)
        icmp[i] = content(number, i);
    put16(icmp + 2, checksum(icmp, length - ECHO));
    return (uint32_t)length;
}

/* ---- What comes; with lock ---- */

static void enter(struct ping *ping, enum stage stage)
{
    ping->stage = stage;
    pthread_cond_broadcast(&ping->change);
}

static void take_dhcp(struct ping *ping, const uint8_t *frame, size_t length)
{
    const uint8_t *dhcp = frame + ETHERNET + IP + UDP;
    unsigned kind = 0;
    uint8_t gateway[4] = {0}, server[4] = {0};
    size_t at;

    if (length < DHCP_OPTIONS || get16(frame + ETHERNET + IP + 2) != 68 || dhcp[0] != 2 ||
        get16(dhcp + 4) != XID >> 16 || get16(dhcp + 6) != (XID & 0xFFFF))
        return;
    for (at = DHCP_OPTIONS; at + 1 < length && frame[at] != 255;
         at += frame[at] ? 2u + frame[at + 1] : 1u) {
        size_t bytes = frame[at + 1];

        if (!frame[at] || at + 2 + bytes > length)
            continue;
        if (frame[at] == 53 && bytes == 1)
            kind = frame[at + 2];
        if (frame[at] == 3 && bytes >= 4)
            memcpy(gateway, frame + at + 2, 4);
        if (frame[at] == 54 && bytes == 4)
            memcpy(server, frame + at + 2, 4);
    }
    memcpy(ping->address, dhcp + 16, 4);
    memcpy(ping->server, server, 4);
    memcpy(ping->gateway, gateway[0] ? gateway : server, 4);
    if (ping->stage == DISCOVER && kind == 2)
        enter(ping, REQUEST);
    else if (ping->stage == REQUEST && kind == 5)
        enter(ping, ARP);
}

static void take_arp(struct ping *ping, const uint8_t *frame, size_t length)
{
    const uint8_t *arp = frame + ETHERNET;

    if (ping->stage != ARP || length < 42 || get16(arp + 6) != 2 ||
        memcmp(arp + 14, ping->gateway, 4))
        return;
    memcpy(ping->gateway_mac, arp + 8, 6);
    enter(ping, PING);
}

/* The answer has the request's length and content, and a right checksum (RFC 792). */
static void take_echo(struct ping *ping, const uint8_t *frame, size_t length)
{
    const uint8_t *icmp = frame + ECHO;
    uint64_t number = ping->sent - 1;
    size_t i, total = ETHERNET + get16(frame + ETHERNET + 2);
    bool good;

    if (!ping->awaited || length < ECHO + 8 || icmp[0] != 0 || get16(icmp + 4) != ECHO_ID ||
        get16(icmp + 6) != (number & 0xFFFF))
        return;
    good = total == ping->awaited && length >= total && !checksum(icmp, total - ECHO);
    for (i = 8; good && i < total - ECHO; i++)
        good = icmp[i] == content(number, i);
    ping->answered += good;
    ping->damaged += !good;
    ping->awaited = 0;
    pthread_cond_broadcast(&ping->change);
}

static void ping_near_receive(struct net *net, const void *data, size_t length, uint32_t tag)
{
    struct ping *ping = ping_of(net);
    const uint8_t *frame = data;

    (void)tag;
    if (length < ECHO)
        return;
    pthread_mutex_lock(&ping->lock);
    if (get16(frame + 12) == TYPE_ARP)
        take_arp(ping, frame, length);
    else if (get16(frame + 12) == TYPE_IP && frame[ETHERNET] == 0x45)
        (frame[ETHERNET + 9] == 1 ? take_echo : take_dhcp)(ping, frame, length);
    pthread_mutex_unlock(&ping->lock);
}

/* ---- What goes ---- */

static void send_frame(struct ping *ping, const uint8_t *frame, uint32_t length)
{
    struct net_frame one = {.data = frame, .length = length, .tag = TAG_NONE};

    ping->net.ports->near_send(ping->net.ports->context, &one, 1);
}

/* With lock: waits until `stage` is left, or no answer is awaited any more. false: the time is up. */
static bool await(struct ping *ping, enum stage stage)
{
    struct timespec until;
    int failed = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TRY_SECONDS;
    while (!ping->stopping && ping->stage == stage && (stage != PING || ping->awaited) && !failed)
        failed = pthread_cond_timedwait(&ping->change, &ping->lock, &until);
    return failed != ETIMEDOUT;
}

/* The stages before PING: the same question until it is answered. With lock. */
static bool ask(struct ping *ping, enum stage stage)
{
    unsigned tries;

    for (tries = 0; tries < TRIES && !ping->stopping && ping->stage == stage; tries++) {
        uint8_t frame[NET_FRAME_MAX] = {0};
        uint32_t length = stage == ARP ? build_arp(ping, frame) : build_dhcp(ping, frame);

        pthread_mutex_unlock(&ping->lock);
        send_frame(ping, frame, length);
        pthread_mutex_lock(&ping->lock);
        await(ping, stage);
    }
    return !ping->stopping && ping->stage != stage;
}

static void echo_all(struct ping *ping)
{
    while (ping->sent < ping->count && !ping->stopping) {
        uint8_t frame[NET_FRAME_MAX] = {0};
        uint32_t length = build_echo(ping, frame, ping->sent);

        ping->awaited = length;
        ping->sent++;
        pthread_mutex_unlock(&ping->lock);
        send_frame(ping, frame, length);
        pthread_mutex_lock(&ping->lock);
        await(ping, PING);
    }
    ping->awaited = 0;
}

static void *ping_thread(void *argument)
{
    struct ping *ping = argument;

    pthread_mutex_lock(&ping->lock);
    if (ask(ping, DISCOVER) && ask(ping, REQUEST) && ask(ping, ARP)) {
        echo_all(ping);
        enter(ping, DONE);
    }
    pthread_mutex_unlock(&ping->lock);
    ping->net.ports->finished(ping->net.ports->context);
    return NULL;
}

static int ping_start(struct net *net, char *error, size_t error_size)
{
    struct ping *ping = ping_of(net);
    int failed = pthread_create(&ping->thread, NULL, ping_thread, ping);

    if (failed) {
        snprintf(error, error_size, "ping: no thread could be made: %s", strerror(failed));
        return -1;
    }
    ping->thread_running = true;
    return 0;
}

static void ping_near_sent(struct net *net, uint64_t cookie, int32_t status)
{
    (void)net, (void)cookie, (void)status;
}

static void ping_far_receive(struct net *net, const void *frame, size_t length)
{
    (void)net, (void)frame, (void)length;
}

static void ping_stop(struct net *net)
{
    struct ping *ping = ping_of(net);

    pthread_mutex_lock(&ping->lock);
    ping->stopping = true;
    pthread_cond_broadcast(&ping->change);
    pthread_mutex_unlock(&ping->lock);
    if (ping->thread_running)
        pthread_join(ping->thread, NULL);
    ping->thread_running = false;
}

/* ---- Telling ---- */

static int ping_verdict(struct net *net, FILE *out)
{
    static const char *const silent[] = {"no answer to a DHCP discover",
                                         "no answer to a DHCP request",
                                         "no answer to an ARP request"};
    struct ping *ping = ping_of(net);

    if (ping->stage < PING) {
        fprintf(out, "ping: %s\n", silent[ping->stage]);
        return -1;
    }
    fprintf(out,
            "ping: address %u.%u.%u.%u, gateway %u.%u.%u.%u; %" PRIu64 " requests, %" PRIu64
            " answered, %" PRIu64 " answers damaged\n",
            ping->address[0], ping->address[1], ping->address[2], ping->address[3],
            ping->gateway[0], ping->gateway[1], ping->gateway[2], ping->gateway[3], ping->sent,
            ping->answered, ping->damaged);
    return ping->answered == ping->count ? 0 : -1;
}

static void ping_report(struct net *net, FILE *json)
{
    static const char *const stages[] = {"discover", "request", "arp", "ping", "done"};
    struct ping *ping = ping_of(net);

    pthread_mutex_lock(&ping->lock);
    fprintf(json,
            "\"end\": \"ping\", \"stage\": \"%s\", \"address\": \"%u.%u.%u.%u\", \"sent\": %" PRIu64
            ", \"answered\": %" PRIu64 ", \"damaged\": %" PRIu64,
            stages[ping->stage], ping->address[0], ping->address[1], ping->address[2],
            ping->address[3], ping->sent, ping->answered, ping->damaged);
    pthread_mutex_unlock(&ping->lock);
}

static void ping_close(struct net *net)
{
    struct ping *ping = ping_of(net);

    pthread_cond_destroy(&ping->change);
    pthread_mutex_destroy(&ping->lock);
    free(ping);
}

static const struct net_ops ping_ops = {
    .start = ping_start,
    .near_receive = ping_near_receive,
    .near_sent = ping_near_sent,
    .far_receive = ping_far_receive,
    .stop = ping_stop,
    .verdict = ping_verdict,
    .report = ping_report,
    .close = ping_close,
};

static struct net *ping_open(const char *arguments, struct net_ports *ports, char *error,
                             size_t error_size)
{
    struct ping *ping = calloc(1, sizeof *ping);

    if (!ping) {
        snprintf(error, error_size, "ping: out of memory");
        return NULL;
    }
    ping->net = (struct net){.ops = &ping_ops, .ports = ports};
    ping->count = COUNT;
    ping->size[0] = FRAME_MIN;
    ping->size[1] = FRAME_MAX;
    const struct option table[] = {
        {.name = "count",
         .kind = OPTION_NUMBER,
         .minimum = 1,
         .maximum = 65535,
         .number = &ping->count},
        {.name = "size",
         .kind = OPTION_RANGE,
         .minimum = FRAME_MIN,
         .maximum = FRAME_MAX,
         .number = ping->size},
    };
    if (options_parse("ping", arguments, table, 2, error, error_size)) {
        free(ping);
        return NULL;
    }
    pthread_mutex_init(&ping->lock, NULL);
    pthread_cond_init(&ping->change, NULL);
    return &ping->net;
}

const struct net_backend net_ping = {
    .name = "ping",
    .help =
        "  ping[:count=N,size=MIN-MAX]  asks for an address by DHCP, and sends the gateway ICMP "
        "echo\n"
        "    requests (200, in frames of 60-1514 bytes), whose answers must have their content.\n"
        "    For a device whose far end is a network, not ndishost's\n",
    .open = ping_open,
};
