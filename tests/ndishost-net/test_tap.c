/* SPDX-License-Identifier: MIT */
/*
 * tap in a network namespace of its own, over the pretended miniport, with a station at the far end
 * that answers ARP and ping. Needs root and /dev/net/tun.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <inttypes.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "loopback.h"

#define NAME      "avtest0"
#define OUR_IP    "10.77.0.1"
#define THEIR_IP  "10.77.0.2"
#define UDP_COUNT 200
#define PINGS     100

static const uint8_t station_mac[6] = {2, 0, 0, 0, 0, 2};

static struct loopback loopback;
static struct net *net;
static int control; /* a socket for ioctls */

/* Guarded by its lock: what the station saw. */
static struct {
    pthread_mutex_t lock;
    unsigned udp_seen, udp_in_order, wrong_source;
    size_t tagged_length; /* of the last frame with a tag */
    uint8_t tagged[2048];
} station = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- The station ---- */

static uint16_t checksum(const uint8_t *bytes, size_t length)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < length; i++)
        sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void answer_arp(struct loopback *wire, const uint8_t *frame)
{
    uint8_t reply[60] = {0};

    memcpy(reply, frame + 6, 6);
    memcpy(reply + 6, station_mac, 6);
    memcpy(reply + 12, frame + 12, 8); /* type, and the ARP header up to the operation */
    put16(reply + 20, 2);
    memcpy(reply + 22, station_mac, 6);
    memcpy(reply + 28, frame + 38, 4);
    memcpy(reply + 32, frame + 22, 10);
    wire->ports.far_send(wire, reply, sizeof reply);
}

static void answer_ping(struct loopback *wire, const uint8_t *frame, size_t length)
{
    uint8_t reply[2048];
    size_t total = (size_t)(frame[16] << 8 | frame[17]);

    memcpy(reply, frame, length);
    memcpy(reply, frame + 6, 6);
    memcpy(reply + 6, station_mac, 6);
    memcpy(reply + 26, frame + 30, 4);
    memcpy(reply + 30, frame + 26, 4);
    reply[34] = 0;
    put16(reply + 36, 0);
    put16(reply + 36, checksum(reply + 34, total - 20));
    wire->ports.far_send(wire, reply, length);
}

/* The payload of the n-th datagram is n. */
static void count_udp(const uint8_t *frame)
{
    unsigned number = (unsigned)frame[42] << 8 | frame[43];

    station.udp_in_order += number == station.udp_seen;
    station.udp_seen++;
}

/* Sends back what has a tag, as it is but for the addresses. */
static void answer_tagged(struct loopback *wire, const uint8_t *frame, size_t length)
{
    uint8_t reply[2048];

    pthread_mutex_lock(&station.lock);
    station.tagged_length = length;
    memcpy(station.tagged, frame, length);
    pthread_mutex_unlock(&station.lock);
    memcpy(reply, frame, length);
    memcpy(reply, frame + 6, 6);
    memcpy(reply + 6, station_mac, 6);
    wire->ports.far_send(wire, reply, length);
}

static void station_receive(struct loopback *wire, const uint8_t *frame, size_t length)
{
    pthread_mutex_lock(&station.lock);
    station.wrong_source += memcmp(frame + 6, wire->ports.mac, 6) != 0;
    if (length >= 44 && !memcmp(frame + 12, "\x08\x00\x45", 3) && frame[23] == IPPROTO_UDP)
        count_udp(frame);
    pthread_mutex_unlock(&station.lock);
    if (tag_read(frame, length) != TAG_NONE && !memcmp(frame + 16, "\x88\xB5", 2))
        answer_tagged(wire, frame, length);
    if (length >= 42 && !memcmp(frame + 12, "\x08\x06", 2) && frame[21] == 1)
        answer_arp(wire, frame);
    if (length >= 42 && !memcmp(frame + 12, "\x08\x00\x45", 3) && frame[23] == IPPROTO_ICMP &&
        frame[34] == 8)
        answer_ping(wire, frame, length);
}

/* ---- Fixture ---- */

static void control_ioctl(unsigned long request, struct ifreq *interface)
{
    strcpy(interface->ifr_name, NAME);
    if (ioctl(control, request, interface))
        fail_msg("ioctl 0x%lx: %s", request, strerror(errno));
}

