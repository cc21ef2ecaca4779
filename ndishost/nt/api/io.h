/* SPDX-License-Identifier: MIT */
/*
 * io.h: what the NT part needs of the layer that knows the buses: device memory by physical address.
 *   nt_io_hooks(&hooks) once, by the NDIS layer, before any driver code.
 * Registers themselves are reached through nt/machine/mmio.h, ports through nt/machine/ioport.h.
 */
#ifndef NDISHOST_IO_H
#define NDISHOST_IO_H

#include <stddef.h>
#include <stdint.h>

struct nt_io_hooks {
    /* MmMapIoSpace, MmUnmapIoSpace: NULL when [pa, pa+length) is in no BAR. */
    void *(*map)(uint64_t pa, size_t length);
    void (*unmap)(void *va);
};
void nt_io_hooks(const struct nt_io_hooks *hooks);

#endif
