/* SPDX-License-Identifier: MIT */
/*
 * notify.h: counts the driver's available-buffer notifications (virtio 1.2, 4.1.5.2) among the
 * register writes that go over a bus.
 *   notify_find(&counter, bus);  notify_count(&counter, bar, offset, value);
 *   notify_report(&counter, json);
 */
#ifndef NDISHOST_BUS_NOTIFY_H
#define NDISHOST_BUS_NOTIFY_H

#include <stdint.h>
#include <stdio.h>
#include "bus/bus.h"

#define NOTIFY_QUEUES 16 /* counted one by one; those above only in the total */

struct notify_counter {
    unsigned bar; /* BUS_BARS: the device has no notification structure */
    uint32_t offset, length;
    _Alignas(8) uint64_t total;
    uint64_t queue[NOTIFY_QUEUES];
};

/* Looks the structure up in the capability list (virtio 1.2, 4.1.4), by bus->ops->config_read. */
void notify_find(struct notify_counter *counter, struct bus *bus);

/* A register write, of whatever kind. Any threads at once. */
void notify_count(struct notify_counter *counter, unsigned bar, uint64_t offset, uint64_t value);

/* `"notifications": 7, "queue_notifications": [5, 2]` */
void notify_report(const struct notify_counter *counter, FILE *json);

#endif
