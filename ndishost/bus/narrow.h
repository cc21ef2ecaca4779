/* SPDX-License-Identifier: MIT */
/*
 * narrow.h: makes a device look as if its queues were smaller than they are.
 *   bus_narrow(bus, 16);      after bus_open, before a driver sees the bus
 * The driver reads no queue_size above that; the device is told the size that the driver reads.
 */
#ifndef NDISHOST_BUS_NARROW_H
#define NDISHOST_BUS_NARROW_H

#include "bus/bus.h"

/* `most`: a power of two, from 1. One bus at a time. 0, or -1 if the bus has no common configuration structure. */
int bus_narrow(struct bus *bus, unsigned most);

#endif
