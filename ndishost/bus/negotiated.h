/* SPDX-License-Identifier: MIT */
/*
 * negotiated.h: what a virtio device's own registers say that a driver has agreed with it, for reports of any driver.
 *   if (bus_negotiated_read(bus, &agreed)) ... agreed.offered, agreed.accepted, agreed.queue_size ...
 */
#ifndef NDISHOST_BUS_NEGOTIATED_H
#define NDISHOST_BUS_NEGOTIATED_H

#include <stdbool.h>
#include <stdint.h>

#define NEGOTIATED_QUEUES 16 /* those above are not told */

struct bus;

struct bus_negotiated {
    uint64_t offered, accepted;             /* feature bits; accepted: 0 before FEATURES_OK */
    unsigned queues;                        /* of queue_size */
    uint16_t queue_size[NEGOTIATED_QUEUES]; /* as the driver has set them; 0: not in use */
};

/* Reads them in the common configuration structure (virtio 1.2, 4.1.4.3), by bus->ops. Selectors are written, and
 * restored: the driver must not use them, nor reset the device, meanwhile. false: there is no such structure, or the
 * device does not answer. */
bool bus_negotiated_read(struct bus *bus, struct bus_negotiated *agreed);

#endif
