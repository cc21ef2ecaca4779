/* SPDX-License-Identifier: MIT */
/*
 * tap: connects the miniport to a TAP interface, so that Linux's TCP/IP uses it in place of
 * Windows'. The interface has the adapter's hardware address. Its carrier follows the miniport's
 * link, and the adapter's multicast list follows the groups that Linux joins on the interface.
 */
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/near_sender.h"

#define BATCH 64
#define MTU   1500

/* Frames of the miniport that did not reach Linux, by reason. */
struct tap_drops {
    uint64_t down;    /* the interface is down (EIO) */
    uint64_t no_room; /* Linux had no memory or no room (EAGAIN, ENOBUFS, ENOMEM) */
    uint64_t invalid; /* Linux does not accept it as an Ethernet frame (EINVAL) */
    uint64_t other;
};

struct tap {
    struct net net;
    struct near_sender near;
    char name[IFNAMSIZ];
    int fd;      /* the TAP, non-blocking */
    int wake_fd; /* eventfd: stop */
    pthread_t thread;
    bool thread_running;
    uint8_t (*frames)[NET_FRAME_MAX + 1]; /* for the thread; one extra byte detects a long frame */
    pthread_mutex_t lock;
    /* Guarded by lock. */
    uint64_t to_tap, to_tap_bytes;
    struct tap_drops drops;
    uint64_t from_tap, from_tap_bytes, too_long, unsent;
    int read_error; /* errno that ended reading */
};

static struct tap *tap_of(struct net *net)
{
    return (struct tap *)net;
}

/* ---- From Linux to the miniport ---- */

/* Reads all frames that Linux has queued, at most BATCH. */
static unsigned read_batch(struct tap *tap, struct net_frame *frames)
{
    unsigned count = 0;
    uint64_t bytes = 0, too_long = 0;
    ssize_t length = 0;
    int error = 0;

    while (count < BATCH) {
        length = read(tap->fd, tap->frames[count], sizeof tap->frames[count]);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            break;
        if (length > NET_FRAME_MAX) {
            too_long++;
            continue;
        }
        frames[count].data = tap->frames[count];
        frames[count].length = (uint32_t)length;
        frames[count].tag = TAG_NONE; /* Linux keeps the tag inside the frame */
        frames[count].cookie = 0;
        bytes += (uint64_t)length;
        count++;
    }
    if (length < 0 && errno != EAGAIN && errno != EIO)
        error = errno;
    pthread_mutex_lock(&tap->lock);
    tap->from_tap += count;
    tap->from_tap_bytes += bytes;
    tap->too_long += too_long;
    tap->read_error = error;
    pthread_mutex_unlock(&tap->lock);
    return count;
}

static void count_unsent(struct tap *tap, unsigned count)
{
    pthread_mutex_lock(&tap->lock);
    tap->unsent += count;
    pthread_mutex_unlock(&tap->lock);
}

/* The thread reads no frames while the miniport accepts none: Linux queues them, as for any NIC. */
static void *tap_thread(void *argument)
{
    struct tap *tap = argument;
    struct net_frame frames[BATCH];
    struct pollfd wait[2] = {{.fd = tap->wake_fd, .events = POLLIN},
                             {.fd = tap->fd, .events = POLLIN}};

    for (;;) {
        unsigned count = read_batch(tap, frames), taken;

        if (count) {
            taken = near_sender_send(&tap->near, frames, count);
            count_unsent(tap, count - taken);
            if (taken < count)
                break;
        }
        /* A batch that is not full emptied the queue. POLLERR: the interface is down or was
         * removed. */
        if (poll(wait, 2, count == BATCH ? 0 : -1) < 0 && errno != EINTR)
            break;
        if (wait[0].revents)
            break;
        if (wait[1].revents & (POLLERR | POLLNVAL))
            poll(wait, 1, 100);
    }
    return NULL;
}

static void tap_near_sent(struct net *net, uint64_t cookie, int32_t status)
{
    (void)cookie;
    near_sender_sent(&tap_of(net)->near, status);
}

