/* SPDX-License-Identifier: MIT */
/* What a miniport says of its task offloads, and whether it does what the protocol sets; see offload.h. */
#include "ndis/api/offload.h"

#include <stdio.h>
#include <string.h>

#define SETTINGS_RULE "TaskOffloadConfig"
#define BIT(kind)     (1u << (kind))

static const char *const kind_names[OFFLOAD_KINDS] = {
    [OFFLOAD_SEND_IP] = "IPv4 checksum on sends",
    [OFFLOAD_SEND_TCP4] = "TCP/IPv4 checksum on sends",
    [OFFLOAD_SEND_UDP4] = "UDP/IPv4 checksum on sends",
    [OFFLOAD_SEND_TCP6] = "TCP/IPv6 checksum on sends",
    [OFFLOAD_SEND_UDP6] = "UDP/IPv6 checksum on sends",
    [OFFLOAD_RECEIVE_IP] = "IPv4 checksum on receives",
    [OFFLOAD_RECEIVE_TCP4] = "TCP/IPv4 checksum on receives",
    [OFFLOAD_RECEIVE_UDP4] = "UDP/IPv4 checksum on receives",
    [OFFLOAD_RECEIVE_TCP6] = "TCP/IPv6 checksum on receives",
    [OFFLOAD_RECEIVE_UDP6] = "UDP/IPv6 checksum on receives",
    [OFFLOAD_LSO1] = "LSOv1",
    [OFFLOAD_LSO2_IPV4] = "LSOv2/IPv4",
    [OFFLOAD_LSO2_IPV6] = "LSOv2/IPv6",
};

/* ---- Configurations ---- */

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

/* One direction of one version: is it on for Ethernet? */
#define PART_ON(part, member)                                  \
    (((part).Encapsulation & NDIS_ENCAPSULATION_IEEE_802_3) && \
     (part).member == NDIS_OFFLOAD_SUPPORTED)
#define LARGE_ON(part) \
    (((part).Encapsulation & NDIS_ENCAPSULATION_IEEE_802_3) && (part).MaxOffLoadSize)

/* A bit for each offload that is on. */
static unsigned config_on(const NDIS_OFFLOAD *config)
{
    const NDIS_TCP_IP_CHECKSUM_OFFLOAD *c = &config->Checksum;
    const bool on[OFFLOAD_KINDS] = {
        [OFFLOAD_SEND_IP] = PART_ON(c->IPv4Transmit, IpChecksum),
        [OFFLOAD_SEND_TCP4] = PART_ON(c->IPv4Transmit, TcpChecksum),
        [OFFLOAD_SEND_UDP4] = PART_ON(c->IPv4Transmit, UdpChecksum),
        [OFFLOAD_SEND_TCP6] = PART_ON(c->IPv6Transmit, TcpChecksum),
        [OFFLOAD_SEND_UDP6] = PART_ON(c->IPv6Transmit, UdpChecksum),
        [OFFLOAD_RECEIVE_IP] = PART_ON(c->IPv4Receive, IpChecksum),
        [OFFLOAD_RECEIVE_TCP4] = PART_ON(c->IPv4Receive, TcpChecksum),
        [OFFLOAD_RECEIVE_UDP4] = PART_ON(c->IPv4Receive, UdpChecksum),
        [OFFLOAD_RECEIVE_TCP6] = PART_ON(c->IPv6Receive, TcpChecksum),
        [OFFLOAD_RECEIVE_UDP6] = PART_ON(c->IPv6Receive, UdpChecksum),
        [OFFLOAD_LSO1] = LARGE_ON(config->LsoV1.IPv4),
        [OFFLOAD_LSO2_IPV4] = LARGE_ON(config->LsoV2.IPv4),
        [OFFLOAD_LSO2_IPV6] = LARGE_ON(config->LsoV2.IPv6),
    };
    unsigned bits = 0;

    for (unsigned kind = 0; kind < OFFLOAD_KINDS; kind++)
        bits |= on[kind] ? BIT(kind) : 0;
    return bits;
}

