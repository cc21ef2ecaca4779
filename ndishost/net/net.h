/* SPDX-License-Identifier: MIT */
/*
 * net.h: a network end. Its near side is the protocol above the miniport. Its far side is the station at
 * the other end of the wire, where the bus gives us that end.
 *   net = net_open("gen:count=1000", &ports, error, sizeof error);
 *   net->ops->start(net);  ... near_receive, near_sent, far_receive ...;  net->ops->stop(net);
 */
#ifndef NDISHOST_NET_H
#define NDISHOST_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "net/tag.h"

#define NET_FRAME_MAX 1518 /* without FCS, with an 802.1Q tag */
#define NET_JUMBO_MAX 9234 /* the same of a jumbo frame */

/* One frame to send. The data is the network end's and may go after near_send returns. */
struct net_frame {
    const void *data;
    uint32_t length;
    uint32_t tag;    /* 802.1Q, out of band: a TCI; 0 or TAG_NONE: none (net/tag.h) */
    uint64_t cookie; /* handed to near_sent */
};

/* A TCP packet that the miniport is to segment (network/offloading-the-segmentation-of-large-tcp-packets). The data
 * goes after near_send_large returns. */
struct net_large {
    const uint8_t *data; /* with the headers as a transport leaves them */
    uint32_t length;
    uint32_t tcp;     /* offset of the TCP header */
    uint32_t headers; /* bytes of all headers */
    uint32_t mss;
    unsigned version; /* of LSO: 1 or 2 */
    bool v6;
    uint64_t cookie; /* handed to near_sent */
};

/* What a network end may call; any of its threads, never from inside a callback's lock. */
struct net_ports {
    void *context;
    uint32_t
        longest;    /* of the frames that the end may send, without a tag; open sets it, 0: 1514 */
    uint32_t mtu;   /* the miniport's; valid from start() on, 0: not known */
    uint8_t mac[6]; /* the adapter's current address; valid from start() on */
    _Atomic struct tag_options
        tags; /* what of 802.1Q the miniport advertises; valid from start() on */
    /* Sends frames as a protocol driver does: one call is one chain of NET_BUFFER_LISTs given to
     * MiniportSendNetBufferLists. Each frame gets exactly one near_sent later, whatever happens.
     * Returns how many were taken. Fewer than `count`: the bound on frames in flight is reached; wait for
     * near_sent, then go on. 0: the adapter may not be running. PASSIVE_LEVEL or DISPATCH_LEVEL. The host
     * decides on the shape (MDLs, offsets, NET_BUFFERs per list) from its seed. */
    unsigned (*near_send)(void *context, const struct net_frame *frames, unsigned count);
    /* May TCP packets of that version of IP, with or without TCP options, be left to the miniport by that version of
     * LSO? Then *most is the most bytes of data, and *least the fewest segments. NULL: never. */
    bool (*large_limits)(void *context, unsigned version, bool v6, bool options, uint32_t *most,
                         uint32_t *least);
    /* The same as near_send, each packet in a list of its own. */
    unsigned (*near_send_large)(void *context, const struct net_large *packets, unsigned count);
    /* The far end has seen that the miniport broke this rule. NULL: nobody wants to know. */
    void (*broken)(void *context, const char *rule, const char *what);
    /* Do packet filter, multicast list and VLAN, as they were last set, ask for frames to that
     * address with that tag on the wire? NULL: that is not known. */
    bool (*near_accepts)(void *context, const uint8_t destination[6], uint32_t tag);
    /* Of the station at the far end, where it has one; valid from start() on. Else the end invents one. */
    uint8_t far_mac[6];
    bool has_far_mac;
    /* Does the far end ask for frames to that address? NULL: it takes all. */
    bool (*far_accepts)(void *context, const uint8_t destination[6], uint32_t tag);
    /* Without far_send: far_receive sees what leaves. */
    bool far_receives;
    /* The far side puts a frame on the wire towards the device; blocks for room; -1 when it cannot.
     * NULL when the bus has no far end of ours. */
    int (*far_send)(void *context, const void *frame, size_t length);
    /* Lets the device in lockstep, and then the driver, do all that there is to do. NULL when the device moves
     * frames by itself. */
    void (*step)(void *context);
    /* The end has nothing more to do (its count is reached, or it failed): the run may end. */
    void (*finished)(void *context);
};

