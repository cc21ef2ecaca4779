/* SPDX-License-Identifier: MIT */
/*
 * traffic.c: Linux' end in the virtual machine of bench/peers.py: it sends numbered datagrams, and
 * judges numbered frames that have come.
 *
 *   traffic send COUNT SIZE BURST RATE    UDP from 10.0.0.1 to 10.0.0.2, in frames of SIZE bytes; BURST
 *                                         datagrams a call; RATE a second, 0: no limit
 *   traffic udp COUNT SIZE [PORT]         the same frames, as they come to a socket
 *   traffic raw COUNT SIZE INTERFACE      frames of type 0x88B5, as they come to an interface
 *   traffic pcap COUNT SIZE FILE          those in a capture of ndishost
 *
 * It prints "ready" when it listens, and at the end members of a JSON object: how many frames came, and how
 * many are lost, late, there twice or damaged. `udp` and `raw` give up after 20 s without a frame.
 * A frame's payload is big-endian words: number + place * 0x9E3779B1. bench/far_end.py writes the same.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STEP      0x9E3779B1u
#define TYPE      0x88B5
#define PORT      9
#define ETHERNET  14
#define HEADERS   (ETHERNET + 20 + 8) /* with IP's and UDP's */
#define BURST_MAX 64
#define FRAME_MAX 2048
#define ROOM      (64 << 20) /* of a socket, which shall lose none */
#define PATIENCE  20000      /* ms */
#define FILE_HEAD 24
#define MAGIC_NS  0xA1B23C4Du

static void die(const char *what)
{
    fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
    exit(1);
}

static unsigned long number_of(const char *text, unsigned long most)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*end || value > most) {
        fprintf(stderr, "traffic: '%s' is not a number up to %lu\n", text, most);
        exit(2);
    }
    return value;
}

static void fill(uint8_t *payload, size_t size, uint32_t number)
{
    for (size_t i = 0; i < size; i += 4) {
        uint32_t word = htonl(number + (uint32_t)(i / 4) * STEP);

        memcpy(payload + i, &word, size - i < 4 ? size - i : 4);
    }
}

/* ---- The account of what came ---- */

struct account {
    uint32_t count, next; /* next: above the highest number so far */
    size_t size;          /* of a payload */
    bool *seen;
    unsigned long frames, late, twice, damaged;
};

static void account_open(struct account *account, uint32_t count, size_t size)
{
    memset(account, 0, sizeof *account);
    account->count = count;
    account->size = size;
    account->seen = calloc(count ? count : 1, sizeof *account->seen);
    if (!account->seen)
        die("memory");
}

static void arrived(struct account *account, const uint8_t *payload, size_t size)
{
    uint8_t expected[FRAME_MAX];
    uint32_t number = UINT32_MAX;

    account->frames++;
    if (size >= 4) {
        memcpy(&number, payload, 4);
        number = ntohl(number);
    }
    fill(expected, account->size, number);
    if (size != account->size || number >= account->count || memcmp(payload, expected, size)) {
        account->damaged++;
        return;
    }
    if (account->seen[number])
        account->twice++;
    else if (number < account->next)
        account->late++;
    account->seen[number] = true;
    if (number >= account->next)
        account->next = number + 1;
}

static int verdict(const struct account *account)
{
    unsigned long lost = 0;

    for (uint32_t i = 0; i < account->count; i++)
        lost += !account->seen[i];
    printf("\"frames\":%lu,\"lost\":%lu,\"late\":%lu,\"twice\":%lu,\"damaged\":%lu\n",
           account->frames, lost, account->late, account->twice, account->damaged);
    return lost || account->late || account->twice || account->damaged;
}

/* ---- Receiving ---- */

static int listen_raw(const char *interface)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(TYPE)};
    int fd = socket(AF_PACKET, SOCK_DGRAM, 0), room = ROOM;

    at.sll_ifindex = (int)if_nametoindex(interface);
    if (fd < 0 || !at.sll_ifindex)
        die(interface);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
        die("SO_RCVBUFFORCE");
    if (bind(fd, (struct sockaddr *)&at, sizeof at))
        die(interface);
    return fd;
}

