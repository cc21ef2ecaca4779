/* SPDX-License-Identifier: MIT */
#include "ndis/adapter/filter.h"
#include "ndis/adapter/adapter.h"

#include <string.h>

static bool is_filter(NDIS_OID oid)
{
    return oid == OID_GEN_CURRENT_PACKET_FILTER || oid == OID_802_3_MULTICAST_LIST ||
           oid == OID_GEN_VLAN_ID;
}

static void tell_end(struct ndis_adapter *adapter, bool changing)
{
    if (atomic_load(&adapter->net_started) && adapter->net->ops->filter)
        adapter->net->ops->filter(adapter->net, changing);
}

void filter_changing(struct ndis_adapter *adapter, NDIS_OID oid)
{
    if (is_filter(oid))
        tell_end(adapter, true);
}

static void list_set(struct ndis_adapter *adapter, const uint8_t *addresses, ULONG length)
{
    pthread_mutex_lock(&adapter->groups.lock);
    adapter->groups.count = 0;
    while (length >= 6 && adapter->groups.count < FILTER_GROUPS) {
        memcpy(adapter->groups.address[adapter->groups.count++], addresses, 6);
        addresses += 6;
        length -= 6;
    }
    pthread_mutex_unlock(&adapter->groups.lock);
}

/* One OID request is under way at a time, so no other thread changes the options. */
static void vlan_set(struct ndis_adapter *adapter, uint32_t vlan_id)
{
    struct tag_options tags = adapter->ports.tags;

    tags.vlan_id = vlan_id & TAG_VLAN;
    adapter->ports.tags = tags;
}

void filter_changed(struct ndis_adapter *adapter, NDIS_OID oid, NDIS_STATUS status,
                    const void *buffer, ULONG length)
{
    uint32_t number = 0;

    if (!is_filter(oid))
        return;
    if (length >= sizeof(number))
        memcpy(&number, buffer, sizeof(number));
    if (status == NDIS_STATUS_SUCCESS && oid == OID_802_3_MULTICAST_LIST)
        list_set(adapter, buffer, length);
    if (status == NDIS_STATUS_SUCCESS && oid == OID_GEN_CURRENT_PACKET_FILTER)
        atomic_store(&adapter->packet_filter, number);
    if (status == NDIS_STATUS_SUCCESS && oid == OID_GEN_VLAN_ID)
        vlan_set(adapter, number);
    tell_end(adapter, false);
}

static bool in_list(struct ndis_adapter *adapter, const uint8_t address[6])
{
    bool found = false;
    unsigned i;

    pthread_mutex_lock(&adapter->groups.lock);
    for (i = 0; i < adapter->groups.count && !found; i++)
        found = !memcmp(adapter->groups.address[i], address, 6);
    pthread_mutex_unlock(&adapter->groups.lock);
    return found;
}

/* "The driver filters out incoming packets that do not belong to the VLAN to which a NIC is
 * associated" (network/oid-gen-mac-options). */
static bool in_vlan(const struct ndis_adapter *adapter, uint32_t tag)
{
    struct tag_options tags = adapter->ports.tags;

    return !tags.vlan || !tags.vlan_id || (tag != TAG_NONE && (tag & TAG_VLAN) == tags.vlan_id);
}

/* network/oid-gen-current-packet-filter */
bool filter_accepts(void *context, const uint8_t destination[6], uint32_t tag)
{
    static const uint8_t broadcast[6] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    struct ndis_adapter *adapter = context;
    unsigned filter = atomic_load(&adapter->packet_filter);

    if (filter & NDIS_PACKET_TYPE_PROMISCUOUS)
        return true;
    if (!in_vlan(adapter, tag))
        return false;
    if (!memcmp(destination, broadcast, 6))
        return filter & NDIS_PACKET_TYPE_BROADCAST;
    if (destination[0] & 1)
        return filter & NDIS_PACKET_TYPE_ALL_MULTICAST ||
               (filter & NDIS_PACKET_TYPE_MULTICAST && in_list(adapter, destination));
    return filter & NDIS_PACKET_TYPE_DIRECTED && !memcmp(destination, adapter->ports.mac, 6);
}

/* ---- The network end's own groups ---- */

/* The list, or when it is longer than the miniport takes, all multicast frames: as Windows' TCP/IP does. */
static NDIS_STATUS groups_set(struct ndis_adapter *adapter, uint8_t (*wanted)[6], unsigned count)
{
    uint32_t filter = atomic_load(&adapter->packet_filter), done, needed;
    bool all = count > adapter->general.MaxMulticastListSize || count > FILTER_GROUPS;
    NDIS_STATUS status = NDIS_STATUS_SUCCESS;

    filter = all ? filter | NDIS_PACKET_TYPE_ALL_MULTICAST
                 : filter & ~(uint32_t)NDIS_PACKET_TYPE_ALL_MULTICAST;
    if (!all)
        status = adapter_oid(adapter, ADAPTER_OID_SET, OID_802_3_MULTICAST_LIST, wanted, 6 * count,
                             &done, &needed);
    if (status == NDIS_STATUS_SUCCESS && filter != atomic_load(&adapter->packet_filter))
        status = adapter_oid(adapter, ADAPTER_OID_SET, OID_GEN_CURRENT_PACKET_FILTER, &filter,
                             sizeof(filter), &done, &needed);
    return status;
}

void adapter_follow_groups(struct ndis_adapter *adapter)
{
    uint8_t wanted[FILTER_GROUPS][6];
    int count, kept;

    if (!atomic_load(&adapter->net_started) || !adapter->net->ops->groups ||
        adapter_state(adapter) != ADAPTER_RUNNING || adapter_power_state(adapter))
        return;
    count = adapter->net->ops->groups(adapter->net, wanted, FILTER_GROUPS);
    kept = count < FILTER_GROUPS ? count : FILTER_GROUPS;
    if (count < 0 || (count == atomic_load(&adapter->groups.followed_count) &&
                      !memcmp(wanted, adapter->groups.followed, (size_t)kept * 6)))
        return;
    if (groups_set(adapter, wanted, (unsigned)count) != NDIS_STATUS_SUCCESS)
        return; /* the next look tries again */
    atomic_store(&adapter->groups.followed_count, count);
    memcpy(adapter->groups.followed, wanted, (size_t)kept * 6);
}