static char *bits_text(unsigned bits, char *text, size_t size)
{
    size_t used = 0;

    *text = 0;
    for (unsigned kind = 0; kind < OFFLOAD_KINDS && used < size; kind++)
        if (bits & BIT(kind))
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                     kind_names[kind]);
    return text;
}

/* What a configuration has that the hardware lacks. */
static void check_hardware(const NDIS_OFFLOAD *config, const NDIS_OFFLOAD *hardware,
                           const char *rule, const char *name, const void *caller)
{
    unsigned more = config_on(config) & ~config_on(hardware);
    char text[512];

    if (more)
        rule_violation(rule, caller, "%s has %s, which the hardware capabilities lack", name,
                       bits_text(more, text, sizeof(text)));
}

/* Under the adapter's lock, or before anybody else looks. */
static void config_set(struct ndis_adapter *adapter, const NDIS_OFFLOAD *config)
{
    config_copy(&adapter->offload.config, config);
    atomic_store(&adapter->offload.on, config_on(&adapter->offload.config));
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
    config_copy(&offload->hardware, attributes->HardwareOffloadCapabilities);
    config_set(adapter, attributes->DefaultOffloadConfiguration);
    check_hardware(&offload->config, &offload->hardware, rule, "DefaultOffloadConfiguration",
                   caller);
    return NDIS_STATUS_SUCCESS;
}

static bool copy_out(struct ndis_adapter *adapter, const NDIS_OFFLOAD *from, NDIS_OFFLOAD *to)
{
    bool there;

    pthread_mutex_lock(&adapter->lock);
    there = adapter->offload_set && from->Header.Size;
    *to = *from;
    pthread_mutex_unlock(&adapter->lock);
    return there;
}

bool offload_config(struct ndis_adapter *adapter, NDIS_OFFLOAD *config)
{
    return copy_out(adapter, &adapter->offload.config, config);
}

bool offload_hardware(struct ndis_adapter *adapter, NDIS_OFFLOAD *hardware)
{
    return copy_out(adapter, &adapter->offload.hardware, hardware);
}

bool offload_possible(struct ndis_adapter *adapter)
{
    NDIS_OFFLOAD hardware;

    return offload_hardware(adapter, &hardware) && config_on(&hardware);
}

bool offload_encapsulation(struct ndis_adapter *adapter, NDIS_OFFLOAD_ENCAPSULATION *set)
{
    pthread_mutex_lock(&adapter->lock);
    *set = adapter->offload.encapsulation;
    pthread_mutex_unlock(&adapter->lock);
    return set->Header.Size != 0;
}

void offload_form_encapsulation(NDIS_OFFLOAD_ENCAPSULATION *encapsulation, bool on)
{
    ULONG enabled = on ? NDIS_OFFLOAD_SET_ON : NDIS_OFFLOAD_SET_OFF;

    memset(encapsulation, 0, sizeof(*encapsulation));
    encapsulation->Header.Type = NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION;
    encapsulation->Header.Revision = NDIS_OFFLOAD_ENCAPSULATION_REVISION_1;
    encapsulation->Header.Size = NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1;
    encapsulation->IPv4.Enabled = encapsulation->IPv6.Enabled = enabled;
    encapsulation->IPv4.EncapsulationType = NDIS_ENCAPSULATION_IEEE_802_3;
    encapsulation->IPv6.EncapsulationType = NDIS_ENCAPSULATION_IEEE_802_3;
    encapsulation->IPv4.HeaderSize = encapsulation->IPv6.HeaderSize = 14;
}

/* ---- OID_TCP_OFFLOAD_PARAMETERS ---- */

enum { TX_RX_OFF = 1, TX_ON = 2, RX_ON = 3, TX_RX_ON = 4 }; /* NDIS_OFFLOAD_PARAMETERS_TX_... */

