/* SPDX-License-Identifier: MIT */
/* Which received frames a driver wants; see rx_filter.h. */
#include <string.h>
#include "bus/model/features.h"
#include "bus/model/rx_filter.h"

void rx_filter_reset(struct rx_filter *filter, const uint8_t mac[6])
{
    memset(filter, 0, sizeof *filter);
    filter->mode[FILTER_PROMISC] = true;
    memcpy(filter->mac, mac, 6);
}

void rx_filter_vlan(struct rx_filter *filter, unsigned vlan, bool wanted)
{
    uint8_t bit = (uint8_t)(1u << vlan % 8);

    if (wanted)
        filter->vlan[vlan / 8] |= bit;
    else
        filter->vlan[vlan / 8] &= (uint8_t)~bit;
}

/* A tag with VLAN 0 has a priority alone: the frame belongs to no VLAN. */
static bool vlan_accepted(const struct rx_filter *filter, const uint8_t *frame, size_t length)
{
    unsigned vlan;

    if (length < ETHERNET_HEADER_SIZE + ETHERNET_TAG_SIZE || frame[12] != 0x81 || frame[13] != 0x00)
        return true;
    vlan = (frame[14] << 8 | frame[15]) % NET_VLANS;
    return vlan == 0 || filter->vlan[vlan / 8] >> vlan % 8 & 1;
}

static bool in_table(const struct rx_filter_table *table, const uint8_t *mac)
{
    if (table->count > FILTER_MACS)
        return true;
    for (uint32_t i = 0; i < table->count; i++)
        if (memcmp(table->mac[i], mac, 6) == 0)
            return true;
    return false;
}

static bool address_accepted(const struct rx_filter *filter, const uint8_t *to)
{
    static const uint8_t broadcast[6] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

    if (memcmp(to, broadcast, 6) == 0)
        return !filter->mode[FILTER_NOBCAST];
    if (to[0] & 1)
        return !filter->mode[FILTER_NOMULTI] &&
               (filter->mode[FILTER_ALLMULTI] || in_table(&filter->multicast, to));
    return !filter->mode[FILTER_NOUNI] &&
           (filter->mode[FILTER_ALLUNI] || memcmp(to, filter->mac, 6) == 0 ||
            in_table(&filter->unicast, to));
}

bool rx_filter_accepts(const struct rx_filter *filter, uint64_t features, const uint8_t *frame,
                       size_t length)
{
    if (length < ETHERNET_HEADER_SIZE ||
        (features & FEATURE_CTRL_RX && filter->mode[FILTER_PROMISC]))
        return true;
    if (features & FEATURE_CTRL_VLAN && !vlan_accepted(filter, frame, length))
        return false;
    return !(features & FEATURE_CTRL_RX) || address_accepted(filter, frame);
}
