/* SPDX-License-Identifier: MIT */
/* Checksums that are left to the miniport, and what it says of those that it has checked; see offload.h. */
#include <string.h>
#include "ndis/api/net_buffer_data.h"
#include "ndis/api/offload.h"
#include "net/checksum.h"

typedef NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO CHECKSUM_INFO;

static unsigned version_of(const struct checksum_at *at)
{
    return at->v6 ? OFFLOAD_IPV6 : OFFLOAD_IPV4;
}

/* Is that on, and are the frames encapsulated as the miniport was told? */
static bool is_on(struct ndis_adapter *adapter, const struct checksum_at *at,
                  enum offload_kind kind)
{
    return atomic_load_explicit(&adapter->offload.encapsulated, memory_order_relaxed) &
               version_of(at) &&
           atomic_load_explicit(&adapter->offload.on, memory_order_relaxed) >> kind & 1;
}

/* ---- Sends ---- */

PVOID offload_request(struct ndis_adapter *adapter, const void *frame, uint32_t length)
{
    struct checksum_at at;
    CHECKSUM_INFO info = {.Value = NULL};

    if (!checksum_find(frame, length, &at))
        return NULL;
    if (at.protocol == CHECKSUM_TCP &&
        is_on(adapter, &at, at.v6 ? OFFLOAD_SEND_TCP6 : OFFLOAD_SEND_TCP4)) {
        info.Transmit.TcpChecksum = 1;
        info.Transmit.TcpHeaderOffset = at.transport;
    }
    if (at.protocol == CHECKSUM_UDP &&
        is_on(adapter, &at, at.v6 ? OFFLOAD_SEND_UDP6 : OFFLOAD_SEND_UDP4))
        info.Transmit.UdpChecksum = 1;
    if (!at.v6 && is_on(adapter, &at, OFFLOAD_SEND_IP))
        info.Transmit.IpHeaderChecksum = 1;
    if (info.Value) {
        info.Transmit.IsIPv4 = !at.v6;
        info.Transmit.IsIPv6 = at.v6;
    }
    return info.Value;
}

const void *offload_leave(PVOID request, const void *frame, uint32_t length, uint8_t *room)
{
    const CHECKSUM_INFO info = {.Value = request};
    struct checksum_at at;

    if (!request || !checksum_find(frame, length, &at))
        return frame;
    memcpy(room, frame, length);
    if (info.Transmit.TcpChecksum || info.Transmit.UdpChecksum)
        checksum_leave(room, &at);
    if (info.Transmit.IpHeaderChecksum)
        checksum_header_leave(room, &at);
    return room;
}

/* ---- Receives ---- */

struct result {
    const char *name;
    bool failed, succeeded;
    bool enabled; /* in the current configuration */
    bool there;   /* the frame has that checksum */
    bool good;
};

static void result_check(NET_BUFFER_LIST *nbl, const struct result *r, const void *caller)
{
    const char *what = NULL;

    if (!r->failed && !r->succeeded)
        return;
    if (r->failed && r->succeeded)
        what = "both succeeded and failed";
    else if (!r->there)
        what = "a result, but the frame has no such checksum";
    else if (!r->enabled)
        what = "a result, although that offload is off";
    else if (r->succeeded != r->good)
        what = r->good ? "failed, but it is right" : "succeeded, but it is wrong";
    if (what)
        rule_violation_object("ChecksumOffload", nbl, caller,
                              "NET_BUFFER_LIST %p indicated with the %s checksum: %s", (void *)nbl,
                              r->name, what);
}

static void frame_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const uint8_t *frame,
                        const struct checksum_at *at, const void *caller)
{
    const CHECKSUM_INFO info = {.Value = NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo)};
    bool there = at->protocol && !checksum_absent(frame, at);
    bool good = there && checksum_good(frame, at);
    const struct result results[] = {
        {"TCP", info.Receive.TcpChecksumFailed, info.Receive.TcpChecksumSucceeded,
         is_on(adapter, at, at->v6 ? OFFLOAD_RECEIVE_TCP6 : OFFLOAD_RECEIVE_TCP4),
         there && at->protocol == CHECKSUM_TCP, good},
        {"UDP", info.Receive.UdpChecksumFailed, info.Receive.UdpChecksumSucceeded,
         is_on(adapter, at, at->v6 ? OFFLOAD_RECEIVE_UDP6 : OFFLOAD_RECEIVE_UDP4),
         there && at->protocol == CHECKSUM_UDP, good},
        {"IP", info.Receive.IpChecksumFailed, info.Receive.IpChecksumSucceeded,
         is_on(adapter, at, OFFLOAD_RECEIVE_IP), !at->v6, checksum_header_good(frame, at)},
    };

    for (size_t i = 0; i < ARRAYSIZE(results); i++)
        result_check(nbl, &results[i], caller);
}

#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86DD

/* What can be said of the frame. An IPv4 packet that is not a whole datagram of TCP or UDP has only the checksum of its header. Of IPv6
 * with extension headers nothing can be said here. */
static bool look_into(const uint8_t *frame, size_t length, struct checksum_at *at)
{
    unsigned type;

    memset(at, 0, sizeof(*at));
    if (length < CHECKSUM_IP + 20)
        return false;
    type = (unsigned)frame[12] << 8 | frame[13];
    if (type != TYPE_IPV4 && type != TYPE_IPV6)
        return false;
    if (checksum_find(frame, length, at))
        return true;
    memset(at, 0, sizeof(*at));
    return type == TYPE_IPV4 && CHECKSUM_IP + (frame[CHECKSUM_IP] & 0xFu) * 4 <= length;
}

void offload_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller)
{
    uint8_t frame[NET_JUMBO_MAX];

    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb)) {
        size_t length = nb_copy_out(nb, frame, sizeof(frame));
        struct checksum_at at;

        /* Of a frame that is longer, or tagged, the truth is not known here. */
        if (length == NET_BUFFER_DATA_LENGTH(nb) && look_into(frame, length, &at))
            frame_check(adapter, nbl, frame, &at, caller);
    }
}