static void set_address(void)
{
    struct ifreq interface = {0};
    struct sockaddr_in *address = (struct sockaddr_in *)&interface.ifr_addr;

    address->sin_family = AF_INET;
    inet_aton(OUR_IP, &address->sin_addr);
    control_ioctl(SIOCSIFADDR, &interface);
    inet_aton("255.255.255.0", &address->sin_addr);
    control_ioctl(SIOCSIFNETMASK, &interface);
}

static void start(void)
{
    char error[256] = "";

    loopback_init(&loopback, true);
    loopback.station = station_receive;
    station.udp_seen = station.udp_in_order = station.wrong_source = 0;
    net = net_open("tap:" NAME, &loopback.ports, error, sizeof error);
    if (!net || loopback_start(&loopback, net, error, sizeof error))
        fail_msg("%s", error);
    set_address();
}

struct outcome {
    int verdict;
    char text[2048], json[2048];
};

static struct outcome stop(void)
{
    struct outcome outcome = {0};
    FILE *out = fmemopen(outcome.text, sizeof outcome.text, "w");
    FILE *json = fmemopen(outcome.json, sizeof outcome.json, "w");

    loopback_stop(&loopback);
    outcome.verdict = net->ops->verdict(net, out);
    net->ops->report(net, json);
    fclose(out);
    fclose(json);
    net->ops->close(net);
    loopback_destroy(&loopback);
    return outcome;
}

static void expect_json(const struct outcome *outcome, const char *text)
{
    if (!strstr(outcome->json, text))
        fail_msg("expected %s in %s", text, outcome->json);
}

static bool running(void)
{
    struct ifreq interface = {0};

    control_ioctl(SIOCGIFFLAGS, &interface);
    return interface.ifr_flags & IFF_RUNNING;
}

static bool becomes_running(bool wanted)
{
    for (unsigned i = 0; i < 300 && running() != wanted; i++)
        usleep(10000);
    return running() == wanted;
}

/* ---- Tests ---- */

static void test_interface(void **state)
{
    struct ifreq interface = {0};
    struct outcome outcome;

    (void)state;
    start();
    control_ioctl(SIOCGIFHWADDR, &interface);
    assert_memory_equal(interface.ifr_hwaddr.sa_data, loopback.ports.mac, 6);
    control_ioctl(SIOCGIFMTU, &interface);
    assert_int_equal(interface.ifr_mtu, 1500);
    control_ioctl(SIOCGIFFLAGS, &interface);
    assert_true(interface.ifr_flags & IFF_UP);
    assert_true(becomes_running(true));
    outcome = stop();
    assert_int_equal(outcome.verdict, 0);
    strcpy(interface.ifr_name, NAME);
    assert_int_equal(ioctl(control, SIOCGIFFLAGS, &interface), -1);
    assert_int_equal(errno, ENODEV);
}

static void send_ping(int ping, const struct sockaddr_in *to, uint16_t number, uint8_t *packet,
                      size_t payload)
{
    memset(packet, 0, 8);
    packet[0] = ICMP_ECHO;
    put16(packet + 6, number);
    for (size_t i = 0; i < payload; i++)
        packet[8 + i] = (uint8_t)(i * 7 + number);
    put16(packet + 2, checksum(packet, 8 + payload));
    assert_int_equal(sendto(ping, packet, 8 + payload, 0, (const struct sockaddr *)to, sizeof *to),
                     8 + payload);
}

/* The next ICMP echo reply, as far as its sequence number; skips our own requests. */
static size_t receive_reply(int ping, uint8_t *packet, size_t size)
{
    ssize_t length;

    do {
        length = recv(ping, packet, size, 0);
        if (length < 0)
            fail_msg("no reply to a ping: %s", strerror(errno));
    } while (length < 28 || packet[20] != ICMP_ECHOREPLY);
    return (size_t)length;
}

/* Through both directions, every payload up to the MTU, the bytes compared. */
static void test_ping(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct timeval patience = {.tv_sec = 5};
    struct outcome outcome;
    int ping;

    (void)state;
    start();
    inet_aton(THEIR_IP, &to.sin_addr);
    ping = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    assert_true(ping >= 0);
    setsockopt(ping, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (unsigned i = 0; i < PINGS; i++) {
        size_t payload = i * 1472 / (PINGS - 1);
        uint8_t request[2048], reply[2048];

        send_ping(ping, &to, (uint16_t)i, request, payload);
        assert_int_equal(receive_reply(ping, reply, sizeof reply), 28 + payload);
        assert_memory_equal(reply + 26, request + 6, 2 + payload);
    }
    close(ping);
    outcome = stop();
    assert_int_equal(outcome.verdict, 0);
    assert_int_equal(station.wrong_source, 0);
}

/* A packet socket on the interface. For all types: for one alone tags are no longer to be seen. */
static int packet_socket(void)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    struct timeval patience = {.tv_sec = 5};
    int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), on = 1;

    address.sll_ifindex = (int)if_nametoindex(NAME);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