/* A member of NDIS_OFFLOAD_PARAMETERS: what it turns on or off on sends, and on receives. */
static const struct setting {
    size_t offset;
    int send, receive; /* -1: it is of LSO, which has no receives */
} settings[] = {
    {offsetof(NDIS_OFFLOAD_PARAMETERS, IPv4Checksum), OFFLOAD_SEND_IP, OFFLOAD_RECEIVE_IP},
    {offsetof(NDIS_OFFLOAD_PARAMETERS, TCPIPv4Checksum), OFFLOAD_SEND_TCP4, OFFLOAD_RECEIVE_TCP4},
    {offsetof(NDIS_OFFLOAD_PARAMETERS, UDPIPv4Checksum), OFFLOAD_SEND_UDP4, OFFLOAD_RECEIVE_UDP4},
    {offsetof(NDIS_OFFLOAD_PARAMETERS, TCPIPv6Checksum), OFFLOAD_SEND_TCP6, OFFLOAD_RECEIVE_TCP6},
    {offsetof(NDIS_OFFLOAD_PARAMETERS, UDPIPv6Checksum), OFFLOAD_SEND_UDP6, OFFLOAD_RECEIVE_UDP6},
    {offsetof(NDIS_OFFLOAD_PARAMETERS, LsoV1), OFFLOAD_LSO1, -1},
    {offsetof(NDIS_OFFLOAD_PARAMETERS, LsoV2IPv4), OFFLOAD_LSO2_IPV4, -1},
    {offsetof(NDIS_OFFLOAD_PARAMETERS, LsoV2IPv6), OFFLOAD_LSO2_IPV6, -1},
};

/* Which offloads these parameters turn on, and which off. */
static void parameters_read(const NDIS_OFFLOAD_PARAMETERS *parameters, unsigned *on, unsigned *off)
{
    *on = *off = 0;
    for (size_t i = 0; i < ARRAYSIZE(settings); i++) {
        const struct setting *s = &settings[i];
        UCHAR value = ((const UCHAR *)parameters)[s->offset];

        if (value == NDIS_OFFLOAD_PARAMETERS_NO_CHANGE || value > TX_RX_ON)
            continue;
        *(value == TX_RX_OFF || value == RX_ON ? off : on) |= BIT(s->send);
        if (s->receive >= 0)
            *(value == TX_RX_OFF || value == TX_ON ? off : on) |= BIT(s->receive);
    }
    *off &= ~*on;
}

/* Under the adapter's lock: what the configuration has to have, and has to lack, and does not. */
static void settings_compare(const struct offload *offload, unsigned *still, unsigned *lacking)
{
    unsigned on = config_on(&offload->config);

    *still = on & offload->set_off;
    *lacking = offload->set_on & config_on(&offload->hardware) & ~on;
}

static void settings_report(unsigned still, unsigned lacking, const void *caller)
{
    char text[512];

    if (still)
        rule_violation(SETTINGS_RULE, caller,
                       "OID_TCP_OFFLOAD_PARAMETERS turned off what the configuration still has: %s",
                       bits_text(still, text, sizeof(text)));
    if (lacking)
        rule_violation(SETTINGS_RULE, caller,
                       "OID_TCP_OFFLOAD_PARAMETERS turned on what the hardware can do and the "
                       "configuration lacks: %s",
                       bits_text(lacking, text, sizeof(text)));
}

/* ---- Indications, and the OIDs that want one ---- */

void offload_indicated(struct ndis_adapter *adapter, const NDIS_STATUS_INDICATION *indication,
                       const void *caller)
{
    bool current = indication->StatusCode == NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG;
    const NDIS_OFFLOAD *config = indication->StatusBuffer;
    struct offload *offload = &adapter->offload;
    unsigned still = 0, lacking = 0;
    NDIS_OFFLOAD hardware;

    if (indication->StatusBufferSize < NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1 ||
        !config_valid(config)) {
        rule_violation("NdisMIndicateStatusEx", caller,
                       "NDIS_STATUS_TASK_OFFLOAD_%s with %lu bytes that are not an NDIS_OFFLOAD",
                       current ? "CURRENT_CONFIG" : "HARDWARE_CAPABILITIES",
                       (unsigned long)indication->StatusBufferSize);
        return;
    }
    pthread_mutex_lock(&adapter->lock);
    if (current) {
        config_set(adapter, config);
        offload->indicated = true;
        if (offload->due)
            settings_compare(offload, &still, &lacking);
        offload->due = NULL;
    } else {
        config_copy(&offload->hardware, config);
    }
    hardware = offload->hardware;
    pthread_mutex_unlock(&adapter->lock);
    settings_report(still, lacking, caller);
    if (current)
        check_hardware(config, &hardware, SETTINGS_RULE, "the indicated configuration", caller);
}

