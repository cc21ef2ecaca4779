/* SPDX-License-Identifier: MIT */
/*
 * io.h: what the NT part needs of the layer that knows the buses: device memory and I/O ports.
 *   nt_io_hooks(&hooks) once, by the NDIS layer, before any driver code.
 * Registers themselves are reached through bus/mmio.h.
 */
#ifndef NDISHOST_IO_H
#define NDISHOST_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nt_io_hooks {
    /* MmMapIoSpace, MmUnmapIoSpace: NULL when [pa, pa+length) is in no BAR. */
    void *(*map)(uint64_t pa, size_t length);
    void (*unmap)(void *va);
    /* READ_PORT_xxx, WRITE_PORT_xxx and in/out instructions; port is the address of an I/O BAR's
     * register; false: no device there (reads give all ones). */
    bool (*port_read)(uint64_t port, unsigned size, uint32_t *value);
    bool (*port_write)(uint64_t port, unsigned size, uint32_t value);
};
void nt_io_hooks(const struct nt_io_hooks *hooks);

/* For nt/trap.c's in/out: as READ_PORT_xxx; all ones without a device. */
uint32_t nt_port_read(uint64_t port, unsigned size);
void nt_port_write(uint64_t port, unsigned size, uint32_t value);

#endif