/* Receives what comes in from the wire; the tag that Linux has taken out of it, or TAG_NONE. */
static uint32_t receive_packet(int fd, uint8_t *frame, size_t size, ssize_t *length)
{
    char control_data[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    struct sockaddr_ll from;
    struct iovec part = {frame, size};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof from,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control_data,
                             .msg_controllen = sizeof control_data};
    uint32_t tag = TAG_NONE;
    struct cmsghdr *extra;

    do {
        message.msg_controllen = sizeof control_data;
        *length = recvmsg(fd, &message, 0);
        assert_true(*length > 0);
    } while (from.sll_pkttype == PACKET_OUTGOING || memcmp(frame + 12, "\x88\xB5", 2));
    for (extra = CMSG_FIRSTHDR(&message); extra; extra = CMSG_NXTHDR(&message, extra)) {
        struct tpacket_auxdata data;

        memcpy(&data, CMSG_DATA(extra), sizeof data);
        if (extra->cmsg_type == PACKET_AUXDATA && data.tp_status & TP_STATUS_VLAN_VALID)
            tag = data.tp_vlan_tci;
    }
    return tag;
}

/* A frame that Linux has tagged goes out with its tag where it is; one that comes up with its tag
 * out of band gets it back. */
static void test_tags(void **state)
{
    uint8_t frame[NET_FRAME_MAX] = {2, 0, 0, 0,    0, 2,    0, 0,    0,
                                    0, 0, 0, 0x81, 0, 0x60, 5, 0x88, 0xB5};
    uint8_t back[2048];
    struct outcome outcome;
    ssize_t length;
    int fd;

    (void)state;
    start();
    fd = packet_socket();
    memcpy(frame + 6, loopback.ports.mac, 6);
    for (size_t i = 18; i < sizeof frame; i++)
        frame[i] = (uint8_t)(i * 7);
    assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
    assert_int_equal(receive_packet(fd, back, sizeof back, &length), 0x6005);
    assert_int_equal(length, sizeof frame - TAG_BYTES);
    assert_memory_equal(back + 12, frame + 16, sizeof frame - 16);
    pthread_mutex_lock(&station.lock);
    assert_int_equal(station.tagged_length, sizeof frame);
    assert_memory_equal(station.tagged, frame, sizeof frame);
    pthread_mutex_unlock(&station.lock);
    close(fd);
    outcome = stop();
    assert_int_equal(outcome.verdict, 0);
}

static void set_refuse(bool refuse)
{
    pthread_mutex_lock(&loopback.lock);
    loopback.refuse = refuse;
    loopback.take_at_most = 1;
    pthread_mutex_unlock(&loopback.lock);
}

/* A miniport that takes one frame at a time, then none for a while: nothing is lost or
 * reordered. */
static void test_backpressure(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    unsigned seen = 0;
    struct outcome outcome;
    int udp;

    (void)state;
    start();
    set_refuse(false);
    inet_aton(THEIR_IP, &to.sin_addr);
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    for (unsigned i = 0; i < UDP_COUNT; i++) {
        uint8_t payload[20] = {(uint8_t)(i >> 8), (uint8_t)i};

        if (i == 50)
            set_refuse(true);
        assert_int_equal(sendto(udp, payload, sizeof payload, 0, (struct sockaddr *)&to, sizeof to),
                         sizeof payload);
        if (i == 0)
            usleep(100000); /* the address is resolved: Linux queues only a few before */
    }
    usleep(100000);
    set_refuse(false);
    for (unsigned i = 0; i < 500 && seen < UDP_COUNT; i++) {
        usleep(10000);
        pthread_mutex_lock(&station.lock);
        seen = station.udp_seen;
        pthread_mutex_unlock(&station.lock);
    }
    close(udp);
    outcome = stop();
    assert_int_equal(outcome.verdict, 0);
    assert_int_equal(station.udp_in_order, UDP_COUNT);
}

static void test_carrier(void **state)
{
    struct outcome outcome;

    (void)state;
    start();
    assert_true(becomes_running(true));
    loopback_link(&loopback, false);
    assert_true(becomes_running(false));
    loopback_link(&loopback, true);
    assert_true(becomes_running(true));
    outcome = stop();
    assert_int_equal(outcome.verdict, 0);
}

