/* SPDX-License-Identifier: MIT */
/*
 * hugepages.h: asks the kernel for huge pages, for physical memory of the kind PHYS_HUGE, if too few are free,
 * and returns them at the end.
 *   hugepages_reserve(bytes, error, sizeof error);
 *   ... use and unmap them ...;  hugepages_give_back();
 */
#ifndef NDISHOST_HUGEPAGES_H
#define NDISHOST_HUGEPAGES_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a huge page: 2 MiB, or 4 MiB on a 32-bit kernel without PAE; 0: the kernel has neither. */
size_t hugepages_size(void);

/* 0: that much is free now; else -1 with one line in error, and nothing stays reserved. Once at a
 * time. */
int hugepages_reserve(uint64_t bytes, char *error, size_t error_size);

/* Gives back what hugepages_reserve added; harmless if that was nothing. */
void hugepages_give_back(void);

#endif
