/* SPDX-License-Identifier: MIT */
/*
 * phys.h: the machine's physical memory: one file that the process and the device both map. It is
 * allocated by the page, so that neighbours in virtual memory are not neighbours in physical memory.
 *   phys_open(kind, bytes, seed)  ->  phys_alloc(...), phys_address(...), phys_free(...)  ->  phys_close()
 *
 * PHYS_PAGES (model, qtest): a memfd laid out as QEMU's `pc` machine lays its RAM: file offset o below
 * 3 GiB is physical address o, from 3 GiB on it is o + 1 GiB (so 4 GiB and up). The first MiB is never
 * handed out. Pages come from both parts, in an order drawn from the seed.
 * PHYS_HUGE (pci): huge pages, physical addresses from /proc/self/pagemap; contiguous inside one.
 * They cannot be mapped by the small page: nothing is scattered or unmapped there, guards are not.
 */
#ifndef NDISHOST_PHYS_H
#define NDISHOST_PHYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PHYS_PAGE       4096u
#define PHYS_HOLE_START 0xC0000000ull  /* 3 GiB: where the hole for devices begins */
#define PHYS_HOLE_END   0x100000000ull /* 4 GiB: where RAM goes on */

enum phys_kind { PHYS_PAGES, PHYS_HUGE };

enum phys_flags {
    PHYS_CONTIGUOUS = 1, /* physically contiguous, as shared (common-buffer) memory is */
    PHYS_SCATTERED = 2,  /* neighbouring pages physically apart (PHYS_HUGE: where it can be) */
    PHYS_BELOW_4G = 4,   /* for devices that were registered without 64-bit addresses */
    PHYS_GUARD = 8,      /* unmapped pages before and behind; the end of the block at the guard */
    PHYS_UNCACHED = 16   /* a remark only */
};

/* 0, or -1 with a line in error. `bytes` is the file's size: sparse, so it may be larger than RAM is
 * (PHYS_PAGES: 5 GiB by default), but not with PHYS_HUGE. */
int phys_open(enum phys_kind kind, uint64_t bytes, uint64_t seed, char *error, size_t error_size);
void phys_close(void);
int phys_fd(void);         /* the memfd, for QEMU's memory-backend-file */
uint64_t phys_bytes(void); /* its size */

/* At least page-granular, zeroed, 4096-aligned unless PHYS_GUARD (then 16-aligned, ending at the guard
 * page: the block ends at most 15 bytes before it). *pa: the first byte's physical address, may be
 * NULL. NULL when out of memory. Thread-safe; not for the path of a frame. */
void *phys_alloc(size_t bytes, unsigned flags, uint64_t *pa);
/* Gives the pages back; a later touch faults. `va` is what phys_alloc returned. */
void phys_free(void *va);

/* The physical address of any byte of an allocation; false if va is none. O(1), lock-free. */
bool phys_address(const void *va, uint64_t *pa);

/* Device's view: a pointer through which [pa, pa + len) can be read and written as a device would, in a
 * flat mapping of the file; NULL if that is not all RAM, or (len crossing 3 GiB) not one piece. In the
 * 32-bit host RAM is the first 384 MiB of either part. Freed memory reads 0xDD for a while. */
void *phys_device_pointer(uint64_t pa, size_t len);

#endif
