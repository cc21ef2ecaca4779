/* SPDX-License-Identifier: MIT */
/*
 * power.h: the power of a real PCI function (PCI Bus Power Management 1.2), as Windows' PCI driver
 * handles it: its PM capability if it has one, and its configuration space, which it may lose and
 * which is put back.
 *   power_off(&power, bus, 3);  ... nobody accesses its registers ...  power_on(&power, bus);
 */
#ifndef NDISHOST_BUS_POWER_H
#define NDISHOST_BUS_POWER_H

#include "bus/bus.h"

struct bus_power {
    uint32_t header[16]; /* the configuration header as it was */
};

/* Puts the function into D1 to D3. What a function without a PM capability would go on knowing, and
 * one without power does not, it is made to forget: a virtio device is reset. */
void power_off(struct bus_power *power, struct bus *bus, unsigned state);
/* D0 again. */
void power_on(const struct bus_power *power, struct bus *bus);

#endif
