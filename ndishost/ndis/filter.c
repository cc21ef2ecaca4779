/* SPDX-License-Identifier: MIT */
#include "ndis/filter.h"

#include <string.h>

static bool is_filter(NDIS_OID oid)
{
    return oid == OID_GEN_CURRENT_PACKET_FILTER || oid == OID_802_3_MULTICAST_LIST;
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

void filter_changed(struct ndis_adapter *adapter, NDIS_OID oid, NDIS_STATUS status,
                    const void *buffer, ULONG length)
{
    uint32_t filter;

    if (!is_filter(oid))
        return;
    if (status == NDIS_STATUS_SUCCESS && oid == OID_802_3_MULTICAST_LIST)
        list_set(adapter, buffer, length);
    if (status == NDIS_STATUS_SUCCESS && oid == OID_GEN_CURRENT_PACKET_FILTER &&
        length >= sizeof(filter)) {
        memcpy(&filter, buffer, sizeof(filter));
        atomic_store(&adapter->packet_filter, filter);
    }
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

/* network/oid-gen-current-packet-filter */
bool filter_accepts(void *context, const uint8_t destination[6])
{
    static const uint8_t broadcast[6] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    struct ndis_adapter *adapter = context;
    unsigned filter = atomic_load(&adapter->packet_filter);

    if (filter & NDIS_PACKET_TYPE_PROMISCUOUS)
        return true;
    if (!memcmp(destination, broadcast, 6))
        return filter & NDIS_PACKET_TYPE_BROADCAST;
    if (destination[0] & 1)
        return filter & NDIS_PACKET_TYPE_ALL_MULTICAST ||
               (filter & NDIS_PACKET_TYPE_MULTICAST && in_list(adapter, destination));
    return filter & NDIS_PACKET_TYPE_DIRECTED && !memcmp(destination, adapter->ports.mac, 6);
}
