/* SPDX-License-Identifier: MIT */
/*
 * dma.h: an adapter's bus-master DMA: the channel behind NdisMRegisterScatterGatherDma, and shared
 * memory.
 *   adapter->dma set by the driver's registration;  dma_release(adapter) when the adapter goes.
 */
#ifndef NDISHOST_DMA_H
#define NDISHOST_DMA_H

#include "ndis/api/net_buffer_pool.h"

struct dma_channel {
    struct handle handle;
    struct dma_channel *next; /* all that the adapter ever registered */
    struct ndis_adapter *adapter;
    NDIS_SG_DMA_DESCRIPTION description;
    bool wide; /* NDIS_SG_DMA_64_BIT_ADDRESS */
    bool registered;
    atomic_uint outstanding; /* lists that are out */

    pthread_mutex_t lock; /* what follows */
    struct random random;
    struct sg_storage *storage;               /* NDIS's own memory for lists, not in use */
    struct bounce *bounces;                   /* double buffers, not in use */
    struct sg_record *late_first, *late_last; /* lists whose callback comes from late_dpc */
    struct sg_record *wait_first, *wait_last; /* lists that wait for map registers, in order */
    unsigned registers_free;
    KDPC late_dpc;
    KTIMER late_timer; /* queues it, by an order of nt/machine/late.h */
    bool late_timer_set;
};

/* Frees the channel and what is cached in it. */
void dma_release(struct ndis_adapter *adapter);
/* Frees shared memory that the driver left (the leak has been reported by then). */
void shared_memory_release(struct ndis_adapter *adapter);

#endif