/* What Linux does not take is counted by its cause. */
static void test_drops(void **state)
{
    static const uint8_t frame[60];
    struct ifreq interface = {0};
    struct outcome outcome;

    (void)state;
    start();
    net->ops->near_receive(net, frame, sizeof frame, TAG_NONE);
    net->ops->near_receive(net, frame, 5, TAG_NONE);
    control_ioctl(SIOCGIFFLAGS, &interface);
    interface.ifr_flags = (short)(interface.ifr_flags & ~IFF_UP);
    control_ioctl(SIOCSIFFLAGS, &interface);
    net->ops->near_receive(net, frame, sizeof frame, TAG_NONE);
    outcome = stop();
    assert_int_equal(outcome.verdict, 0);
    expect_json(&outcome, "\"frames_received\": 1, \"bytes_received\": 60");
    expect_json(&outcome, "\"dropped_invalid\": 1");
    expect_json(&outcome, "\"dropped_down\": 1");
    assert_non_null(strstr(outcome.text, "dropped: 1 interface down, 0 queue full, 1 invalid"));
}

/* Frames that the miniport keeps are a fault; only those: what failed is told and is none. */
static void test_never_back(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct outcome outcome;
    int udp;

    (void)state;
    start();
    pthread_mutex_lock(&loopback.lock);
    loopback_fault(&loopback, NEVER_BACK, TX, loopback.passed[TX], 0);
    pthread_mutex_unlock(&loopback.lock);
    inet_aton(THEIR_IP, &to.sin_addr);
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    for (unsigned i = 0; i < 20; i++) {
        sendto(udp, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
        usleep(10000);
    }
    close(udp);
    outcome = stop();
    assert_int_equal(outcome.verdict, -1);
    assert_non_null(strstr(outcome.text, "frames to send and completed"));
}

/* An interface that somebody made stays after, and is used as it is. */
static void test_existing_interface(void **state)
{
    struct ifreq interface = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR);
    struct outcome outcome;

    (void)state;
    strcpy(interface.ifr_name, NAME);
    assert_int_equal(ioctl(fd, TUNSETIFF, &interface), 0);
    assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
    close(fd);
    start();
    outcome = stop();
    assert_int_equal(outcome.verdict, 0);
    control_ioctl(SIOCGIFHWADDR, &interface);
    assert_memory_equal(interface.ifr_hwaddr.sa_data, "\x52\x54\x00\x12\x34\x56", 6);
    fd = open("/dev/net/tun", O_RDWR);
    interface.ifr_flags = IFF_TAP | IFF_NO_PI;
    assert_int_equal(ioctl(fd, TUNSETIFF, &interface), 0);
    assert_int_equal(ioctl(fd, TUNSETPERSIST, 0), 0);
    close(fd);
}

static void refused(const char *text)
{
    char error[256] = "";
    struct net *second = net_open("tap:" NAME, &loopback.ports, error, sizeof error);

    assert_null(second);
    if (!strstr(error, text))
        fail_msg("expected \"%s\" in \"%s\"", text, error);
}

static void test_refusals(void **state)
{
    struct ifreq interface = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd;

    (void)state;
    start();
    refused("another program uses it");
    stop();
    fd = open("/dev/net/tun", O_RDWR);
    strcpy(interface.ifr_name, NAME);
    assert_int_equal(ioctl(fd, TUNSETIFF, &interface), 0);
    refused("exists and is not a TAP");
    close(fd);
}

static void test_without_rights(void **state)
{
    pid_t child;
    int status;

    (void)state;
    child = fork();
    if (!child) {
        char error[256] = "";

        if (setresuid(65534, 65534, 65534))
            _exit(2);
        _exit(!net_open("tap:" NAME, &loopback.ports, error, sizeof error) &&
                      strstr(error, "run ndishost as root")
                  ? 0
                  : 1);
    }
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interface),  cmocka_unit_test(test_ping),
        cmocka_unit_test(test_tags),       cmocka_unit_test(test_backpressure),
        cmocka_unit_test(test_carrier),    cmocka_unit_test(test_drops),
        cmocka_unit_test(test_never_back), cmocka_unit_test(test_existing_interface),
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_without_rights),
    };

    if (geteuid() || access("/dev/net/tun", R_OK | W_OK) || unshare(CLONE_NEWNET)) {
        printf("skip: a TAP needs root, /dev/net/tun and a network namespace\n");
        return 77;
    }
    control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
