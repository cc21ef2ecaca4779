/* SPDX-License-Identifier: MIT */
/*
 * firmware.h: what a PC's firmware does before a driver sees the machine: finds the network
 * function on bus 0, assigns its BARs, turns its decoders and bus mastering on, routes its
 * interrupt pin.
 *   firmware_run(q, bus, &firmware, error, sizeof error);
 */
#ifndef NDISHOST_QTEST_FIRMWARE_H
#define NDISHOST_QTEST_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bus/bus.h"
#include "bus/qtest/protocol.h"

struct firmware {
    uint32_t address; /* configuration address of the function, enable bit and all */
    uint16_t vendor, device;
    bool q35;
    uint32_t lines; /* the IOAPIC inputs that a PCI interrupt comes in on, a bit each */
};

/* Fills `firmware`, and bus->bar and the location in `bus`. 0, or -1 with one line in error. */
int firmware_run(struct qtest *q, struct bus *bus, struct firmware *firmware, char *error,
                 size_t error_size);

/* Asks QEMU for a few bytes of RAM by their physical addresses and holds them against the file of
 * nt/phys.h. 0, or -1 with one line in error: the machine lays its RAM otherwise. */
int firmware_check_memory(struct qtest *q, const struct firmware *firmware, char *error,
                          size_t error_size);

#endif