/* ---- From the miniport to Linux ---- */

static void count_drop(struct tap_drops *drops, int error)
{
    switch (error) {
    case EIO:
        drops->down++;
        break;
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
        drops->no_room++;
        break;
    case EINVAL:
        drops->invalid++;
        break;
    default:
        drops->other++;
        break;
    }
}

/* Linux accepts a tag only inside the frame. This inserts a tag that came out of band. */
static void tap_near_receive(struct net *net, const void *frame, size_t length, uint32_t tag)
{
    struct tap *tap = tap_of(net);
    uint8_t tagged[NET_FRAME_MAX];
    ssize_t written;
    int error;

    if (tag < TAG_NONE && length >= 14 && length <= sizeof tagged - TAG_BYTES) {
        length = tag_insert(tagged, frame, length, tag);
        frame = tagged;
    }
    do {
        written = write(tap->fd, frame, length);
        error = errno;
    } while (written < 0 && error == EINTR);
    pthread_mutex_lock(&tap->lock);
    if (written < 0) {
        count_drop(&tap->drops, error);
    } else {
        tap->to_tap++;
        tap->to_tap_bytes += length;
    }
    pthread_mutex_unlock(&tap->lock);
}

/* A bus whose far end is ndishost's calls this. tap has no station there, so it drops the frame. */
static void tap_far_receive(struct net *net, const void *frame, size_t length)
{
    (void)net, (void)frame, (void)length;
}

static void tap_link(struct net *net, bool up)
{
    int carrier = up;

    /* Kernels before 5.0 do not support it: the carrier then stays on. */
    (void)ioctl(tap_of(net)->fd, TUNSETCARRIER, &carrier);
}

/* ---- What Linux has joined ---- */

/* A line: index, name, two counts, and the address as 12 digits (net/core/dev_addr_lists.c, dev_mc_seq_show).
 * IPv4, IPv6 and whoever else joins at the link layer are all in it. */
static bool group_of(const char *line, const char *interface, uint8_t address[6])
{
    char name[IFNAMSIZ], digits[13];
    unsigned at;

    if (sscanf(line, "%*d %15s %*d %*d %12[0-9a-fA-F]", name, digits) != 2 ||
        strcmp(name, interface) || strlen(digits) != 12)
        return false;
    for (at = 0; at < 6; at++)
        if (sscanf(digits + 2 * at, "%2hhx", &address[at]) != 1)
            return false;
    return true;
}

static int tap_groups(struct net *net, uint8_t (*addresses)[6], unsigned most)
{
    FILE *file = fopen("/proc/net/dev_mcast", "re");
    uint8_t address[6];
    unsigned count = 0;
    char line[128];

    if (!file)
        return -1;
    while (fgets(line, sizeof line, file)) {
        if (!group_of(line, tap_of(net)->name, address))
            continue;
        if (count < most)
            memcpy(addresses[count], address, sizeof address);
        count++;
    }
    fclose(file);
    return (int)count;
}

/* ---- The interface ---- */

static int interface_error(const struct tap *tap, const char *what, char *error, size_t size)
{
    snprintf(error, size, "tap: cannot set %s of the interface %s: %s", what, tap->name,
             strerror(errno));
    return -1;
}

static int set_interface(const struct tap *tap, int control, char *error, size_t size)
{
    struct ifreq request = {.ifr_mtu = MTU};

    memcpy(request.ifr_name, tap->name, sizeof request.ifr_name);
    if (ioctl(control, SIOCSIFMTU, &request))
        return interface_error(tap, "the MTU", error, size);
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(request.ifr_hwaddr.sa_data, tap->net.ports->mac, 6);
    if (ioctl(control, SIOCSIFHWADDR, &request))
        return interface_error(tap, "the hardware address", error, size);
    if (ioctl(control, SIOCGIFFLAGS, &request))
        return interface_error(tap, "the flags", error, size);
    request.ifr_flags |= IFF_UP;
    if (ioctl(control, SIOCSIFFLAGS, &request))
        return interface_error(tap, "the flags", error, size);
    return 0;
}