struct net;
struct net_ops {
    bool steps; /* calls the port `step`, or moves no frame */
    /* Two of these may be the ends of one cable (ndis/adapter/cable.h): one that sends nothing, two that take
     * no notice of their far side, two that can do without sending there. */
    bool idle, near_only, crosses;
    /* The adapter runs and the link is up: begin. Starts threads. 0, or -1 with a line in error. */
    int (*start)(struct net *net, char *error, size_t error_size);
    /* An end that was told to hold begins. 0, or -1 with a line in error. NULL: it begins at start. */
    int (*go)(struct net *net, char *error, size_t error_size);
    /* A frame that the miniport indicated; valid during the call; at DISPATCH_LEVEL on a DPC's thread:
     * queue, never block for long. Called again for each frame. `tag` is the tag out of band, or
     * TAG_NONE. */
    void (*near_receive)(struct net *net, const void *frame, size_t length, uint32_t tag);
    /* A chain has been indicated: a good moment to work on what near_receive queued. May be NULL. */
    void (*near_receive_end)(struct net *net);
    /* A frame of near_send is complete. status is the NDIS_STATUS (0: sent). */
    void (*near_sent)(struct net *net, uint64_t cookie, int32_t status);
    /* A frame that came out of the device, on the bus's thread. */
    void (*far_receive)(struct net *net, const void *frame, size_t length);
    /* The miniport indicated its link. May be NULL. */
    void (*link)(struct net *net, bool up);
    /* The host is about to pause, reset or power down the miniport (true), or it runs again (false):
     * frames under way in between may be dropped lawfully, in either direction. May be NULL. */
    void (*pause)(struct net *net, bool paused);
    /* The host is about to set packet filter, multicast list or VLAN (true), or has (false): of
     * frames under way in between it is not known whether they are asked for. May be NULL. */
    void (*filter)(struct net *net, bool changing);
    /* The multicast addresses that the end wants frames for, `most` of them at most. Returns how many it
     * wants, which may be more, or -1 when it cannot tell. The thread that drives the adapter calls it again
     * and again. NULL: the end has no wish. */
    int (*groups)(struct net *net, uint8_t (*addresses)[6], unsigned most);
    /* Stops sending, joins threads. Frames in flight are still completed until close. */
    void (*stop)(struct net *net);
    /* After everything is home: 0 if every frame is accounted for, else -1 with the reasons printed to
     * out. Prints its summary for people (two or three lines). */
    int (*verdict)(struct net *net, FILE *out);
    /* The same numbers as a JSON object's members, each `"name": value`, comma-separated. */
    void (*report)(struct net *net, FILE *json);
    void (*close)(struct net *net);
};

struct net {
    const struct net_ops *ops;
    struct net_ports *ports;
};

struct net_backend {
    const char *name;
    const char *help;
    bool wants_far; /* needs a bus with a far end for all it can do */
    struct net *(*open)(const char *arguments, struct net_ports *ports, char *error,
                        size_t error_size);
};
extern const struct net_backend net_tap, net_gen, net_echo, net_ping, net_none;

struct net *net_open(const char *spec, struct net_ports *ports, char *error, size_t error_size);
void net_help(FILE *out);

/* --pcap FILE: every frame that crosses the miniport, near side, in both directions, with time
 * stamps; a file that tshark reads. Thread-safe. */
struct pcap;
struct pcap *pcap_create(const char *path, char *error, size_t error_size);
void pcap_frame(struct pcap *pcap, const void *frame, size_t length);
/* Writes what there is and takes no more frames. A second call does nothing. -1 if a write failed: the capture
 * is incomplete, which was reported. */
int pcap_end(struct pcap *pcap);
int pcap_close(struct pcap *pcap); /* the same, and frees; -1 if a write failed */

#endif