static int listen_udp(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), room = ROOM;

    if (fd < 0)
        die("socket");
    /* Without the right to it, the limit of the machine has to do. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (bind(fd, (struct sockaddr *)&at, sizeof at))
        die("port");
    return fd;
}

static int receive(int fd, struct account *account)
{
    static uint8_t frames[BURST_MAX][FRAME_MAX];
    struct iovec pieces[BURST_MAX];
    struct mmsghdr messages[BURST_MAX];
    struct pollfd waiting = {.fd = fd, .events = POLLIN};

    memset(messages, 0, sizeof messages);
    for (unsigned i = 0; i < BURST_MAX; i++) {
        pieces[i] = (struct iovec){.iov_base = frames[i], .iov_len = FRAME_MAX};
        messages[i].msg_hdr.msg_iov = &pieces[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    printf("ready\n");
    fflush(stdout);
    while (account->frames < account->count && poll(&waiting, 1, PATIENCE) > 0) {
        int got = recvmmsg(fd, messages, BURST_MAX, MSG_DONTWAIT, NULL);

        if (got < 0)
            die("recvmmsg");
        for (int i = 0; i < got; i++)
            arrived(account, frames[i], messages[i].msg_len);
    }
    return verdict(account);
}

static int read_capture(const char *name, struct account *account)
{
    uint8_t head[FILE_HEAD], frame[FRAME_MAX];
    uint32_t record[4];
    FILE *file = fopen(name, "rb");

    if (!file)
        die(name);
    if (fread(head, sizeof head, 1, file) != 1 || memcmp(head, &(uint32_t){MAGIC_NS}, 4)) {
        fprintf(stderr, "traffic: %s is not a capture of ndishost\n", name);
        return 1;
    }
    while (fread(record, sizeof record, 1, file) == 1) {
        if (record[2] > sizeof frame || fread(frame, 1, record[2], file) != record[2]) {
            fprintf(stderr, "traffic: %s is cut short\n", name);
            return 1;
        }
        if (record[2] >= ETHERNET && frame[12] == TYPE >> 8 && frame[13] == (TYPE & 0xFF))
            arrived(account, frame + ETHERNET, record[2] - ETHERNET);
    }
    fclose(file);
    return verdict(account);
}

/* ---- Sending ---- */

static void wait_until(const struct timespec *start, uint64_t nanoseconds)
{
    struct timespec until = *start;

    nanoseconds += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(nanoseconds / 1000000000u);
    until.tv_nsec = (long)(nanoseconds % 1000000000u);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static int send_all(uint32_t count, size_t size, unsigned burst, unsigned long rate)
{
    static uint8_t payloads[BURST_MAX][FRAME_MAX];
    struct iovec pieces[BURST_MAX];
    struct mmsghdr messages[BURST_MAX];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct timespec start;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    to.sin_addr.s_addr = htonl(0x0A000002);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to))
        die("10.0.0.2");
    memset(messages, 0, sizeof messages);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (uint32_t sent = 0; sent < count;) {
        unsigned some = count - sent < burst ? count - sent : burst;

        for (unsigned i = 0; i < some; i++) {
            fill(payloads[i], size, sent + i);
            pieces[i] = (struct iovec){.iov_base = payloads[i], .iov_len = size};
            messages[i].msg_hdr.msg_iov = &pieces[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        if (rate)
            wait_until(&start, (uint64_t)sent * 1000000000u / rate);
        for (unsigned done = 0; done < some;) {
            int took = sendmmsg(fd, messages + done, some - done, 0);

            if (took < 0 && errno != ENOBUFS)
                die("sendmmsg");
            done += took > 0 ? (unsigned)took : 0;
        }
        sent += some;
    }
    printf("\"frames\":%u\n", (unsigned)count);
    return 0;
}

int main(int argc, char **argv)
{
    struct account account;
    uint32_t count;
    size_t size;
    bool sends = argc == 6 && !strcmp(argv[1], "send");

    if (argc != 5 && !sends && !(argc == 4 && !strcmp(argv[1], "udp"))) {
        fprintf(stderr, "usage: traffic send COUNT SIZE BURST RATE | udp COUNT SIZE [PORT] | "
                        "raw COUNT SIZE INTERFACE | pcap COUNT SIZE FILE\n");
        return 2;
    }
    count = (uint32_t)number_of(argv[2], 1u << 24);
    size = number_of(argv[3], 1514);
    if (size < 60) {
        fprintf(stderr, "traffic: a frame has 60 bytes or more\n");
        return 2;
    }
    if (sends) {
        unsigned long burst = number_of(argv[4], BURST_MAX);

        return send_all(count, size - HEADERS, burst ? (unsigned)burst : 1,
                        number_of(argv[5], 1000000));
    }
    account_open(&account, count, size - (strcmp(argv[1], "udp") ? ETHERNET : HEADERS));
    if (!strcmp(argv[1], "udp"))
        return receive(listen_udp(argc > 4 ? (uint16_t)number_of(argv[4], 65535) : PORT), &account);
    if (!strcmp(argv[1], "raw"))
        return receive(listen_raw(argv[4]), &account);
    if (!strcmp(argv[1], "pcap"))
        return read_capture(argv[4], &account);
    fprintf(stderr, "traffic: what is %s\n", argv[1]);
    return 2;
}