static int bring_up(const struct tap *tap, char *error, size_t size)
{
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

    if (control < 0)
        return interface_error(tap, "an option", error, size);
    result = set_interface(tap, control, error, size);
    close(control);
    return result;
}

static int tap_start(struct net *net, char *error, size_t error_size)
{
    struct tap *tap = tap_of(net);
    uint64_t drop;
    int result;

    tap_link(net, true);
    if (bring_up(tap, error, error_size))
        return -1;
    (void)!read(tap->wake_fd, &drop, sizeof drop);
    near_sender_start(&tap->near);
    result = pthread_create(&tap->thread, NULL, tap_thread, tap);
    if (result) {
        snprintf(error, error_size, "tap: cannot start the thread that reads %s: %s", tap->name,
                 strerror(result));
        return -1;
    }
    tap->thread_running = true;
    return 0;
}

static void tap_stop(struct net *net)
{
    struct tap *tap = tap_of(net);
    const uint64_t one = 1;

    tap_link(net, false);
    near_sender_stop(&tap->near);
    (void)!write(tap->wake_fd, &one, sizeof one);
    if (tap->thread_running)
        pthread_join(tap->thread, NULL);
    tap->thread_running = false;
}

/* ---- The account ---- */

static int tap_verdict(struct net *net, FILE *out)
{
    struct tap *tap = tap_of(net);
    struct near_counts counts = near_sender_counts(&tap->near);
    const struct tap_drops *drops = &tap->drops;
    int result = 0;

    pthread_mutex_lock(&tap->lock);
    fprintf(out, "tap: %" PRIu64 " frames (%" PRIu64 " bytes) from %s, %" PRIu64 " sent",
            tap->from_tap, tap->from_tap_bytes, tap->name, counts.sent);
    if (tap->too_long + tap->unsent)
        fprintf(out, ", %" PRIu64 " too long, %" PRIu64 " not sent before the run ended",
                tap->too_long, tap->unsent);
    if (counts.failed) {
        fprintf(out, "; failed sends:");
        near_sender_print_failures(&tap->near, out);
    }
    fprintf(out, "\ntap: %" PRIu64 " received frames (%" PRIu64 " bytes) written to %s",
            tap->to_tap, tap->to_tap_bytes, tap->name);
    if (drops->down + drops->no_room + drops->invalid + drops->other)
        fprintf(out,
                "; dropped: %" PRIu64 " interface down, %" PRIu64 " queue full, %" PRIu64
                " invalid, %" PRIu64 " other",
                drops->down, drops->no_room, drops->invalid, drops->other);
    fprintf(out, "\n");
    if (counts.given != counts.returned) {
        fprintf(out, "tap: the miniport got %" PRIu64 " frames to send and completed %" PRIu64 "\n",
                counts.given, counts.returned);
        result = -1;
    }
    if (tap->read_error) {
        fprintf(out, "tap: cannot read frames from %s: %s\n", tap->name, strerror(tap->read_error));
        result = -1;
    }
    pthread_mutex_unlock(&tap->lock);
    return result;
}

static void tap_report(struct net *net, FILE *json)
{
    struct tap *tap = tap_of(net);

    pthread_mutex_lock(&tap->lock);
    fprintf(json,
            "\"end\": \"tap\", \"interface\": \"%s\", \"frames_sent\": %" PRIu64
            ", \"bytes_sent\": %" PRIu64 ", \"too_long\": %" PRIu64 ", \"unsent\": %" PRIu64
            ", \"frames_received\": %" PRIu64 ", \"bytes_received\": %" PRIu64
            ", \"dropped_down\": %" PRIu64 ", \"dropped_no_room\": %" PRIu64
            ", \"dropped_invalid\": %" PRIu64 ", \"dropped_other\": %" PRIu64 ", ",
            tap->name, tap->from_tap, tap->from_tap_bytes, tap->too_long, tap->unsent, tap->to_tap,
            tap->to_tap_bytes, tap->drops.down, tap->drops.no_room, tap->drops.invalid,
            tap->drops.other);
    pthread_mutex_unlock(&tap->lock);
    near_sender_report(&tap->near, json);
}

