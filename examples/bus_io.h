/* SPDX-License-Identifier: MIT */
/*
 * bus_io.h: the register functions of virtio_pci_modern.h over a bus of ndishost, for native
 * programs that drive a device with the shared libraries.
 *
 *   virtio_pci_open(&dev, &bus_io, bus, 0)     with `struct bus *bus` as the context
 *
 * An address of a register is a number, not memory: the BAR's number and an offset.
 */
#ifndef EXAMPLES_BUS_IO_H
#define EXAMPLES_BUS_IO_H

#include "virtio_pci_modern.h"

extern const struct virtio_pci_io bus_io;

#endif
