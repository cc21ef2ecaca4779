/* SPDX-License-Identifier: MIT */
/*
 * dma_map.h: which physical memory a device may touch at this moment, and in which direction: shared
 * memory while it is allocated, the memory of a scatter/gather list while that is out.
 *   dma_map_enable();  before the driver; until then a device may touch all
 *   mapping = dma_map_new("SG list", nb, DMA_MAP_READ, pages);  dma_map_add(mapping, pa, length); ...
 *   dma_map_touches(pa, length, DMA_MAP_WRITE, "writes frame data", ...)   by the device, before it does
 *   dma_map_free(mapping);
 * With the rules off nobody calls any of this.
 * The model asks before each access. Other devices (qtest, pci) access memory unseen. For them,
 * freed memory reads 0xDD for a while (nt/machine/phys.h), so that a frame which is sent from it arrives with
 * wrong content.
 */
#ifndef NDISHOST_DMA_MAP_H
#define NDISHOST_DMA_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the device may do. */
#define DMA_MAP_READ  1u
#define DMA_MAP_WRITE 2u

struct dma_mapping;

void dma_map_enable(void);
/* `kind` and `object` are those of track_add: its history goes into a report. `pages`: how many pages
 * will be added at most. NULL when out of memory. */
struct dma_mapping *dma_map_new(const char *kind, const void *object, unsigned allowed,
                                size_t pages);
void dma_map_add(struct dma_mapping *mapping, uint64_t pa, size_t length);
/* From now on the device may not touch it. NULL is allowed. */
void dma_map_free(struct dma_mapping *mapping);

/* May a device read (or write) this? If not it is reported: rule "DmaUnmapped" or "DmaDirection", with
 * the history of what is, or was, mapped there. `what` says what the device is about to do. */
bool dma_map_touches(uint64_t pa, size_t length, unsigned access, const char *what);

#endif