static bool wants_indication(NDIS_OID oid)
{
    return oid == OID_TCP_OFFLOAD_PARAMETERS || oid == OID_OFFLOAD_ENCAPSULATION;
}

void offload_end(struct ndis_adapter *adapter, const void *handler)
{
    const char *due;

    pthread_mutex_lock(&adapter->lock);
    due = adapter->offload.due;
    adapter->offload.due = NULL;
    pthread_mutex_unlock(&adapter->lock);
    if (due)
        rule_violation(SETTINGS_RULE, handler,
                       "%s succeeded, and the driver did not indicate "
                       "NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG after it",
                       due);
}

void offload_oid_begin(struct ndis_adapter *adapter, NDIS_OID oid, const void *handler)
{
    if (!wants_indication(oid) || !adapter->offload_set)
        return;
    offload_end(adapter, handler);
    pthread_mutex_lock(&adapter->lock);
    adapter->offload.indicated = false;
    adapter->offload.set_on = adapter->offload.set_off = 0;
    pthread_mutex_unlock(&adapter->lock);
}

/* Under the adapter's lock. */
static void encapsulation_set(struct offload *offload, const NDIS_OFFLOAD_ENCAPSULATION *set)
{
    unsigned on = 0;

    if (set->IPv4.Enabled == NDIS_OFFLOAD_SET_ON &&
        set->IPv4.EncapsulationType & NDIS_ENCAPSULATION_IEEE_802_3)
        on |= OFFLOAD_IPV4;
    if (set->IPv6.Enabled == NDIS_OFFLOAD_SET_ON &&
        set->IPv6.EncapsulationType & NDIS_ENCAPSULATION_IEEE_802_3)
        on |= OFFLOAD_IPV6;
    offload->encapsulation = *set;
    atomic_store(&offload->encapsulated, on);
}

/* "If a miniport driver supports any offload type that supports the requested encapsulation type, the driver must
 * return NDIS_STATUS_SUCCESS" (oid-offload-encapsulation). */
static void check_refusal(struct ndis_adapter *adapter, NDIS_STATUS status, const void *handler)
{
    if ((status == NDIS_STATUS_INVALID_PARAMETER || status == NDIS_STATUS_NOT_SUPPORTED ||
         status == NDIS_STATUS_INVALID_OID) &&
        offload_possible(adapter))
        rule_violation(SETTINGS_RULE, handler,
                       "OID_OFFLOAD_ENCAPSULATION for Ethernet failed with 0x%08X, although the "
                       "hardware capabilities have offloads for Ethernet",
                       (unsigned)status);
}

void offload_oid_end(struct ndis_adapter *adapter, NDIS_OID oid, NDIS_STATUS status,
                     const void *buffer, ULONG length, const void *handler)
{
    bool parameters = oid == OID_TCP_OFFLOAD_PARAMETERS;
    struct offload *offload = &adapter->offload;
    unsigned still = 0, lacking = 0;

    if (!wants_indication(oid) || !adapter->offload_set)
        return;
    if (!parameters && status != NDIS_STATUS_SUCCESS) {
        atomic_store(&offload->encapsulated, 0);
        check_refusal(adapter, status, handler);
    }
    if (status != NDIS_STATUS_SUCCESS)
        return;
    pthread_mutex_lock(&adapter->lock);
    if (!parameters && length >= NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1)
        encapsulation_set(offload, buffer);
    if (parameters && length >= NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1)
        parameters_read(buffer, &offload->set_on, &offload->set_off);
    if (offload->indicated)
        settings_compare(offload, &still, &lacking);
    else
        offload->due = parameters ? "OID_TCP_OFFLOAD_PARAMETERS" : "OID_OFFLOAD_ENCAPSULATION";
    pthread_mutex_unlock(&adapter->lock);
    settings_report(still, lacking, handler);
}