static void tap_close(struct net *net)
{
    struct tap *tap = tap_of(net);

    if (tap->fd >= 0)
        close(tap->fd);
    if (tap->wake_fd >= 0)
        close(tap->wake_fd);
    near_sender_destroy(&tap->near);
    pthread_mutex_destroy(&tap->lock);
    free(tap->frames);
    free(tap);
}

/* ---- Opening ---- */

static const struct net_ops tap_ops = {
    .near_only = true,
    .start = tap_start,
    .near_receive = tap_near_receive,
    .near_sent = tap_near_sent,
    .far_receive = tap_far_receive,
    .link = tap_link,
    .groups = tap_groups,
    .stop = tap_stop,
    .verdict = tap_verdict,
    .report = tap_report,
    .close = tap_close,
};

/* Applies Linux's rule for interface names. The report has the name in a JSON string, so this also
 * refuses characters that JSON escapes. */
static bool valid_name(const char *name)
{
    size_t length = strlen(name);

    if (!length || length >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, ".."))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] <= ' ' || name[i] >= 0x7F || strchr("/:\"\\%", name[i]))
            return false;
    }
    return true;
}

static const char *advice(int error)
{
    switch (error) {
    case EPERM:
    case EACCES:
        return "; run ndishost as root (it needs CAP_NET_ADMIN)";
    case EBUSY:
        return "; another program uses it; end that program or choose another name";
    case EINVAL:
        return "; an interface with this name exists and is not a TAP; choose another name";
    case ENOENT:
    case ENODEV:
        return "; load the kernel module \"tun\" (modprobe tun)";
    default:
        return "";
    }
}

static int attach(struct tap *tap, char *error, size_t size)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

    tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap->fd < 0) {
        snprintf(error, size, "tap: cannot open /dev/net/tun: %s%s", strerror(errno),
                 advice(errno));
        return -1;
    }
    memcpy(request.ifr_name, tap->name, sizeof request.ifr_name);
    if (ioctl(tap->fd, TUNSETIFF, &request)) {
        snprintf(error, size, "tap: cannot create or open the TAP interface %s: %s%s", tap->name,
                 strerror(errno), advice(errno));
        return -1;
    }
    tap->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    tap->frames = calloc(BATCH, sizeof *tap->frames);
    if (tap->wake_fd < 0 || !tap->frames) {
        snprintf(error, size, "tap: out of memory");
        return -1;
    }
    return 0;
}

static struct net *tap_open(const char *arguments, struct net_ports *ports, char *error,
                            size_t error_size)
{
    struct tap *tap;

    if (!valid_name(arguments)) {
        snprintf(
            error, error_size,
            "tap: \"%s\" is not an interface name: write tap:NAME with 1 to 15 letters, digits "
            "or -_. such as tap:aero0",
            arguments);
        return NULL;
    }
    tap = calloc(1, sizeof *tap);
    if (!tap) {
        snprintf(error, error_size, "tap: out of memory");
        return NULL;
    }
    tap->net = (struct net){.ops = &tap_ops, .ports = ports};
    tap->fd = tap->wake_fd = -1;
    strcpy(tap->name, arguments);
    near_sender_init(&tap->near, ports);
    pthread_mutex_init(&tap->lock, NULL);
    if (attach(tap, error, error_size)) {
        tap_close(&tap->net);
        return NULL;
    }
    return &tap->net;
}

const struct net_backend net_tap = {
    .name = "tap",
    .help = "  tap:NAME  a TAP interface with the adapter's address: Linux's TCP/IP above the "
            "miniport.\n"
            "    ndishost creates the interface if it does not exist, and removes it at the end.\n"
            "    Needs root. Linux keeps an 802.1Q tag inside the frame: ndishost sends it that\n"
            "    way, and inserts the tag of a received frame. The adapter's multicast list is\n"
            "    what Linux has joined on the interface\n",
    .open = tap_open,
};
