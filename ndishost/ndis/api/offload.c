/* SPDX-License-Identifier: MIT */
/* Task offload of checksums; see offload.h. */
#include "ndis/api/offload.h"

#include <string.h>
#include "ndis/api/net_buffer_data.h"
#include "net/checksum.h"

typedef NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO CHECKSUM_INFO;

/* ---- What the driver says ---- */

static bool config_valid(const NDIS_OFFLOAD *config)
{
    return config && header_valid(&config->Header, NDIS_OBJECT_TYPE_OFFLOAD,
                                  NDIS_OFFLOAD_REVISION_1, NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1);
}

static void config_copy(NDIS_OFFLOAD *to, const NDIS_OFFLOAD *from)
{
    memset(to, 0, sizeof(*to));
    memcpy(to, from, from->Header.Size < sizeof(*to) ? from->Header.Size : sizeof(*to));
}

/* Is on what the hardware cannot do? IPv4's checksums. */
static bool exceeds(const NDIS_OFFLOAD *config, const NDIS_OFFLOAD *hardware)
{
    const NDIS_TCP_IP_CHECKSUM_OFFLOAD *c = &config->Checksum, *h = &hardware->Checksum;

    return c->IPv4Transmit.TcpChecksum > h->IPv4Transmit.TcpChecksum ||
           c->IPv4Transmit.UdpChecksum > h->IPv4Transmit.UdpChecksum ||
           c->IPv4Transmit.IpChecksum > h->IPv4Transmit.IpChecksum ||
           c->IPv4Receive.TcpChecksum > h->IPv4Receive.TcpChecksum ||
           c->IPv4Receive.UdpChecksum > h->IPv4Receive.UdpChecksum ||
           c->IPv4Receive.IpChecksum > h->IPv4Receive.IpChecksum;
}

NDIS_STATUS offload_set(struct ndis_adapter *adapter,
                        const NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES *attributes,
                        const void *caller)
{
    static const char rule[] = "NdisMSetMiniportAttributes";
    struct offload *offload = &adapter->offload;

    if (!header_check(&attributes->Header, NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
                      NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
                      NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
                      "NdisMSetMiniportAttributes", caller))
        return NDIS_STATUS_BAD_VERSION;
    memset(offload, 0, sizeof(*offload));
    adapter->offload_set = true;
    if (!attributes->DefaultOffloadConfiguration && !attributes->HardwareOffloadCapabilities)
        return NDIS_STATUS_SUCCESS;
    if (!config_valid(attributes->DefaultOffloadConfiguration) ||
        !config_valid(attributes->HardwareOffloadCapabilities)) {
        rule_violation(rule, caller,
                       "DefaultOffloadConfiguration or HardwareOffloadCapabilities is not an "
                       "NDIS_OFFLOAD");
        return NDIS_STATUS_INVALID_PARAMETER;
    }
    config_copy(&offload->config, attributes->DefaultOffloadConfiguration);
    config_copy(&offload->hardware, attributes->HardwareOffloadCapabilities);
    if (exceeds(&offload->config, &offload->hardware))
        rule_violation(rule, caller,
                       "DefaultOffloadConfiguration has checksums that HardwareOffloadCapabilities "
                       "lacks");
    return NDIS_STATUS_SUCCESS;
}

void offload_indicated(struct ndis_adapter *adapter, const NDIS_STATUS_INDICATION *indication,
                       const void *caller)
{
    const NDIS_OFFLOAD *config = indication->StatusBuffer;

    if (indication->StatusBufferSize < NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1 ||
        !config_valid(config)) {
        rule_violation("NdisMIndicateStatusEx", caller,
                       "NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG with %lu bytes that are not an "
                       "NDIS_OFFLOAD",
                       (unsigned long)indication->StatusBufferSize);
        return;
    }
    config_copy(&adapter->offload.config, config);
}

/* ---- Sends ---- */

PVOID offload_request(struct ndis_adapter *adapter, const void *frame, uint32_t length)
{
    const NDIS_TCP_IP_CHECKSUM_OFFLOAD *c = &adapter->offload.config.Checksum;
    struct checksum_at at;
    CHECKSUM_INFO info = {.Value = NULL};

    if (!adapter->offload.encapsulated ||
        !(c->IPv4Transmit.Encapsulation & NDIS_ENCAPSULATION_IEEE_802_3) ||
        !checksum_find(frame, length, &at))
        return NULL;
    if (at.protocol == CHECKSUM_TCP && c->IPv4Transmit.TcpChecksum == NDIS_OFFLOAD_SUPPORTED) {
        info.Transmit.TcpChecksum = 1;
        info.Transmit.TcpHeaderOffset = at.transport;
    }
    if (at.protocol == CHECKSUM_UDP && c->IPv4Transmit.UdpChecksum == NDIS_OFFLOAD_SUPPORTED)
        info.Transmit.UdpChecksum = 1;
    if (c->IPv4Transmit.IpChecksum == NDIS_OFFLOAD_SUPPORTED)
        info.Transmit.IpHeaderChecksum = 1;
    if (info.Value)
        info.Transmit.IsIPv4 = 1;
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
    else if (!r->enabled)
        what = "a result, although that offload is off";
    else if (!r->there)
        what = "a result, but the frame has no such checksum";
    else if (r->succeeded != r->good)
        what = r->good ? "failed, but it is right" : "succeeded, but it is wrong";
    if (what)
        rule_violation_object("ChecksumOffload", nbl, caller,
                              "NET_BUFFER_LIST %p indicated with the %s checksum: %s", (void *)nbl,
                              r->name, what);
}

static void frame_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const uint8_t *frame,
                        size_t length, const void *caller)
{
    const CHECKSUM_INFO info = {.Value = NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo)};
    const NDIS_TCP_IP_CHECKSUM_OFFLOAD *c = &adapter->offload.config.Checksum;
    struct checksum_at at = {0};
    bool found = checksum_find(frame, length, &at);
    bool there = found && !checksum_absent(frame, &at), good = found && checksum_good(frame, &at);
    const struct result results[] = {
        {"TCP", info.Receive.TcpChecksumFailed, info.Receive.TcpChecksumSucceeded,
         c->IPv4Receive.TcpChecksum || c->IPv6Receive.TcpChecksum,
         there && at.protocol == CHECKSUM_TCP, good},
        {"UDP", info.Receive.UdpChecksumFailed, info.Receive.UdpChecksumSucceeded,
         c->IPv4Receive.UdpChecksum || c->IPv6Receive.UdpChecksum,
         there && at.protocol == CHECKSUM_UDP, good},
        {"IP", info.Receive.IpChecksumFailed, info.Receive.IpChecksumSucceeded,
         c->IPv4Receive.IpChecksum, found, found && checksum_header_good(frame, &at)},
    };

    for (size_t i = 0; i < ARRAYSIZE(results); i++)
        result_check(nbl, &results[i], caller);
}

#define TYPE_IPV4 0x0800

void offload_check(struct ndis_adapter *adapter, NET_BUFFER_LIST *nbl, const void *caller)
{
    uint8_t frame[NET_FRAME_MAX];

    for (NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb)) {
        size_t length = nb_copy_out(nb, frame, sizeof(frame));

        /* Of a frame that is longer, tagged or of IPv6 the truth is not known here. */
        if (length == NET_BUFFER_DATA_LENGTH(nb) && length >= CHECKSUM_IP &&
            (frame[12] << 8 | frame[13]) == TYPE_IPV4)
            frame_check(adapter, nbl, frame, length, caller);
    }
}
