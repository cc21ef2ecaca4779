/* SPDX-License-Identifier: MIT */
/*
 * rx_filter.h: which received frames a driver wants, as its commands of classes RX, MAC and VLAN say (virtio 1.2, 5.1.6.5.1
 * to 5.1.6.5.3). The device's thread alone uses it.
 *   rx_filter_reset(&filter, mac);  ...  if (rx_filter_accepts(&filter, features, frame, length)) ...
 */
#ifndef NDISHOST_MODEL_RX_FILTER_H
#define NDISHOST_MODEL_RX_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bus/model/spec.h"

/* With more addresses of a kind the device accepts all of that kind, as 5.1.6.5.2 allows. */
#define FILTER_MACS 128u

enum rx_filter_mode {
    FILTER_PROMISC,
    FILTER_ALLMULTI,
    FILTER_ALLUNI,
    FILTER_NOMULTI,
    FILTER_NOUNI,
    FILTER_NOBCAST,
    FILTER_MODES
};

struct rx_filter_table {
    uint32_t count; /* FILTER_MACS + 1: too many */
    uint8_t mac[FILTER_MACS][6];
};

struct rx_filter {
    bool mode[FILTER_MODES]; /* by command of class RX */
    uint8_t mac[6];
    struct rx_filter_table unicast, multicast;
    uint8_t vlan[NET_VLANS / 8];
};

/* Promiscuous until the driver turns it off: virtio does not say how a device begins. Tables are empty. */
void rx_filter_reset(struct rx_filter *filter, const uint8_t mac[6]);

void rx_filter_vlan(struct rx_filter *filter, unsigned vlan, bool wanted);

/* `features`: those that are negotiated. Without CTRL_RX and CTRL_VLAN every frame is accepted. */
bool rx_filter_accepts(const struct rx_filter *filter, uint64_t features, const uint8_t *frame,
                       size_t length);

#endif
