/* SPDX-License-Identifier: MIT */
/* Queries that NDIS answers for a 6.x miniport, from its attributes and indications; and the OIDs
 * that go out when an adapter comes up. Documentation: network/mandatory-oids-for-miniport-drivers,
 * oid-*. */
#include "ndis/adapter/oid.h"
#include "ndis/api/configuration.h"
#include "ndis/api/offload.h"

#include <string.h>

/* What the protocols of the host listen to: all hosts of IPv4 and of IPv6. */
static const uint8_t multicast_list[2][6] = {{0x01, 0x00, 0x5E, 0x00, 0x00, 0x01},
                                             {0x33, 0x33, 0x00, 0x00, 0x00, 0x01}};

static NDIS_STATUS answer(const void *data, ULONG size, void *buffer, ULONG length, ULONG *done,
                          ULONG *needed)
{
    if (length < size) {
        *needed = size;
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    memcpy(buffer, data, size);
    *done = size;
    return NDIS_STATUS_SUCCESS;
}

static void link_state(struct ndis_adapter *adapter, NDIS_LINK_STATE *state)
{
    memset(state, 0, sizeof(*state));
    state->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
    state->Header.Revision = NDIS_LINK_STATE_REVISION_1;
    state->Header.Size = NDIS_SIZEOF_LINK_STATE_REVISION_1;
    state->MediaConnectState =
        atomic_load(&adapter->link_up) ? MediaConnectStateConnected : MediaConnectStateDisconnected;
    state->MediaDuplexState = atomic_load(&adapter->duplex);
    state->XmitLinkSpeed = SHARED_GET(adapter->xmit_link_speed);
    state->RcvLinkSpeed = SHARED_GET(adapter->rcv_link_speed);
    state->PauseFunctions = adapter->general.SupportedPauseFunctions;
    state->AutoNegotiationFlags = adapter->general.AutoNegotiationFlags;
}

/* Queries that come to one 32-bit number. */
static bool number(struct ndis_adapter *adapter, NDIS_OID oid, ULONG *value)
{
    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general = &adapter->general;

    switch (oid) {
    case OID_GEN_HARDWARE_STATUS:
        *value = NdisHardwareStatusReady;
        return true;
    case OID_GEN_MEDIA_SUPPORTED:
    case OID_GEN_MEDIA_IN_USE:
        *value = general->MediaType;
        return true;
    case OID_GEN_PHYSICAL_MEDIUM:
        *value = general->PhysicalMediumType;
        return true;
    case OID_GEN_MAXIMUM_FRAME_SIZE:
        *value = general->MtuSize;
        return true;
    case OID_GEN_MAXIMUM_LOOKAHEAD:
    case OID_GEN_CURRENT_LOOKAHEAD:
        *value = general->LookaheadSize;
        return true;
    case OID_GEN_LINK_SPEED: /* in 100 bits a second */
        *value = (ULONG)(SHARED_GET(adapter->xmit_link_speed) / 100);
        return true;
    case OID_GEN_MAC_OPTIONS:
        *value = general->MacOptions;
        return true;
    case OID_GEN_MEDIA_CONNECT_STATUS:
        *value =
            atomic_load(&adapter->link_up) ? NdisMediaStateConnected : NdisMediaStateDisconnected;
        return true;
    case OID_GEN_CURRENT_PACKET_FILTER:
        *value = atomic_load(&adapter->packet_filter);
        return true;
    case OID_802_3_MAXIMUM_LIST_SIZE:
        *value = general->MaxMulticastListSize;
        return true;
    }
    return false;
}

bool oid_answer(struct ndis_adapter *adapter, NDIS_OID oid, void *buffer, ULONG length, ULONG *done,
                ULONG *needed, NDIS_STATUS *status)
{
    const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *general = &adapter->general;
    ULONG value;

    if (number(adapter, oid, &value)) {
        *status = answer(&value, sizeof(value), buffer, length, done, needed);
        return true;
    }
    switch (oid) {
    case OID_GEN_SUPPORTED_LIST:
        *status = answer(adapter->oids, adapter->oid_count * (ULONG)sizeof(NDIS_OID), buffer,
                         length, done, needed);
        return true;
    case OID_GEN_DRIVER_VERSION: {
        USHORT version = (USHORT)(adapter->driver->characteristics.MajorNdisVersion << 8 |
                                  adapter->driver->characteristics.MinorNdisVersion);

        *status = answer(&version, sizeof(version), buffer, length, done, needed);
        return true;
    }
    case OID_GEN_LINK_STATE: {
        NDIS_LINK_STATE state;

        link_state(adapter, &state);
        *status = answer(&state, NDIS_SIZEOF_LINK_STATE_REVISION_1, buffer, length, done, needed);
        return true;
    }
    case OID_GEN_MAX_LINK_SPEED: {
        ULONG64 speeds[2] = {general->MaxXmitLinkSpeed, general->MaxRcvLinkSpeed};

        *status = answer(speeds, sizeof(speeds), buffer, length, done, needed);
        return true;
    }
    case OID_TCP_OFFLOAD_CURRENT_CONFIG:
    case OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES: {
        NDIS_OFFLOAD offload;
        bool there = oid == OID_TCP_OFFLOAD_CURRENT_CONFIG ? offload_config(adapter, &offload)
                                                           : offload_hardware(adapter, &offload);

        *status = NDIS_STATUS_NOT_SUPPORTED;
        if (there)
            *status = answer(&offload, offload.Header.Size, buffer, length, done, needed);
        return true;
    }
    case OID_GEN_RECEIVE_SCALE_CAPABILITIES:
        *status = NDIS_STATUS_NOT_SUPPORTED;
        if (adapter->scale.capabilities.Header.Size)
            *status = answer(&adapter->scale.capabilities,
                             NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1, buffer, length,
                             done, needed);
        return true;
    case OID_GEN_RECEIVE_SCALE_PARAMETERS: {
        uint8_t room[RECEIVE_SCALE_ROOM];
        ULONG size = receive_scale_parameters(adapter, room);

        *status = NDIS_STATUS_NOT_SUPPORTED;
        if (size)
            *status = answer(room, size, buffer, length, done, needed);
        return true;
    }
    case OID_OFFLOAD_ENCAPSULATION: {
        NDIS_OFFLOAD_ENCAPSULATION encapsulation;

        *status = NDIS_STATUS_NOT_SUPPORTED;
        if (offload_encapsulation(adapter, &encapsulation))
            *status = answer(&encapsulation, NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1, buffer,
                             length, done, needed);
        return true;
    }
    case OID_802_3_PERMANENT_ADDRESS:
        *status = answer(general->PermanentMacAddress, 6, buffer, length, done, needed);
        return true;
    case OID_802_3_CURRENT_ADDRESS:
        *status = answer(general->CurrentMacAddress, 6, buffer, length, done, needed);
        return true;
    }
    return false;
}

/* ---- What goes out when an adapter has come up ---- */

void oid_bind_queries(struct ndis_adapter *adapter)
{
    static const NDIS_OID oids[] = {
        OID_GEN_VENDOR_DESCRIPTION,
        OID_GEN_VENDOR_ID,
        OID_GEN_VENDOR_DRIVER_VERSION,
        OID_GEN_MAXIMUM_TOTAL_SIZE,
        OID_GEN_INTERRUPT_MODERATION,
        OID_GEN_STATISTICS,
        OID_GEN_TRANSMIT_BUFFER_SPACE,
        OID_GEN_RECEIVE_BUFFER_SPACE,
        OID_GEN_TRANSMIT_BLOCK_SIZE,
        OID_GEN_RECEIVE_BLOCK_SIZE,
        OID_GEN_XMIT_OK,
        OID_GEN_RCV_OK,
    };
    uint8_t buffer[512];
    ULONG done, needed;
    size_t i;

    for (i = 0; i < ARRAYSIZE(oids); i++) {
        memset(buffer, 0, sizeof(buffer));
        oid_request(adapter, ADAPTER_OID_QUERY, oids[i], buffer, sizeof(buffer), &done, &needed);
    }
}

/* TCP/IP says how its packets are encapsulated; before that no offload is on (network/oid-offload-encapsulation). */
static void bind_offloads(struct ndis_adapter *adapter)
{
    NDIS_OFFLOAD_ENCAPSULATION encapsulation;
    uint32_t done, needed;

    if (!offload_possible(adapter))
        return;
    offload_form_encapsulation(&encapsulation, true);
    adapter_oid(adapter, ADAPTER_OID_SET, OID_OFFLOAD_ENCAPSULATION, &encapsulation,
                sizeof(encapsulation), &done, &needed);
}

/* TCP/IP turns RSS on where the miniport has it and the keyword allows it. */
static void bind_receive_scale(struct ndis_adapter *adapter)
{
    char keyword[16] = "";

    configuration_value(adapter, "*RSS", keyword, sizeof(keyword));
    if (strcmp(keyword, "0"))
        oid_receive_scale(adapter, RECEIVE_SCALE_ON);
}

NDIS_STATUS oid_receive_scale(struct ndis_adapter *adapter, enum receive_scale_change change)
{
    uint8_t room[RECEIVE_SCALE_ROOM];
    ULONG length = receive_scale_form(adapter, change, room);
    uint32_t done, needed;

    if (!length)
        return NDIS_STATUS_NOT_SUPPORTED;
    return adapter_oid(adapter, ADAPTER_OID_SET, OID_GEN_RECEIVE_SCALE_PARAMETERS, room, length,
                       &done, &needed);
}

NDIS_STATUS oid_bind_filters(struct ndis_adapter *adapter)
{
    uint32_t lookahead = adapter->general.LookaheadSize;
    uint32_t filter =
        (NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST | NDIS_PACKET_TYPE_MULTICAST) &
        adapter->general.SupportedPacketFilters;
    uint8_t list[sizeof(multicast_list)];
    uint32_t done, needed;

    bind_offloads(adapter);
    bind_receive_scale(adapter);
    atomic_store(&adapter->groups.followed_count, -1);
    adapter_oid(adapter, ADAPTER_OID_SET, OID_GEN_CURRENT_LOOKAHEAD, &lookahead, sizeof(lookahead),
                &done, &needed);
    if (filter & NDIS_PACKET_TYPE_MULTICAST) {
        memcpy(list, multicast_list, sizeof(list));
        adapter_oid(adapter, ADAPTER_OID_SET, OID_802_3_MULTICAST_LIST, list, sizeof(list), &done,
                    &needed);
    }
    return adapter_oid(adapter, ADAPTER_OID_SET, OID_GEN_CURRENT_PACKET_FILTER, &filter,
                       sizeof(filter), &done, &needed);
}

bool adapter_receive_scale(struct ndis_adapter *adapter, const char *change, int32_t *status)
{
    static const char *const changes[] = {[RECEIVE_SCALE_OFF] = "off",
                                          [RECEIVE_SCALE_ON] = "on",
                                          [RECEIVE_SCALE_TABLE] = "table",
                                          [RECEIVE_SCALE_KEY] = "key"};

    for (unsigned i = 0; i < ARRAYSIZE(changes); i++)
        if (!strcmp(change, changes[i])) {
            *status = oid_receive_scale(adapter, (enum receive_scale_change)i);
            return true;
        }
    return false;
}
